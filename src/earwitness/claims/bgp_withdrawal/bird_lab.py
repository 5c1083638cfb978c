"""Seven networks with a BIRD each, five of which tell a collector what they see.

Starting and steering them. The topology stands in ``internet``, the routers' configuration in
``configuration``.
"""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from earwitness.claims.bgp_withdrawal import configuration, visibility
from earwitness.claims.bgp_withdrawal.configuration import Place, own_protocols, session_with
from earwitness.claims.bgp_withdrawal.internet import (
    COLLECTOR,
    ELSEWHERE,
    NETWORKS,
    ORIGIN,
    SERVICES,
    TRANSITS,
    Truth,
)
from earwitness.servers import bird
from earwitness.servers.bgp import collector as collectors
from earwitness.servers.bgp import loopback
from earwitness.servers.bgp.collector import Collector
from earwitness.servers.bgp.prefix import Prefix
from earwitness.servers.bgp.session import Peer
from earwitness.servers.bird import Bird

_COLLECTOR_ROUTER_ID = "192.0.2.254"


class BirdLab:
    """The running networks; made by ``running``."""

    def __init__(
        self,
        routers: Mapping[int, Bird],
        collector: Collector,
        own: tuple[str, ...],
    ) -> None:
        self._birds = routers
        self._own = own
        self.collector = collector
        self.vantages = {network.asn: network.name for network in NETWORKS if network.looks}
        self.routers = len(routers)
        self.links = len(TRANSITS)

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions and topology for the record."""
        some = self._birds[ORIGIN]
        return {
            "routers": f"{self.routers} x {some.version} ({some.source}), one for each "
            "AS, on loopback addresses; no kernel routes",
            "topology": f"origin AS{ORIGIN} with two transits, two backbones, a far network and "
            f"another origin (AS{ELSEWHERE}); {len(self.vantages)} of them tell a collector",
        }

    def vantage_of(self, peer: Peer) -> int:
        """Every vantage tells its own view."""
        return peer.asn

    def announce(self) -> None:
        """Switch the origin's prefixes on."""
        for protocol in self._own:
            self._birds[ORIGIN].enable(protocol)

    def withdraw(self) -> None:
        """Switch the origin's prefixes off."""
        for protocol in self._own:
            self._birds[ORIGIN].disable(protocol)

    def cut(self, sessions: int) -> frozenset[int]:
        """The first so many transits shut their session with the origin."""
        chosen = TRANSITS[:sessions]
        for transit in chosen:
            self._birds[transit].disable(session_with(ORIGIN))
        return frozenset(chosen)

    def mend(self) -> None:
        """Every transit opens its session again."""
        for transit in TRANSITS:
            self._birds[transit].enable(session_with(ORIGIN))

    def announce_elsewhere(self) -> None:
        """Switch the other origin's prefix on."""
        self._birds[ELSEWHERE].enable(configuration.OWN)

    def withdraw_elsewhere(self) -> None:
        """Switch the other origin's prefix off."""
        self._birds[ELSEWHERE].disable(configuration.OWN)

    def answering(self) -> int:
        """How many daemons say that they are up and running."""
        return sum(router.answers() for router in self._birds.values())

    def sessions(self) -> int:
        """How many sessions are established as the origin's own daemon sees it."""
        origin = self._birds[ORIGIN]
        return sum(origin.is_established(session_with(transit)) for transit in TRANSITS)

    def ghosts(self, truth: Truth) -> int:
        """Among what the collector has, and in every table of every router, best or not."""
        told = visibility.paths(self.collector.snapshot().view)
        seen = sum(not truth.bears_out(path) for path in told)
        conditions = {asn: ghost_condition(asn, truth) for asn in self._birds}
        return seen + sum(
            self._birds[asn].routes_where(condition)
            for asn, condition in conditions.items()
            if condition is not None
        )


def ghost_condition(asn: int, truth: Truth) -> str | None:
    """In BIRD's filter language: routes in that router that the truth does not bear out."""
    masks = []
    if not truth.announced:
        masks.append(f"[= * {ORIGIN} =]")
    else:
        # a router's own number is not in the paths that it holds
        masks += [
            f"[= {ORIGIN} =]" if other == asn else f"[= * {other} {ORIGIN} =]"
            for other in sorted(truth.cut)
        ]
    if not truth.elsewhere:
        masks.append(f"[= * {ELSEWHERE} =]")
    alternatives = " || ".join(f"bgp_path ~ {mask}" for mask in masks)
    return f"source = RTS_BGP && ({alternatives})" if masks else None


@contextlib.contextmanager
def running(prefixes: tuple[Prefix, ...], workspace: Path) -> Iterator[tuple[BirdLab, list[Bird]]]:
    """Start all routers, the callers after those whom they call; all stop at the end of the block.

    Returns as soon as they answer; their sessions come up within seconds. MissingComponent when
    there is no BIRD or only one loopback address; ServerFailed when one does not start.
    """
    program = bird.find()
    addresses = loopback.addresses(len(NETWORKS))
    places = {
        network.asn: Place(address, loopback.free_port(address))
        for network, address in zip(NETWORKS, addresses, strict=True)
    }
    peers = [Peer(network.asn, places[network.asn].address) for network in NETWORKS]
    own = {ORIGIN: prefixes, ELSEWHERE: (SERVICES,)}
    with contextlib.ExitStack() as stack:
        collector = stack.enter_context(collectors.running(COLLECTOR, _COLLECTOR_ROUTER_ID, peers))
        where = (collector.asn, collector.address, collector.port)
        routers = {}
        for network in reversed(NETWORKS):
            text = configuration.configuration(
                network,
                places,
                where,
                own.get(network.asn, ()),
                silent=network.asn == ELSEWHERE,
            )
            name = f"bird-as{network.asn}"
            routers[network.asn] = stack.enter_context(
                bird.running(program, workspace, name=name, configuration=text)
            )
        yield BirdLab(routers, collector, own_protocols(prefixes)), [*routers.values()]
