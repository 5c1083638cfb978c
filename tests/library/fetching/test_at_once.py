import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.library.fetching import at_once


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 99)), max_size=20))
def test_every_question_is_answered_once_and_those_of_a_host_in_order(questions):
    asked = []
    answers = at_once.answers(
        questions, lambda one: str(one[0]), lambda one: one[1] * 2, begin=asked.append
    )
    got = list(answers)
    assert sorted(got) == sorted((one, one[1] * 2) for one in questions)
    assert sorted(asked) == sorted(questions)
    for host in range(7):
        of_host = [one for one in questions if one[0] == host]
        assert [one for one, _ in got if one[0] == host] == of_host


def test_no_more_hosts_than_that_are_asked_at_once():
    active, most, lock = 0, [], threading.Lock()
    full = threading.Event()

    def ask(_):
        nonlocal active
        with lock:
            active += 1
            most.append(active)
            if active == at_once.MOST_HOSTS:
                full.set()
        assert full.wait(5)
        with lock:
            active -= 1

    assert len(list(at_once.answers(range(9), str, ask, begin=lambda _: None))) == 9
    assert max(most) == at_once.MOST_HOSTS


def test_what_goes_wrong_is_an_answer():
    def ask(number):
        return 1 / number

    answers = dict(at_once.answers([0, 1], str, ask, begin=lambda _: None))
    assert answers[1] == 1.0
    assert isinstance(answers[0], ZeroDivisionError)


def test_a_consumer_that_stops_leaves_nothing_waiting():
    release = threading.Event()
    answers = at_once.answers(
        range(2), str, lambda number: number == 0 or release.wait(5), begin=lambda _: None
    )
    assert next(answers) == (0, True)
    answers.close()
    release.set()
    with pytest.raises(StopIteration):
        next(answers)
