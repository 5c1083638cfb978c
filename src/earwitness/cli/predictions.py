"""``earwitness predictions``: what you expected, what came out, and how well you judge yourself."""

import dataclasses
import json
from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from earwitness.cli import history, options, outcome
from earwitness.experiment.prediction import Calibration, Score
from earwitness.report import assembly, charts, words
from earwitness.report import calibration as calibrations
from earwitness.store import predictions as stored
from earwitness.store.connection import data_folder, open_store
from earwitness.store.predictions import StoredPrediction

Told = tuple[StoredPrediction, str, str, Score | None]


@click.command()
@options.output_format("text", "json")
@click.option(
    "--chart",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the calibration chart as SVG to this file.",
)
@options.data
def predictions(format_: str, chart: Path | None, data: Path | None) -> None:
    """Predictions with their outcome, and your calibration."""
    with open_store(data_folder(data)) as store:
        kept = stored.every(store)
        results = history.results(store)
        calibration = history.calibration(store)
    scores = assembly.scores(kept, results)
    told: list[Told] = []
    for prediction, _, score in scores:
        result = results.get(prediction.run)
        measured = result.hypothesis(prediction.hypothesis) if result else None
        said = f"{measured.verdict.value}, {words.measured(measured)}" if measured else "no verdict"
        told.append((prediction, assembly.expectation_of(prediction).text, said, score))
    if chart is not None:
        drawn = charts.calibration(calibration.calls)
        if drawn is None:
            raise click.UsageError("the chart needs a scored prediction such as refuted@70%")
        print(outcome.write(drawn, chart))
    if format_ == "json":
        print(json.dumps(_document(told, calibration), indent=2))
    else:
        _print(told, calibration)


def _print(told: list[Told], calibration: Calibration) -> None:
    terminal = Console()
    if not told:
        print("No predictions yet. Predict before you run: earwitness run select-star --predict 3x")
        return
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("Run", "Hypothesis", "Predicted", "Came out", "Score"):
        table.add_column(column)
    for prediction, text, said, score in told:
        table.add_row(prediction.run, prediction.hypothesis, text, said, words.prediction(score))
    terminal.print(table)
    for line in calibrations.sentences(calibration):
        terminal.print(line)
    terminal.print(calibrations.plot(calibration.calls))


def _document(told: list[Told], calibration: Calibration) -> dict[str, object]:
    coverage = calibration.coverage
    return {
        "schema": "earwitness/predictions/1",
        "predictions": [
            {
                "run": prediction.run,
                "hypothesis": prediction.hypothesis,
                "made_at": prediction.made_at.isoformat(),
                "text": text,
                "came_out": said,
                "score": score and dataclasses.asdict(score),
            }
            for prediction, text, said, score in told
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
