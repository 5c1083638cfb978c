"""The claim on real parts: what is counted, and what turns the verdict.

No threshold here is a time.
"""

import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

pytest.importorskip("av")
pytest.importorskip("moto")

from earwitness.claims.monolith import experiment, stream
from earwitness.claims.monolith.claim import CLAIM
from earwitness.claims.monolith.design import bill
from earwitness.claims.monolith.experiment import open_bench
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Claim, Depth, Setting
from earwitness.experiment.events import ServerReady
from earwitness.experiment.verdict import ClaimResult, Verdict
from earwitness.servers.process import MissingComponent, ServerFailed
from earwitness.servers.workspace import workspace
from tests.live.claims.conducting import conduct, observations

SMALL: Mapping[str, Setting] = {"width": 160, "height": 96}
"""Enough for every defect to be found, and quick."""


@pytest.fixture
def place() -> Iterator[Path]:
    with workspace(f"test-{secrets.token_hex(4)}") as folder:
        yield folder


def changed(arms: tuple[str, ...], own: Mapping[str, Setting]) -> Claim:
    """The claim with these arms left, small pictures, and settings of the steps changed."""
    plan = bill.plans[Depth.PROOF]
    design = replace(
        bill,
        arms=tuple(
            replace(arm, settings={**arm.settings, **(own if arm.name == "steps" else {})})
            for arm in bill.arms
            if arm.name in arms
        ),
        plans={Depth.PROOF: replace(plan, settings={**plan.settings, **SMALL})},
    )
    return replace(CLAIM, experiments=(design,), charts=())


def verdict(result: ClaimResult, id: str) -> Verdict:
    found = result.hypothesis(id)
    assert found is not None
    return found.verdict


def test_the_proof_supports_the_claim(place: Path) -> None:
    children_before = set(psutil.Process().children())
    result, events = conduct(CLAIM, place)
    assert result.verdict is Verdict.SUPPORTED
    refuted = {h.id for h in result.hypotheses if h.verdict is Verdict.REFUTED}
    supported = {h.id for h in result.hypotheses if h.verdict is Verdict.SUPPORTED}
    assert refuted == {"batched"}
    assert refuted | supported == {h.id for h in CLAIM.hypotheses if h.experiment == "bill"}
    windows = 30  # for a minute, of two seconds each
    counts = {  # transitions, invocations, requests, pictures decoded, segments fetched
        # four pictures, sound, report and result are put; four pictures twice, sound, report got
        "steps": (7, 6, 7 + 10, 20, 1),
        "batched": (7, 6, 2 + 4, 20, 1),
        "one-state": (1, 1, 0, 20, 1),
        "one-function": (0, 1, 0, 20, 1),
        "monolith": (0, 0, 0, 20, 1),
        "three-streams": (0, 0, 0, 20, 1),
        "four-clones": (0, 0, 0, 80, 4),
    }
    for arm, expected in counts.items():
        assert len(observations(events, arm)) == 3
        for seen in observations(events, arm):
            names = ("transitions", "invocations", "requests", "decoded", "fetched")
            assert tuple(seen.values[n] / windows for n in names) == pytest.approx(expected), arm
            assert seen.values["wrong"] == 0
            assert (seen.values["stored_bytes"] > 0) is (expected[2] > 0)
    headline = result.hypothesis("nine-tenths")
    assert headline is not None
    assert headline.effect == pytest.approx(0.0319, abs=0.0001)
    servers = [event.server for event in events if isinstance(event, ServerReady)]
    assert [server.split()[0] for server in servers] == ["moto", "awslambdaric"]
    assert set(psutil.Process().children()) <= children_before


# The mechanism switched off.


def test_one_state_for_each_window_refutes_the_claim(place: Path) -> None:
    """Still functions and a state machine; only not cut so fine, and fully charged."""
    coarse = {"machine": "one", "objects": "none", "compute": "functions"}
    result, events = conduct(changed(("steps", "monolith"), coarse), place)
    assert verdict(result, "nine-tenths") is Verdict.REFUTED
    assert verdict(result, "transitions") is Verdict.REFUTED
    assert verdict(result, "requests") is Verdict.REFUTED
    assert verdict(result, "steps-find-all") is Verdict.SUPPORTED
    assert all(seen.values["transitions"] == 30 for seen in observations(events, "steps"))


def test_work_that_is_not_done_is_no_saving(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect that is announced and not in the stream: everybody misses it, nothing is said."""
    monkeypatch.setattr(stream, "_damaged", lambda packet, random: packet)
    result, _ = conduct(changed(("one-function", "monolith", "steps"), {}), place)
    assert verdict(result, "process-finds-all") is Verdict.REFUTED
    assert verdict(result, "steps-find-all") is Verdict.REFUTED
    assert verdict(result, "nine-tenths") is Verdict.INCONCLUSIVE
    assert verdict(result, "one-function") is Verdict.INCONCLUSIVE
    assert result.verdict is Verdict.INCONCLUSIVE


# What can go wrong.


def bench_settings(place: Path, *arms: str) -> BenchSettings:
    plan = bill.plans[Depth.PROOF]
    plan = replace(plan, arms=arms, settings={**plan.settings, **SMALL})
    return BenchSettings(
        plan=plan,
        arms=bill.arms_of(plan),
        seed=1,
        workspace=place,
        announce=lambda event: None,
    )


def functions() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "awslambdaric" in child.cmdline()]


def test_only_what_the_arms_name_is_started(place: Path) -> None:
    with open_bench(bill, bench_settings(place, "one-function", "monolith")) as bench:
        assert [child.cmdline()[-1] for child in functions()] == ["pipeline.steps.whole"]
        assert "2026-04-01" in bench.environment["prices"]
    assert functions() == []


def test_a_lost_function_is_said_and_not_counted(place: Path) -> None:
    with open_bench(bill, bench_settings(place, "one-function", "one-state")) as bench:
        bench.trial(bill.arm("one-function"))
        for function in functions():
            function.kill()
        with pytest.raises(ServerFailed, match="whole failed"):
            bench.trial(bill.arm("one-function"))
        with pytest.raises(ServerFailed, match="ended as FAILED"):
            bench.trial(bill.arm("one-state"))


def test_a_monolith_that_fails_is_said(place: Path) -> None:
    with open_bench(bill, bench_settings(place, "monolith")) as bench:
        bench._origin.close()  # type: ignore[attr-defined]
        with pytest.raises(ServerFailed, match=r"monolith failed.*refused"):
            bench.trial(bill.arm("monolith"))


def test_what_is_not_installed_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(experiment, "_WHEELS", ("moto", "not_a_module"))
    with pytest.raises(MissingComponent, match="missing: not_a_module") as missing:
        open_bench(bill, bench_settings(place, "monolith"))
    assert missing.value.install == "pip install 'earwitness[cloud]'"
