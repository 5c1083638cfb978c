"""Predictions as forms send them: one field for each hypothesis, and a verdict with a probability.

Reading only; what a text means stands in ``experiment.prediction``.
"""

from dataclasses import dataclass

from earwitness.experiment import contrast, prediction
from earwitness.experiment.design import Claim, Hypothesis
from earwitness.experiment.prediction import Prediction
from earwitness.web.forms import Form

EFFECT_FIELD = "effect"
VERDICT_FIELD, SURENESS_FIELD = "verdict", "sureness"


@dataclass(frozen=True)
class Field:
    """A hypothesis that may be predicted, the name of its field, and an example of an answer."""

    name: str
    hypothesis: Hypothesis
    example: str
    is_headline: bool


def fields(claim: Claim) -> list[Field]:
    """One field for each hypothesis of a claim, its headline first."""
    ordered = sorted(claim.hypotheses, key=lambda one: one.id != claim.headline)
    return [
        Field(
            name=f"{EFFECT_FIELD}-{one.id}",
            hypothesis=one,
            example=_example(claim, one),
            is_headline=one.id == claim.headline,
        )
        for one in ordered
    ]


def read(form: Form, claim: Claim) -> list[Prediction]:
    """Everything that was predicted. Raises Unclear."""
    found = [
        prediction.parse(f"{field.hypothesis.id}={form.one(field.name)}", claim)
        for field in fields(claim)
        if form.one(field.name)
    ]
    verdict = form.one(VERDICT_FIELD)
    if verdict:
        sureness = form.one(SURENESS_FIELD) or "50"
        found.append(prediction.parse(f"{claim.headline}={verdict}@{sureness}%", claim))
    return found


def _example(claim: Claim, hypothesis: Hypothesis) -> str:
    unit = contrast.unit_of(hypothesis.contrast, claim.experiment(hypothesis.experiment))
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
