"""How well cards are remembered, against what the scheduler predicted, and what is due when.

Pure. Only reviews of cards that had left the learning steps count: within minutes anybody remembers.
"""

import collections
import datetime as dt
import statistics
from collections.abc import Iterable, Sequence
from typing import Literal

import fsrs
import msgspec

from earwitness.experiment.statistics import share_fixed
from earwitness.library.review.cards import Card, Review
from earwitness.library.review.scheduling import Grade


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """Share of reviews in which the card was remembered; None where there is no review."""

    reviews: int
    remembered: int
    measured: float | None = None
    low: float | None = None
    """Of the exact 95 % interval."""
    high: float | None = None
    predicted: float | None = None
    """Mean of what the scheduler expected of the same reviews."""


class Deck(msgspec.Struct, frozen=True, kw_only=True):
    """A deck, and how it stands."""

    deck: str
    cards: int
    due: int
    suspended: int
    retention: Retention


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """How many cards become due on a day, in UTC; the first day has what is due already."""

    day: dt.date
    cards: int


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """All of it."""

    schema: Literal["earwitness/review-statistics/1"] = "earwitness/review-statistics/1"
    cards: int
    due: int
    graded: int
    """How many grades stand."""
    again: int
    hard: int
    good: int
    easy: int
    retention: Retention
    decks: tuple[Deck, ...]
    forecast: tuple[Day, ...]


def of(
    cards: Sequence[Card], reviews: Sequence[Review], now: dt.datetime, *, days: int
) -> Statistics:
    """The statistics at that time, with a forecast for so many days."""
    grades = collections.Counter(review.grade for review in reviews)
    return Statistics(
        cards=len(cards),
        due=sum(_is_due(card, now) for card in cards),
        graded=len(reviews),
        again=grades[Grade.AGAIN],
        hard=grades[Grade.HARD],
        good=grades[Grade.GOOD],
        easy=grades[Grade.EASY],
        retention=retention(reviews),
        decks=tuple(_deck(name, cards, reviews, now) for name in sorted({c.deck for c in cards})),
        forecast=forecast(cards, now, days),
    )


def retention(reviews: Iterable[Review]) -> Retention:
    """Remembered and predicted, of the reviews that count."""
    counted = [one for one in reviews if one.before.state != int(fsrs.State.Learning)]
    counted = [one for one in counted if one.predicted is not None]
    if not counted:
        return Retention(reviews=0, remembered=0)
    remembered = sum(one.grade is not Grade.AGAIN for one in counted)
    share = share_fixed(remembered, len(counted))
    return Retention(
        reviews=len(counted),
        remembered=remembered,
        measured=share.effect,
        low=share.low,
        high=share.high,
        predicted=statistics.fmean(one.predicted or 0.0 for one in counted),
    )


def forecast(cards: Iterable[Card], now: dt.datetime, days: int) -> tuple[Day, ...]:
    """How many cards become due on each of the coming days, today first."""
    due = collections.Counter(
        max(card.memory.due, now).astimezone(dt.UTC).date() for card in cards if not card.suspended
    )
    first = now.astimezone(dt.UTC).date()
    coming = (first + dt.timedelta(days=number) for number in range(days))
    return tuple(Day(day=day, cards=due[day]) for day in coming)


def _deck(name: str, cards: Sequence[Card], reviews: Sequence[Review], now: dt.datetime) -> Deck:
    of_deck = [card for card in cards if card.deck == name]
    return Deck(
        deck=name,
        cards=len(of_deck),
        due=sum(_is_due(card, now) for card in of_deck),
        suspended=sum(card.suspended for card in of_deck),
        retention=retention(review for review in reviews if review.deck == name),
    )


def _is_due(card: Card, now: dt.datetime) -> bool:
    return not card.suspended and card.memory.due <= now
