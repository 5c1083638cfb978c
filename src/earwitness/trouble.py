"""The errors that somebody who uses Earwitness can act on.

Every room names its own; what they have in common is that the message is one line which says what
is wrong and, where that is not plain, what to do. So the command line, the site and the server for
assistants say them as they are, and everything else keeps its traceback. What helps only somebody at a
command line, such as a command, is a hint, and said there only.
"""

from typing import Self


class Trouble(Exception):
    """Something that the user can mend; the message is one line, without secrets."""

    def hinting(self, hint: str) -> Self:
        """The same, with what helps at a command line."""
        self.add_note(hint)
        return self

    @property
    def at_a_command_line(self) -> str:
        """The message with its hints, in one line."""
        return "; ".join([str(self), *getattr(self, "__notes__", ())])
