"""What a BGP speaker objects to, in the numbers of a NOTIFICATION (RFC 4271, section 4.5).

Values only.
"""

import enum


class ErrorCode(enum.IntEnum):
    """What kind of message, or which rule, an error is about."""

    HEADER = 1
    OPEN = 2
    UPDATE = 3
    HOLD_TIMER = 4
    STATE_MACHINE = 5
    CEASE = 6


class Cease(enum.IntEnum):
    """Why a session is ended although nothing is wrong (RFC 4486)."""

    ADMINISTRATIVE_SHUTDOWN = 2
    CONNECTION_REJECTED = 5
    CONNECTION_COLLISION = 7


class ProtocolError(Exception):
    """The peer broke a rule; ``code``, ``subcode`` and ``data`` are what it is told."""

    def __init__(self, code: ErrorCode, subcode: int, reason: str, data: bytes = b"") -> None:
        super().__init__(reason)
        self.code = code
        self.subcode = subcode
        self.reason = reason
        self.data = data
