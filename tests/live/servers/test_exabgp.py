"""ExaBGP as a server: it announces and withdraws what it is told, to our own collector."""

import ipaddress
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from earwitness.servers import exabgp, liveness
from earwitness.servers.bgp import collector
from earwitness.servers.bgp.collector import Collector
from earwitness.servers.bgp.prefix import Family
from earwitness.servers.bgp.session import Peer
from earwitness.servers.exabgp import ExaBgp, Router
from earwitness.servers.process import MissingComponent, ServerFailed

PEER = Peer(4_200_000_001, ipaddress.IPv4Address("192.0.2.1"))
HOPS = {Family.IPV4: "192.0.2.1", Family.IPV6: "2001:db8::1"}
FOURS = tuple(ipaddress.ip_network("198.51.100.0/24").subnets(new_prefix=32))
SIXES = tuple(ipaddress.ip_network("2001:db8::/40").subnets(new_prefix=48))


@pytest.fixture
def speaking(workspace: Path) -> Iterator[tuple[ExaBgp, Collector]]:
    try:
        found = exabgp.find()
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    with collector.running(65000, "192.0.2.254", [PEER]) as listening:
        router = Router(
            asn=PEER.asn,
            router_id=str(PEER.router_id),
            neighbor_asn=65000,
            neighbor_address=listening.address,
            neighbor_port=listening.port,
        )
        with exabgp.running(found, workspace, name="speaker", router=router) as speaker:
            yield speaker, listening
    assert liveness.inhabitants(workspace) == ()
    assert not (workspace / "speaker").exists()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 20 s"
        time.sleep(0.01)


def test_what_it_is_told_arrives(speaking: tuple[ExaBgp, Collector]) -> None:
    speaker, listening = speaking
    assert speaker.answers()
    everything = {*FOURS, *SIXES}
    speaker.announce(everything, HOPS)
    until(lambda: listening.snapshot().view.get(PEER, {}).keys() == everything)
    assert {path.asns for path in listening.snapshot().view[PEER].values()} == {(PEER.asn,)}
    speaker.withdraw(SIXES, HOPS)
    until(lambda: listening.snapshot().view[PEER].keys() == set(FOURS))


def test_it_comes_back_after_its_session_was_shut(speaking: tuple[ExaBgp, Collector]) -> None:
    speaker, listening = speaking
    speaker.announce(FOURS[:3], HOPS)
    until(lambda: len(listening.snapshot().view.get(PEER, {})) == 3)
    listening.shut(PEER)
    assert PEER not in listening.snapshot().view
    assert speaker.answers(), "only its session is down"
    listening.open(PEER)
    until(lambda: len(listening.snapshot().view.get(PEER, {})) == 3)


def test_what_it_does_not_understand_is_an_error(speaking: tuple[ExaBgp, Collector]) -> None:
    speaker, _ = speaking
    with pytest.raises(ServerFailed, match="refused 'announce nonsense'"):
        speaker.command("announce nonsense")
    assert speaker.answers()


def test_where_the_package_is_missing_it_says_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (row,) = exabgp.components()
    assert row.version is None
    assert row.install == exabgp.INSTALL
