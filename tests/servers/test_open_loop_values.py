"""When requests are due, and how their answers are counted; no process is started here."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.servers.open_loop import NO_ANSWER, NOT_SENT, Answers, Phase, arrivals

phases = st.lists(
    st.builds(Phase, seconds=st.floats(0.1, 5), rate=st.floats(0, 500)), min_size=1, max_size=4
)


@given(phases, st.integers(0, 2**40))
def test_requests_are_due_in_order_and_in_their_phases(load: list[Phase], seed: int) -> None:
    due = arrivals(load, seed)
    assert (np.diff(due) >= 0).all()
    begin = 0.0
    for phase in load:
        inside = ((due >= begin) & (due < begin + phase.seconds)).sum()
        expected = phase.rate * phase.seconds
        # eight standard deviations, and what a small Poisson number has beyond them
        assert abs(inside - expected) <= 8 * math.sqrt(expected) + 12
        begin += phase.seconds
    assert len(due) == 0 or due[-1] <= begin


def test_the_seed_decides() -> None:
    load = [Phase(seconds=2, rate=50)]
    assert (arrivals(load, 5) == arrivals(load, 5)).all()
    assert list(arrivals(load, 5)) != list(arrivals(load, 6))


def test_gaps_are_those_of_a_poisson_process() -> None:
    """Of exponential gaps the standard deviation equals the mean."""
    gaps = np.diff(arrivals([Phase(seconds=200, rate=100)], 1))
    assert gaps.mean() == pytest.approx(0.01, rel=0.05)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.05)


def test_no_phase_has_no_requests() -> None:
    assert len(arrivals([], 1)) == 0


def answers() -> Answers:
    status = [200, 500, 504, NO_ANSWER, NOT_SENT, 404]
    return Answers(
        due=np.arange(6.0),
        target=np.array([0, 1, 0, 1, 0, 1]),
        status=np.array(status),
        lateness=np.zeros(6),
        latency=np.array([0.1, 0.2, 0.3, np.nan, np.nan, 0.4]),
        cpu_share=0.1,
        began_at=0.0,
    )


def test_answers_are_counted_by_what_they_are() -> None:
    seen = answers()
    assert seen.failed == 2
    assert seen.count(200, 404) == 2
    assert seen.count(NOT_SENT) == seen.count(NO_ANSWER) == 1
    assert seen.quantile(1) == 0.4


def test_a_part_begins_when_it_says_and_ends_before() -> None:
    seen = answers().between(1, 3)
    assert list(seen.status) == [500, 504]
    assert seen.failed == 2
    assert list(answers().where(answers().target == 1).status) == [500, NO_ANSWER, 404]


def test_nothing_answered_has_no_latency() -> None:
    with pytest.raises(ValueError, match="nothing was answered"):
        answers().between(3, 5).quantile(0.5)
