"""How reviews are said: lengths of time until a card is asked again, and the statistics.

Pure functions from values to plain text and plain data.
"""

import datetime as dt

import msgspec

from earwitness.check.wording import count
from earwitness.library.review import scheduling
from earwitness.library.review.cards import Card
from earwitness.library.review.statistics import Retention, Statistics
from earwitness.report.kept_document import CardDocument
from earwitness.report.quantities import percent

_DAYS_OF_A_MONTH = 30.4
_DAYS_OF_A_YEAR = 365.25
_BAR_WIDTH = 30


def document(card: Card, now: dt.datetime) -> dict[str, object]:
    """A card as plain data."""
    told: dict[str, object] = msgspec.to_builtins(described(card, now))
    return told


def described(card: Card, now: dt.datetime) -> CardDocument:
    """A card as a document."""
    names = ("id", "kind", "deck", "front", "back", "made_at", "suspended", "number", "snip")
    return CardDocument(
        recall=scheduling.recall(card.memory, now),
        **{name: getattr(card, name) for name in names},
        **msgspec.structs.asdict(card.memory),
    )


def until(wait: dt.timedelta) -> str:
    """A length of time as one counts it: ``10 min``, ``3 d``, ``2.1 months``."""
    minutes = max(0.0, wait.total_seconds() / 60)
    days = minutes / 60 / 24
    if minutes < 60:
        return f"{round(minutes)} min"
    if days < 1:
        return f"{round(minutes / 60)} h"
    if days < 60:
        return f"{round(days)} d"
    if days < _DAYS_OF_A_YEAR:
        return f"{days / _DAYS_OF_A_MONTH:.1f} months"
    return f"{days / _DAYS_OF_A_YEAR:.1f} years"


def statistics(told: Statistics) -> list[str]:
    """The statistics, a line each."""
    lines = [f"{count(told.cards, 'card')}, {told.due} due, {count(told.graded, 'review')}"]
    if told.graded:
        lines.append(f"again {told.again}, hard {told.hard}, good {told.good}, easy {told.easy}")
    lines += ["", f"retention: {retention(told.retention)}"]
    lines += [f"  {deck.deck}: {retention(deck.retention)}" for deck in told.decks]
    lines += ["", "comes due:"]
    most = max((day.cards for day in told.forecast), default=0)
    for day in told.forecast:
        bar = "█" * round(_BAR_WIDTH * day.cards / most) if most else ""
        lines.append(f"  {day.day}  {day.cards:>5}  {bar}".rstrip())
    return lines


def retention(told: Retention) -> str:
    """Measured against predicted: ``remembered 90 % [80 %, 96 %] of 50, predicted 91 %``."""
    if told.measured is None or told.low is None or told.high is None or told.predicted is None:
        return "no review after the learning steps yet"
    ends = f"[{percent(told.low)}, {percent(told.high)}]"
    return (
        f"remembered {percent(told.measured)} {ends} of {told.reviews}, "
        f"predicted {percent(told.predicted)}"
    )
