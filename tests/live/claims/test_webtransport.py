"""The claim on real sessions and sockets: what was counted, and what turns the verdict.

Nothing is timed: what is asserted here is the same on any machine.
"""

import itertools
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

pytest.importorskip("aioquic")
pytest.importorskip("websockets")

from earwitness.claims.webtransport import sockets
from earwitness.claims.webtransport.claim import CLAIM
from earwitness.experiment import events
from earwitness.experiment.design import Claim, Setting
from earwitness.experiment.observation import Trial
from earwitness.experiment.verdict import ClaimResult, Verdict
from earwitness.servers import link, tcp, websocket
from earwitness.servers.process import MissingComponent, ServerFailed
from tests.live.claims.conducting import conduct

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="socket filters are Linux's")


def with_settings(experiment_id: str, arm_name: str, **settings: Setting) -> Claim:
    """The claim reduced to one experiment, in which one arm is set to something else."""
    experiment = CLAIM.experiment(experiment_id)
    arms = tuple(
        replace(arm, settings={**arm.settings, **settings}) if arm.name == arm_name else arm
        for arm in experiment.arms
    )
    return only(replace(experiment, arms=arms).id, experiment=replace(experiment, arms=arms))


def only(experiment_id: str, **changed: object) -> Claim:
    experiment = changed.get("experiment", CLAIM.experiment(experiment_id))
    return replace(CLAIM, experiments=(experiment,), charts=())


def verdicts(result: ClaimResult) -> Mapping[str, Verdict]:
    return {each.id: each.verdict for each in result.hypotheses}


def trials_of(log: list[events.Event], arm: str) -> list[Trial]:
    finished = [event.trial for event in log if isinstance(event, events.TrialFinished)]
    return [trial for trial in finished if trial.arm == arm]


@needs_linux
def test_the_proof(workspace: Path) -> None:
    result, log = conduct(CLAIM, workspace)
    assert verdicts(result) == {
        h.id: Verdict.REFUTED if h.id == "shared-packets" else Verdict.SUPPORTED
        for h in CLAIM.hypotheses
    }
    assert result.verdict is Verdict.MIXED
    ready = [event for event in log if isinstance(event, events.ServerReady)]
    assert ["aioquic" in event.server for event in ready] == [True, False]
    assert ["websockets" in event.server for event in ready] == [False, True]
    opened = [event for event in log if isinstance(event, events.BenchOpened)]
    assert "ENABLE_WEBTRANSPORT=1" in opened[0].environment["SETTINGS"]


@needs_linux
def test_what_is_counted_in_a_trial(workspace: Path) -> None:
    _, log = conduct(CLAIM, workspace)
    stopped = {
        arm.name: {trial.observation.values["flows_stopped"] for trial in trials_of(log, arm.name)}
        for experiment in CLAIM.experiments
        for arm in experiment.arms
    }
    assert stopped == {
        "streams": {1},
        "shared-packets": {8},
        "one-stream": {8},
        "datagrams": {1},
        "sessions": {1},
        "one-websocket": {8},
        "websockets": {1},
    }
    packets = {trial.observation.values["packets"] for trial in trials_of(log, "shared-packets")}
    assert min(packets) == 6  # a probe may come on top where the machine is slow
    for block in zip(*(trials_of(log, name) for name in ("streams", "sessions")), strict=True):
        assert len({trial.observation.outcomes["lost"] for trial in block}) == 1
    lost = {trial.observation.outcomes["lost"] for trial in trials_of(log, "streams")}
    assert len(lost) > 1, "every block loses the same message"


def test_flows_that_share_a_stream_refute_the_headline(workspace: Path) -> None:
    result = conduct(with_settings("streams", "streams", carry="one-stream"), workspace)[0]
    assert verdicts(result)["streams"] is Verdict.REFUTED
    assert verdicts(result)["remedy"] is Verdict.REFUTED


def test_packets_of_their_own_support_what_shared_packets_refute(workspace: Path) -> None:
    """The gate that says the packet must be shared is taken away with the sharing."""
    claim = with_settings("streams", "shared-packets", packets="own")
    (experiment,) = claim.experiments
    gates = tuple(gate for gate in experiment.gates if gate.id != "one-of-each")
    opened = replace(claim, experiments=(replace(experiment, gates=gates),))
    for number, (chosen, expected) in enumerate(
        ((claim, Verdict.INCONCLUSIVE), (opened, Verdict.SUPPORTED))
    ):
        folder = workspace / str(number)
        folder.mkdir()
        assert verdicts(conduct(chosen, folder)[0])["shared-packets"] is expected


