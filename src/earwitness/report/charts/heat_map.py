"""Heat maps: arms of several experiments down, metrics across, darker where the number is greater.

Every cell says its number as well, so that nothing is told by its shade alone. The name of an arm
stands beside its cells, wrapped to what the narrowest page leaves it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from earwitness.experiment.design import Arm, HeatMap, Metric
from earwitness.report import series, words
from earwitness.report.charts import svg
from earwitness.report.document import ExperimentDocument, RunDocument
from earwitness.report.series import Summary

NAME_WIDTH = 20
"""Characters of an arm's name in a line."""
HEAD_WIDTH = 8
"""Characters of a metric's title in a line."""
CELLS = 52.0
"""Percent of the width that is left of the cells."""
CELL_CHARACTERS = 24
"""Of what the cells of a row say, on the narrowest page."""
SHADES = 4
"""Steps of darkness above the lightest, which is for zero."""
PAD = 6.0
"""Pixels between the words of a row and its edges, and half a percent between cells."""


@dataclass(frozen=True)
class Row:
    """An arm with the medians of the metrics, None where none was seen, and what cells say."""

    arm: Arm
    columns: tuple[str, ...]
    numbers: tuple[float | None, ...]
    words: tuple[str, ...]


def rows(chart: HeatMap, run: RunDocument) -> list[Row]:
    """Every arm that was tried, in the order of the experiments; empty without data."""
    found = []
    for id in chart.experiments:
        experiment = series.experiment_of(run, id)
        if experiment is None:
            continue
        metrics = [series.metric_of(experiment, name) for name in chart.metrics]
        columns = tuple(metric.title for metric in metrics)
        for arm in experiment.arms:
            seen = [_summary(run, experiment, metric, arm) for metric in metrics]
            if any(seen):
                numbers = tuple(one.median if one else None for one in seen)
                said = tuple(map(_words, seen, (metric.unit for metric in metrics)))
                found.append(Row(arm, columns, numbers, said))
    return found


def _summary(
    run: RunDocument, experiment: ExperimentDocument, metric: Metric, arm: Arm
) -> Summary | None:
    found = series.summaries(run, experiment, metric.name, (arm.name,))
    return found[0] if found else None


def _words(one: Summary | None, unit: str) -> str:
    """The median; where blocks differ, the least and the greatest of them."""
    if one is None:
        return words.NOTHING
    if one.least == one.greatest:
        return words.number(one.median, unit)
    return f"{words.number(one.least, unit)} to {words.number(one.greatest, unit)}"


def heat_map(chart: HeatMap, run: RunDocument) -> str | None:
    """The map; None when the run has measured nothing of it."""
    shown = rows(chart, run)
    if not shown:
        return None
    greatest = max((n for row in shown for n in row.numbers if n is not None), default=0.0)
    drawn, y = _heads(shown[0].columns)
    parts = [drawn]
    for row in shown:
        drawn, y = _row(row, greatest, y)
        parts.append(drawn)
    return svg.drawing(chart.title, _said(shown), y, parts)


def _heads(columns: Sequence[str]) -> tuple[str, float]:
    """The titles of the columns, and where the first row begins."""
    titles = [svg.wrap(title, HEAD_WIDTH) for title in columns]
    height = max(map(len, titles)) * svg.LINE
    parts = [
        svg.text(_middle(index, len(columns)), 13, lines, "c-tick", "middle")
        for index, lines in enumerate(titles)
    ]
    return "".join(parts), height + PAD


def _row(row: Row, greatest: float, y: float) -> tuple[str, float]:
    """One arm and where the next one begins."""
    lines = svg.wrap(row.arm.title, NAME_WIDTH)
    cells = [_cell(said, len(row.words)) for said in row.words]
    height = max(map(len, (lines, *cells))) * svg.LINE + PAD
    parts = [svg.text(0, y + 13 + PAD / 2, lines)]
    width = (100 - CELLS) / len(row.numbers)
    for index, (number, said) in enumerate(zip(row.numbers, cells, strict=True)):
        kind = f"c-heat c-heat-{shade(number, greatest)}"
        parts.append(svg.rectangle(CELLS + index * width, y, width - 0.5, height - 2, kind))
        middle = _middle(index, len(row.numbers))
        baseline = y + height / 2 + 5 - (len(said) - 1) * svg.LINE / 2
        parts.append(svg.text(middle, baseline, said, "c-number", "middle"))
    return "".join(parts), y + height


def _cell(said: str, columns: int) -> list[str]:
    """What a cell says, a range in two lines or three where it would not fit into one."""
    room = CELL_CHARACTERS // columns
    low, to, high = said.partition(" to ")
    if not to or len(said) <= room:
        return [said]
    return [low, f"to {high}"] if len(f"to {high}") <= room else [low, "to", high]


def shade(number: float | None, greatest: float) -> int:
    """From 0, the lightest, to ``SHADES``; what is no number or not above zero is the lightest."""
    if number is None or number <= 0 or greatest <= 0:
        return 0
    return max(1, round(min(number / greatest, 1.0) * SHADES))


def _middle(index: int, columns: int) -> float:
    return CELLS + (index + 0.5) * (100 - CELLS) / columns


def _said(shown: Sequence[Row]) -> str:
    """The map in words."""
    said = "; ".join(
        f"{row.arm.title}: "
        + ", ".join(f"{title} {word}" for title, word in zip(row.columns, row.words, strict=True))
        for row in shown
    )
    return f"Medians of the blocks. {said}."
