"""The claim on real functions: the order of events, and what takes it away.

No threshold here is a time: order, bytes and outcomes only.
"""

import os
import secrets
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from earwitness.claims.response_streaming.claim import CLAIM
from earwitness.claims.response_streaming.experiment import open_bench
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Claim, Depth, Fixed, Setting
from earwitness.experiment.events import ServerReady
from earwitness.experiment.verdict import ClaimResult, Verdict
from earwitness.servers.process import MissingComponent, ServerFailed
from earwitness.servers.workspace import workspace
from tests.live.claims.conducting import conduct, observations

pytestmark = pytest.mark.live

EVERYWHERE = ("answer", "hops")
"""Experiments that need nothing but wheels."""
TOTAL = 1024 + 3072 + 12288


@pytest.fixture
def place() -> Iterator[Path]:
    with workspace(f"test-{secrets.token_hex(4)}") as folder:
        yield folder


def only(*experiments: str, claim: Claim = CLAIM) -> Claim:
    """The claim with these experiments left."""
    return replace(
        claim,
        experiments=tuple(claim.experiment(id) for id in experiments),
        hypotheses=tuple(h for h in claim.hypotheses if h.experiment in experiments),
        charts=(),
    )


def changed(experiment: str, arm: str, settings: Mapping[str, Setting]) -> Claim:
    """The claim with that experiment alone, and settings of one arm changed."""
    design = CLAIM.experiment(experiment)
    arms = tuple(
        replace(a, settings={**a.settings, **settings}) if a.name == arm else a for a in design.arms
    )
    return only(experiment, claim=replace(CLAIM, experiments=(replace(design, arms=arms),)))


def verdict(result: ClaimResult, id: str) -> Verdict:
    found = result.hypothesis(id)
    assert found is not None
    return found.verdict


def test_the_proof_supports_the_claim(place: Path) -> None:
    result, events = conduct(only(*EVERYWHERE), place)
    assert result.verdict is Verdict.SUPPORTED
    refuted = {h.id for h in result.hypotheses if h.verdict is Verdict.REFUTED}
    supported = {h.id for h in result.hypotheses if h.verdict is Verdict.SUPPORTED}
    assert refuted == {"protocol-alone"}
    assert refuted | supported == {h.id for h in result.hypotheses}
    for arm in ("streamed", "plain", "direct", "http10-relay", "http11-relay"):
        for seen in observations(events, arm):
            assert seen.values == {
                "first_before_last": 1,
                "written_at_first": 1024,
                "held_bytes": 0,
                "wrong_bytes": 0,
            }
    collecting = ("buffered", "official-python", "filling-client", "http10-store", "http11-store")
    for arm in collecting:
        for seen in observations(events, arm):
            assert seen.values == {
                "first_before_last": 0,
                "written_at_first": TOTAL,
                "held_bytes": 1024 + 3072,
                "wrong_bytes": 0,
            }
    servers = [event.server for event in events if isinstance(event, ServerReady)]
    assert any(server.startswith("awslambdaric 4.") for server in servers)


def test_with_aws_own_client_for_node(place: Path) -> None:
    try:
        result, _ = conduct(only("node"), place)
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    assert verdict(result, "node") is Verdict.SUPPORTED


def test_with_a_real_nginx(place: Path) -> None:
    try:
        result, events = conduct(only("nginx"), place)
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    assert {h.verdict for h in result.hypotheses} == {Verdict.SUPPORTED}
    for seen in observations(events, "nginx-http10"):
        assert seen.values["wrong_bytes"] == 0
        assert seen.values["written_at_first"] > 1024


# The mechanism switched off.


@pytest.mark.parametrize(
    "settings",
    [
        {"mode": "BUFFERED"},
        {"runtime": "official-python"},
        {"hop": "http11-store"},
        {"client_buffer": 65536},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_one_link_that_collects_refutes_the_claim(
    place: Path, settings: Mapping[str, Setting]
) -> None:
    """Everything else as in the proof."""
    result, events = conduct(changed("answer", "streamed", settings), place)
    assert verdict(result, "first-byte") is Verdict.REFUTED
    assert verdict(result, "nothing-held") is Verdict.REFUTED
    assert result.verdict is Verdict.REFUTED
    assert verdict(result, "same-answer") is Verdict.SUPPORTED  # only its order has changed
    assert len(observations(events, "streamed")) == 3


def test_a_control_that_streams_is_noticed(place: Path) -> None:
    result, _ = conduct(changed("answer", "buffered", {"mode": "RESPONSE_STREAM"}), place)
    assert verdict(result, "buffered") is Verdict.REFUTED


def test_a_remedy_that_stores_is_none(place: Path) -> None:
    result, _ = conduct(changed("hops", "http11-relay", {"hop": "http11-store"}), place)
    assert verdict(result, "relaying-hop") is Verdict.REFUTED


# What can go wrong.


def bench_settings(experiment: str, place: Path, arms: tuple[str, ...] = ()) -> BenchSettings:
    design = CLAIM.experiment(experiment)
    plan = design.plan_at(Depth.STUDY)
    assert plan is not None
    short = {"writes": 2, "size": 64, "pause_ms": 5} if experiment == "pace" else {}
    plan = replace(plan, design=Fixed(blocks=1), settings={**plan.settings, **short}, arms=arms)
    return BenchSettings(
        plan=plan,
        arms=design.arms_of(plan),
        seed=1,
        workspace=place,
        announce=lambda event: None,
    )


def test_the_clock_of_the_study_sees_whole_answers(place: Path) -> None:
    experiment = CLAIM.experiment("pace")
    with open_bench(experiment, bench_settings("pace", place)) as bench:
        for arm in experiment.arms:
            values = bench.trial(arm).values
            assert set(values) == {metric.name for metric in experiment.metrics}
            assert 0 < values["first_ms"] <= values["whole_ms"]
            assert values["wrong_bytes"] == 0


def functions() -> list[psutil.Process]:
    """The processes of this test that serve functions."""
    return [child for child in psutil.Process().children() if "story." in str(child.cmdline())]


def test_only_what_the_arms_name_is_started(place: Path) -> None:
    experiment = CLAIM.experiment("answer")
    with open_bench(experiment, bench_settings("answer", place, ("streamed", "buffered"))) as bench:
        assert set(bench.environment) == {"custom-python", "writes", "patience"}
        assert len(functions()) == 2
    assert functions() == []


def test_a_lost_function_is_said_and_not_counted(place: Path) -> None:
    experiment = CLAIM.experiment("answer")
    with open_bench(experiment, bench_settings("answer", place, ("streamed",))) as bench:
        bench.trial(experiment.arm("streamed"))
        for function in functions():
            os.kill(function.pid, signal.SIGKILL)
        with pytest.raises(ServerFailed, match="function custom-python"):
            bench.trial(experiment.arm("streamed"))


def test_without_node_and_nginx_the_reason_is_given(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARWITNESS_NGINX", "/nowhere/nginx")
    with (
        pytest.raises(MissingComponent, match="nginx"),
        open_bench(CLAIM.experiment("nginx"), bench_settings("nginx", place)),
    ):
        pass
    monkeypatch.setenv("PATH", "/nowhere")
    with (
        pytest.raises(MissingComponent, match="Node is not on this machine"),
        open_bench(CLAIM.experiment("node"), bench_settings("node", place)),
    ):
        pass
    assert functions() == []
