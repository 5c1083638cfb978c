"""Verdicts, and the algebra that makes one of several.

Values and pure functions; how an interval comes about stands in ``statistics``, how observations
become results in ``judgement``.
"""

import enum
from collections.abc import Iterable
from typing import Literal

import msgspec

from earwitness.experiment.design import AtLeast, AtMost, Criterion, Role

Interval = tuple[float | None, float | None]
"""Lower and upper end; None where the data do not bound the effect on that side yet."""


class Verdict(enum.StrEnum):
    """What may be said of a hypothesis or a claim."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    MIXED = "mixed"
    """Of a claim only: some of its claim hypotheses are supported and some refuted."""
    INCONCLUSIVE = "inconclusive"
    UNAVAILABLE = "unavailable"


class GateResult(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a gate held. ``observed`` is the worst number seen, None when there was none."""

    id: str
    kind: Literal["condition", "control"] = "condition"
    """A condition that failed stays failed; a control may hold again when more is known."""
    statement: str
    passed: bool
    observed: float | None
    unit: str = ""


class Dissent(msgspec.Struct, frozen=True, kw_only=True):
    """A block of an exact hypothesis that did not meet the criterion, with its number."""

    block: int
    value: float


class HypothesisResult(msgspec.Struct, frozen=True, kw_only=True):
    """A hypothesis with its verdict and the numbers behind it.

    ``effect`` is in ``unit`` ("x" for a ratio). For measured hypotheses ``interval`` is the 95 %
    interval; for exact ones it is the least and greatest block, and ``agreeing`` says how many of
    the ``blocks`` met the criterion. ``threshold`` has one number, or two for equivalence.
    """

    id: str
    statement: str
    question: str
    role: Role
    experiment: str
    verdict: Verdict
    inference: str
    metric: str
    arm: str
    reference: str | None
    criterion: Criterion
    threshold: float | tuple[float, float]
    unit: str
    effect: float | None = None
    whole: float | None = None
    """What the effect counts a part of, where it does, as of 239 locks all 303; median of the blocks."""
    interval: Interval = (None, None)
    blocks: int = 0
    agreeing: int | None = None
    dissents: tuple[Dissent, ...] = ()
    gates: tuple[GateResult, ...] = ()
    reason: str | None = None
    """Why there is no verdict, in words, when it is inconclusive or unavailable."""


class ClaimResult(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict of a claim with those of the hypotheses that its depth tests."""

    claim: str
    verdict: Verdict
    headline: str
    hypotheses: tuple[HypothesisResult, ...]

    def hypothesis(self, id: str) -> HypothesisResult | None:
        """The result for that hypothesis; None when it is not tested at this depth."""
        return next((result for result in self.hypotheses if result.id == id), None)


def meets(criterion: Criterion, number: float) -> bool:
    """Whether a single number meets the criterion; thresholds themselves do."""
    low, high = accepted_range(criterion)
    return low <= number <= high


def accepted_range(criterion: Criterion) -> tuple[float, float]:
    """The closed range of effects that the criterion accepts; infinite where it has no end."""
    match criterion:
        case AtLeast(threshold):
            return threshold, float("inf")
        case AtMost(threshold):
            return float("-inf"), threshold
        case _:
            return criterion.low, criterion.high


def of_interval(criterion: Criterion, low: float, high: float) -> Verdict:
    """Supported when the whole interval meets the criterion, refuted when none of it does."""
    accepted_low, accepted_high = accepted_range(criterion)
    if accepted_low <= low and high <= accepted_high:
        return Verdict.SUPPORTED
    if high < accepted_low or low > accepted_high:
        return Verdict.REFUTED
    return Verdict.INCONCLUSIVE


def of_claim(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of a claim from those of its ``role=claim`` hypotheses.

    All supported, all refuted, or all unavailable: that; some supported and some refuted: mixed;
    anything else, also nothing at all: inconclusive.
    """
    kinds = set(verdicts)
    if len(kinds) == 1:
        return kinds.pop()
    if {Verdict.SUPPORTED, Verdict.REFUTED} <= kinds:
        return Verdict.MIXED
    return Verdict.INCONCLUSIVE
