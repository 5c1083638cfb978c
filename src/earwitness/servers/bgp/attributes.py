"""Path attributes of an UPDATE: what is said of the prefixes that it announces.

ORIGIN, AS_PATH and NEXT_HOP (RFC 4271, section 4.3) and the two attributes that carry other
families (RFC 4760) are understood; all others are kept as they came. AS numbers have four octets,
as between speakers that both say so (RFC 6793). Pure.
"""

import enum
import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from earwitness.servers.bgp import prefix as prefixes
from earwitness.servers.bgp.errors import ErrorCode, ProtocolError
from earwitness.servers.bgp.prefix import UNICAST, Family, MalformedPrefix, Prefix

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_OPTIONAL = 0x80
_TRANSITIVE = 0x40
_EXTENDED_LENGTH = 0x10

_ORIGIN, _AS_PATH, _NEXT_HOP, _MP_REACH, _MP_UNREACH = 1, 2, 3, 14, 15
_MALFORMED_LIST, _LENGTH_ERROR, _INVALID_ORIGIN = 1, 5, 6
_OPTIONAL_ERROR, _MALFORMED_PATH = 9, 11
_AS_OCTETS = 4
_LONGEST_SEGMENT = 255
_SHORT = 255
"""Octets of a value up to which its length has one octet."""


class Origin(enum.IntEnum):
    """How the origin learned of a route."""

    IGP = 0
    EGP = 1
    INCOMPLETE = 2


class SegmentKind(enum.IntEnum):
    """What the AS numbers of a segment are to each other (RFC 5065 for the confederations)."""

    SET = 1
    SEQUENCE = 2
    CONFEDERATION_SEQUENCE = 3
    CONFEDERATION_SET = 4


@dataclass(frozen=True)
class Segment:
    """A part of an AS path."""

    kind: SegmentKind
    asns: tuple[int, ...]


@dataclass(frozen=True)
class AsPath:
    """The way that a route came, the nearest AS first."""

    segments: tuple[Segment, ...] = ()

    @property
    def asns(self) -> tuple[int, ...]:
        """All AS numbers in their order; those of a set have none of their own."""
        return tuple(asn for segment in self.segments for asn in segment.asns)


def sequence(*asns: int) -> AsPath:
    """The path through these autonomous systems, the nearest first."""
    parts = (asns[i : i + _LONGEST_SEGMENT] for i in range(0, len(asns), _LONGEST_SEGMENT))
    return AsPath(tuple(Segment(SegmentKind.SEQUENCE, part) for part in parts))


@dataclass(frozen=True)
class Unknown:
    """An attribute that is not understood here, as it came."""

    flags: int
    type: int
    value: bytes


@dataclass(frozen=True, kw_only=True)
class Attributes:
    """What an UPDATE says of its routes. None: it does not say."""

    origin: Origin | None = None
    as_path: AsPath | None = None
    next_hop: ipaddress.IPv4Address | None = None
    reach_family: Family | None = None
    """The family of ``reach`` where there is an MP_REACH_NLRI."""
    reach_next_hop: bytes = b""
    """Next hop of ``reach`` as it came: one IPv6 address, or a global and a link-local one."""
    reach: tuple[Prefix, ...] = ()
    unreach_family: Family | None = None
    """The family of ``unreach`` where there is an MP_UNREACH_NLRI."""
    unreach: tuple[Prefix, ...] = ()
    unknown: tuple[Unknown, ...] = field(default=())


def decode(data: bytes) -> Attributes:
    """The attributes in the octets; ProtocolError when they break a rule.

    Families that are not spoken here stay in ``unknown``.
    """
    said: dict[str, object] = {}
    unknown: list[Unknown] = []
    seen: set[int] = set()
    for flags, kind, value in _split(data):
        if kind in seen:
            raise _error(_MALFORMED_LIST, f"attribute {kind} stands twice")
        seen.add(kind)
        understood = _understood(kind, value)
        if understood is None:
            unknown.append(Unknown(flags, kind, value))
        else:
            said |= understood
    return Attributes(**said, unknown=tuple(unknown))  # type: ignore[arg-type]


