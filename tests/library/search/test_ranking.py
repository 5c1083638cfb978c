import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from earwitness.library.search import index, ranking

amounts = st.lists(st.floats(0, 10), min_size=1, max_size=40)


def slowly(amount):
    """The definition of a neighbourhood, neighbour by neighbour."""
    n = len(amount)
    return [
        sum(
            amount[j] * ranking.FADING ** abs(i - j)
            for j in range(max(0, i - ranking.REACH), min(n, i + ranking.REACH + 1))
        )
        for i in range(n)
    ]


@given(amounts)
def test_a_neighbourhood_is_the_fading_sum_up_to_the_reach(amount):
    assert np.allclose(ranking.neighbourhood(np.array(amount)), slowly(amount))


def test_nothing_reaches_from_one_document_into_the_next():
    assert index.GAP > ranking.REACH


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_a_rarer_term_weighs_more_and_none_less_than_nothing(documents, more):
    whole = 3000
    assert 0 <= ranking.rarity(documents + more, whole) < ranking.rarity(documents, whole)


def test_once_in_a_usual_passage_counts_one_and_more_is_bounded():
    usual = ranking.TYPICAL_LETTERS
    once, often, bounded = ranking.amounts(np.array([1.0, 3.0, 1e9]), np.array([usual] * 3))
    assert once == 1
    assert 1 < often < bounded <= ranking.SATURATION + 1


def test_coverage_is_the_share_of_the_weights():
    def found(ids, weight):
        return ranking.Found(np.array(ids), np.ones(len(ids)), weight)

    shares = ranking.coverages([found([10, 11], 3.0), found([11], 1.0)], 10, 12)
    assert shares.tolist() == [0.75, 1.0, 0.0]


def test_a_term_of_the_title_stands_in_each_passage_that_has_another():
    said = ranking.Found(np.array([11]), np.ones(1), 3.0)
    titled = ranking.Found(np.array([], dtype=np.int64), np.ones(0), 1.0, titled=True)
    assert ranking.coverages([said, titled], 10, 12).tolist() == [0.0, 1.0, 0.0]
    scores = ranking.scores([said, titled], 10, 12, alone=True)
    assert scores[1] > ranking.scores([said], 10, 12, alone=True)[1]
    assert scores[0] == scores[2] == 0


def test_one_of_several_terms_is_a_lone_one():
    first = ranking.Found(np.array([10, 11]), np.ones(2), 3.0)
    second = ranking.Found(np.array([11]), np.ones(1), 1.0)
    assert ranking.lone([first, second], 10, 12).tolist() == [True, False, True]
    assert ranking.lone([first], 10, 12).tolist() == [False, False, False]


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0]), max_size=30), st.integers(1, 40))
def test_the_best_are_the_best_in_order(scores, most):
    chosen = ranking.best(np.array(scores), most).tolist()
    ordered = sorted((i for i, s in enumerate(scores) if s > 0), key=lambda i: (-scores[i], i))
    assert [scores[i] for i in chosen] == [scores[i] for i in ordered[:most]]
