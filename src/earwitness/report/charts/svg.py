"""The few SVG elements that the charts are made of, as text.

Across is in percent of the drawing's width, down is in pixels. Every text is escaped here and
nowhere else; classes and numbers come from the chart modules only. No data, no scales.
"""

import html
import re
import textwrap
from collections.abc import Iterable

LINE = 18
"""Pixels from one line of text to the next."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def drawing(title: str, description: str, height: float, parts: Iterable[str]) -> str:
    """A whole drawing as wide as its place and ``height`` pixels high, named for screen readers."""
    return (
        f'<svg class="chart" role="img" aria-label="{escape(title)}" width="100%" '
        f'height="{_short(height)}" xmlns="http://www.w3.org/2000/svg">'
        f"<title>{escape(title)}</title><desc>{escape(description)}</desc>{''.join(parts)}</svg>"
    )


def rectangle(x: float, y: float, width: float, height: float, kind: str) -> str:
    """A rectangle of a class; its width is in percent as well."""
    return (
        f'<rect class="{kind}" x="{_short(x)}%" y="{_short(y)}" '
        f'width="{_short(max(width, 0.0))}%" height="{_short(height)}"/>'
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """A straight line of a class."""
    return (
        f'<line class="{kind}" x1="{_short(x1)}%" y1="{_short(y1)}" '
        f'x2="{_short(x2)}%" y2="{_short(y2)}"/>'
    )


def mark(x: float, y: float, outline: str, kind: str) -> str:
    """A small shape, ``outline`` being path data in pixels around the point."""
    return (
        f'<svg x="{_short(x)}%" y="{_short(y)}" overflow="visible">'
        f'<path class="{kind}" d="{outline}"/></svg>'
    )


def polyline(points: Iterable[tuple[float, float]], height: float, kind: str) -> str:
    """A line through points, stretched with the drawing's width; its stroke keeps its weight."""
    joined = " ".join(f"{_short(x)},{_short(y)}" for x, y in points)
    return (
        f'<svg x="0" y="0" width="100%" height="{_short(height)}" '
        f'viewBox="0 0 100 {_short(height)}" preserveAspectRatio="none" overflow="visible">'
        f'<polyline class="{kind}" points="{joined}" vector-effect="non-scaling-stroke"/></svg>'
    )


def text(
    x: float, y: float, lines: Iterable[str], kind: str = "c-text", anchor: str = "start"
) -> str:
    """Lines of text; ``y`` is the baseline of the first one."""
    spans = "".join(
        f'<tspan x="{_short(x)}%" y="{_short(y + index * LINE)}">{escape(words)}</tspan>'
        for index, words in enumerate(lines)
    )
    return f'<text class="{kind}" text-anchor="{anchor}">{spans}</text>'


def wrap(words: str, width: int) -> list[str]:
    """The text in lines of at most ``width`` characters; longer words are broken."""
    return textwrap.wrap(_UNPRINTABLE.sub("", words), width) or [""]


def escape(words: str) -> str:
    """Text for an element or a quoted attribute; control characters are left out."""
    return html.escape(_UNPRINTABLE.sub("", words))


def anchor_at(x: float) -> str:
    """How a label at ``x`` percent is anchored so that it stays inside the drawing."""
    if x < 25:
        return "start"
    return "end" if x > 75 else "middle"


def _short(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


# Outlines for ``mark``, about 9 px wide: told apart by shape, not by colour alone.
DOT = "M-4.5,0a4.5,4.5 0 1,0 9,0a4.5,4.5 0 1,0 -9,0z"
SQUARE = "M-4,-4h8v8h-8z"
DIAMOND = "M0,-5.5l5.5,5.5l-5.5,5.5l-5.5,-5.5z"
TRIANGLE = "M0,-5l5,9h-10z"
SHAPES = (DOT, SQUARE, DIAMOND, TRIANGLE)
ARROW_LEFT = "M0,0l7,-4.5v9z"
ARROW_RIGHT = "M0,0l-7,-4.5v9z"
