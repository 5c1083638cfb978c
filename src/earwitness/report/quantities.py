"""How numbers, units, intervals, dates and lengths of time are said; the same in every format.

Pure functions from values to plain text; no markup, no clock, and nothing of verdicts or runs. A
number is said with three significant digits, because no measurement here carries more; a whole
number below 100,000 is said as it is, because counts are exact.
"""

import datetime as dt
import math
from collections.abc import Mapping

from earwitness.experiment.contrast import (
    ANSWER_UNIT,
    PERCENT_UNIT,
    POINTS_UNIT,
    RATIO_UNIT,
    SHARE_POINTS_UNIT,
    SHARE_UNIT,
)
from earwitness.experiment.design import AtLeast, AtMost, Criterion
from earwitness.experiment.verdict import Interval

TIMES = "\N{MULTIPLICATION SIGN}"
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"
"""What stands where there is no number."""

SIGNIFICANT_DIGITS = 3
EXACT_BELOW = 100_000
SCIENTIFIC_FROM = 1e12
SCIENTIFIC_BELOW = 1e-4

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

# Units that are said larger or smaller by size: (from this magnitude on, factor, unit).
_SCALES: Mapping[str, tuple[tuple[float, float, str], ...]] = {
    "s": ((1.0, 1.0, "s"), (1e-3, 1e3, "ms"), (0.0, 1e6, "\N{MICRO SIGN}s")),
    "B": ((1e9, 1e-9, "GB"), (1e6, 1e-6, "MB"), (1e4, 1e-3, "kB"), (0.0, 1.0, "B")),
    SHARE_UNIT: ((0.0, 1e2, PERCENT_UNIT),),
    SHARE_POINTS_UNIT: ((0.0, 1e2, POINTS_UNIT),),
    "bytes": ((1e9, 1e-9, "GB"), (1e6, 1e-6, "MB"), (1e4, 1e-3, "kB"), (0.0, 1.0, "bytes")),
}

_PLURALS = (("ies", "y"), ("shes", "sh"), ("ches", "ch"), ("sses", "ss"), ("xes", "x"), ("s", ""))


# Numbers.


def number(value: float | None, unit: str = "") -> str:
    """A number with its unit: ``51x`` (with a multiplication sign), ``303 locks``, ``4.1 ms``.

    None is an en dash. A share of one is said in percent, seconds and bytes in the
    unit that suits their size.
    """
    if value is None:
        return NOTHING
    if unit == ANSWER_UNIT:
        return {0.0: "no", 1.0: "yes"}.get(value, digits(value))
    factor, said = _scale(unit, value)
    return _with_unit(digits(value * factor, counted=unit != RATIO_UNIT), said)


def digits(value: float, *, counted: bool = True) -> str:
    """A number without a unit, with three significant digits; commas from 10,000 on.

    A whole number below 100,000 is said as it is when it may have been ``counted``.
    """
    if math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return ("" if value > 0 else MINUS) + "\N{INFINITY}"
    magnitude = abs(value)
    if counted and magnitude < EXACT_BELOW and float(value).is_integer():
        text = _grouped(f"{magnitude:.0f}")
    elif value == 0 or SCIENTIFIC_BELOW <= magnitude < SCIENTIFIC_FROM:
        text = _rounded(magnitude)
    else:
        mantissa, exponent = f"{magnitude:.{SIGNIFICANT_DIGITS - 1}e}".split("e")
        text = f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return (MINUS if value < 0 else "") + text


def interval(ends: Interval, unit: str = "", *, like: float | None = None) -> str:
    """An interval: ``[50.5, 51.6]``; with an open end ``at least 3.2x``; empty without any end.

    The unit is not repeated in brackets; ``like`` is the number beside which the interval stands,
    so that both are said in the same unit.
    """
    low, high = ends
    if low is not None and high is not None:
        factor, _ = _scale(unit, like if like is not None else max(abs(low), abs(high)))
        # Beside a number that was rounded, its ends are rounded too, even where they are whole.
        counted = unit != RATIO_UNIT and (like is None or float(like).is_integer())
        said = (digits(end * factor, counted=counted) for end in (low, high))
        return f"[{', '.join(said)}]"
    if low is not None:
        return f"at least {number(low, unit)}"
    if high is not None:
        return f"at most {number(high, unit)}"
    return ""


