"""Predictions with their outcome, and how good they were: the document of verb, page and API.

Pure: stored predictions and results in; what the numbers mean stands in ``experiment.prediction``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

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


class PredictionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A prediction as JSON has it."""

    run: str
    hypothesis: str
    made_at: str
    text: str
    came_out: str
    score: Score | None


class CalibrationRow(msgspec.Struct, frozen=True, kw_only=True):
    """How good all of them were; a field is None where there are none of its kind."""

    scored: int
    typical_factor: float | None
    ranges: int
    coverage: float | None
    coverage_interval: tuple[float | None, float | None] | None
    brier: float | None


class PredictionsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Every prediction, and the calibration."""

    schema: Literal["earwitness/predictions/1"] = "earwitness/predictions/1"
    predictions: tuple[PredictionRow, ...]
    calibration: CalibrationRow


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


def document(rows: Sequence[Predicted], calibration: Calibration) -> PredictionsDocument:
    """The same as JSON has it."""
    coverage = calibration.coverage
    return PredictionsDocument(
        predictions=tuple(
            PredictionRow(
                run=row.prediction.run,
                hypothesis=row.prediction.hypothesis,
                made_at=row.prediction.made_at.isoformat(),
                text=row.text,
                came_out=row.came_out,
                score=row.score,
            )
            for row in rows
        ),
        calibration=CalibrationRow(
            scored=calibration.scored,
            typical_factor=calibration.typical_factor,
            ranges=calibration.ranges,
            coverage=None if coverage is None else coverage.effect,
            coverage_interval=None if coverage is None else (coverage.low, coverage.high),
            brier=calibration.brier,
        ),
    )
