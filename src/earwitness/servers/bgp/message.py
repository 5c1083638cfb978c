"""The four messages of BGP-4 and their octets (RFC 4271, section 4).

Values, ``encode`` and ``decode``, and ``split``, which finds messages in a stream. Capabilities of
an OPEN (RFC 5492) are kept for the two that matter here: families (RFC 4760) and AS numbers of
four octets (RFC 6793). Pure; the order in which messages may come stands in ``session``.
"""

import enum
import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from earwitness.servers.bgp import attributes as path_attributes
from earwitness.servers.bgp import prefix as prefixes
from earwitness.servers.bgp.attributes import Attributes
from earwitness.servers.bgp.errors import ErrorCode, ProtocolError
from earwitness.servers.bgp.prefix import UNICAST, Family, MalformedPrefix, Prefix

MARKER = b"\xff" * 16
HEADER_OCTETS = 19
LONGEST = 4096
"""Octets of a message, its header included."""
AS_TRANS = 23456
"""What stands in an OPEN in place of an AS number that needs four octets (RFC 6793)."""

_VERSION = 4
_CAPABILITIES, _MULTIPROTOCOL, _FOUR_OCTET_AS = 2, 1, 65
_NOT_SYNCHRONISED, _BAD_LENGTH, _BAD_TYPE = 1, 2, 3
_UNSUPPORTED_VERSION, _BAD_IDENTIFIER, _BAD_HOLD_TIME = 1, 3, 6
_UNSPECIFIC, _MALFORMED_LIST, _INVALID_NETWORK = 0, 1, 10


class Type(enum.IntEnum):
    """The number of a message."""

    OPEN = 1
    UPDATE = 2
    NOTIFICATION = 3
    KEEPALIVE = 4


_LEAST = {Type.OPEN: 29, Type.UPDATE: 23, Type.NOTIFICATION: 21, Type.KEEPALIVE: 19}
"""Octets of the shortest message of each type, its header included."""


@dataclass(frozen=True, kw_only=True)
class Open:
    """Who a speaker is and what it can do. ``hold_seconds``: 0 switches keepalives off."""

    asn: int
    router_id: ipaddress.IPv4Address
    hold_seconds: int
    families: frozenset[Family] = frozenset({Family.IPV4})
    four_octet_asns: bool = True


@dataclass(frozen=True, kw_only=True)
class Update:
    """Routes that come and go. Prefixes of IPv4 also stand outside the attributes."""

    withdrawn: tuple[Prefix, ...] = ()
    attributes: Attributes = field(default_factory=Attributes)
    announced: tuple[Prefix, ...] = ()

    @property
    def gone(self) -> tuple[Prefix, ...]:
        """All withdrawn prefixes, of every family."""
        return self.withdrawn + self.attributes.unreach

    @property
    def come(self) -> tuple[Prefix, ...]:
        """All announced prefixes, of every family."""
        return self.announced + self.attributes.reach


@dataclass(frozen=True)
class Notification:
    """Why the session ends."""

    code: int
    subcode: int
    data: bytes = b""

    @property
    def said(self) -> str:
        """In words: the kind of error and its subcode."""
        known = self.code in set(ErrorCode)
        name = ErrorCode(self.code).name.lower().replace("_", " ") if known else str(self.code)
        return f"notification: {name}, subcode {self.subcode}"


@dataclass(frozen=True)
class Keepalive:
    """I am still here."""


Message = Open | Update | Notification | Keepalive


def encode(message: Message) -> bytes:
    """The whole message with its header; ValueError when it is longer than a message may be."""
    match message:
        case Open():
            kind, body = Type.OPEN, _encode_open(message)
        case Update():
            kind, body = Type.UPDATE, _encode_update(message)
        case Notification():
            kind = Type.NOTIFICATION
            body = bytes([message.code, message.subcode]) + message.data
        case Keepalive():
            kind, body = Type.KEEPALIVE, b""
    length = HEADER_OCTETS + len(body)
    if length > LONGEST:
        raise ValueError(f"a message of {length} octets, {LONGEST} are allowed")
    return MARKER + struct.pack("!HB", length, kind) + body


def split(stream: bytes) -> Iterator[bytes]:
    """Whole messages at the beginning of a stream; what is left over is not yielded.

    ProtocolError when a header breaks a rule.
    """
    place = 0
    while len(stream) - place >= HEADER_OCTETS:
        length, kind = struct.unpack_from("!HB", stream, place + len(MARKER))
        if stream[place : place + len(MARKER)] != MARKER:
            raise ProtocolError(ErrorCode.HEADER, _NOT_SYNCHRONISED, "the marker is not all ones")
        if kind not in set(Type):
            raise ProtocolError(
                ErrorCode.HEADER, _BAD_TYPE, f"no message has type {kind}", bytes([kind])
            )
        if not _LEAST[Type(kind)] <= length <= LONGEST:
            raise ProtocolError(
                ErrorCode.HEADER,
                _BAD_LENGTH,
                f"a message of type {kind} cannot have {length} octets",
                struct.pack("!H", length),
            )
        if len(stream) - place < length:
            return
        yield stream[place : place + length]
        place += length


