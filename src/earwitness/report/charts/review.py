"""How well cards are remembered against what was predicted, by deck; and how many come due when.

Pure functions of the statistics; what counts as a review stands in ``library.review.statistics``.
"""

from collections.abc import Sequence

from earwitness.library.review.statistics import Day, Retention, Statistics
from earwitness.report import review_words, words
from earwitness.report.charts import scale, svg
from earwitness.report.charts.scale import Scale

NAME_WIDTH = 42
"""Characters in a line of a deck's name, on the narrowest page."""
STRIP = 22
FOOT = 16
EDGE = 1.5
"""Percent at both ends, so that a point there lies inside the drawing."""
BARS, BARS_HEIGHT = 120.0, 164.0


def retention(told: Statistics) -> str | None:
    """A row for all cards and one for each deck; None without a review that counts."""
    rows = [("All cards", told.retention), *((deck.deck, deck.retention) for deck in told.decks)]
    shown = [(name, one) for name, one in rows if one.measured is not None]
    if not shown:
        return None
    if len(shown) == 2:  # one deck says what all say
        shown = shown[:1]
    axis = Scale(0.0, 1.0, logarithmic=False, start=EDGE, end=100.0 - EDGE)
    parts, y = [], 0.0
    for name, one in shown:
        parts.append(_row(name, one, axis, y))
        y += len(svg.wrap(name, NAME_WIDTH)) * svg.LINE + STRIP + FOOT
    for share in (0.0, 0.5, 1.0):
        x = axis.at(share)
        parts.append(svg.text(x, y + 8, [words.percent(share)], "c-tick", svg.anchor_at(x)))
    said = " ".join(f"{name}: {review_words.retention(one)}." for name, one in shown)
    return svg.drawing("Remembered, measured against predicted", said, y + 14, parts)


def forecast(days: Sequence[Day]) -> str:
    """A bar for each of the coming days, today first."""
    most = max((day.cards for day in days), default=0)
    down = scale.from_zero([most or 1], start=BARS, end=14.0)
    width = 100.0 / max(len(days), 1)
    parts = [svg.line(0, BARS, 100, BARS, "c-grid")]
    for place, day in enumerate(days):
        top, middle = down.at(day.cards), (place + 0.5) * width
        if day.cards:
            parts.append(
                svg.rectangle(place * width + width * 0.15, top, width * 0.7, BARS - top, "c-bar")
            )
            parts.append(svg.text(middle, top - 4, [f"{day.cards}"], "c-value", "middle"))
        if place % 2 == 0:
            label = "today" if place == 0 else f"+{place}"
            at, anchor = (0.0, "start") if place == 0 else (middle, "middle")
            parts.append(svg.text(at, BARS + 18, [label], "c-tick", anchor))
    parts.append(svg.text(50, BARS_HEIGHT - 8, ["days from today"], "c-tick", "middle"))
    said = " ".join(f"{day.day}: {words.count(day.cards, 'card')}." for day in days)
    return svg.drawing("Cards that come due", said, BARS_HEIGHT, parts)


def _row(name: str, one: Retention, axis: Scale, y: float) -> str:
    assert one.measured is not None
    lines = svg.wrap(name, NAME_WIDTH)
    parts = [svg.text(0, y + 13, lines)]
    y += len(lines) * svg.LINE
    middle = y + STRIP / 2
    parts.append(svg.rectangle(axis.start, y, axis.end - axis.start, STRIP, "c-ground"))
    if one.predicted is not None:
        x = axis.at(one.predicted)
        parts.append(svg.line(x, y - 3, x, y + STRIP + 3, "c-threshold"))
    if one.low is not None and one.high is not None:
        low, high = axis.at(one.low), axis.at(one.high)
        parts.append(svg.line(low, middle, high, middle, "c-whisker"))
    parts.append(svg.mark(axis.at(one.measured), middle, svg.DOT, "c-disc"))
    return "".join(parts)
