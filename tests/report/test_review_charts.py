"""The charts of reviews: what they show, and what they say to who cannot see them."""

import datetime as dt
import xml.etree.ElementTree as ET

from earwitness.library.review.statistics import Day, Deck, Retention, Statistics
from earwitness.report import charts

SOME = Retention(reviews=10, remembered=8, measured=0.8, low=0.44, high=0.97, predicted=0.9)
NONE = Retention(reviews=0, remembered=0)


def told(*decks: tuple[str, Retention], overall: Retention = SOME) -> Statistics:
    counts = dict.fromkeys(("cards", "due", "graded", "again", "hard", "good", "easy"), 10)
    rows = tuple(
        Deck(deck=name, cards=10, due=1, suspended=0, retention=one) for name, one in decks
    )
    return Statistics(retention=overall, decks=rows, forecast=(), **counts)


def test_without_a_review_that_counts_there_is_no_chart():
    assert charts.retention(told(("Own", NONE), overall=NONE)) is None


def test_decks_stand_below_all_cards_and_are_said_in_words():
    drawn = charts.retention(told(("Own", SOME), ("<Claims>", SOME), ("New", NONE)))
    assert drawn
    root = ET.fromstring(drawn)
    texts = ["".join(one.itertext()) for one in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts[:3] == ["All cards", "Own", "<Claims>"]
    assert "New" not in texts
    assert "remembered 80 % [44 %, 97 %] of 10, predicted 90 %" in drawn.replace("\xa0", " ")


def test_one_deck_is_not_shown_twice():
    drawn = charts.retention(told(("Own", SOME)))
    assert drawn and "Own" not in drawn


def test_a_forecast_has_a_bar_for_each_day_that_has_cards():
    first = dt.date(2030, 1, 1)
    days = [Day(day=first + dt.timedelta(n), cards=n % 3) for n in range(6)]
    drawn = charts.forecast(days)
    assert drawn.count('class="c-bar"') == 4
    assert "2030-01-03: 2 cards." in drawn
    assert ET.fromstring(charts.forecast([])) is not None
