import math
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.experiment import judgement
from earwitness.experiment.consistency import problems
from earwitness.experiment.design import (
    AtLeast,
    AtMost,
    Condition,
    Depth,
    Difference,
    Fixed,
    Inference,
    Ratio,
    Role,
    Share,
    Value,
    Within,
)
from earwitness.experiment.verdict import Verdict
from tests.experiment.claims import claim, hypothesis, trials, twin_control

RATIO = Ratio(metric="cost", arm="slow", reference="fast")


def with_values(trial, values):
    seen = msgspec.structs.replace(trial.observation, values=values)
    return msgspec.structs.replace(trial, observation=seen)


def judged(asked, observed):
    return judgement.judge(asked, Depth.PROOF, observed, {})


def test_a_ratio_is_found_through_a_drift_that_both_arms_share():
    result = judged(claim(hypothesis()), trials(8, fast=1.0, slow=3.0)).hypotheses[0]
    assert result.verdict is Verdict.SUPPORTED
    assert result.effect == pytest.approx(3.0)
    assert result.unit == "x" and result.blocks == 8


def test_the_same_ratio_below_the_threshold_is_refuted():
    found = judged(claim(hypothesis(criterion=AtLeast(5))), trials(8, fast=1.0, slow=3.0))
    assert found.verdict is Verdict.REFUTED


def test_few_blocks_decide_nothing():
    result = judged(claim(hypothesis()), trials(3, fast=1.0, slow=3.0)).hypotheses[0]
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.interval == (None, None)
    assert "threshold" in result.reason


def test_a_difference_is_in_the_unit_of_its_metric():
    contrast = Difference(metric="cost", arm="slow", reference="fast")
    flat = [t for t in trials(9, fast=5.0, slow=9.0) if t.block]
    result = judged(claim(hypothesis(contrast, AtLeast(1))), flat).hypotheses[0]
    assert result.verdict is Verdict.SUPPORTED and result.unit == "ms"


def test_equivalence_needs_the_whole_interval_inside():
    asked = claim(hypothesis(RATIO, Within(0.9, 1.1)))
    assert judged(asked, trials(9, fast=1.0, slow=1.02)).verdict is Verdict.SUPPORTED
    assert judged(asked, trials(9, fast=1.0, slow=1.3)).verdict is Verdict.REFUTED
    assert judged(asked, trials(4, fast=1.0, slow=1.0)).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("design", [Fixed(blocks=40), None])
def test_a_share_counts_outcomes(design):
    asked = claim(
        hypothesis(Share(metric="end", arm="slow", equals="lost"), AtLeast(0.5)),
        **({"design": design} if design else {}),
    )
    lost = trials(40, slow=1.0, outcomes={"end": "lost"})
    kept = trials(40, slow=1.0, outcomes={"end": "kept"})
    assert judged(asked, lost).verdict is Verdict.SUPPORTED
    assert judged(asked, kept).verdict is Verdict.REFUTED
    assert judged(asked, lost).hypotheses[0].effect == 1.0


def test_an_exact_outcome_needs_three_blocks():
    exact = claim(hypothesis(inference=Inference.EXACT))
    assert judged(exact, trials(2, fast=1.0, slow=3.0)).verdict is Verdict.INCONCLUSIVE
    three = judged(exact, trials(3, fast=1.0, slow=3.0)).hypotheses[0]
    assert three.verdict is Verdict.SUPPORTED
    assert (three.agreeing, three.blocks, three.dissents) == (3, 3, ())


def test_one_dissent_refutes_and_is_shown():
    observed = trials(4, fast=1.0, slow=3.0)
    observed[5] = with_values(observed[5], {"cost": 1.0})
    asked = hypothesis(Value(metric="cost", arm="slow"), AtLeast(2), Inference.EXACT)
    result = judged(claim(asked), observed).hypotheses[0]
    assert result.verdict is Verdict.REFUTED
    assert [(d.block, d.value) for d in result.dissents] == [(3, 1.0)]
    assert (result.agreeing, result.blocks) == (3, 4)


def test_a_block_without_both_arms_does_not_count():
    observed = trials(6, fast=1.0, slow=3.0)[:-1]
    assert judged(claim(hypothesis()), observed).hypotheses[0].blocks == 5


def test_a_ratio_with_zero_is_no_number_and_says_so():
    result = judged(claim(hypothesis()), trials(6, fast=0.0, slow=3.0)).hypotheses[0]
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "above zero" in result.reason


def test_a_metric_that_was_not_measured_is_named():
    asked = claim(hypothesis(Value(metric="rate", arm="slow"), AtMost(1)))
    unseen = [with_values(t, {"cost": 1.0}) for t in trials(3, slow=1.0)]
    assert "rate was not measured" in judged(asked, unseen).hypotheses[0].reason


