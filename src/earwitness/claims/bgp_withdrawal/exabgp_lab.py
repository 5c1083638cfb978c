"""The smaller internet: an origin's two border routers and their neighbour, without transit.

Starting and steering them, for machines without routers that pass routes on. The neighbour is our
own passive speaker, which is also the one that looks; the two border routers of the origin and the
router of another network are an ExaBGP each.
"""

import contextlib
import ipaddress
from collections.abc import Iterator, Mapping
from pathlib import Path

from earwitness.claims.bgp_withdrawal import visibility
from earwitness.claims.bgp_withdrawal.internet import (
    ELSEWHERE,
    NEXT_DOOR,
    ORIGIN,
    SERVICES,
    Truth,
    next_hops,
)
from earwitness.servers import exabgp
from earwitness.servers.bgp import collector as collectors
from earwitness.servers.bgp.collector import Collector
from earwitness.servers.bgp.prefix import Prefix
from earwitness.servers.bgp.session import Peer
from earwitness.servers.exabgp import ExaBgp, Router

_NEIGHBOUR_ID = "192.0.2.254"
_BORDER_IDS = (ipaddress.IPv4Address("192.0.2.1"), ipaddress.IPv4Address("192.0.2.2"))
_ELSEWHERE_ID = ipaddress.IPv4Address("192.0.2.3")
_BORDERS = tuple(Peer(ORIGIN, router_id) for router_id in _BORDER_IDS)
_OTHER = Peer(ELSEWHERE, _ELSEWHERE_ID)


class ExaBgpLab:
    """The running speakers; made by ``running``."""

    def __init__(
        self, speakers: Mapping[Peer, ExaBgp], collector: Collector, prefixes: tuple[Prefix, ...]
    ) -> None:
        self._speakers = speakers
        self._prefixes = prefixes
        self.collector = collector
        self.vantages = {NEXT_DOOR: "next_door"}
        self.routers = len(speakers)
        self.links = len(_BORDERS)

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions and topology for the record."""
        some = self._speakers[_OTHER]
        return {
            "routers": f"{self.routers} x {some.version} ({some.source}) on one loopback "
            "address; no kernel routes",
            "topology": f"two border routers of origin AS{ORIGIN} and one of AS{ELSEWHERE}, each "
            f"with one session to our own passive speaker as AS{NEXT_DOOR}; no transit between",
        }

    def vantage_of(self, peer: Peer) -> int:
        """Whatever is announced, the neighbour is the one that hears it."""
        assert peer in self._speakers
        return NEXT_DOOR

    def announce(self) -> None:
        """Both border routers announce everything."""
        for place, border in enumerate(_BORDERS, start=1):
            self._speakers[border].announce(self._prefixes, next_hops(place))

    def withdraw(self) -> None:
        """Both border routers withdraw everything."""
        for place, border in enumerate(_BORDERS, start=1):
            self._speakers[border].withdraw(self._prefixes, next_hops(place))

    def cut(self, sessions: int) -> frozenset[int]:
        """The neighbour shuts its session with the first so many border routers."""
        for border in _BORDERS[:sessions]:
            self.collector.shut(border)
        return frozenset()  # both have the same AS number; what is cut is gone with its session

    def mend(self) -> None:
        """The neighbour lets both connect again."""
        for border in _BORDERS:
            self.collector.open(border)

    def announce_elsewhere(self) -> None:
        """The other network announces the prefix of the services."""
        self._speakers[_OTHER].announce((SERVICES,), next_hops(3))

    def withdraw_elsewhere(self) -> None:
        """The other network withdraws it."""
        self._speakers[_OTHER].withdraw((SERVICES,), next_hops(3))

    def answering(self) -> int:
        """How many speakers say their version when asked."""
        return sum(speaker.answers() for speaker in self._speakers.values())

    def sessions(self) -> int:
        """How many of the origin's sessions are up as its neighbour sees it."""
        return sum(border in self.collector.snapshot().view for border in _BORDERS)

    def ghosts(self, truth: Truth) -> int:
        """Among what the neighbour has; the speakers have no tables of what they heard."""
        told = visibility.paths(self.collector.snapshot().view)
        return sum(not truth.bears_out(path) for path in told)


@contextlib.contextmanager
def running(
    prefixes: tuple[Prefix, ...], workspace: Path
) -> Iterator[tuple[ExaBgpLab, list[ExaBgp]]]:
    """Start all speakers and announce; all stop at the end of the block.

    Their sessions come up within seconds. MissingComponent when the package is missing;
    ServerFailed when one does not start.
    """
    binaries = exabgp.find()
    names = dict(zip((*_BORDERS, _OTHER), ("border-a", "border-b", "elsewhere"), strict=True))
    with contextlib.ExitStack() as stack:
        collector = stack.enter_context(collectors.running(NEXT_DOOR, _NEIGHBOUR_ID, names))
        speakers = {}
        for peer, name in names.items():
            router = Router(
                asn=peer.asn,
                router_id=str(peer.router_id),
                neighbor_asn=collector.asn,
                neighbor_address=collector.address,
                neighbor_port=collector.port,
            )
            speakers[peer] = stack.enter_context(
                exabgp.running(binaries, workspace, name=f"exabgp-{name}", router=router)
            )
        lab = ExaBgpLab(speakers, collector, prefixes)
        lab.announce()
        yield lab, [*speakers.values()]
