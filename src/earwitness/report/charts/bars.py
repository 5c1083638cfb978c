"""Bars and waterfalls: one row for each arm, its name and number above its bar.

The name stands above and not beside the bar, so that the longest arm fits the narrowest page.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from earwitness.experiment.design import Bars, Metric, Waterfall
from earwitness.report import series, words
from earwitness.report.charts import scale, svg
from earwitness.report.charts.scale import Scale
from earwitness.report.document import RunDocument
from earwitness.report.series import Summary

NAME_WIDTH = 28
"""Characters of an arm's name in a line at the most."""
ROW_WIDTH = 45
"""Characters of a name and its number together that the narrowest page has room for."""

BAR = 14
GAP = 16
AXIS = 22


def bars(chart: Bars, run: RunDocument) -> str | None:
    """One bar for each arm up to the median, a whisker from the least to the greatest block."""
    experiment = series.experiment_of(run, chart.experiment)
    if experiment is None:
        return None
    shown = series.summaries(run, experiment, chart.metric, chart.arms)
    if not shown:
        return None
    metric = series.metric_of(experiment, chart.metric)
    ends = [value for one in shown for value in (one.least, one.median, one.greatest)]
    axis = scale.logarithmic(ends) if chart.logarithmic else scale.from_zero(ends)
    parts, y = [], 0.0
    for one in shown:
        drawn, y = _bar(one, metric, axis, y)
        parts.append(drawn)
    grid, height = _axis(axis, metric, y)
    return svg.drawing(chart.title, _said(metric, shown), height, [grid, *parts])


def waterfall(chart: Waterfall, run: RunDocument) -> str | None:
    """Each arm's bar goes from the median of the arm before it to its own."""
    experiment = series.experiment_of(run, chart.experiment)
    if experiment is None:
        return None
    shown = series.summaries(run, experiment, chart.metric, chart.arms)
    if not shown:
        return None
    metric = series.metric_of(experiment, chart.metric)
    axis = scale.from_zero(one.median for one in shown)
    parts, y, before = [], 0.0, 0.0
    for index, one in enumerate(shown):
        drawn, end = _step(one, metric, axis, y, before if index else None)
        if one is not shown[-1]:
            edge = axis.at(one.median)
            drawn += svg.line(edge, end - GAP, edge, end, "c-link")
        parts.append(drawn)
        y, before = end, one.median
    grid, height = _axis(axis, metric, y)
    return svg.drawing(chart.title, _said(metric, shown), height, [grid, *parts])


@dataclass(frozen=True)
class Step:
    """An arm of a waterfall: its number, and what it adds to the one before, as they are said."""

    title: str
    added: str
    """Empty for the first."""
    total: str


def steps(chart: Waterfall, run: RunDocument) -> list[Step]:
    """The chain, arm by arm, with what each of them adds; empty without data."""
    experiment = series.experiment_of(run, chart.experiment)
    if experiment is None:
        return []
    unit = series.metric_of(experiment, chart.metric).unit
    shown = series.summaries(run, experiment, chart.metric, chart.arms)
    befores = [None, *(one.median for one in shown)]
    return [
        Step(
            title=one.arm.title,
            added="" if before is None else words.added(one.median, before, unit),
            total=words.number(one.median, unit),
        )
        for one, before in zip(shown, befores, strict=False)
    ]


def _bar(one: Summary, metric: Metric, axis: Scale, y: float) -> tuple[str, float]:
    """A row of a bar chart and where the next one starts."""
    label, top = _name(one, [words.number(one.median, metric.unit)], y)
    zero = axis.at(0.0)
    left, right = sorted((zero, axis.at(one.median)))
    middle = top + BAR / 2
    whisker = ""
    if one.least < one.greatest:
        low, high = axis.at(one.least), axis.at(one.greatest)
        # Twice: the wider one in the colour of the paper keeps it apart from its bar.
        whisker = "".join(
            svg.line(low, middle, high, middle, kind)
            + "".join(svg.line(x, middle - 4, x, middle + 4, kind) for x in (low, high))
            for kind in ("c-halo", "c-whisker")
        )
    return label + svg.rectangle(left, top, right - left, BAR, "c-bar") + whisker, top + BAR + GAP


def _step(
    one: Summary, metric: Metric, axis: Scale, y: float, before: float | None
) -> tuple[str, float]:
    """A row of a waterfall and where the next one starts; ``before`` is None for the first."""
    numbers = [words.number(one.median, metric.unit)]
    if before is not None:
        numbers = [words.added(one.median, before, metric.unit), f"= {numbers[0]}"]
    kind = "c-bar" if before is None else "c-add" if one.median >= before else "c-less"
    label, top = _name(one, numbers, y)
    left, right = sorted((axis.at(before or 0.0), axis.at(one.median)))
    bar = svg.rectangle(left, top, max(right - left, 0.4), BAR, kind)
    return label + bar, top + BAR + GAP


def _name(one: Summary, numbers: Sequence[str], y: float) -> tuple[str, float]:
    """The name of a row with its numbers to the right, one in a line; and where its bar starts."""
    lines = svg.wrap(one.arm.title, min(NAME_WIDTH, ROW_WIDTH - max(map(len, numbers))))
    label = svg.text(0, y + 13, lines) + svg.text(100, y + 13, numbers, "c-number", "end")
    return label, y + max(len(lines), len(numbers)) * svg.LINE + 2


def _axis(axis: Scale, metric: Metric, y: float) -> tuple[str, float]:
    """Grid lines behind the rows and their numbers below; and the height of it all."""
    parts = []
    for tick in axis.ticks():
        x = axis.at(tick)
        parts.append(svg.line(x, 0, x, y - 4, "c-grid"))
        anchor = "start" if x < 4 else "end" if x > 96 else "middle"
        parts.append(svg.text(x, y + 12, [scale.axis_label(tick, metric.unit)], "c-tick", anchor))
    if not axis.logarithmic:
        return "".join(parts), y + AXIS
    parts.append(svg.text(100, y + 12 + svg.LINE, ["logarithmic"], "c-tick", "end"))
    return "".join(parts), y + AXIS + svg.LINE


def _said(metric: Metric, shown: Sequence[Summary]) -> str:
    """The chart in words."""
    rows = "; ".join(
        f"{one.arm.title}: {words.number(one.median, metric.unit)}, "
        f"from {words.number(one.least, metric.unit)} to {words.number(one.greatest, metric.unit)}"
        for one in shown
    )
    return f"{metric.title}, median of the blocks. {rows}."
