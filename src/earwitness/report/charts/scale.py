"""From numbers to places on an axis, linear or logarithmic, and the ticks between.

Pure arithmetic; no SVG. A place is a number from ``start`` to ``end``, whatever that means to the
chart (percent across, pixels down).
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from earwitness.experiment.contrast import SHARE_UNIT
from earwitness.report import words


@dataclass(frozen=True)
class Scale:
    """``low`` lies at ``start``, ``high`` at ``end``; both are positive when logarithmic.

    A logarithmic axis has no zero; one that shall show it gives it a place of its own, ``zero``.
    """

    low: float
    high: float
    logarithmic: bool
    start: float = 0.0
    end: float = 100.0
    zero: float | None = None

    def at(self, value: float) -> float:
        """The place of a value; values beyond the axis stand at its end."""
        if self.zero is not None and value == 0:
            return self.zero
        if self.logarithmic:
            value = max(value, self.low)
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + (self.end - self.start) * min(max(share, 0.0), 1.0)

    def ticks(self) -> list[float]:
        """A few round numbers on the axis, at least two."""
        return _log_ticks(self.low, self.high) if self.logarithmic else _ticks(self.low, self.high)


def from_zero(values: Iterable[float], *, start: float = 0.0, end: float = 100.0) -> Scale:
    """A linear scale that shows all values and zero, its ends on round numbers."""
    known = [0.0, *values]
    low, high = min(known), max(known)
    if low == high:
        high = low + 1.0
    step = _step(high - low)
    return Scale(
        math.floor(low / step + 1e-9) * step,
        math.ceil(high / step - 1e-9) * step,
        logarithmic=False,
        start=start,
        end=end,
    )


def logarithmic(values: Iterable[float], *, start: float = 0.0, end: float = 100.0) -> Scale:
    """A logarithmic scale over the positive values, with some room at its lower end."""
    known = [value for value in values if value > 0] or [1.0]
    low = 10.0 ** math.floor(math.log10(min(known)) - 0.2)
    high = max(known)
    top = next(
        m * 10.0 ** math.floor(math.log10(high))
        for m in (1, 2, 5, 10)
        if m * 10.0 ** math.floor(math.log10(high)) >= high * (1 - 1e-9)
    )
    return Scale(low, max(top, low * 10), logarithmic=True, start=start, end=end)


def around(values: Sequence[float], *, start: float = 0.0, end: float = 100.0) -> Scale:
    """A logarithmic scale just around positive values, for ratios: a margin on both sides."""
    low, high = min(values), max(values)
    margin = max((high / low) ** 0.12, 1.05)
    return Scale(low / margin, high * margin, logarithmic=True, start=start, end=end)


def axis_label(value: float, unit: str = "") -> str:
    """A tick's number, short: ``10k``, ``2M``; that of a share in percent, as shares are said."""
    if unit == SHARE_UNIT:
        return words.number(value, unit)
    for factor, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= factor:
            return words.digits(value / (1e3 if letter == "k" else factor)) + letter
    return words.digits(value)


def _step(span: float, pieces: int = 4) -> float:
    """A round step (1, 2, 2.5 or 5 times a power of ten) that gives about ``pieces`` ticks."""
    rough = span / pieces
    power = 10.0 ** math.floor(math.log10(rough))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= rough * (1 - 1e-9))


def _ticks(low: float, high: float) -> list[float]:
    step = _step(high - low)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [n * step for n in range(first, last + 1)]


def _log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten; with less than two of them on the axis also their double and fivefold."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    inside = (low * (1 - 1e-9), high * (1 + 1e-9))
    for multiples in ((1,), (1, 2, 5), tuple(range(1, 10))):
        ticks = [m * 10.0**p for p in powers for m in multiples]
        kept = [tick for tick in ticks if inside[0] <= tick <= inside[1]]
        if len(kept) >= 2:
            return kept[:: max(1, math.ceil(len(kept) / 6))]
    return [low, high]
