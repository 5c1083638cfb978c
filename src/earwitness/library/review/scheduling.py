"""When a card is asked again: FSRS-6 as py-fsrs computes it, with its default parameters.

Pure but for the library's random number, which spreads long intervals by a few days so that cards
made together do not stay together. It is drawn from the card's id and the number of the review, so
that the same log always gives the same days.
"""

import contextlib
import datetime as dt
import enum
import random
from collections.abc import Iterator

import fsrs
import msgspec

DESIRED_RETENTION = 0.9
"""Probability of recall at which a card is asked again; py-fsrs's default."""


class Grade(enum.IntEnum):
    """How well it was remembered, as FSRS counts."""

    AGAIN = 1
    HARD = 2
    GOOD = 3
    EASY = 4


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """What the scheduler knows of a card; times in UTC."""

    due: dt.datetime
    state: int = int(fsrs.State.Learning)
    """1 is learning, 2 reviewing, 3 learning again; as in py-fsrs."""
    step: int | None = 0
    stability: float | None = None
    """Days after which the probability of recall is 90 %."""
    difficulty: float | None = None
    """From 1 to 10."""
    last_review: dt.datetime | None = None


def graded(
    memory: Memory, grade: Grade, at: dt.datetime, *, seed: str, spread: bool = True
) -> Memory:
    """What is known after a review. ``spread`` off gives the intervals of the formula itself."""
    scheduler = fsrs.Scheduler(desired_retention=DESIRED_RETENTION, enable_fuzzing=spread)
    with _drawn_from(seed):
        card, _ = scheduler.review_card(_card(memory), fsrs.Rating(grade), at)
    return Memory(
        due=card.due,
        state=int(card.state),
        step=card.step,
        stability=card.stability,
        difficulty=card.difficulty,
        last_review=card.last_review,
    )


def recall(memory: Memory, at: dt.datetime) -> float | None:
    """Probability of recall at that time; None for a card that was never reviewed."""
    if memory.last_review is None:
        return None
    return float(fsrs.Scheduler().get_card_retrievability(_card(memory), at))


def interval(memory: Memory, grade: Grade, at: dt.datetime, *, seed: str) -> dt.timedelta:
    """How long until the card would be asked again after that grade."""
    return graded(memory, grade, at, seed=seed).due - at


def _card(memory: Memory) -> fsrs.Card:
    return fsrs.Card(
        card_id=0,  # without one the library waits for a clock to make one
        state=fsrs.State(memory.state),
        step=memory.step,
        stability=memory.stability,
        difficulty=memory.difficulty,
        due=memory.due,
        last_review=memory.last_review,
    )


@contextlib.contextmanager
def _drawn_from(seed: str) -> Iterator[None]:
    """Let the library, which draws from Python's shared generator, draw from a seed instead."""
    kept = random.getstate()
    random.seed(seed)
    try:
        yield
    finally:
        random.setstate(kept)
