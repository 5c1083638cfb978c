import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.library.evaluation import metrics

rankings = st.lists(st.booleans(), max_size=12)


@given(rankings, st.integers(0, 20))
def test_ndcg_is_between_none_and_all(ranking, more):
    value = metrics.ndcg(ranking, sum(ranking) + more)
    assert 0 <= value <= 1


def test_ndcg_by_hand():
    expected = (1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3))
    assert metrics.ndcg([True, False, True], 2) == pytest.approx(expected)
    assert metrics.ndcg([True, True], 2) == 1
    assert metrics.ndcg([False] * 10 + [True], 1) == 0


def test_hits_ranks_and_precision_by_hand():
    ranking = [False, True, False, True]
    assert (metrics.hit(ranking, 1), metrics.hit(ranking, 2)) == (0, 1)
    assert metrics.reciprocal_rank(ranking) == 0.5
    assert metrics.precision(ranking) == 0.5
    assert metrics.reciprocal_rank([]) == metrics.precision([]) == 0


@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=20),
    st.lists(st.integers(0, 5), min_size=1, max_size=20),
)
def test_auroc_is_the_share_of_pairs_in_the_right_order(high, low):
    pairs = [(a > b) + (a == b) / 2 for a in high for b in low]
    assert metrics.auroc(high, low) == pytest.approx(sum(pairs) / len(pairs))


def test_risk_counts_the_wrong_among_the_most_confident():
    told = metrics.risk_at_coverage(
        [0.9, 0.1, 0.5, 0.7], [True, False, False, True], [0.5, 0.75, 1]
    )
    assert told == [(0.5, 0.0), (0.75, pytest.approx(1 / 3)), (1, 0.5)]


def test_an_interval_covers_the_mean_as_often_as_it_says():
    draw, covered = random.Random(3), 0
    for world in range(120):
        groups = [group for group in range(25) for _ in range(4)]
        offsets = [draw.gauss(0, 1) for _ in range(25)]
        values = [offsets[group] + draw.gauss(0, 1) for group in groups]
        _, low, high = metrics.interval(values, groups, seed=world)
        covered += low <= 0 <= high
    assert covered / 120 > 0.85


def test_an_interval_that_takes_questions_for_independent_would_not():
    draw, covered = random.Random(3), 0
    for world in range(120):
        offsets = [draw.gauss(0, 1) for _ in range(25)]
        values = [offsets[place // 4] + draw.gauss(0, 0.1) for place in range(100)]
        _, low, high = metrics.interval(values, list(range(100)), seed=world)
        covered += low <= 0 <= high
    assert covered / 120 < 0.85
