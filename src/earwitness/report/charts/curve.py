"""Curves: metrics against a numeric setting of the arms, each line named at its end.

Lines differ by colour, dash and the shape of their points. Every point has a thin vertical line
from the least to the greatest block.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from earwitness.experiment.contrast import SHARE_UNIT
from earwitness.experiment.design import Curve, Metric
from earwitness.report import series, words
from earwitness.report.charts import scale, svg
from earwitness.report.charts.scale import Scale
from earwitness.report.document import ExperimentDocument, RunDocument
from earwitness.report.series import Summary

LEFT = 14.0
RIGHT = 96.0
RIGHT_WITH_NAMES = 63.0
TOP = 26.0
BOTTOM = 226.0
HEIGHT = 268.0
NAME_WIDTH = 12
"""Characters of a line's name beside its end, on the narrowest page."""

NARROW = 300.0
"""Width in pixels of a chart on the narrowest page; labels that collide there are left out."""

CHARACTER = 7.0
"""Width in pixels of a wide character of a label."""

MOST_VALUES = 6
"""Points of a single line from which on only the first and the last have their number."""

ZERO_APART = 12.0
"""Percent across between a zero and the least of the settings beside it, on a logarithmic axis."""

CLEARANCE = 6.0
"""Pixels, or percent across, that a line must be away to be no neighbour of a label."""


@dataclass(frozen=True)
class Line:
    """A named line: points in the order of their setting."""

    name: str
    metric: Metric
    points: tuple[tuple[float, Summary], ...]


def curve(chart: Curve, run: RunDocument) -> str | None:
    """One line for each metric, and for each combination of the other settings of the arms."""
    experiment = series.experiment_of(run, chart.experiment)
    if experiment is None:
        return None
    lines = _lines(chart, run, experiment)
    if not lines:
        return None
    across, down = _scales(chart, lines)
    parts = [_grid(across, down, chart.along, lines)]
    parts += [_line(line, index, across, down) for index, line in enumerate(lines)]
    parts.append(_values(lines[0], across, down) if len(lines) == 1 else _names(lines, down))
    return svg.drawing(chart.title, _said(chart, lines), HEIGHT, parts)


def _lines(chart: Curve, run: RunDocument, experiment: ExperimentDocument) -> list[Line]:
    """The lines of at least two points; single points only when there is nothing else."""
    lines = []
    for name in chart.metrics:
        metric = series.metric_of(experiment, name)
        groups: dict[tuple[tuple[str, str], ...], list[tuple[float, Summary]]] = {}
        for one in series.summaries(run, experiment, name):
            along = one.arm.settings.get(chart.along)
            if isinstance(along, int | float) and not isinstance(along, bool):
                rest = tuple(
                    sorted((k, str(v)) for k, v in one.arm.settings.items() if k != chart.along)
                )
                groups.setdefault(rest, []).append((float(along), one))
        several = len(groups) > 1
        for rest, points in groups.items():
            # A second arm at the same setting is the twin of an A/A control: the first is drawn.
            first = {x: (x, one) for x, one in reversed(points)}
            marks = ", ".join(f"{key} {value}" for key, value in rest)
            title = f"{metric.title}, {marks}" if several and marks else metric.title
            lines.append(Line(title, metric, tuple(first[x] for x in sorted(first))))
    return [line for line in lines if len(line.points) > 1] or lines


def _scales(chart: Curve, lines: Sequence[Line]) -> tuple[Scale, Scale]:
    """The scale across and the one down."""
    right = RIGHT if len(lines) == 1 else RIGHT_WITH_NAMES
    across = _across({x for line in lines for x, _ in line.points}, LEFT + 3, right - 3)
    ends = [v for line in lines for _, one in line.points for v in (one.least, one.greatest)]
    make = scale.logarithmic if chart.logarithmic and max(ends) > 0 else scale.from_zero
    return across, make(ends, start=BOTTOM, end=TOP)


def _across(settings: set[float], start: float, end: float) -> Scale:
    """Logarithmic when the settings span a decade; a zero among them then stands apart."""
    low, high = min(settings), max(settings)
    least = min((one for one in settings if one > 0), default=0.0)
    if low >= 0 and 0 < least <= high / 10:
        zero = start if low == 0 else None
        return Scale(least, high, True, start if zero is None else start + ZERO_APART, end, zero)
    if low == high:
        low, high = low - 1.0, high + 1.0
    return Scale(low, high, False, start, end)


