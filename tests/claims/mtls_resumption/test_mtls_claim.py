"""The claim as a value: it contradicts itself nowhere, and it can come out either way."""

from collections.abc import Iterator, Mapping

import msgspec
import pytest

from earwitness.claims.mtls_resumption import cost_design
from earwitness.claims.mtls_resumption.claim import CLAIM
from earwitness.experiment import judgement
from earwitness.experiment.consistency import problems
from earwitness.experiment.design import (
    Bars,
    Claim,
    Depth,
    Experiment,
    HeatMap,
    Inference,
    Plan,
    Role,
)
from earwitness.experiment.observation import Observation, Trial
from earwitness.experiment.verdict import ClaimResult, Verdict
from earwitness.library import bundled

LIBRARIES = CLAIM.experiment("libraries")
MEASURED = {cost_design.CPU}
ELSEWHERE = {e.id: "not here" for e in CLAIM.experiments if e is not LIBRARIES}


def test_it_contradicts_itself_nowhere() -> None:
    assert problems(CLAIM) == ()


def test_it_survives_storage() -> None:
    assert msgspec.json.decode(msgspec.json.encode(CLAIM), type=Claim) == CLAIM


def test_the_episode_it_comes_from_names_it_and_the_chapter() -> None:
    episode = bundled.find_episode(CLAIM.source.show, CLAIM.source.episode)
    assert CLAIM.id in episode.claims
    chapters = {chapter.title: chapter.start_seconds for chapter in episode.chapters}
    assert CLAIM.source.chapter is not None
    assert chapters[CLAIM.source.chapter] == CLAIM.source.seconds


def test_what_is_admitted_is_exact() -> None:
    counted = [h for h in CLAIM.hypotheses if h.contrast.metric not in MEASURED]
    assert {h.inference for h in counted} == {Inference.EXACT}


def test_what_decides_the_claim_needs_no_server_but_the_libraries() -> None:
    deciding = {h.experiment for h in CLAIM.hypotheses if h.role is Role.CLAIM}
    assert deciding == {LIBRARIES.id}


@pytest.mark.parametrize("experiment", CLAIM.experiments, ids=lambda e: e.id)
def test_every_hypothesis_is_tested_wherever_its_experiment_runs(experiment: Experiment) -> None:
    wanted = {h.id for h in CLAIM.hypotheses if h.experiment == experiment.id}
    for depth in Depth:
        plan = experiment.plan_at(depth)
        if plan is None:
            assert depth is Depth.PROOF
            continue
        assert {h.id for h in judgement.tested(CLAIM, experiment, plan)} == wanted


@pytest.mark.parametrize(
    ("arm", "reference", "differs"),
    [
        ("ssl-tls12", "ssl", {"tls"}),
        ("ssl-memory", "ssl-tls12", {"resumption"}),
        ("pyopenssl", "ssl", {"library"}),
        ("rule", "pyopenssl", {"enforced_by"}),
        ("recheck", "ssl", {"rechecks"}),
        ("new-keys", "ssl", {"on_update"}),
        ("no-resumption", "ssl", {"resumption"}),
    ],
)
def test_doors_that_are_compared_differ_in_one_setting(
    arm: str, reference: str, differs: set[str]
) -> None:
    one, other = LIBRARIES.arm(arm).settings, LIBRARIES.arm(reference).settings
    assert {name for name in {*one, *other} if one.get(name) != other.get(name)} == differs


def test_a_chart_is_drawn_for_every_experiment() -> None:
    drawn = {c.experiment for c in CLAIM.charts if isinstance(c, Bars)}
    mapped = {id for c in CLAIM.charts if isinstance(c, HeatMap) for id in c.experiments}
    assert drawn | mapped == {e.id for e in CLAIM.experiments}


# What a run would have to show for each verdict.

