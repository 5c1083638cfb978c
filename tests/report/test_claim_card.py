import dataclasses
import datetime as dt

import pytest

from earwitness.claims import registry
from earwitness.library.review.statistics import Day, Deck, Retention, Statistics
from earwitness.report import claim_card, review_words, words
from tests.report import samples


@pytest.fixture
def claim():
    return registry.find("select-star").claim


def test_the_front_asks_for_a_prediction_of_the_headline(claim):
    faces = claim_card.faces(claim, None)
    assert (faces.id, faces.kind) == ("claim:select-star", "claim")
    assert claim.said in faces.front
    assert faces.front.endswith(f"Predict: {claim.hypothesis(claim.headline).question}")


def test_the_back_says_how_to_measure_until_there_is_a_run_and_then_what_was_measured(claim):
    without = claim_card.faces(claim, None)
    assert "earwitness run select-star --predict" in without.back
    run = samples.refuted()
    told = claim_card.faces(claim, run)
    assert words.headline(run) in told.back and run.run_id in told.back
    assert "Not measured" not in told.back
    assert claim.boundary.false_when in told.back
    assert dataclasses.replace(told, back=without.back) == without


@pytest.mark.parametrize(
    ("wait", "said"),
    [
        (dt.timedelta(seconds=-3), "0 min"),
        (dt.timedelta(minutes=10), "10 min"),
        (dt.timedelta(hours=5), "5 h"),
        (dt.timedelta(days=3), "3 d"),
        (dt.timedelta(days=91), "3.0 months"),
        (dt.timedelta(days=731), "2.0 years"),
    ],
)
def test_a_wait_is_said_as_one_counts_it(wait, said):
    assert review_words.until(wait) == said


def test_statistics_say_measured_beside_predicted():
    seen = Retention(reviews=50, remembered=45, measured=0.9, low=0.78, high=0.97, predicted=0.91)
    told = review_words.statistics(
        Statistics(
            cards=3, due=1, graded=50, again=5, hard=5, good=30, easy=10, retention=seen,
            decks=(Deck(deck="Own", cards=3, due=1, suspended=0, retention=Retention(reviews=0, remembered=0)),),
            forecast=(Day(day=dt.date(2030, 1, 1), cards=2), Day(day=dt.date(2030, 1, 2), cards=0)),
        )
    )  # fmt: skip
    assert told[0] == "3 cards, 1 due, 50 reviews"
    assert "retention: remembered 90 % [78 %, 97 %] of 50, predicted 91 %" in told
    assert "  Own: no review after the learning steps yet" in told
    assert told[-2].startswith("  2030-01-01      2  █") and told[-1] == "  2030-01-02      0"
