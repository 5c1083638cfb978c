"""Predictions with their outcome, and how good they were: the document of verb, page and API.

Pure: stored predictions and results in; what the numbers mean stands in ``experiment.prediction``.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from earwitness.experiment.prediction import Calibration, Score
from earwitness.experiment.verdict import ClaimResult
from earwitness.report import assembly, words
from earwitness.store.predictions import StoredPrediction


@dataclass(frozen=True, kw_only=True)
class Predicted:
    """A prediction as it was written, what came out in words, and its score where it has one."""

    prediction: StoredPrediction
    text: str
    came_out: str
    score: Score | None


def told(
    predictions: Iterable[StoredPrediction], results: Mapping[str, ClaimResult]
) -> list[Predicted]:
    """Every prediction with its outcome; results by run id."""
    rows = []
    for prediction, _, score in assembly.scores(predictions, results):
        result = results.get(prediction.run)
        measured = result.hypothesis(prediction.hypothesis) if result else None
        said = f"{measured.verdict.value}, {words.measured(measured)}" if measured else "no verdict"
        text = assembly.expectation_of(prediction).text
        rows.append(Predicted(prediction=prediction, text=text, came_out=said, score=score))
    return rows


def document(rows: Sequence[Predicted], calibration: Calibration) -> dict[str, object]:
    """The same as JSON has it."""
    coverage = calibration.coverage
    return {
        "schema": "earwitness/predictions/1",
        "predictions": [
            {
                "run": row.prediction.run,
                "hypothesis": row.prediction.hypothesis,
                "made_at": row.prediction.made_at.isoformat(),
                "text": row.text,
                "came_out": row.came_out,
                "score": row.score and dataclasses.asdict(row.score),
            }
            for row in rows
        ],
        "calibration": {
            "scored": calibration.scored,
            "typical_factor": calibration.typical_factor,
            "ranges": calibration.ranges,
            "coverage": coverage and coverage.effect,
            "coverage_interval": coverage and [coverage.low, coverage.high],
            "brier": calibration.brier,
        },
    }
