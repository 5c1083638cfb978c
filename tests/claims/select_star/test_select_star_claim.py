"""The claim as a value: it contradicts itself nowhere, and it can come out either way."""

import itertools
from collections.abc import Iterator, Mapping

import msgspec
import pytest

from earwitness.claims.select_star import tables
from earwitness.claims.select_star.claim import CLAIM
from earwitness.experiment import judgement
from earwitness.experiment.consistency import problems
from earwitness.experiment.design import (
    Arm,
    Claim,
    Control,
    Depth,
    Experiment,
    Inference,
    Role,
    Waterfall,
)
from earwitness.experiment.observation import Observation, Trial
from earwitness.experiment.verdict import ClaimResult, Verdict
from earwitness.library import bundled

READING = (CLAIM.experiment("waterfall"), CLAIM.experiment("narrow"))


def test_it_contradicts_itself_nowhere() -> None:
    assert problems(CLAIM) == ()


def test_the_episode_it_comes_from_names_it() -> None:
    episode = bundled.find_episode(CLAIM.source.show, CLAIM.source.episode)
    assert CLAIM.id in episode.claims


def test_it_survives_storage() -> None:
    assert msgspec.json.decode(msgspec.json.encode(CLAIM), type=Claim) == CLAIM


def test_the_headline_is_counted_and_tested_at_proof() -> None:
    headline = CLAIM.hypothesis(CLAIM.headline)
    assert headline.inference is Inference.EXACT
    assert headline.role is Role.CLAIM


def test_every_claim_hypothesis_is_tested_at_every_depth() -> None:
    wanted = {h.id for h in CLAIM.hypotheses if h.role is Role.CLAIM}
    for depth in Depth:
        found = {
            h.id
            for experiment in CLAIM.experiments
            if (plan := experiment.plan_at(depth))
            for h in judgement.tested(CLAIM, experiment, plan)
        }
        assert wanted <= found, depth


def test_the_study_tests_every_hypothesis() -> None:
    found = {
        h.id
        for experiment in CLAIM.experiments
        if (plan := experiment.plan_at(Depth.STUDY))
        for h in judgement.tested(CLAIM, experiment, plan)
    }
    assert found == {h.id for h in CLAIM.hypotheses}


@pytest.mark.parametrize("experiment", READING, ids=lambda experiment: experiment.id)
def test_every_study_runs_an_arm_against_its_identical_twin(experiment: Experiment) -> None:
    plan = experiment.plan_at(Depth.STUDY)
    assert plan is not None
    running = {arm.name for arm in experiment.arms_of(plan)}
    controls = [gate for gate in experiment.gates if isinstance(gate, Control)]
    assert controls
    for control in controls:
        assert {control.arm, control.twin} <= running
        assert experiment.arm(control.arm).settings == experiment.arm(control.twin).settings


def test_each_step_of_the_waterfall_adds_one_thing() -> None:
    experiment = CLAIM.experiment("waterfall")
    chart = next(chart for chart in CLAIM.charts if isinstance(chart, Waterfall))
    steps = [experiment.arm(name) for name in chart.arms]
    first, second = steps[0].settings, steps[1].settings
    assert {name for name in first if first[name] != second[name]} == {"index_only_scan"}
    asked = [columns_of(step) for step in steps[1:]]
    for fewer, more in itertools.pairwise(asked):
        assert set(fewer) < set(more)
    assert len(asked[-1]) == len(asked[-2]) + 1 == len(asked[-3]) + 2 == 30


def columns_of(arm: Arm) -> list[str]:
    query = tables.query(str(arm.settings["table"]), str(arm.settings["columns"]), first=1, count=1)
    selected = query.removeprefix("select ").split(" from ")[0]
    return list(tables.WIDE_COLUMNS) if selected == "*" else selected.split(", ")