def encode(attributes: Attributes) -> bytes:
    """The attributes in ascending order of their types, as RFC 4271 advises."""
    parts: list[tuple[int, int, bytes]] = []
    if attributes.origin is not None:
        parts.append((_TRANSITIVE, _ORIGIN, bytes([attributes.origin])))
    if attributes.as_path is not None:
        parts.append((_TRANSITIVE, _AS_PATH, _encode_path(attributes.as_path)))
    if attributes.next_hop is not None:
        parts.append((_TRANSITIVE, _NEXT_HOP, attributes.next_hop.packed))
    if attributes.reach_family is not None:
        hop = attributes.reach_next_hop
        value = struct.pack("!HBB", attributes.reach_family, UNICAST, len(hop)) + hop + b"\0"
        parts.append((_OPTIONAL, _MP_REACH, value + prefixes.encode(attributes.reach)))
    if attributes.unreach_family is not None:
        value = struct.pack("!HB", attributes.unreach_family, UNICAST)
        parts.append((_OPTIONAL, _MP_UNREACH, value + prefixes.encode(attributes.unreach)))
    parts += [(one.flags, one.type, one.value) for one in attributes.unknown]
    return b"".join(_pack(*part) for part in sorted(parts, key=lambda part: part[1]))


def _split(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Flags, type and value of each attribute."""
    place = 0
    while place < len(data):
        head = 4 if data[place] & _EXTENDED_LENGTH else 3
        if place + head > len(data):
            raise _error(_MALFORMED_LIST, "an attribute ends within its head")
        flags, kind = data[place], data[place + 1]
        length = int.from_bytes(data[place + 2 : place + head])
        value = data[place + head : place + head + length]
        if len(value) < length:
            raise _error(_LENGTH_ERROR, f"attribute {kind} is shorter than it says")
        yield flags, kind, value
        place += head + length


def _understood(kind: int, value: bytes) -> dict[str, object] | None:
    """Fields of ``Attributes`` that this one fills; None when it is not understood here."""
    match kind:
        case 1:
            if len(value) != 1 or value[0] not in set(Origin):
                raise _error(_INVALID_ORIGIN, "ORIGIN is none of the three")
            return {"origin": Origin(value[0])}
        case 2:
            return {"as_path": _decode_path(value)}
        case 3:
            if len(value) != 4:
                raise _error(_LENGTH_ERROR, f"NEXT_HOP has {len(value)} octets")
            return {"next_hop": ipaddress.IPv4Address(value)}
        case 14:
            return _decode_reach(value)
        case 15:
            return _decode_unreach(value)
        case _:
            return None


def _decode_path(value: bytes) -> AsPath:
    segments, place = [], 0
    while place < len(value):
        kind, count = value[place], int.from_bytes(value[place + 1 : place + 2])
        end = place + 2 + count * _AS_OCTETS
        if kind not in set(SegmentKind) or end > len(value) or count == 0:
            raise _error(_MALFORMED_PATH, "AS_PATH has a broken segment")
        asns = struct.unpack(f"!{count}I", value[place + 2 : end])
        segments.append(Segment(SegmentKind(kind), asns))
        place = end
    return AsPath(tuple(segments))


def _encode_path(path: AsPath) -> bytes:
    return b"".join(
        bytes([segment.kind, len(segment.asns)])
        + struct.pack(f"!{len(segment.asns)}I", *segment.asns)
        for segment in path.segments
    )


def _decode_reach(value: bytes) -> dict[str, object] | None:
    if len(value) < 5 or len(value) < 5 + value[3]:
        raise _error(_OPTIONAL_ERROR, "MP_REACH_NLRI is too short")
    family = _spoken(value)
    if family is None:
        return None
    end = 4 + value[3]  # one reserved octet stands behind the next hop
    reach = _prefixes(family, value[end + 1 :])
    return {"reach_family": family, "reach_next_hop": value[4:end], "reach": reach}


def _decode_unreach(value: bytes) -> dict[str, object] | None:
    if len(value) < 3:
        raise _error(_OPTIONAL_ERROR, "MP_UNREACH_NLRI is too short")
    family = _spoken(value)
    if family is None:
        return None
    return {"unreach_family": family, "unreach": _prefixes(family, value[3:])}


def _spoken(value: bytes) -> Family | None:
    """The family that an attribute begins with; None when it is not spoken here."""
    family, subsequent = struct.unpack_from("!HB", value)
    return Family(family) if subsequent == UNICAST and family in set(Family) else None


def _prefixes(family: Family, data: bytes) -> tuple[Prefix, ...]:
    try:
        return prefixes.decode(family, data)
    except MalformedPrefix as problem:
        raise _error(_OPTIONAL_ERROR, str(problem)) from problem


def _pack(flags: int, kind: int, value: bytes) -> bytes:
    if len(value) > _SHORT:
        return struct.pack("!BBH", flags | _EXTENDED_LENGTH, kind, len(value)) + value
    return struct.pack("!BBB", flags & ~_EXTENDED_LENGTH, kind, len(value)) + value


def _error(subcode: int, reason: str) -> ProtocolError:
    return ProtocolError(ErrorCode.UPDATE, subcode, reason)
