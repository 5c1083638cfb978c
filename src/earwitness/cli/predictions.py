"""``earwitness predictions``: what you expected, what came out, and how well you judge yourself."""

from pathlib import Path

import click
from rich import box
from rich.console import Console
from rich.table import Table

from earwitness import history
from earwitness.cli import options, outcome
from earwitness.cli.saying import say
from earwitness.experiment.prediction import Calibration
from earwitness.report import calibration as calibrations
from earwitness.report import charts, predicted, words
from earwitness.report.predicted import Predicted
from earwitness.store import predictions as stored
from earwitness.store.connection import data_folder, open_store


@click.command()
@options.output_format("text", "json")
@click.option(
    "--chart",
    type=options.Location(path_type=Path, dir_okay=False),
    help="Write the calibration chart as SVG to this file.",
)
@options.data
def predictions(format_: str, chart: Path | None, data: Path | None) -> None:
    """Predictions with their outcome, and your calibration."""
    with open_store(data_folder(data)) as store:
        kept = stored.every(store)
        results = history.results(store)
        calibration = history.calibration(store)
    told = predicted.told(kept, results)
    if chart is not None:
        drawn = charts.calibration(calibration.calls)
        if drawn is None:
            raise click.UsageError("the chart needs a scored prediction such as refuted@70%")
        print(outcome.write(drawn, chart))
    say(predicted.document(told, calibration), format_, lambda _: _print(told, calibration))


def _print(told: list[Predicted], calibration: Calibration) -> None:
    terminal = Console()
    if not told:
        print("No predictions yet. Predict before you run: earwitness run select-star --predict 3x")
        return
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("Run", "Hypothesis", "Predicted", "Came out", "Score"):
        table.add_column(column)
    for row in told:
        came_out = (row.came_out, words.prediction(row.score))
        table.add_row(row.prediction.run, row.prediction.hypothesis, row.text, *came_out)
    terminal.print(table)
    for line in calibrations.sentences(calibration):
        terminal.print(line)
    terminal.print(calibrations.plot(calibration.calls))
