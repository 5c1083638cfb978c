"""What somebody expected before a run, and how well it came out.

Pure: parsing, scoring and calibration. A prediction is stored before the first trial; its score is
always computed, never stored, so that a replayed run scores it again.
"""

import enum
import math
import re
import statistics as descriptive
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from earwitness.experiment import contrast, statistics
from earwitness.experiment.contrast import (
    ANSWER_UNIT,
    PERCENT_UNIT,
    POINTS_UNIT,
    RATIO_UNIT,
    SHARE_POINTS_UNIT,
    SHARE_UNIT,
    unit_of,
)
from earwitness.experiment.design import Claim, Hypothesis
from earwitness.experiment.verdict import HypothesisResult, Verdict

RANGE_CONFIDENCE = 0.9
"""A predicted range is meant to hold the effect nine times in ten."""

EXAMPLES = "3x, 2x..5x, 300 or refuted@70%"
HELP = f"{EXAMPLES}; for another hypothesis: HYPOTHESIS=3x"


class Outcome(enum.StrEnum):
    """The verdicts that can be predicted."""

    SUPPORTED = "supported"
    REFUTED = "refuted"


class Effect(msgspec.Struct, frozen=True, kw_only=True, tag="effect"):
    """One number, in the effect's unit."""

    value: float


class Range(msgspec.Struct, frozen=True, kw_only=True, tag="range"):
    """Two numbers, in the effect's unit, meant to hold it with ``RANGE_CONFIDENCE``."""

    low: float
    high: float


class Call(msgspec.Struct, frozen=True, kw_only=True, tag="call"):
    """A verdict with the probability that is given to it."""

    verdict: Outcome
    probability: float


Expectation = Effect | Range | Call


class Prediction(msgspec.Struct, frozen=True, kw_only=True):
    """An expectation of one hypothesis, as it was written and as it is understood."""

    hypothesis: str
    text: str
    expectation: Expectation


class Unclear(ValueError):
    """The text is no prediction; the message says how to write one."""


@dataclass(frozen=True)
class Score:
    """How a prediction came out; a field is None where it does not apply.

    ``log_error``: absolute natural logarithm of predicted over measured effect (a range counts
    with its geometric middle). ``covered``: the measured effect lies in the range. ``brier``:
    squared distance between the probability given to the verdict and what happened (Brier 1950).
    """

    log_error: float | None = None
    covered: bool | None = None
    brier: float | None = None
    came_true: bool | None = None


_NUMBER = r"(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)"
_QUANTITY = re.compile(rf"{_NUMBER}\s*([^\d.\s@=][^@=]*?|)")
_ANSWERS = {"yes": 1.0, "no": 0.0}
_OF_SHARES = {
    (PERCENT_UNIT, SHARE_UNIT),
    (PERCENT_UNIT, SHARE_POINTS_UNIT),
    (POINTS_UNIT, SHARE_POINTS_UNIT),
}
"""What may be said of a share, and the unit that it then has."""
_CALL = re.compile(rf"(supported|refuted)\s*@\s*{_NUMBER}\s*%")


def parse(text: str, claim: Claim) -> Prediction:
    """A prediction as a user writes it, of the headline unless it names a hypothesis.

    Raises Unclear when it cannot be understood, names no hypothesis of the claim, or has a unit
    that the effect does not have.
    """
    name, equals, rest = text.partition("=")
    if not equals:
        name, rest = claim.headline, text
    known = {hypothesis.id: hypothesis for hypothesis in claim.hypotheses}
    if name.strip() not in known:
        raise Unclear(f"{claim.id} has no hypothesis {name.strip()!r}; it has {', '.join(known)}")
    hypothesis = known[name.strip()]
    return Prediction(
        hypothesis=hypothesis.id,
        text=rest.strip(),
        expectation=_expectation(rest.strip(), _unit(claim, hypothesis)),
    )


def example(claim: Claim, hypothesis: Hypothesis) -> str:
    """How an effect of that hypothesis, and a range of it, is written."""
    return _example(_unit(claim, hypothesis))


def _unit(claim: Claim, hypothesis: Hypothesis) -> str:
    return unit_of(hypothesis.contrast, claim.experiment(hypothesis.experiment))


