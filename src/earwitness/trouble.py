"""The errors that somebody who uses Earwitness can act on.

Every room names its own; what they have in common is that the message is one line which says what
is wrong and, where that is not plain, what to do. So the command line, the site and the server for
assistants say them as they are, and everything else keeps its traceback.
"""


class Trouble(Exception):
    """Something that the user can mend; the message is one line, without secrets."""