def decode(message: bytes) -> Message:
    """The value of one whole message; ProtocolError when it breaks a rule."""
    kind, body = Type(message[HEADER_OCTETS - 1]), message[HEADER_OCTETS:]
    match kind:
        case Type.OPEN:
            return _decode_open(body)
        case Type.UPDATE:
            return _decode_update(body)
        case Type.NOTIFICATION:
            return Notification(body[0], body[1], body[2:])
        case Type.KEEPALIVE:
            if body:
                raise ProtocolError(ErrorCode.HEADER, _BAD_LENGTH, "a KEEPALIVE has no body")
            return Keepalive()


def _encode_open(message: Open) -> bytes:
    capabilities = [
        struct.pack("!BBHBB", _MULTIPROTOCOL, 4, family, 0, UNICAST)
        for family in sorted(message.families)
    ]
    if message.four_octet_asns:
        capabilities.append(struct.pack("!BBI", _FOUR_OCTET_AS, 4, message.asn))
    joined = b"".join(capabilities)
    parameters = struct.pack("!BB", _CAPABILITIES, len(joined)) + joined if joined else b""
    asn = message.asn if message.asn < 1 << 16 else AS_TRANS
    head = struct.pack("!BHH", _VERSION, asn, message.hold_seconds)
    return head + message.router_id.packed + bytes([len(parameters)]) + parameters


def _decode_open(body: bytes) -> Open:
    version, asn, hold = struct.unpack_from("!BHH", body)
    if version != _VERSION:
        raise _open_error(_UNSUPPORTED_VERSION, f"version {version}", struct.pack("!H", _VERSION))
    if hold in (1, 2):
        raise _open_error(_BAD_HOLD_TIME, f"a hold time of {hold} s")
    router_id = ipaddress.IPv4Address(body[5:9])
    if router_id == ipaddress.IPv4Address(0):
        raise _open_error(_BAD_IDENTIFIER, "the BGP identifier is zero")
    families, four_octets = set(), False
    for code, value in _capabilities(body[10:], body[9]):
        if code == _MULTIPROTOCOL and len(value) == 4:
            family, _, subsequent = struct.unpack("!HBB", value)
            if subsequent == UNICAST and family in set(Family):
                families.add(Family(family))
        elif code == _FOUR_OCTET_AS and len(value) == 4:
            four_octets, asn = True, int.from_bytes(value)
    return Open(
        asn=asn,
        router_id=router_id,
        hold_seconds=hold,
        # a speaker that names no family speaks the one of RFC 4271
        families=frozenset(families or {Family.IPV4}),
        four_octet_asns=four_octets,
    )


def _capabilities(data: bytes, length: int) -> Iterator[tuple[int, bytes]]:
    """Code and value of every capability in the optional parameters of an OPEN."""
    if len(data) != length:
        raise _open_error(_UNSPECIFIC, "the optional parameters are not as long as they say")
    for kind, value in _pairs(data):
        if kind == _CAPABILITIES:
            yield from _pairs(value)


def _pairs(data: bytes) -> Iterator[tuple[int, bytes]]:
    """What is written as an octet for the kind, one for the length, and the value."""
    place = 0
    while place < len(data):
        head = data[place : place + 2]
        if len(head) < 2 or place + 2 + head[1] > len(data):
            raise _open_error(_UNSPECIFIC, "an optional parameter is shorter than it says")
        yield head[0], data[place + 2 : place + 2 + head[1]]
        place += 2 + head[1]


def _encode_update(message: Update) -> bytes:
    withdrawn = prefixes.encode(message.withdrawn)
    described = path_attributes.encode(message.attributes)
    return (
        struct.pack("!H", len(withdrawn))
        + withdrawn
        + struct.pack("!H", len(described))
        + described
        + prefixes.encode(message.announced)
    )


def _decode_update(body: bytes) -> Update:
    middle = 2 + int.from_bytes(body[:2])
    end = middle + 2 + int.from_bytes(body[middle : middle + 2])
    if middle + 2 > len(body) or end > len(body):
        raise _update_error(_MALFORMED_LIST, "the parts are longer than the message")
    try:
        withdrawn = prefixes.decode(Family.IPV4, body[2:middle])
        announced = prefixes.decode(Family.IPV4, body[end:])
    except MalformedPrefix as problem:
        raise _update_error(_INVALID_NETWORK, str(problem)) from problem
    described = path_attributes.decode(body[middle + 2 : end])
    return Update(withdrawn=withdrawn, attributes=described, announced=announced)


def _open_error(subcode: int, reason: str, data: bytes = b"") -> ProtocolError:
    return ProtocolError(ErrorCode.OPEN, subcode, reason, data)


def _update_error(subcode: int, reason: str) -> ProtocolError:
    return ProtocolError(ErrorCode.UPDATE, subcode, reason)
