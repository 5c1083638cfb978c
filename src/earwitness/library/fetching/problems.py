"""What can go wrong when something is fetched, in words that a user can act on.

Each message is one line and names the host or the address without its password.
"""

from earwitness.trouble import Trouble

_PASSING = (408, 425, 429)
"""Statuses that ask for patience: a time-out, too early, too many requests."""
_TROUBLE_OF_THE_SERVER = 500


class NotFetched(Trouble):
    """Something was not fetched."""

    passing: bool = False
    """Whether the same request may well succeed a little later."""


class NotAnAddress(NotFetched):
    """What was to be fetched is no address of the web."""


class Refused(NotFetched):
    """It lies where feeds have no business, or leads there."""


class Unreachable(NotFetched):
    """No connection came about, or it broke before the answer."""

    passing = True


class Untrusted(NotFetched):
    """The certificate of the server is not a valid one."""


class TooSlow(NotFetched):
    """Nothing came for longer than it may."""

    passing = True


class OutOfTime(TooSlow):
    """All the time that one answer may take is over; trying again would take as much once more."""

    passing = False


class TooBig(NotFetched):
    """It is larger than it may be, on the wire or unpacked."""


class Incomplete(NotFetched):
    """The answer ended early, or is not what its own header says."""

    passing = True


class Answered(NotFetched):
    """The server answered, and it was no."""

    def __init__(self, message: str, status: int, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after
        """Seconds that the server asks us to wait; None: it did not say."""
        self.passing = status in _PASSING or status >= _TROUBLE_OF_THE_SERVER


class Gone(Answered):
    """It was there, and its owner says that it will not come back (410)."""


class NoSpace(NotFetched):
    """The disk is full; what came so far is kept where it can be continued."""
