"""Prefixes of IPv4 and IPv6, and how BGP writes them.

A prefix on the wire is a length in bits and as many octets of the address as hold them (RFC 4271,
section 4.3). Pure; what a prefix is announced or withdrawn with stands in ``attributes``.
"""

import enum
import ipaddress
from collections.abc import Iterable
from typing import assert_never

Prefix = ipaddress.IPv4Network | ipaddress.IPv6Network


class Family(enum.IntEnum):
    """Address families that are spoken here, by their number (AFI, RFC 4760); all unicast."""

    IPV4 = 1
    IPV6 = 2

    @property
    def bits(self) -> int:
        """Length of an address."""
        return 32 if self is Family.IPV4 else 128


UNICAST = 1
"""The only subsequent address family (SAFI) that is spoken here."""


class MalformedPrefix(ValueError):
    """Octets that are no list of prefixes of that family."""


def parse(text: str) -> Prefix:
    """The prefix in words, as in ``192.0.2.0/28``; ValueError when it is none."""
    return ipaddress.ip_network(text)


def family_of(prefix: Prefix) -> Family:
    """The address family of a prefix."""
    return Family.IPV4 if prefix.version == 4 else Family.IPV6


def encode(prefixes: Iterable[Prefix]) -> bytes:
    """Prefixes one after the other, as in an UPDATE."""
    return b"".join(
        bytes([p.prefixlen]) + p.network_address.packed[: _octets(p.prefixlen)] for p in prefixes
    )


def decode(family: Family, data: bytes) -> tuple[Prefix, ...]:
    """All prefixes in the octets. Bits behind a prefix's length are ignored, as the RFC asks.

    MalformedPrefix when a length is greater than the family's or octets are missing.
    """
    found, place = [], 0
    while place < len(data):
        length = data[place]
        end = place + 1 + _octets(length)
        if length > family.bits or end > len(data):
            raise MalformedPrefix(f"a prefix of {length} bits does not fit at octet {place}")
        address = data[place + 1 : end].ljust(family.bits // 8, b"\0")
        found.append(_network(family, address, length))
        place = end
    return tuple(found)


def _network(family: Family, address: bytes, length: int) -> Prefix:
    match family:
        case Family.IPV4:
            return ipaddress.IPv4Network((address, length), strict=False)
        case Family.IPV6:
            return ipaddress.IPv6Network((address, length), strict=False)
        case never:
            assert_never(never)


def _octets(bits: int) -> int:
    return (bits + 7) // 8