def _example(unit: str) -> str:
    match unit:
        case contrast.RATIO_UNIT:
            return "3x, or 2x..5x"
        case contrast.SHARE_UNIT | contrast.PERCENT_UNIT:
            return "40%, or 30%..60%"
        case contrast.POINTS_UNIT | contrast.SHARE_POINTS_UNIT:
            return "40 points, or 30 points..60 points"
        case contrast.ANSWER_UNIT:
            return "yes, or no"
        case _:
            named = unit if " " not in unit else ""
            return f"300 {named}".strip() + ", or 200..400"


def _expectation(text: str, unit: str) -> Expectation:
    if call := _CALL.fullmatch(text):
        probability = float(call[2]) / 100
        if not 0 <= probability <= 1:
            raise Unclear(f"{text!r}: a probability is from 0 % to 100 %")
        return Call(verdict=Outcome(call[1]), probability=probability)
    if text in tuple(Outcome):
        raise Unclear(f"say how sure you are: {text}@70%")
    if ".." in text:
        low_text, _, high_text = text.partition("..")
        low, high = _quantity(low_text, unit), _quantity(high_text, unit)
        if low >= high:
            raise Unclear(f"{text!r}: the first number must be the smaller one")
        return Range(low=low, high=high)
    return Effect(value=_quantity(text, unit))


def _quantity(text: str, unit: str) -> float:
    if unit == ANSWER_UNIT and text.strip() in _ANSWERS:
        return _ANSWERS[text.strip()]
    match = _QUANTITY.fullmatch(text.strip())
    if match is None:
        raise Unclear(f"{text.strip()!r} is no prediction; write {_example(unit)}")
    number, said = float(match[1]), match[2].strip()
    if said == "×":
        said = RATIO_UNIT
    if (said, unit) in _OF_SHARES:
        return number / 100
    if said not in ("", unit):
        raise Unclear(f"{text.strip()!r} has not the unit of the effect; write {_example(unit)}")
    return number


def score(expectation: Expectation, result: HypothesisResult | None) -> Score | None:
    """The score against a result; None while there is nothing to score it against."""
    if result is None:
        return None
    if isinstance(expectation, Call):
        return _score_call(expectation, result.verdict)
    if result.effect is None or result.verdict in (Verdict.UNAVAILABLE, Verdict.INCONCLUSIVE):
        return None
    if isinstance(expectation, Effect):
        return Score(log_error=_log_error(expectation.value, result.effect))
    middle = math.sqrt(max(expectation.low, 0) * max(expectation.high, 0))
    return Score(
        log_error=_log_error(middle, result.effect),
        covered=expectation.low <= result.effect <= expectation.high,
    )


def _score_call(call: Call, verdict: Verdict) -> Score | None:
    if verdict not in (Verdict.SUPPORTED, Verdict.REFUTED):
        return None
    came_true = verdict.value == call.verdict.value
    return Score(brier=(call.probability - came_true) ** 2, came_true=came_true)


def _log_error(predicted: float, measured: float) -> float | None:
    if predicted <= 0 or measured <= 0:
        return None
    return abs(math.log(predicted / measured))


@dataclass(frozen=True)
class Calibration:
    """How good somebody's predictions have been so far; None where there are none of the kind.

    ``typical_factor``: the median factor between predicted and measured effect, 1 is perfect.
    ``coverage``: the share of ranges that held the effect, with its exact 95 % interval.
    ``brier``: the mean Brier score; saying 50 % to everything gives 0.25.
    ``calls``: probability given and whether it came true, for the chart.
    """

    scored: int
    typical_factor: float | None
    ranges: int
    coverage: statistics.Estimate | None
    brier: float | None
    calls: tuple[tuple[float, bool], ...]


def calibrate(scored: Iterable[tuple[Expectation, Score]]) -> Calibration:
    """The calibration over all scored predictions."""
    pairs = tuple(scored)
    errors = [score.log_error for _, score in pairs if score.log_error is not None]
    covered = [score.covered for _, score in pairs if score.covered is not None]
    briers = [score.brier for _, score in pairs if score.brier is not None]
    return Calibration(
        scored=len(pairs),
        typical_factor=math.exp(descriptive.median(errors)) if errors else None,
        ranges=len(covered),
        coverage=statistics.share_fixed(sum(covered), len(covered)) if covered else None,
        brier=descriptive.fmean(briers) if briers else None,
        calls=_calls(pairs),
    )


def _calls(pairs: Sequence[tuple[Expectation, Score]]) -> tuple[tuple[float, bool], ...]:
    return tuple(
        (expectation.probability, score.came_true)
        for expectation, score in pairs
        if isinstance(expectation, Call) and score.came_true is not None
    )