def criterion(asked: Criterion, unit: str = "") -> str:
    """A criterion in words; one that accepts a single number is said as that number."""
    if unit == ANSWER_UNIT and isinstance(asked, AtLeast | AtMost):
        return "yes" if isinstance(asked, AtLeast) else "no"
    match asked:
        case AtLeast(limit):
            return f"at least {number(limit, unit)}"
        case AtMost(limit):
            return f"at most {number(limit, unit)}"
        case _ if asked.low == asked.high:
            return f"exactly {number(asked.low, unit)}"
        case _:
            return f"between {number(asked.low, unit)} and {number(asked.high, unit)}"


def percent(share: float) -> str:
    """A share of one as ``70 %``."""
    return f"{digits(share * 100)} %"


# Times.


def duration(seconds: float) -> str:
    """A length of time: ``450 ms``, ``4.1 s``, ``34 min``, ``1 h 4 min``."""
    if seconds < 60 and round(seconds) < 60:
        return number(seconds, "s")
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def clock(seconds: float) -> str:
    """A place in an episode: ``7:30``, ``1:02:05``."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def date(day: dt.date) -> str:
    """A day: ``24 June 2023``, in English whatever the locale."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def day(text: str) -> str:
    """The day of an ISO 8601 date or time, as ``date`` says it; what is none is said as it is."""
    try:
        return date(dt.date.fromisoformat(text[:10]))
    except ValueError:
        return text


def moment(when: dt.datetime) -> str:
    """A point in time: ``24 June 2023, 14:05 UTC``; one without a time zone is said as it is."""
    if when.tzinfo is None:
        return f"{date(when)}, {when:%H:%M}"
    universal = when.astimezone(dt.UTC)
    return f"{date(universal)}, {universal:%H:%M} UTC"


# Parts.


def _scale(unit: str, value: float) -> tuple[float, str]:
    """The factor and the unit in which a value of this size is said."""
    steps = _SCALES.get(unit)
    if (
        steps is None
        or math.isnan(value)
        or (value == 0 and unit not in (SHARE_UNIT, SHARE_POINTS_UNIT))
    ):
        return 1.0, unit
    magnitude = abs(float(f"{value:.{SIGNIFICANT_DIGITS}g}"))
    return next((factor, said) for least, factor, said in steps if magnitude >= least)


def _with_unit(text: str, unit: str) -> str:
    if unit == RATIO_UNIT:
        return text + TIMES
    if not unit:
        return text
    return f"{text} {_singular(unit) if text == '1' else unit}"


def _singular(unit: str) -> str:
    """One of a unit that is a word; abbreviations such as ``ms`` and ``TPS`` stay."""
    if len(unit) <= 3 or not (unit.isalpha() and unit.islower()):
        return unit
    return next((unit.removesuffix(end) + one for end, one in _PLURALS if unit.endswith(end)), unit)


def _rounded(magnitude: float) -> str:
    """Three significant digits of a number that is not negative, trailing zeros removed."""
    value = float(f"{magnitude:.{SIGNIFICANT_DIGITS}g}")
    if value == 0:
        return "0"
    places = max(0, SIGNIFICANT_DIGITS - 1 - math.floor(math.log10(value)))
    text = f"{value:.{places}f}"
    return _grouped(text.rstrip("0").rstrip(".") if "." in text else text)


def _grouped(text: str) -> str:
    """Commas between thousands from five digits on; four digits are read at a glance."""
    return text if len(text.partition(".")[0]) < 5 else f"{int(text):,}"
