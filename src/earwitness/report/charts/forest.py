"""A forest of hypotheses: each effect with its interval, against what was asked for.

The shaded part of a row is where the hypothesis holds: a bar wholly inside it is supported, wholly
outside it refuted. Ratios share one logarithmic axis; every other unit has an axis of its own row.
"""

import math
from collections.abc import Sequence

from earwitness.experiment.design import AtLeast, AtMost
from earwitness.experiment.verdict import HypothesisResult, accepted_range
from earwitness.report import words
from earwitness.report.charts import scale, svg
from earwitness.report.charts.scale import Scale

STATEMENT_WIDTH = 42
"""Characters in a line of a statement, on the narrowest page."""

STRIP = 22
FOOT = 34


def forest(results: Sequence[HypothesisResult], title: str) -> str | None:
    """Rows in the given order; None when nothing was measured."""
    shown = [result for result in results if result.effect is not None]
    if not shown:
        return None
    shared = [value for r in shown if _is_ratio(r) for value in _numbers(r)]
    ratios = scale.around([*shared, 1.0]) if shared else None
    parts, y = [], 0.0
    for result in shown:
        own = ratios if ratios is not None and _is_ratio(result) else _own_axis(result)
        drawn, y = _row(result, own, y)
        parts.append(drawn)
    said = " ".join(f"{words.as_sentence(r.statement)} {words.sentence(r)}" for r in shown)
    return svg.drawing(title, said, y, parts)


def _is_ratio(result: HypothesisResult) -> bool:
    """A ratio whose numbers can stand on a logarithmic axis."""
    return result.unit == "x" and all(value > 0 for value in _numbers(result))


def _numbers(result: HypothesisResult) -> list[float]:
    """All finite numbers of a row: effect, interval, and thresholds."""
    ends = [*result.interval, result.effect, *accepted_range(result.criterion)]
    return [value for value in ends if value is not None and math.isfinite(value)]


def _own_axis(result: HypothesisResult) -> Scale:
    """A linear axis with zero, and some room beyond the largest number."""
    numbers = _numbers(result)
    low, high = min([0.0, *numbers]), max([0.0, *numbers])
    room = (high - low) * 0.15 or 1.0
    return Scale(low - (room if low < 0 else 0.0), high + room, logarithmic=False)


def _row(result: HypothesisResult, axis: Scale, y: float) -> tuple[str, float]:
    """A row and where the next one starts."""
    lines = svg.wrap(words.as_sentence(result.statement), STATEMENT_WIDTH)
    parts = [svg.text(0, y + 13, lines)]
    y += len(lines) * svg.LINE
    parts.append(svg.text(0, y + 13, svg.wrap(words.measured(result), 40), "c-number"))
    y += len(svg.wrap(words.measured(result), 40)) * svg.LINE + 4
    parts += [_ground(result, axis, y), _estimate(result, axis, y + STRIP / 2)]
    return "".join(parts), y + STRIP + FOOT


def _ground(result: HypothesisResult, axis: Scale, y: float) -> str:
    """The strip with its accepted part, the line of no difference, and the threshold below."""
    low, high = accepted_range(result.criterion)
    left = axis.start if math.isinf(low) else axis.at(low)
    right = axis.end if math.isinf(high) else axis.at(high)
    parts = [
        svg.rectangle(axis.start, y, axis.end - axis.start, STRIP, "c-ground"),
        svg.rectangle(left, y, right - left, STRIP, "c-holds"),
    ]
    if _is_ratio(result):
        parts.append(svg.line(axis.at(1.0), y, axis.at(1.0), y + STRIP, "c-one"))
    parts += [
        svg.line(axis.at(end), y - 3, axis.at(end), y + STRIP + 3, "c-threshold")
        for end in (low, high)
        if math.isfinite(end)
    ]
    place = _label_place(result, left, right)
    label = svg.text(
        place, y + STRIP + 15, [words.threshold(result)], "c-tick", svg.anchor_at(place)
    )
    return "".join([*parts, label])


def _label_place(result: HypothesisResult, left: float, right: float) -> float:
    """Where the threshold is said: at its line, for equivalence between its two lines."""
    match result.criterion:
        case AtLeast():
            return left
        case AtMost():
            return right
        case _:
            middle = (left + right) / 2
            return {"start": left, "middle": middle, "end": right}[svg.anchor_at(middle)]


def _estimate(result: HypothesisResult, axis: Scale, y: float) -> str:
    """The interval as a line (an arrow where it has no end) and the effect as a point on it."""
    kind = f"c-{result.verdict.value}"
    low, high = result.interval
    parts = []
    if result.inference != "exact" or low != high:
        left = axis.start if low is None else axis.at(low)
        right = axis.end if high is None else axis.at(high)
        parts.append(svg.line(left, y, right, y, f"c-interval {kind}"))
        parts += [
            svg.line(x, y - 6, x, y + 6, f"c-interval {kind}")
            for x, end in ((left, low), (right, high))
            if end is not None
        ]
        if low is None:
            parts.append(svg.mark(left, y, svg.ARROW_LEFT, f"c-point {kind}"))
        if high is None:
            parts.append(svg.mark(right, y, svg.ARROW_RIGHT, f"c-point {kind}"))
    if result.effect is not None:
        parts.append(svg.mark(axis.at(result.effect), y, svg.DOT, f"c-point {kind}"))
    return "".join(parts)