def _grid(across: Scale, down: Scale, along: str, lines: Sequence[Line]) -> str:
    """Lines and numbers of both axes; a number that would touch the one before it is left out."""
    right = across.end + 3
    units = {line.metric.unit for line in lines}
    unit = units.pop() if len(units) == 1 else ""
    parts = []
    for tick in down.ticks():
        y = down.at(tick)
        parts.append(svg.line(LEFT, y, right, y, "c-grid"))
        parts.append(svg.text(LEFT - 2, y + 4, [scale.axis_label(tick, unit)], "c-tick", "end"))
    free = 0.0
    for setting in sorted({x for line in lines for x, _ in line.points}):
        x, label = across.at(setting), scale.axis_label(setting)
        half = len(label) * CHARACTER / 2 / NARROW * 100
        if x - half >= free:
            parts.append(svg.text(x, BOTTOM + 18, [label], "c-tick", "middle"))
            free = x + half + 2
    apart = "" if across.zero is None else ", zero apart"
    name = along.replace("_", " ") + (f" (logarithmic{apart})" if across.logarithmic else "")
    middle = (LEFT + right) / 2
    parts.append(svg.text(middle, BOTTOM + 37, [name], "c-tick", "middle"))
    unit = "" if unit == SHARE_UNIT else unit  # its ticks say percent
    said = ", ".join(filter(None, [unit, "logarithmic" if down.logarithmic else ""]))
    parts.append(svg.text(0, 12, [said], "c-tick"))
    return "".join(parts)


def _line(line: Line, index: int, across: Scale, down: Scale) -> str:
    kind = index % len(svg.SHAPES) + 1
    places = [(across.at(x), down.at(one.median)) for x, one in line.points]
    spread = "".join(
        svg.line(across.at(x), down.at(one.least), across.at(x), down.at(one.greatest), "c-whisker")
        for x, one in line.points
        if one.least < one.greatest
    )
    marks = "".join(
        svg.mark(x, y, svg.SHAPES[kind - 1], f"c-mark c-mark-{kind}") for x, y in places
    )
    return spread + svg.polyline(places, HEIGHT, f"c-line c-line-{kind}") + marks


def _values(line: Line, across: Scale, down: Scale) -> str:
    """Numbers at the points of a single line: all when there are few, else the first and last."""
    few = len(line.points) <= MOST_VALUES
    last = len(line.points) - 1
    parts, free = [], -100.0
    for index, (x, one) in enumerate(line.points):
        if not few and index not in (0, last):
            continue
        place, label = across.at(x), words.number(one.median, line.metric.unit)
        height, anchor = _clear_of_line(line, index, across, down)
        width = len(label) * CHARACTER / NARROW * 100
        left = place - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        if left >= free:
            parts.append(svg.text(place, height, [label], "c-value", anchor))
            free = left + width + 1
    return "".join(parts)


def _clear_of_line(line: Line, index: int, across: Scale, down: Scale) -> tuple[float, str]:
    """Baseline and anchor of a point's number, on the side where the line does not run."""
    places = [down.at(one.median) for _, one in line.points]
    place, y = across.at(line.points[index][0]), places[index]
    rises = index + 1 < len(places) and places[index + 1] < y - CLEARANCE
    falls = index > 0 and places[index - 1] < y - CLEARANCE
    edge = place < across.start + CLEARANCE
    if (falls and rises) or (edge and rises):
        return (y + 22 if y + 22 < BOTTOM else y - 11), "start" if edge else "middle"
    if edge or falls:
        return y - 11, "start" if place < 75 else "end"
    return y - 11, "end" if rises or place > 75 else "middle"


def _names(lines: Sequence[Line], down: Scale) -> str:
    """Names right of the ends of the lines, moved apart where they would overlap."""
    wanted = sorted(
        ((down.at(line.points[-1][1].median), index, line) for index, line in enumerate(lines)),
        key=lambda one: (one[0], one[1]),
    )
    blocks = [(y, index, svg.wrap(line.name, NAME_WIDTH)[:4]) for y, index, line in wanted]
    total = sum(len(text) for _, _, text in blocks) * svg.LINE
    free, parts = min(TOP - 14, max(BOTTOM + 30 - total, 0.0)), []
    for position, (y, index, text) in enumerate(blocks):
        below = sum(len(other) for _, _, other in blocks[position:]) * svg.LINE
        top = min(max(y - len(text) * svg.LINE / 2, free), max(free, HEIGHT - below - 4))
        kind = index % len(svg.SHAPES) + 1
        parts.append(svg.text(RIGHT_WITH_NAMES + 3, top + 13, text, f"c-name c-name-{kind}"))
        free = top + len(text) * svg.LINE + 3
    return "".join(parts)


def _said(chart: Curve, lines: Sequence[Line]) -> str:
    """The chart in words."""
    along = chart.along.replace("_", " ")
    return " ".join(
        f"{line.name} by {along}: "
        + ", ".join(
            f"{words.digits(x)}: {words.number(one.median, line.metric.unit)}"
            for x, one in line.points
        )
        + "."
        for line in lines
    )
