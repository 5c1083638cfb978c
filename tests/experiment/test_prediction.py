import math

import msgspec
import pytest

from earwitness.experiment import prediction
from earwitness.experiment.design import AtLeast, Depth, Difference, Value
from earwitness.experiment.judgement import judge
from earwitness.experiment.prediction import (
    Call,
    Effect,
    Outcome,
    Prediction,
    Range,
    Score,
    Unclear,
)
from earwitness.experiment.verdict import Verdict
from tests.experiment.claims import claim, hypothesis, trials

CLAIM = claim(
    hypothesis(),
    hypothesis(Value(metric="cost", arm="slow"), AtLeast(1), id="cost"),
)


@pytest.mark.parametrize(
    ("text", "expectation", "about"),
    [
        ("3x", Effect(value=3), "slower"),
        ("3 x", Effect(value=3), "slower"),
        ("3×", Effect(value=3), "slower"),
        ("3", Effect(value=3), "slower"),
        ("2x..5x", Range(low=2, high=5), "slower"),
        ("2..5x", Range(low=2, high=5), "slower"),
        ("refuted@70%", Call(verdict=Outcome.REFUTED, probability=0.7), "slower"),
        ("supported @ 55.5 %", Call(verdict=Outcome.SUPPORTED, probability=0.555), "slower"),
        ("cost=12ms", Effect(value=12), "cost"),
        ("cost=1e3", Effect(value=1000), "cost"),
        (" cost = .5 ms..2 ms", Range(low=0.5, high=2), "cost"),
        ("slower=0.3x", Effect(value=0.3), "slower"),
    ],
)
def test_what_can_be_written(text, expectation, about):
    understood = prediction.parse(text, CLAIM)
    assert understood.expectation == expectation
    assert understood.hypothesis == about
    assert msgspec.json.decode(msgspec.json.encode(understood), type=Prediction) == understood


@pytest.mark.parametrize(
    ("unit", "contrast", "text", "value"),
    [
        ("yes or no", "value", "yes", 1.0),
        ("yes or no", "value", "no", 0.0),
        ("share", "value", "30%", 0.3),
        ("%", "value", "30%", 30.0),
        ("share", "difference", "30 points", 0.3),
        ("share", "difference", "30%", 0.3),
        ("%", "difference", "30 points", 30.0),
        ("%", "difference", "30", 30.0),
    ],
)
def test_a_prediction_is_said_as_its_unit_is(unit, contrast, text, value):
    asked = {
        "value": Value(metric="cost", arm="slow"),
        "difference": Difference(metric="cost", arm="slow", reference="fast"),
    }[contrast]
    made = claim(hypothesis(asked, AtLeast(0)))
    race = made.experiments[0]
    metrics = (msgspec.structs.replace(race.metrics[0], unit=unit), *race.metrics[1:])
    renamed = msgspec.structs.replace(
        made, experiments=(msgspec.structs.replace(race, metrics=metrics),)
    )
    assert prediction.parse(text, renamed).expectation == Effect(value=value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "write 3x"),
        ("fast", "write 3x"),
        ("refuted", "how sure"),
        ("refuted@170%", "probability"),
        ("5x..2x", "smaller"),
        ("3ms", "not the unit of the effect; write 3x, or 2x..5x"),
        ("cost=3x", "not the unit of the effect; write 300 ms, or 200..400"),
        ("cost=yes", "no prediction; write 300 ms"),
        ("nobody=3x", "has no hypothesis"),
        ("-3x", "write 3x"),
    ],
)
def test_what_cannot_is_explained(text, hint):
    with pytest.raises(Unclear, match=hint):
        prediction.parse(text, CLAIM)


def result(ratio=4.0, blocks=9):
    return judge(CLAIM, Depth.PROOF, trials(blocks, fast=1.0, slow=ratio), {}).hypotheses[0]


def test_scores_against_known_answers():
    assert prediction.score(Effect(value=2), result(4.0)).log_error == pytest.approx(math.log(2))
    assert prediction.score(Effect(value=4), result(4.0)).log_error == pytest.approx(0, abs=1e-9)
    held = prediction.score(Range(low=2, high=8), result(4.0))
    assert held.covered and held.log_error == pytest.approx(0, abs=1e-9)
    assert not prediction.score(Range(low=5, high=8), result(4.0)).covered
    right = prediction.score(Call(verdict=Outcome.SUPPORTED, probability=0.7), result(4.0))
    wrong = prediction.score(Call(verdict=Outcome.REFUTED, probability=0.7), result(4.0))
    assert right.brier == pytest.approx(0.09) and right.came_true
    assert wrong.brier == pytest.approx(0.49) and not wrong.came_true


def test_nothing_is_scored_against_no_verdict():
    undecided = result(blocks=2)
    assert undecided.verdict is Verdict.INCONCLUSIVE
    for expectation in (
        Effect(value=2),
        Range(low=1, high=2),
        Call(verdict=Outcome.REFUTED, probability=0.5),
    ):
        assert prediction.score(expectation, undecided) is None
        assert prediction.score(expectation, None) is None


def test_calibration():
    sure = Call(verdict=Outcome.SUPPORTED, probability=0.9)
    pairs = [
        (Effect(value=1), Score(log_error=math.log(2))),
        (Effect(value=1), Score(log_error=math.log(8))),
        (Range(low=1, high=2), Score(log_error=math.log(4), covered=True)),
        (Range(low=1, high=2), Score(covered=False)),
        (sure, Score(brier=0.01, came_true=True)),
        (sure, Score(brier=0.81, came_true=False)),
    ]
    found = prediction.calibrate(pairs)
    assert found.scored == 6
    assert found.typical_factor == pytest.approx(4)
    assert found.ranges == 2 and found.coverage.effect == 0.5
    # Clopper and Pearson for 1 of 2
    assert (found.coverage.low, found.coverage.high) == pytest.approx((0.0126, 0.9874), abs=1e-3)
    assert found.brier == pytest.approx(0.41)
    assert found.calls == ((0.9, True), (0.9, False))


def test_no_predictions_no_calibration():
    empty = prediction.calibrate([])
    assert empty.scored == 0
    assert empty.typical_factor is empty.coverage is empty.brier is None