CLOSED = {
    "full_before": 1.0,
    "resumed_before": 1.0,
    "full_after": 0.0,
    "resumed_after": 0.0,
    "session_taken": 0.0,
    "serial_known": 0.0,
    "door_open": 0.0,
    "late_after": 0.0,
    "stranger_after": 0.0,
    "other_after": 1.0,
    "checks_full": 2.0,
    "checks_resumed": 0.0,
}
OPEN = CLOSED | {"resumed_after": 1.0, "session_taken": 1.0, "serial_known": 1.0, "door_open": 1.0}
STAYING_OPEN = ("ssl", "ssl-tls12", "ssl-memory", "pyopenssl")
EXPECTED: Mapping[str, Mapping[str, float]] = {
    **dict.fromkeys(STAYING_OPEN, OPEN),
    "rule": OPEN | {"late_after": 1.0},
    "recheck": CLOSED | {"session_taken": 1.0},
    "no-resumption": CLOSED | {"resumed_before": 0.0},
}


def judged(changes: Mapping[str, Mapping[str, float]], last: int = 3) -> ClaimResult:
    return judgement.judge(CLAIM, Depth.PROOF, trials(changes, last), ELSEWHERE)


def trials(changes: Mapping[str, Mapping[str, float]], last: int) -> Iterator[Trial]:
    """Three blocks as expected; ``changes`` to single arms are seen in block ``last`` alone."""
    plan = LIBRARIES.plan_at(Depth.PROOF)
    assert isinstance(plan, Plan)
    for block in range(1, 4):
        for position, arm in enumerate(LIBRARIES.arms_of(plan)):
            seen = dict(EXPECTED.get(arm.name, CLOSED))
            if block == last:
                seen |= changes.get(arm.name, {})
            yield Trial(
                experiment=LIBRARIES.id,
                block=block,
                position=position,
                arm=arm.name,
                observation=Observation(values=seen),
                seconds=0.1,
            )


def verdict_of(result: ClaimResult, id: str) -> Verdict:
    found = result.hypothesis(id)
    assert found is not None
    return found.verdict


def test_open_doors_are_support_and_refute_the_rivals() -> None:
    result = judged({})
    assert result.verdict is Verdict.SUPPORTED
    assert result.hypotheses[0].id == CLAIM.headline
    roles = {
        (hypothesis.role, hypothesis.verdict)
        for hypothesis in result.hypotheses
        if hypothesis.experiment == LIBRARIES.id
    }
    assert roles == {
        (Role.CLAIM, Verdict.SUPPORTED),
        (Role.MECHANISM, Verdict.SUPPORTED),
        (Role.REMEDY, Verdict.SUPPORTED),
        (Role.RIVAL, Verdict.REFUTED),
    }


@pytest.mark.parametrize("block", [1, 2, 3])
def test_one_closed_door_in_any_block_refutes(block: int) -> None:
    result = judged({"ssl": CLOSED}, block)
    assert verdict_of(result, CLAIM.headline) is Verdict.REFUTED
    assert result.verdict is Verdict.MIXED


def test_a_remedy_that_lets_one_in_is_refuted() -> None:
    result = judged({"recheck": {"resumed_after": 1.0}})
    assert verdict_of(result, "recheck") is Verdict.REFUTED
    assert result.verdict is Verdict.SUPPORTED


@pytest.mark.parametrize(
    "broken",
    [{"full_before": 0.0}, {"resumed_before": 0.0}, {"stranger_after": 1.0}, {"other_after": 0.0}],
    ids=str,
)
def test_a_door_that_is_open_or_shut_to_all_gives_no_verdict(broken: dict[str, float]) -> None:
    result = judged({"pyopenssl": broken})
    assert verdict_of(result, CLAIM.headline) is Verdict.INCONCLUSIVE
    assert result.verdict is Verdict.INCONCLUSIVE


def test_a_count_that_sees_nothing_proves_nothing() -> None:
    result = judged({"pyopenssl": {"checks_full": 0.0}})
    assert verdict_of(result, "checks-resumed") is Verdict.INCONCLUSIVE
    assert result.verdict is Verdict.SUPPORTED


def test_servers_that_are_missing_change_nothing_for_the_claim() -> None:
    result = judged({})
    for experiment in ELSEWHERE:
        runs = CLAIM.experiment(experiment).plan_at(Depth.PROOF) is not None
        for hypothesis in CLAIM.hypotheses:
            if runs and hypothesis.experiment == experiment:
                assert verdict_of(result, hypothesis.id) is Verdict.UNAVAILABLE
    assert result.verdict is Verdict.SUPPORTED
