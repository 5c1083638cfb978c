"""One BGP session as a state machine, without a socket and without a clock.

Octets and times go in, octets to send and happenings come out (RFC 4271, section 8, as far as the
side that is called needs it: it never connects, and announces nothing). Who may speak to us is
asked of the caller; sockets and the log stand in ``collector``.
"""

import enum
import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from earwitness.servers.bgp import message as messages
from earwitness.servers.bgp.errors import Cease, ErrorCode, ProtocolError
from earwitness.servers.bgp.message import Keepalive, Message, Notification, Open, Update

OPEN_SECONDS = 60.0
"""How long the other side may take until its first messages; the RFC suggests four minutes."""

_BAD_PEER_AS, _UNSUPPORTED_CAPABILITY = 2, 7


@dataclass(frozen=True, order=True)
class Peer:
    """Who is at the other end: an autonomous system and one router of it."""

    asn: int
    router_id: ipaddress.IPv4Address


class Admission(enum.Enum):
    """What is answered to a router that introduces itself."""

    WELCOME = enum.auto()
    UNKNOWN = enum.auto()
    """It is none of ours."""
    SHUT = enum.auto()
    """The session with it is switched off."""
    BUSY = enum.auto()
    """It already has a session."""


@dataclass(frozen=True)
class Established:
    """The session is up."""

    peer: Peer


@dataclass(frozen=True)
class Ended:
    """The session, or the attempt at one, is over. ``peer``: None when it never said who it is."""

    peer: Peer | None
    reason: str


Happening = Established | Update | Ended


class _State(enum.Enum):
    OPEN_SENT = enum.auto()
    OPEN_CONFIRM = enum.auto()
    ESTABLISHED = enum.auto()
    CLOSED = enum.auto()


class Session:
    """The accepting end of a session, from the first octet to the last.

    ``local``: how we introduce ourselves; ``admit``: what a router that does so is answered;
    ``now``: seconds of any monotonic clock, the same for all calls.
    """

    def __init__(self, local: Open, admit: Callable[[Peer], Admission], now: float) -> None:
        self._local = local
        self._admit = admit
        self._state = _State.OPEN_SENT
        self._stream = b""
        self._outgoing = messages.encode(local)
        self._hold_seconds = 0.0
        self._expires_at = now + OPEN_SECONDS
        self._keepalive_at: float | None = None
        self.peer: Peer | None = None

    @property
    def closed(self) -> bool:
        """Whether it is over; what is still to be sent says why."""
        return self._state is _State.CLOSED

    @property
    def established(self) -> bool:
        """Whether routes may come."""
        return self._state is _State.ESTABLISHED

    def outgoing(self) -> bytes:
        """What is to be sent now; each octet is given once."""
        octets, self._outgoing = self._outgoing, b""
        return octets

    def receive(self, data: bytes, now: float) -> Iterator[Happening]:
        """Take octets as they came. To be iterated to its end before anything else is called.

        No octets: the other side has closed the connection.
        """
        if not data:
            yield from self._close("the connection was closed")
            return
        self._stream += data
        try:
            for octets in messages.split(self._stream):
                self._stream = self._stream[len(octets) :]
                yield from self._handle(messages.decode(octets), now)
                if self.closed:
                    return
        except ProtocolError as problem:
            yield from self._object(problem)

    def tick(self, now: float) -> Iterator[Happening]:
        """Do what is due: a keepalive, or the end of a peer that has been silent too long."""
        if self.closed:
            return
        if now >= self._expires_at:
            yield from self._object(
                ProtocolError(ErrorCode.HOLD_TIMER, 0, "nothing was heard for the hold time")
            )
        elif self._keepalive_at is not None and now >= self._keepalive_at:
            self._outgoing += messages.encode(Keepalive())
            self._keepalive_at = now + self._hold_seconds / 3

    def end(self, cease: Cease) -> Iterator[Happening]:
        """Close it although nothing is wrong."""
        words = cease.name.lower().replace("_", " ")
        yield from self._object(ProtocolError(ErrorCode.CEASE, cease, f"we ended it: {words}"))

    def lost(self, reason: str) -> Iterator[Happening]:
        """The connection broke."""
        yield from self._close(reason)

    def _handle(self, message: Message, now: float) -> Iterator[Happening]:
        self._expires_at = now + self._hold_seconds if self._hold_seconds else float("inf")
        match message, self._state:
            case Notification(), _:
                yield from self._close(message.said)
            case Open(), _State.OPEN_SENT:
                self._introduced(message, now)
            case Keepalive(), _State.OPEN_CONFIRM:
                assert self.peer is not None
                self._state = _State.ESTABLISHED
                yield Established(self.peer)
            case Keepalive(), _State.ESTABLISHED:
                pass
            case Update(), _State.ESTABLISHED:
                yield message
            case _:
                name = type(message).__name__.upper()
                raise ProtocolError(ErrorCode.STATE_MACHINE, 0, f"{name} out of turn")

    def _introduced(self, other: Open, now: float) -> None:
        """Answer the OPEN of the other side; ProtocolError when it cannot be spoken with."""
        peer = Peer(other.asn, other.router_id)
        match self._admit(peer):
            case Admission.UNKNOWN:
                raise ProtocolError(ErrorCode.OPEN, _BAD_PEER_AS, f"AS{peer.asn} is none of ours")
            case Admission.SHUT:
                raise _ceased(Cease.CONNECTION_REJECTED, "this session is switched off")
            case Admission.BUSY:
                raise _ceased(Cease.CONNECTION_COLLISION, "there is a session already")
        if not other.four_octet_asns:
            raise ProtocolError(
                ErrorCode.OPEN, _UNSUPPORTED_CAPABILITY, "AS numbers of four octets are needed"
            )
        self.peer = peer
        self._hold_seconds = float(min(self._local.hold_seconds, other.hold_seconds))
        self._expires_at = now + self._hold_seconds if self._hold_seconds else float("inf")
        self._keepalive_at = now + self._hold_seconds / 3 if self._hold_seconds else None
        self._outgoing += messages.encode(Keepalive())
        self._state = _State.OPEN_CONFIRM

    def _object(self, problem: ProtocolError) -> Iterator[Happening]:
        if not self.closed:
            said = Notification(problem.code, problem.subcode, problem.data)
            self._outgoing += messages.encode(said)
            yield from self._close(problem.reason)

    def _close(self, reason: str) -> Iterator[Happening]:
        if not self.closed:
            self._state = _State.CLOSED
            yield Ended(self.peer, reason)


def _ceased(cease: Cease, reason: str) -> ProtocolError:
    return ProtocolError(ErrorCode.CEASE, cease, reason)