def test_a_fixed_design_that_was_cut_short_gets_the_wider_interval():
    asked = claim(hypothesis(criterion=AtLeast(1)), design=Fixed(blocks=12))
    noise = random.Random(1)
    observed = [
        with_values(t, {"cost": t.observation.values["cost"] * math.exp(noise.gauss(0, 0.1))})
        for t in trials(12, fast=1.0, slow=2.0)
    ]
    whole = judged(asked, observed).hypotheses[0].interval
    endless = claim(hypothesis(criterion=AtLeast(1)), design=Fixed(blocks=13))
    cut = judged(endless, observed).hypotheses[0].interval
    assert cut[0] < whole[0] < whole[1] < cut[1]


def test_a_failed_condition_makes_it_inconclusive_and_is_named():
    slow_sampler = Condition(
        id="rate", statement="sampled at 20 Hz or more", metric="rate", criterion=AtLeast(20)
    )
    result = judged(claim(hypothesis(), gates=(slow_sampler,)), trials(8, fast=1, slow=3))
    told = result.hypotheses[0]
    assert told.verdict is Verdict.INCONCLUSIVE
    assert "sampled at 20 Hz or more" in told.reason
    assert [(g.passed, g.observed, g.unit) for g in told.gates] == [(False, 10.0, "Hz")]


def test_a_condition_on_something_never_measured_fails():
    gate = Condition(id="x", statement="x is seen", metric="rate", criterion=AtLeast(0))
    unseen = [with_values(t, {"cost": 1.0}) for t in trials(8, fast=1, slow=3)]
    assert not judged(claim(hypothesis(), gates=(gate,)), unseen).hypotheses[0].gates[0].passed


def test_twins_that_differ_close_the_gate():
    asked = claim(hypothesis(), gates=(twin_control(),))
    alike = judged(asked, trials(8, fast=1, slow=3, twin=1)).hypotheses[0]
    unlike = judged(asked, trials(8, fast=1, slow=3, twin=2)).hypotheses[0]
    assert alike.verdict is Verdict.SUPPORTED and alike.gates[0].passed
    assert unlike.verdict is Verdict.INCONCLUSIVE and not unlike.gates[0].passed


def test_gates_leave_counted_outcomes_alone():
    exact = claim(hypothesis(inference=Inference.EXACT), gates=(twin_control(),))
    result = judged(exact, trials(8, fast=1, slow=3, twin=2)).hypotheses[0]
    assert result.verdict is Verdict.SUPPORTED and result.gates == ()


def test_only_claim_hypotheses_decide_and_the_headline_comes_first():
    side = hypothesis(id="side", role=Role.RIVAL, criterion=AtLeast(100))
    found = judged(claim(side, hypothesis(), headline="slower"), trials(8, fast=1, slow=3))
    assert found.verdict is Verdict.SUPPORTED
    assert [r.id for r in found.hypotheses] == ["slower", "side"]


def test_without_its_bench_every_hypothesis_is_unavailable_with_the_reason():
    found = judgement.judge(claim(), Depth.PROOF, [], {"race": "no stadium"})
    assert found.verdict is Verdict.UNAVAILABLE
    assert found.hypotheses[0].reason == "no stadium"


@given(st.randoms(use_true_random=False), st.floats(0.2, 20))
def test_the_order_of_the_trials_does_not_matter(shuffler, ratio):
    asked = claim(hypothesis(), gates=(twin_control(),))
    observed = trials(9, fast=1.0, slow=ratio, twin=1.0)
    shuffled = list(observed)
    shuffler.shuffle(shuffled)
    assert judged(asked, shuffled) == judged(asked, observed)


@given(st.floats(0.5, 4.0), st.floats(1e-3, 1e3))
def test_ratios_do_not_depend_on_the_unit(ratio, scale):
    asked = claim(hypothesis(criterion=AtLeast(1.5)))
    one = judged(asked, trials(9, fast=1.0, slow=ratio)).hypotheses[0]
    other = judged(asked, trials(9, fast=scale, slow=ratio * scale)).hypotheses[0]
    assert other.effect == pytest.approx(one.effect)


def test_a_count_says_what_it_is_a_part_of():
    asked = claim(
        hypothesis(
            contrast=Value(metric="cost", arm="slow"),
            criterion=AtLeast(1),
            inference=Inference.EXACT,
        )
    )
    race = asked.experiments[0]
    cost = msgspec.structs.replace(race.metrics[0], unit="locks", of="rate")
    race = msgspec.structs.replace(race, metrics=(cost, race.metrics[1]))
    asked = msgspec.structs.replace(asked, experiments=(race,))
    assert problems(asked) == ()
    result = judged(asked, trials(3, fast=1.0, slow=3.0)).hypotheses[0]
    assert result.whole == 10.0
    unknown = msgspec.structs.replace(cost, of="weight")
    race = msgspec.structs.replace(race, metrics=(unknown, race.metrics[1]))
    assert problems(msgspec.structs.replace(asked, experiments=(race,))) == (
        "experiment 'race': metric 'cost': there is no metric 'weight'",
    )
