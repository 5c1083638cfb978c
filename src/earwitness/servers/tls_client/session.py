"""What a client can present later in place of its certificate, and files to keep it in.

A session is a secret: whoever has it gets in as its client. Its representation shows none of it; what
may be shown is the lifetime that the server gave it and, where its ticket has one, the name of the
key that encrypts tickets. Files are for their owner alone.

Over TCP a session is what OpenSSL writes, over QUIC what ``quic_ticket`` does; neither can be
presented over the other.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from OpenSSL import SSL

from earwitness.servers.tls_client import library, quic_ticket
from earwitness.servers.tls_client.library import NotASession

_KEY_NAME_BYTES = 16
"""With which OpenSSL and those that follow RFC 5077, 4 begin a ticket: the name of its key."""
_LIFETIME_HINT = 0xA9  # tags of ssl_asn1.c, each explicit
_TICKET = 0xAA


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session that a server gave to a client."""

    version: str
    """Of TLS: "1.2" or "1.3"; it can be resumed with no other."""
    der: bytes = field(repr=False)
    """The whole of it, secrets included."""
    transport: str = "tcp"
    """What it was made over: "tcp" or "quic"."""

    @property
    def early_data_bytes(self) -> int:
        """How many bytes of early data the server permits; 0: none."""
        if self.transport == "quic":
            return quic_ticket.read(self.der).early_data_bytes
        return library.longest_early_data(self.der)

    @property
    def lifetime_seconds(self) -> int | None:
        """What the server says that its ticket is good for; None without a ticket."""
        if self.transport == "quic":
            return quic_ticket.read(self.der).lifetime_seconds
        hint = _fields(self.der).get(_LIFETIME_HINT)
        return None if hint is None else int.from_bytes(_value(hint), "big")

    @property
    def ticket_key_name(self) -> bytes | None:
        """The first 16 bytes of its ticket, which are the name of its key where keys have one."""
        ticket = self._ticket
        return None if ticket is None else ticket[:_KEY_NAME_BYTES]

    def is_replaced_by(self, newer: "Session | None") -> bool:
        """Whether that is a session with another ticket."""
        return newer is not None and newer._ticket is not None and newer._ticket != self._ticket

    @property
    def _ticket(self) -> bytes | None:
        if self.transport == "quic":
            return quic_ticket.read(self.der).ticket
        ticket = _fields(self.der).get(_TICKET)
        return None if ticket is None else _value(ticket)


def taken(connection: SSL.Connection, version: str) -> Session | None:
    """The newest session of a connection; None when there is none to be resumed."""
    der = library.serialised(connection)
    if der is None:
        return None
    session = Session(version=version, der=der)
    return session if _is_resumable(session) else None


def _is_resumable(session: Session) -> bool:
    """A session with a ticket, or one of TLS 1.2 that the server keeps under a number."""
    return session.ticket_key_name is not None or (
        session.version == "1.2" and bool(_session_id(session.der))
    )


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A session in a file, with what its owner wants to remember beside it."""

    version: str
    der: bytes
    transport: str = "tcp"
    note: dict[str, str] = {}

    @property
    def session(self) -> Session:
        """To be presented."""
        return Session(version=self.version, der=self.der, transport=self.transport)


_FORMAT = 2
"""Version 1 did not say what had been asked of whom."""


class KeptSessions(msgspec.Struct, frozen=True, kw_only=True):
    """A file of sessions."""

    earwitness_sessions: int = 1
    """Version of the format."""
    asked: dict[str, str] = {}
    """Of whom the sessions are, and what was asked there; answers to anything else say nothing."""
    sessions: tuple[Kept, ...]


def keep(path: Path, sessions: Sequence[Kept], asked: Mapping[str, str]) -> None:
    """Write a file that only its owner can read (0600). FileExistsError rather than replace one.

    OSError when it cannot be written whole; then nothing stays.
    """
    whole = KeptSessions(earwitness_sessions=_FORMAT, asked=dict(asked), sessions=tuple(sessions))
    encoded = msgspec.json.encode(whole)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(file, "wb") as output:
            os.fchmod(file, 0o600)
            output.write(encoded)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def kept(path: Path) -> KeptSessions:
    """A file of sessions. Raises OSError, and NotASession for one of something else, or too old."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=KeptSessions)
    except msgspec.DecodeError:
        raise NotASession(f"{path} is no file of kept sessions") from None
    if found.earwitness_sessions != _FORMAT:
        age = "an older" if found.earwitness_sessions < _FORMAT else "a newer"
        raise NotASession(
            f"{path} was written by {age} version of Earwitness, which kept other things beside the "
            "sessions: keep new ones"
        )
    for one in found.sessions:
        if one.transport == "quic":
            quic_ticket.read(one.der)
        else:
            library.require_session(one.der)
    return found


def _fields(der: bytes) -> dict[int, bytes]:
    """The tagged fields of a session; those without a tag of their own are left out."""
    return {tag: value for tag, value in _elements(_value(der)) if tag >= 0xA0}


def _session_id(der: bytes) -> bytes:
    """Version, protocol, cipher, and then the number of the session."""
    return _elements(_value(der))[3][1]


def _elements(content: bytes) -> list[tuple[int, bytes]]:
    """Tag and content of each element in a row (X.690, 8.1); tags here have one byte."""
    elements = []
    while content:
        length, begin = content[1], 2
        if length & 0x80:
            begin += length & 0x7F
            length = int.from_bytes(content[2:begin], "big")
        elements.append((content[0], content[begin : begin + length]))
        content = content[begin + length :]
    return elements


def _value(element: bytes) -> bytes:
    return _elements(element)[0][1]