def test_one_session_for_all_is_what_the_rival_is_not(workspace: Path) -> None:
    result = conduct(with_settings("streams", "sessions", carry="one-stream"), workspace)[0]
    assert verdicts(result)["sessions"] is Verdict.REFUTED
    assert verdicts(result)["handshakes"] is Verdict.REFUTED


def test_datagrams_that_are_streams_refute_both_their_sentences(workspace: Path) -> None:
    result = conduct(with_settings("streams", "datagrams", carry="streams"), workspace)[0]
    assert verdicts(result)["datagrams"] is Verdict.REFUTED
    assert verdicts(result)["datagram-lost"] is Verdict.REFUTED


def test_without_a_loss_nothing_waits_and_nothing_is_said(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "nth", lambda *_, **__: link.nothing)
    result, log = conduct(only("streams"), workspace)
    assert set(verdicts(result).values()) == {Verdict.INCONCLUSIVE}
    finished = [event.trial for event in log if isinstance(event, events.TrialFinished)]
    assert {trial.observation.values["others_waiting"] for trial in finished} == {0}
    assert {trial.observation.values["flows_stopped"] for trial in finished} == {0}


@needs_linux
def test_websockets_in_the_place_of_the_other_turn_both_verdicts(workspace: Path) -> None:
    together = with_settings("websocket", "websockets", carry="one-websocket")
    assert verdicts(conduct(together, workspace)[0])["websockets"] is Verdict.REFUTED
    apart = with_settings("websocket", "one-websocket", carry="websockets")
    assert verdicts(conduct(apart, workspace)[0])["one-websocket"] is Verdict.REFUTED


@needs_linux
def test_a_kernel_that_ignores_filters_makes_only_the_sockets_unavailable(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp, "_attach", lambda *_: None)
    result = conduct(CLAIM, workspace)[0]
    by_id = verdicts(result)
    assert by_id["streams"] is Verdict.SUPPORTED
    assert by_id["one-websocket"] is by_id["websockets"] is Verdict.UNAVAILABLE
    reason = result.hypotheses[2].reason
    assert reason is not None
    assert "does not use them" in reason


@needs_linux
def test_where_filters_are_refused_a_network_of_its_own_has_them(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = tcp.lose_everything
    refused: list[str] = []

    def refusing_once(end: socket.socket) -> None:
        if not refused:
            refused.append("once")
            raise MissingComponent("this kernel refuses socket filters: Operation not permitted")
        begin(end)

    monkeypatch.setattr(tcp, "lose_everything", refusing_once)
    result, log = conduct(only("websocket"), workspace)
    if any(isinstance(event, events.ExperimentUnavailable) for event in log):
        pytest.skip(result.hypotheses[0].reason or "no namespaces here")
    assert set(verdicts(result).values()) == {Verdict.SUPPORTED}
    (bench,) = (event for event in log if isinstance(event, events.BenchOpened))
    assert "namespace" in bench.environment["client"]


@needs_linux
@pytest.mark.parametrize("held_up", [range(30, 40), range(30, 10_000)], ids=["once", "always"])
def test_who_is_held_up_between_two_messages_begins_anew(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, held_up: range
) -> None:
    send, count = websocket.End.send, itertools.count()

    def late(end: websocket.End, message: bytes) -> None:
        send(end, message)
        if len(message) < 1000 and next(count) in held_up:  # fillers are larger
            time.sleep(0.3)

    monkeypatch.setattr(websocket.End, "send", late)
    monkeypatch.setattr(sockets, "_MOST_BEGINNINGS", 3)
    if len(held_up) > 100:
        with pytest.raises(ServerFailed, match="too busy"):
            conduct(only("websocket"), workspace)
    else:
        result, _ = conduct(only("websocket"), workspace)
        assert set(verdicts(result).values()) == {Verdict.SUPPORTED}


def test_another_system_is_told_what_it_lacks(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tcp.sys, "platform", "darwin")
    _, log = conduct(only("websocket"), workspace)
    (missing,) = (event for event in log if isinstance(event, events.ExperimentUnavailable))
    assert "Linux" in missing.reason
