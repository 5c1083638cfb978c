import msgspec
import pytest

from earwitness.experiment import consistency
from earwitness.experiment.design import (
    AtLeast,
    Claim,
    Depth,
    Experiment,
    Fixed,
    Inference,
    Metric,
    Plan,
    Sequential,
    Value,
    Within,
    sweep,
)
from tests.experiment.claims import claim, hypothesis, twin_control


def test_a_sweep_has_an_arm_for_every_combination():
    arms = sweep("p{p}-i{i}", "{p} partitions, {i} indexes", p=(1, 10), i=(0, 2))
    assert [arm.name for arm in arms] == ["p1-i0", "p1-i2", "p10-i0", "p10-i2"]
    assert arms[3].settings == {"p": 10, "i": 2}
    assert arms[3].title == "10 partitions, 2 indexes"


def test_a_depth_uses_the_plan_of_the_nearest_lesser_one():
    proof, full = Plan(design=Fixed(blocks=3)), Plan(design=Fixed(blocks=9))
    plans = {Depth.PROOF: proof, Depth.FULL: full}
    experiment = Experiment(id="e", title="", arms=(), metrics=(), plans=plans)
    assert [experiment.plan_at(depth) for depth in Depth] == [proof, proof, full]
    only_study = msgspec.structs.replace(experiment, plans={Depth.STUDY: full})
    assert only_study.plan_at(Depth.PROOF) is None


def test_a_claim_survives_json():
    original = claim(gates=(twin_control(),))
    assert msgspec.json.decode(msgspec.json.encode(original), type=Claim) == original


def test_a_consistent_claim_has_no_problems():
    assert consistency.problems(claim(gates=(twin_control(),))) == ()


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        (claim(headline="nothing"), "headline 'nothing' is no hypothesis"),
        (claim(hypothesis(), hypothesis()), "'slower' stands twice"),
        (claim(hypothesis(experiment="none")), "no experiment 'none'"),
        (claim(hypothesis(Value(metric="cost", arm="nobody"))), "no arm 'nobody'"),
        (claim(hypothesis(Value(metric="colour", arm="fast"))), "no metric 'colour'"),
        (claim(hypothesis(criterion=Within(2, 1))), "range of equivalence is empty"),
        (claim(design=Sequential(least=5, most=4)), "least must be from 1 to most"),
        (
            claim(hypothesis(inference=Inference.EXACT), design=Fixed(blocks=2)),
            "an exact outcome needs three",
        ),
        (
            claim(gates=(msgspec.structs.replace(twin_control(), guards=("who",)),)),
            "guards 'who'",
        ),
    ],
)
def test_contradictions_are_named(broken, complaint):
    assert any(complaint in problem for problem in consistency.problems(broken))


def test_units_belong_to_metrics():
    assert Metric(name="cost", title="cost").unit == ""
    assert AtLeast(3).threshold == 3
