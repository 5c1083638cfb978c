"""How well predictions were: stated probabilities against what came true, and factors of error.

Pure functions of scores; where predictions come from, and how they are scored, stands in
``experiment.prediction``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from earwitness.report import words
from earwitness.report.charts import scale, svg
from earwitness.report.charts.scale import Scale

BIN = 0.1
"""Width of a bin of stated probabilities."""

TITLE = "Stated probability against how often it came true"
LEFT, RIGHT, TOP, BOTTOM, HEIGHT = 16.0, 94.0, 14.0, 234.0, 276.0


@dataclass(frozen=True)
class Bin:
    """Predictions of about the same stated probability."""

    stated: float
    came_true: float
    predictions: int


def bins(points: Sequence[tuple[float, bool]]) -> list[Bin]:
    """Pairs of (stated probability, came true) in tenths; each bin at its mean probability."""
    groups: dict[int, list[tuple[float, bool]]] = {}
    for stated, true in points:
        groups.setdefault(min(int(stated / BIN + 1e-9), round(1 / BIN) - 1), []).append(
            (stated, true)
        )
    return [
        Bin(
            sum(stated for stated, _ in group) / len(group),
            sum(true for _, true in group) / len(group),
            len(group),
        )
        for _, group in sorted(groups.items())
    ]


def calibration(points: Sequence[tuple[float, bool]], title: str = TITLE) -> str | None:
    """Points on the diagonal are well calibrated, below it too sure. None without predictions.

    ``points``: pairs of the stated probability (0 to 1) and whether it came true.
    """
    if not points:
        return None
    across = Scale(0.0, 1.0, logarithmic=False, start=LEFT, end=RIGHT)
    down = Scale(0.0, 1.0, logarithmic=False, start=BOTTOM, end=TOP)
    found = bins(points)
    parts = [_square(across, down)]
    for one in found:
        x, y = across.at(one.stated), down.at(one.came_true)
        below = y < TOP + 24
        label = svg.text(x, y + (24 if below else -14), [f"{one.predictions}"], "c-value", "middle")
        parts.append(svg.mark(x, y, _disc(one.predictions), "c-disc") + label)
    said = " ".join(
        f"Stated about {words.percent(one.stated)}: {words.percent(one.came_true)} of "
        f"{words.count(one.predictions, 'prediction')} came true."
        for one in found
    )
    return svg.drawing(title, said, HEIGHT, parts)


def factors(log_errors: Sequence[float], title: str = "How far predictions were off") -> str | None:
    """A point for each prediction of a size, by the factor between predicted and measured.

    ``log_errors``: absolute natural logarithms of predicted over measured. None without any.
    """
    if not log_errors:
        return None
    off = sorted(math.exp(abs(error)) for error in log_errors)
    axis = Scale(1.0, max(2.0, off[-1] * 1.1), logarithmic=True, start=3.0, end=97.0)
    ticks = [1.0, *(tick for tick in scale.logarithmic(off).ticks() if 1 < tick <= axis.high)]
    parts = [svg.line(axis.start, 30, axis.end, 30, "c-grid")]
    for tick in ticks:
        x = axis.at(tick)
        parts.append(svg.line(x, 22, x, 38, "c-grid"))
        parts.append(
            svg.text(x, 56, [words.number(tick, "x")], "c-tick", "start" if x < 4 else "middle")
        )
    parts += [svg.mark(axis.at(factor), 30, svg.DOT, "c-disc") for factor in off]
    middle = off[len(off) // 2]
    said = f"{words.count(len(off), 'prediction')}; the middle one was off by {words.number(middle, 'x')}."
    return svg.drawing(title, said, 66, parts)


def _square(across: Scale, down: Scale) -> str:
    """Grid, axes and the diagonal of perfect calibration."""
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = across.at(share), down.at(share)
        parts.append(svg.line(LEFT, y, RIGHT, y, "c-grid") + svg.line(x, TOP, x, BOTTOM, "c-grid"))
        parts.append(svg.text(LEFT - 2, y + 4, [words.percent(share)], "c-tick", "end"))
        parts.append(svg.text(x, BOTTOM + 18, [words.percent(share)], "c-tick", "middle"))
    parts.append(svg.line(across.at(0), down.at(0), across.at(1), down.at(1), "c-diagonal"))
    middle = (LEFT + RIGHT) / 2
    parts.append(svg.text(middle, BOTTOM + 37, ["stated probability"], "c-tick", "middle"))
    return "".join(parts)


def _disc(predictions: int) -> str:
    """A disc whose area grows with the number of predictions, up to a radius of 14 px."""
    radius = min(4.0 + math.sqrt(predictions) * 1.5, 14.0)
    return f"M{-radius:.1f},0a{radius:.1f},{radius:.1f} 0 1,0 {2 * radius:.1f},0a{radius:.1f},{radius:.1f} 0 1,0 {-2 * radius:.1f},0z"
