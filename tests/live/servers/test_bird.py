"""BIRD as a server: two daemons that exchange routes, errors that say why, nothing left behind."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from earwitness.servers import bird, liveness
from earwitness.servers.bgp import loopback
from earwitness.servers.bird import Bird, Refused
from earwitness.servers.process import MissingComponent, ServerFailed


@pytest.fixture(autouse=True)
def installed() -> None:
    try:
        bird.find()
    except MissingComponent as missing:
        pytest.skip(missing.reason)


def configuration(here: str, port: int, asn: int, there: str, other: int, *, own: str) -> str:
    return f"""
router id {here};
log stderr all;
protocol device {{ }}
protocol static own {{ ipv4; {own} }}
protocol bgp session {{
    local {here} port {port} as {asn};
    neighbor {there} port {port} as {other};
    multihop 1;
    strict bind yes;
    passive {"yes" if own else "no"};
    connect delay time 1;
    connect retry time 1;
    ipv4 {{ import all; export all; }};
}}
"""


@pytest.fixture
def pair(workspace: Path) -> Iterator[tuple[Bird, Bird]]:
    """An origin of two prefixes and the neighbour that calls it."""
    first, second = loopback.addresses(2)
    port = loopback.free_port(first)
    own = "route 192.0.2.0/28 blackhole; route 192.0.2.16/28 blackhole;"
    texts = {
        "origin": configuration(str(first), port, 64512, str(second), 64513, own=own),
        "caller": configuration(str(second), port, 64513, str(first), 64512, own=""),
    }
    program = bird.find()
    with contextlib.ExitStack() as stack:
        origin, caller = (
            stack.enter_context(bird.running(program, workspace, name=name, configuration=text))
            for name, text in texts.items()
        )
        yield origin, caller
    assert liveness.inhabitants(workspace) == ()


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 20 s"
        time.sleep(0.01)


def test_routes_travel_and_go_with_their_protocol(pair: tuple[Bird, Bird]) -> None:
    origin, caller = pair
    assert origin.answers()
    until(lambda: caller.routes_where("source = RTS_BGP") == 2)
    assert origin.is_established("session")
    assert caller.routes_where("bgp_path ~ [= * 64512 =]") == 2
    assert caller.routes_where("bgp_path ~ [= * 64999 =]") == 0
    origin.disable("own")
    until(lambda: caller.routes_where("source = RTS_BGP") == 0)
    assert origin.is_established("session"), "a withdrawal ends no session"
    origin.enable("own")
    until(lambda: caller.routes_where("source = RTS_BGP") == 2)
    caller.disable("session")
    until(lambda: not origin.is_established("session"))


def test_a_command_that_is_none_is_refused_and_the_daemon_goes_on(pair: tuple[Bird, Bird]) -> None:
    origin, _ = pair
    with pytest.raises(Refused, match="syntax error"):
        origin.command("make coffee")
    with pytest.raises(Refused):
        origin.disable("nonsense")
    assert origin.answers()


def test_a_daemon_that_died_does_not_answer(pair: tuple[Bird, Bird]) -> None:
    origin, _ = pair
    origin.command("down")
    until(lambda: not origin.alive)
    assert not origin.answers()
    with pytest.raises(ServerFailed, match="does not answer"):
        origin.command("show status")


def test_a_wrong_configuration_is_quoted(workspace: Path) -> None:
    with (
        pytest.raises(ServerFailed, match=r"bird.conf:1:1 syntax error"),
        bird.running(bird.find(), workspace, name="wrong", configuration="nonsense;\n"),
    ):
        pass
    assert not (workspace / "wrong").exists()


def test_what_is_no_bird_is_not_taken_for_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARWITNESS_BIRD", "/bin/true")
    with pytest.raises(MissingComponent) as raised:
        bird.find()
    assert raised.value.install is not None
    (row,) = bird.components()
    assert row.version is None
    assert row.missing == raised.value.reason


def test_it_is_found_where_systems_keep_daemons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.delenv("EARWITNESS_BIRD", raising=False)
    (row,) = bird.components()
    assert row.version is not None
    assert os.access(bird.find().path, os.X_OK)
