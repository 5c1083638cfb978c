"""The claim as a value: it contradicts itself nowhere, and it can come out either way."""

import itertools
from collections.abc import Iterator, Mapping

import msgspec
import pytest

from earwitness.claims.clustered_collections.claim import CLAIM
from earwitness.experiment import judgement
from earwitness.experiment.consistency import problems
from earwitness.experiment.design import (
    Claim,
    Control,
    Depth,
    Difference,
    Experiment,
    Inference,
    Ratio,
    Role,
)
from earwitness.experiment.observation import Observation, Trial
from earwitness.experiment.verdict import ClaimResult, Verdict
from earwitness.library import bundled


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


def test_every_hypothesis_is_tested_at_every_depth() -> None:
    for depth in Depth:
        found = {
            h.id
            for experiment in CLAIM.experiments
            if (plan := experiment.plan_at(depth))
            for h in judgement.tested(CLAIM, experiment, plan)
        }
        assert found == {h.id for h in CLAIM.hypotheses}, depth


def test_arms_that_are_compared_differ_in_one_thing() -> None:
    rival = {"batches": {"clustered", "batched"}}  # a rival does something else instead
    for hypothesis in CLAIM.hypotheses:
        contrast = hypothesis.contrast
        assert isinstance(contrast, Ratio | Difference)
        experiment = CLAIM.experiment(hypothesis.experiment)
        arm, reference = (
            experiment.arm(name).settings for name in (contrast.arm, contrast.reference)
        )
        differing = {name for name in arm if arm[name] != reference[name]}
        if hypothesis.id in rival:
            assert differing == rival[hypothesis.id]
        else:
            assert len(differing) == 1, hypothesis.id


def test_the_study_runs_a_plain_collection_against_its_identical_twin() -> None:
    experiment = CLAIM.experiment("operations")
    plan = experiment.plan_at(Depth.STUDY)
    assert plan is not None
    running = {arm.name for arm in experiment.arms_of(plan)}
    controls = [gate for gate in experiment.gates if isinstance(gate, Control)]
    measured = {
        h.id
        for h in CLAIM.hypotheses
        if h.experiment == experiment.id and h.inference is Inference.INTERVAL
    }
    assert {id for control in controls for id in control.guards} == measured
    for control in controls:
        assert {control.arm, control.twin} <= running
        assert experiment.arm(control.arm).settings == experiment.arm(control.twin).settings


@pytest.mark.parametrize("experiment", CLAIM.experiments, ids=lambda e: e.id)
def test_arms_have_names_titles_and_settings_of_their_own(experiment: Experiment) -> None:
    twins = {gate.twin for gate in experiment.gates if isinstance(gate, Control)}
    for one, other in itertools.combinations(experiment.arms, 2):
        assert one.title != other.title
        assert one.settings != other.settings or other.name in twins
    assert len({frozenset(arm.settings) for arm in experiment.arms}) == 1


# What a run would have to show for each verdict. Six blocks are the least that decide.

PLAIN = {
    "insert_and_find": 4.0,
    "find_pages": 2.0,
    "range_searches": 1.002,
    "update_searches": 3.0,
    "two_ids_examined": 5.0,
    "insert_server_us": 12.0,
    "find_server_us": 20.0,
    "update_server_us": 25.0,
    "range_server_us": 0.9,
    "insert_client_us": 120.0,
    "insert_moved": 5000.0,
    "insert_writes": 5.0,
    "stored_bytes": 600.0,
    "from_disk": 0.0,
    "strays": 0.0,
}
CLUSTERED = PLAIN | {
    "insert_and_find": 2.0,
    "find_pages": 1.0,
    "range_searches": 0.002,
    "two_ids_examined": 10_000.0,
    "insert_server_us": 10.0,
    "update_server_us": 33.0,
    "range_server_us": 0.45,
    "insert_moved": 60_000.0,
    "insert_writes": 4.0,
    "stored_bytes": 860.0,
}
FAST = CLUSTERED | {"insert_server_us": 5.0, "find_server_us": 9.0, "update_server_us": 10.0}
BATCHED = {"insert_client_us": 7.0}


def trials(clustered: Mapping[str, float], **everywhere: float) -> Iterator[Trial]:
    """Six blocks of the proof arms on MongoDB."""
    for id in ("operations", "small-cache", "storage"):
        experiment = CLAIM.experiment(id)
        plan = experiment.plan_at(Depth.PROOF)
        assert plan is not None
        for block in range(1, 7):
            for position, arm in enumerate(experiment.arms_of(plan)):
                seen = dict(clustered if arm.settings["clustered"] else PLAIN)
                seen |= BATCHED if arm.settings.get("batched") else {}
                # a little drift, so that the blocks are not all alike
                timed = [name for name in seen if name.endswith("_us")]
                seen |= {name: seen[name] * (1 + block / 100) for name in timed}
                yield Trial(
                    experiment=experiment.id,
                    block=block,
                    position=position,
                    arm=arm.name,
                    observation=Observation(values=seen | everywhere),
                    seconds=0.1,
                )


def judged(clustered: Mapping[str, float], **everywhere: float) -> ClaimResult:
    return judgement.judge(CLAIM, Depth.PROOF, trials(clustered, **everywhere), {})


def verdicts(result: ClaimResult) -> dict[str, Verdict]:
    return {hypothesis.id: hypothesis.verdict for hypothesis in result.hypotheses}


def test_half_the_work_in_hardly_less_time_is_mixed() -> None:
    result = judged(CLUSTERED)
    assert result.verdict is Verdict.MIXED
    assert result.hypotheses[0].id == "operations"
    found = verdicts(result)
    refuted = {id for id, verdict in found.items() if verdict is Verdict.REFUTED}
    assert refuted == {"insert-time", "find-time", "update-time"}
    undecided = {id for id, verdict in found.items() if verdict is Verdict.INCONCLUSIVE}
    assert undecided == {"sqlite-find", "sqlite-random"}


def test_half_the_time_as_well_is_supported() -> None:
    assert judged(FAST).verdict is Verdict.SUPPORTED


def test_no_difference_at_all_is_refuted() -> None:
    result = judged(PLAIN)
    assert result.verdict is Verdict.REFUTED
    found = verdicts(result)
    refuted = {
        *("operations", "find-pages", "two-ids", "ranges", "range-time"),
        *("random-ids", "long-ids"),
    }
    assert all(found[id] is Verdict.REFUTED for id in refuted)


def test_pages_from_disk_give_no_verdict_on_times() -> None:
    found = verdicts(judged(FAST, from_disk=0.02))
    assert found["find-time"] is Verdict.INCONCLUSIVE
    assert found["operations"] is Verdict.SUPPORTED


def test_commands_of_others_give_no_verdict_on_counts() -> None:
    found = verdicts(judged(CLUSTERED, strays=1.0))
    assert found["operations"] is Verdict.INCONCLUSIVE
    assert found["random-ids"] is Verdict.INCONCLUSIVE
    assert found["long-ids"] is Verdict.SUPPORTED
