"""The small internet of the experiment: who is connected to whom, and what the origin announces.

Values and pure functions. AS numbers are private ones (RFC 6996), prefixes those for documentation
(RFC 5737, RFC 3849). Two internets exist: one with networks between the origin and those who
look, for routers that pass routes on; and a direct one, for speakers that only announce.
"""

import enum
import ipaddress
from dataclasses import dataclass

from earwitness.servers.bgp.prefix import Family, Prefix

ORIGIN = 64512
"""The provider that the claim is about."""
ELSEWHERE = 64518
"""Another network, which can announce the prefix of the services as well."""
NEXT_DOOR = 64513
"""The one network that looks in the direct internet."""
COLLECTOR = 65000

SERVICES: Prefix = ipaddress.IPv4Network("203.0.113.0/24")
"""The origin's prefix in which its name servers and its status page are."""

_IPV4_BLOCKS = (ipaddress.IPv4Network("192.0.2.0/24"), ipaddress.IPv4Network("198.51.100.0/24"))
_IPV4_LENGTH = 28
_IPV6_BLOCK = ipaddress.IPv6Network("2001:db8::/36")
_IPV6_LENGTH = 48


class Relation(enum.Enum):
    """What one network is to another that it has a session with."""

    CUSTOMER = "customer"
    PEER = "peer"
    PROVIDER = "provider"


@dataclass(frozen=True)
class Network:
    """An autonomous system with one router. ``name``: as metrics have it."""

    asn: int
    name: str
    looks: bool = False
    """Whether it tells the collector its routes: a vantage."""


@dataclass(frozen=True)
class Link:
    """A session between two networks; ``relation``: what the first is to the second."""

    first: int
    second: int
    relation: Relation


NETWORKS = (
    Network(ORIGIN, "origin"),
    Network(64513, "transit_a", looks=True),
    Network(64514, "transit_b", looks=True),
    Network(64515, "backbone_a", looks=True),
    Network(64516, "backbone_b", looks=True),
    Network(64517, "far", looks=True),
    Network(ELSEWHERE, "elsewhere"),
)

LINKS = (
    Link(ORIGIN, 64513, Relation.CUSTOMER),
    Link(ORIGIN, 64514, Relation.CUSTOMER),
    Link(64513, 64514, Relation.PEER),
    Link(64513, 64515, Relation.CUSTOMER),
    Link(64514, 64516, Relation.CUSTOMER),
    Link(64515, 64516, Relation.PEER),
    Link(64517, 64515, Relation.CUSTOMER),
    Link(64517, 64516, Relation.CUSTOMER),
    Link(ELSEWHERE, 64516, Relation.CUSTOMER),
)

TRANSITS = tuple(link.second for link in LINKS if link.first == ORIGIN)
"""The networks that the origin has a session with, in the order in which they are cut off."""


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What is so at the origin and elsewhere; a route that says otherwise is a ghost."""

    announced: bool = True
    """Whether the origin announces its prefixes."""
    cut: frozenset[int] = frozenset()
    """Networks whose session with the origin is down."""
    elsewhere: bool = False
    """Whether the other network announces the prefix of the services."""

    def bears_out(self, path: tuple[int, ...]) -> bool:
        """Whether a route with this path can be right; the origin of the route stands last."""
        if path[-1:] == (ELSEWHERE,):
            return self.elsewhere
        if path[-1:] != (ORIGIN,):
            return True
        return self.announced and not self.cut.intersection(path[-2:-1])


def prefixes(ipv4: int, ipv6: int) -> tuple[Prefix, ...]:
    """So many prefixes of the origin, the one of its services first.

    ValueError when the blocks for documentation have not so many.
    """
    small = (net for block in _IPV4_BLOCKS for net in block.subnets(new_prefix=_IPV4_LENGTH))
    large = _IPV6_BLOCK.subnets(new_prefix=_IPV6_LENGTH)
    fours: list[Prefix] = [SERVICES, *(net for net, _ in zip(small, range(ipv4 - 1), strict=False))]
    sixes: list[Prefix] = [net for net, _ in zip(large, range(ipv6), strict=False)]
    if (len(fours), len(sixes)) != (ipv4, ipv6):
        raise ValueError(f"there are no {ipv4} and {ipv6} prefixes for documentation")
    return (*fours, *sixes)


def next_hops(host: int) -> dict[Family, str]:
    """Next hops to announce with; traffic is never sent there."""
    return {Family.IPV4: f"192.0.2.{host}", Family.IPV6: f"2001:db8:ffff::{host:x}"}
