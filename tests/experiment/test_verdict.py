import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.experiment import verdict
from earwitness.experiment.design import AtLeast, AtMost, Within
from earwitness.experiment.verdict import Verdict

finite = st.floats(-1e6, 1e6)
criteria = st.one_of(
    finite.map(AtLeast),
    finite.map(AtMost),
    st.tuples(finite, finite).map(lambda ends: Within(min(ends), max(ends))),
)


@pytest.mark.parametrize(
    ("criterion", "low", "high", "expected"),
    [
        (AtLeast(2), 2.0, 9.0, Verdict.SUPPORTED),
        (AtLeast(2), 0.5, 1.9, Verdict.REFUTED),
        (AtLeast(2), 1.9, 2.1, Verdict.INCONCLUSIVE),
        (AtMost(2), -5.0, 2.0, Verdict.SUPPORTED),
        (AtMost(2), 2.1, 3.0, Verdict.REFUTED),
        (AtMost(2), 1.0, 3.0, Verdict.INCONCLUSIVE),
        (Within(0.9, 1.1), 0.95, 1.05, Verdict.SUPPORTED),
        (Within(0.9, 1.1), 1.2, 1.3, Verdict.REFUTED),
        (Within(0.9, 1.1), 0.5, 0.8, Verdict.REFUTED),
        (Within(0.9, 1.1), 0.5, 2.0, Verdict.INCONCLUSIVE),
        (AtLeast(2), float("-inf"), float("inf"), Verdict.INCONCLUSIVE),
    ],
)
def test_an_interval_decides_only_when_the_whole_of_it_lies_on_one_side(
    criterion, low, high, expected
):
    assert verdict.of_interval(criterion, low, high) is expected


@given(criteria, finite, finite)
def test_a_decided_interval_agrees_with_every_number_in_it(criterion, one, other):
    low, high = min(one, other), max(one, other)
    found = verdict.of_interval(criterion, low, high)
    ends = {verdict.meets(criterion, number) for number in (low, (low + high) / 2, high)}
    if found is Verdict.SUPPORTED:
        assert ends == {True}
    if found is Verdict.REFUTED:
        assert ends == {False}


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([Verdict.SUPPORTED] * 2, Verdict.SUPPORTED),
        ([Verdict.REFUTED] * 2, Verdict.REFUTED),
        ([Verdict.UNAVAILABLE], Verdict.UNAVAILABLE),
        ([Verdict.SUPPORTED, Verdict.REFUTED], Verdict.MIXED),
        ([Verdict.SUPPORTED, Verdict.REFUTED, Verdict.INCONCLUSIVE], Verdict.MIXED),
        ([Verdict.SUPPORTED, Verdict.INCONCLUSIVE], Verdict.INCONCLUSIVE),
        ([Verdict.SUPPORTED, Verdict.UNAVAILABLE], Verdict.INCONCLUSIVE),
        ([], Verdict.INCONCLUSIVE),
    ],
)
def test_the_verdict_of_a_claim(verdicts, expected):
    for order in itertools.permutations(verdicts):
        assert verdict.of_claim(order) is expected
