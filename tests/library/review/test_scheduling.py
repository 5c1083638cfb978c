"""Scheduling is that of py-fsrs: its documented intervals, and equality with it review by review."""

import datetime as dt
import random

import fsrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.library.review import scheduling
from earwitness.library.review.scheduling import Grade, Memory

START = dt.datetime(2022, 11, 29, 12, 30, tzinfo=dt.UTC)


def intervals(grades, **options):
    memory, at, days = Memory(due=START), START, []
    for number, grade in enumerate(grades):
        memory = scheduling.graded(memory, Grade(grade), at, seed=str(number), **options)
        days.append((memory.due - memory.last_review).days)
        at = memory.due
    return days


def test_the_documented_intervals():
    """The vector of the tests of py-fsrs 6.3, with its default parameters."""
    grades = (3, 3, 3, 3, 3, 3, 1, 1, 3, 3, 3, 3, 3)
    assert intervals(grades, spread=False) == [0, 2, 11, 46, 163, 498, 0, 0, 2, 4, 7, 12, 21]


def test_the_documented_memory():
    """Stability and difficulty after the reviews of the tests of py-fsrs 6.3."""
    memory, at = Memory(due=START), START
    for grade, days in zip((1, 3, 3, 3, 3, 3), (0, 0, 1, 3, 8, 21), strict=True):
        at += dt.timedelta(days=days)
        memory = scheduling.graded(memory, Grade(grade), at, seed="", spread=False)
    assert round(memory.stability, 4) == pytest.approx(53.62691, abs=1e-4)
    assert round(memory.difficulty, 4) == pytest.approx(6.3574867, abs=1e-4)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(list(Grade)), st.floats(0, 400)), max_size=12))
def test_every_review_equals_the_librarys(reviews):
    scheduler = fsrs.Scheduler(enable_fuzzing=False)
    card, memory, at = fsrs.Card(card_id=1, due=START), Memory(due=START), START
    for grade, days in reviews:
        at += dt.timedelta(days=days)
        expected = scheduler.get_card_retrievability(card, at) if card.last_review else None
        assert scheduling.recall(memory, at) == expected
        card, _ = scheduler.review_card(card, fsrs.Rating(grade), at)
        memory = scheduling.graded(memory, grade, at, seed="", spread=False)
        assert (memory.due, memory.state, memory.step, memory.stability, memory.difficulty) == (
            *(card.due, card.state, card.step, card.stability, card.difficulty),
        )


def test_the_spread_of_days_comes_from_the_seed_and_touches_no_other_chance():
    known = Memory(
        due=START, state=2, step=None, stability=100.0, difficulty=5.0, last_review=START
    )
    at = START + dt.timedelta(days=100)

    def days(seed):
        return scheduling.interval(known, Grade.GOOD, at, seed=seed).days

    assert days("a:1") == days("a:1")
    assert len({days(f"a:{n}") for n in range(30)}) > 5
    random.seed(7)
    before = random.getstate()
    days("b")
    assert random.getstate() == before
