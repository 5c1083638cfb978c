"""Predictions as forms send them: one field for each hypothesis, and a verdict with a probability.

Reading only; what a text means stands in ``experiment.prediction``.
"""

from dataclasses import dataclass

from earwitness.experiment import prediction
from earwitness.experiment.design import Claim, Hypothesis
from earwitness.experiment.prediction import Prediction, Unclear
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
            example=prediction.example(claim, one),
            is_headline=one.id == claim.headline,
        )
        for one in ordered
    ]


def read(form: Form, claim: Claim) -> list[Prediction]:
    """Everything that was predicted. Raises Unclear."""
    found = [
        _read(field, form.one(field.name), claim) for field in fields(claim) if form.one(field.name)
    ]
    verdict = form.one(VERDICT_FIELD)
    if verdict:
        sureness = form.one(SURENESS_FIELD) or "50"
        found.append(prediction.parse(f"{claim.headline}={verdict}@{sureness}%", claim))
    return found


def _read(field: Field, text: str, claim: Claim) -> Prediction:
    try:
        return prediction.parse(f"{field.hypothesis.id}={text}", claim)
    except Unclear as problem:
        raise Unclear(f"{field.hypothesis.question} {problem}") from None