@pytest.mark.parametrize("experiment", READING, ids=lambda experiment: experiment.id)
def test_every_arm_asks_for_something_that_the_tables_know(experiment: Experiment) -> None:
    for arm in experiment.arms:
        assert columns_of(arm)
        assert isinstance(arm.settings["index_only_scan"], bool)


# What a run would have to show for each verdict. Six blocks are the least that decide.

SLOW_STAR = {"pages": 1000.0, "fetch_ms": 30.0, "index_only": 0.0, "bytes_out": 1e6}
QUICK = {"pages": 10.0, "fetch_ms": 1.0, "index_only": 1.0, "bytes_out": 1e3}
COMMON = {
    "server_ms": 1.0,
    "shown": 40.0,
    "all_visible": 1.0,
    "heap_fetches": 0.0,
    "pages_from_disk": 0.0,
}


def trials(values: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Iterator[Trial]:
    """Six blocks of the proof arms; what ``values`` does not name is quick."""
    for experiment in READING:
        plan = experiment.plan_at(Depth.PROOF)
        assert plan is not None
        for block in range(1, 7):
            for position, arm in enumerate(experiment.arms_of(plan)):
                seen = COMMON | QUICK | dict(values.get(experiment.id, {}).get(arm.name, {}))
                # a little drift, so that the blocks are not all alike
                seen["fetch_ms"] *= 1 + block / 100
                yield Trial(
                    experiment=experiment.id,
                    block=block,
                    position=position,
                    arm=arm.name,
                    observation=Observation(values=seen),
                    seconds=0.1,
                )


def judged(values: Mapping[str, Mapping[str, Mapping[str, float]]]) -> ClaimResult:
    return judgement.judge(CLAIM, Depth.PROOF, trials(values), {})


def verdict_of(result: ClaimResult, id: str) -> Verdict:
    found = result.hypothesis(id)
    assert found is not None
    return found.verdict


def test_slow_when_wide_and_quick_when_narrow_is_mixed() -> None:
    result = judged({"waterfall": {"star": SLOW_STAR}})
    assert result.verdict is Verdict.MIXED
    assert result.hypotheses[0].id == "pages"
    assert verdict_of(result, "pages") is Verdict.SUPPORTED
    assert verdict_of(result, "wide-time") is Verdict.SUPPORTED
    assert verdict_of(result, "narrow-time") is Verdict.REFUTED
    assert verdict_of(result, "covering-index") is Verdict.SUPPORTED


def test_slow_everywhere_is_supported() -> None:
    result = judged({"waterfall": {"star": SLOW_STAR}, "narrow": {"star": SLOW_STAR}})
    assert result.verdict is Verdict.SUPPORTED
    assert verdict_of(result, "narrow-pages") is Verdict.REFUTED


def test_quick_everywhere_is_refuted() -> None:
    result = judged({})
    assert result.verdict is Verdict.REFUTED
    assert verdict_of(result, "index-only-lost") is Verdict.REFUTED
    assert verdict_of(result, "bytes") is Verdict.REFUTED
    assert verdict_of(result, "covering-index") is Verdict.REFUTED


@pytest.mark.parametrize("broken", [{"all_visible": 0.98}, {"heap_fetches": 1.0}], ids=str)
def test_no_verdict_on_index_only_scans_without_all_visible_pages(
    broken: dict[str, float],
) -> None:
    result = judged({"waterfall": {"star": SLOW_STAR, "named-index-only": broken}})
    assert verdict_of(result, "pages") is Verdict.INCONCLUSIVE
    assert verdict_of(result, "index-only-lost") is Verdict.INCONCLUSIVE
    assert verdict_of(result, "bytes") is Verdict.SUPPORTED


def test_a_page_from_disk_gives_no_verdict_on_times() -> None:
    result = judged({"waterfall": {"star": SLOW_STAR | {"pages_from_disk": 1.0}}})
    assert verdict_of(result, "wide-time") is Verdict.INCONCLUSIVE
    assert verdict_of(result, "pages") is Verdict.SUPPORTED
