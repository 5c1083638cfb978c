"""The configuration of a router of the small internet, in BIRD's language.

Pure. Every router has one loopback address and one port; the first network of a link calls the
second. Routes of customers go to everybody, all others to customers only, and customers are
preferred to peers and these to providers: what networks that pay each other do (Gao and Rexford,
"Stable Internet Routing Without Global Coordination", 2001).
"""

import ipaddress
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from earwitness.claims.bgp_withdrawal.internet import LINKS, Network, Relation
from earwitness.servers.bgp.prefix import Family, Prefix, family_of

OWN = "own"
"""The protocol that holds a router's own prefixes of IPv4; ``own6`` those of IPv6."""

_PREFERENCE = {Relation.CUSTOMER: 300, Relation.PEER: 200, Relation.PROVIDER: 100}
_REVERSED = {
    Relation.CUSTOMER: Relation.PROVIDER,
    Relation.PEER: Relation.PEER,
    Relation.PROVIDER: Relation.CUSTOMER,
}
_TO_COLLECTOR = "collector"


@dataclass(frozen=True)
class Place:
    """Where a router listens."""

    address: ipaddress.IPv4Address
    port: int


@dataclass(frozen=True)
class Neighbour:
    """The other end of a session. ``relation``: what it is to this router."""

    asn: int
    relation: Relation
    calls: bool
    """Whether it is the one that connects."""


def session_with(asn: int) -> str:
    """The name of the session with that network."""
    return f"to{asn}"


def own_protocols(prefixes: Iterable[Prefix]) -> tuple[str, ...]:
    """The names of the protocols that hold these prefixes."""
    return tuple(sorted({_own(family_of(prefix)) for prefix in prefixes}))


def neighbours(asn: int) -> tuple[Neighbour, ...]:
    """Everybody that the network has a session with."""
    called = (
        Neighbour(link.second, _REVERSED[link.relation], calls=False)
        for link in LINKS
        if link.first == asn
    )
    calling = (
        Neighbour(link.first, link.relation, calls=True) for link in LINKS if link.second == asn
    )
    return (*called, *calling)


def configuration(
    network: Network,
    places: Mapping[int, Place],
    collector: tuple[int, str, int],
    own: Iterable[Prefix] = (),
    *,
    silent: bool = False,
) -> str:
    """The whole configuration of that network's router.

    ``places``: of all routers by their AS number; ``collector``: its AS number, address and port,
    for networks that look; ``own``: what it announces, at first not when ``silent``.
    """
    here = places[network.asn]
    parts = [
        f"router id {here.address};",
        "log stderr all;",
        "protocol device { }",
        *_own_protocols(own, silent=silent),
        *(_session(network.asn, places, other) for other in neighbours(network.asn)),
    ]
    if network.looks:
        parts.append(_collector_session(network.asn, here, collector))
    return "\n".join(parts) + "\n"


def _own_protocols(own: Iterable[Prefix], *, silent: bool) -> Iterable[str]:
    by_family: dict[Family, list[Prefix]] = {}
    for prefix in own:
        by_family.setdefault(family_of(prefix), []).append(prefix)
    for family, several in sorted(by_family.items()):
        routes = "\n".join(f"    route {prefix} blackhole;" for prefix in several)
        state = "    disabled;\n" if silent else ""
        yield f"protocol static {_own(family)} {{\n{state}    {_CHANNEL[family]};\n{routes}\n}}"


def _session(asn: int, places: Mapping[int, Place], other: Neighbour) -> str:
    accept = f"import filter {{ bgp_local_pref = {_PREFERENCE[other.relation]}; accept; }};"
    if other.relation is Relation.CUSTOMER:
        export = "export all;"
    else:
        least = _PREFERENCE[Relation.CUSTOMER]
        export = f"export where source = RTS_STATIC || bgp_local_pref = {least};"
    there = places[other.asn]
    return _bgp(
        session_with(other.asn),
        places[asn],
        asn,
        f"{there.address} port {there.port} as {other.asn}",
        f"{accept} {export}",
        passive=other.calls,
    )


def _collector_session(asn: int, here: Place, collector: tuple[int, str, int]) -> str:
    collector_asn, address, port = collector
    there = f"{address} port {port} as {collector_asn}"
    return _bgp(_TO_COLLECTOR, here, asn, there, "import none; export all;", passive=False)


def _bgp(name: str, here: Place, asn: int, there: str, policy: str, *, passive: bool) -> str:
    """One session. Its times are the shortest that BIRD allows: it waits a second to connect.

    ``multihop 1`` because no interface of the kernel has the neighbour's network; the next hop of
    IPv6 is given because the session itself has only an address of IPv4.
    """
    hop = ipaddress.IPv6Address(f"2001:db8:ffff::{asn:x}")
    return f"""protocol bgp {name} {{
    local {here.address} port {here.port} as {asn};
    neighbor {there};
    multihop 1;
    strict bind yes;
    passive {"yes" if passive else "no"};
    connect delay time 1;
    connect retry time 1;
    error wait time 1, 1;
    ipv4 {{ {policy} }};
    ipv6 {{ next hop address {hop}; {policy} }};
}}"""


_CHANNEL = {Family.IPV4: "ipv4", Family.IPV6: "ipv6"}


def _own(family: Family) -> str:
    return OWN if family is Family.IPV4 else f"{OWN}6"
