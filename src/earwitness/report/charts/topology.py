"""Maps of what is connected to what, with two numbers at each place.

Rows by distance from the first node; a node's name and numbers stand below its mark, and lines
between rows end above and below these, so that no line runs through a word. That a place lost
something shows in the shape of its mark as well as in its colour.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from earwitness.experiment.design import Node, Topology
from earwitness.report import series, words
from earwitness.report.charts import svg
from earwitness.report.document import RunDocument

MARK = 12.0
"""Pixels from the top of a row to the middle of its marks."""
CLEAR = 8.0
"""Pixels between the middle of a mark and the lines and words above and below it."""
GAP = 26.0
"""Pixels between rows, for the lines."""
ARROW = "→"

_NAME_WIDTHS = {1: 28, 2: 20, 3: 13}
"""Characters of a name in a line by the nodes of its row, on the narrowest page."""
_NARROWEST_NAME = 9


@dataclass(frozen=True)
class Place:
    """A node with the medians of its metrics; None where nothing was measured."""

    node: Node
    before: float | None
    after: float | None

    @property
    def numbers(self) -> str | None:
        """Both in words; None when there is nothing to say."""
        if self.before is None or self.after is None:
            return None
        return f"{words.number(self.before)} {ARROW} {words.number(self.after)}"


@dataclass(frozen=True)
class _Spot:
    """Where a place is drawn: ``x`` in percent, the rest in pixels."""

    x: float
    mark: float
    bottom: float
    lines: tuple[str, ...]
    row: int


def places(chart: Topology, run: RunDocument) -> list[Place]:
    """Every node with its numbers; empty when the run has measured none of them."""
    experiment = series.experiment_of(run, chart.experiment)
    if experiment is None:
        return []

    def median(metric: str | None) -> float | None:
        if metric is None:
            return None
        found = series.summaries(run, experiment, metric, chart.arms)
        return found[0].median if found else None

    shown = [Place(node, median(node.before), median(node.after)) for node in chart.nodes]
    return shown if any(place.numbers for place in shown) else []


def topology(chart: Topology, run: RunDocument) -> str | None:
    """The map; None when the run has measured nothing of it."""
    shown = places(chart, run)
    if not shown:
        return None
    spots = _spots(shown, _rows(chart))
    parts = [_line(spots[link.first], spots[link.second]) for link in chart.links]
    parts += [_place(place, spots[place.node.name]) for place in shown]
    height = max(spot.bottom for spot in spots.values()) + CLEAR
    return svg.drawing(chart.title, _said(chart, shown), height, parts)


def _rows(chart: Topology) -> Mapping[str, int]:
    """The distance of each node from the first one; what is not connected comes last."""
    beside: dict[str, set[str]] = {node.name: set() for node in chart.nodes}
    for link in chart.links:
        beside[link.first].add(link.second)
        beside[link.second].add(link.first)
    rows: dict[str, int] = {}
    front, distance = {chart.nodes[0].name}, 0
    while front:
        rows |= dict.fromkeys(front, distance)
        distance += 1
        front = {other for name in front for other in beside[name]} - rows.keys()
    return {node.name: rows.get(node.name, distance) for node in chart.nodes}


def _spots(shown: Sequence[Place], rows: Mapping[str, int]) -> dict[str, _Spot]:
    spots, top = {}, 0.0
    for row in sorted(set(rows.values())):
        several = [place for place in shown if rows[place.node.name] == row]
        width = _NAME_WIDTHS.get(len(several), _NARROWEST_NAME)
        names = [tuple(svg.wrap(place.node.title, width)) for place in several]
        mark = top + MARK
        for index, (place, lines) in enumerate(zip(several, names, strict=True)):
            x = (index + 0.5) / len(several) * 100
            below = len(lines) + (place.numbers is not None)
            bottom = mark + CLEAR + below * svg.LINE
            spots[place.node.name] = _Spot(x, mark, bottom, lines, row)
        top = max(spots[place.node.name].bottom for place in several) + GAP
    return spots


def _line(one: _Spot, other: _Spot) -> str:
    """From mark to mark in a row, else from below the words of the upper one."""
    upper, lower = sorted((one, other), key=lambda spot: spot.row)
    if upper.row == lower.row:
        return svg.line(upper.x, upper.mark, lower.x, lower.mark, "c-link")
    return svg.line(upper.x, upper.bottom + 2, lower.x, lower.mark - CLEAR, "c-link")


def _place(place: Place, spot: _Spot) -> str:
    if place.before is None or place.after is None:
        outline, kind = svg.SQUARE, "c-mark c-mark-2"
    elif place.after < place.before:
        outline, kind = svg.DIAMOND, "c-mark c-mark-3"
    else:
        outline, kind = svg.DOT, "c-mark c-mark-1"
    baseline = spot.mark + CLEAR + 13
    drawn = svg.mark(spot.x, spot.mark, outline, kind)
    drawn += svg.text(spot.x, baseline, spot.lines, "c-text", "middle")
    if place.numbers is not None:
        last = baseline + len(spot.lines) * svg.LINE
        drawn += svg.text(spot.x, last, [place.numbers], "c-number", "middle")
    return drawn


def _said(chart: Topology, shown: Sequence[Place]) -> str:
    """The map in words."""
    titles = {node.name: node.title for node in chart.nodes}
    numbers = "; ".join(
        f"{place.node.title}: {words.number(place.before)} before, {words.number(place.after)} after"
        for place in shown
        if place.before is not None and place.after is not None
    )
    links = "; ".join(f"{titles[link.first]} with {titles[link.second]}" for link in chart.links)
    return f"Medians of the blocks. {numbers}. Connected are: {links}."
