"""Review on the site: cards made, asked, graded once, taken back, suspended and counted."""

import datetime as dt
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from earwitness.library.review import cards
from earwitness.library.review.scheduling import Grade
from earwitness.store.connection import open_store
from tests.web.conftest import EPISODE, token

NOTHING_DUE = "Nothing is due"


def post(site: TestClient, address: str, **fields: str | list[str]):
    return site.post(address, data={"token": token(site, "/review/cards"), **fields})


@pytest.fixture
def card(site: TestClient) -> str:
    """A card of one's own; its id."""
    order = {"front": "What is a <run>?", "back": "A sorted part."}
    answer = site.post("/api/cards", json=order)
    assert answer.status_code == 201
    return answer.json()["cards"][0]


def test_without_a_card_the_page_says_what_one_is_made_from(site: TestClient) -> None:
    text = site.get("/review").text
    assert "No cards yet" in text and "/review/cards" in text


def test_a_card_is_asked_shown_and_graded_without_a_script(site: TestClient, card: str) -> None:
    asked = site.get("/review").text
    assert "What is a &lt;run&gt;?" in asked
    assert "data-back hidden" in asked and "data-grades hidden" in asked
    shown = site.get("/review?shown=1").text
    assert "data-back hidden" not in shown and "data-grades hidden" not in shown
    after = post(site, "/review/grade", card=card, grade="4", seen="0")
    assert after.url.path == "/review" and NOTHING_DUE in after.text
    (told,) = site.get("/api/cards").json()["cards"]
    assert (told["number"], told["state"]) == (1, 2)
    assert site.get("/api/cards?due=true").json()["cards"] == []


def test_a_grade_is_taken_back(site: TestClient, card: str) -> None:
    post(site, "/review/grade", card=card, grade="3", seen="0")
    answer = post(site, "/review/undo")
    assert "taken back" in answer.text and "What is a" in answer.text
    assert "no grade to take back" in post(site, "/review/undo").text


def test_two_windows_grade_a_card_once(site: TestClient, card: str, stocked: Path) -> None:
    post(site, "/review/grade", card=card, grade="4", seen="0")
    answer = post(site, "/review/grade", card=card, grade="1", seen="0")
    assert "graded meanwhile" in answer.text
    again = site.post("/api/cards/grade", json={"card": card, "grade": 1, "seen": 0})
    assert again.status_code == 409
    with open_store(stocked) as store:
        assert [review.grade for review in cards.log(store)] == [Grade.EASY]


@pytest.mark.parametrize("given", ["0", "5", "x", ""])
def test_what_is_no_grade_is_refused(site: TestClient, card: str, given: str) -> None:
    assert post(site, "/review/grade", card=card, grade=given).status_code == 422
    assert site.get("/api/cards").json()["cards"][0]["number"] == 0


def test_suspended_and_asked_again(site: TestClient, card: str) -> None:
    assert NOTHING_DUE in post(site, "/review/suspend", card=card).text
    assert "Ask it again" in site.get("/review/cards").text
    post(site, "/review/suspend", card=card, off="1")
    assert "What is a" in site.get("/review").text


def test_decks_are_asked_by_themselves(site: TestClient, card: str) -> None:
    post(site, "/review/cards", front="Of locks", back="Yes", deck="Locks & latches")
    text = site.get("/review?deck=Locks+%26+latches").text
    assert "Of locks" in text and "What is a" not in text
    answer = post(site, "/review/grade", card="none", grade="3", deck="Locks & latches")
    assert answer.status_code == 404


def test_cards_are_made_from_snips_claims_and_chapters(site: TestClient) -> None:
    site.post("/api/snips", json={"episode": EPISODE, "start": "0:10", "end": "0:20"})
    assert "1 new card." in post(site, "/review/cards", snips="1").text
    assert "0 new cards." in post(site, "/review/cards", snips="1").text
    assert "1 new card." in post(site, "/review/cards", claim=["select-star"]).text
    assert "3 new cards." in post(site, "/review/cards", chapters=EPISODE).text
    kinds = [card["kind"] for card in site.get("/api/cards").json()["cards"]]
    assert sorted(kinds) == ["chapter"] * 3 + ["claim", "snip"]
    claim = site.get("/review?deck=Claims").text
    assert "Predict:" in claim and 'href="/claims/select-star"' in claim
    assert "Not measured on this machine yet" in claim
    made = site.get("/review?deck=Sorting&shown=1").text
    assert f'href="/episodes/{EPISODE}#t=' in made


def test_chapters_are_offered_of_the_episodes_that_have_some(site: TestClient) -> None:
    offered = site.get("/review/cards").text.partition('id="chapters"')[2].partition("</select>")[0]
    assert f'value="{EPISODE}"' in offered and 'label="Sorting"' in offered
    assert "Episode 2" not in offered
    assert 'value="backend-engineering-show/select-star"' in offered
    assert "clustered-collections" not in offered, "it claims something, and has no chapters"


def test_nothing_is_said_to_be_there_that_is_not(site: TestClient) -> None:
    assert "No snips yet" in site.get("/review/cards").text
    assert "Every snip has its card" not in site.get("/review/cards").text
    figures = site.get("/review/statistics").text
    assert "Review now" not in figures and "Make the first cards" in figures
    assert "Review now" not in site.get("/review/cards?made=0").text


def test_a_card_says_what_its_snip_says_now_and_goes_with_it(site: TestClient) -> None:
    order = {"episode": EPISODE, "start": "0:10", "end": "0:20", "title": "Before"}
    snip = site.post("/api/snips", json=order).json()["id"]
    post(site, "/review/cards", snips="1")
    site.post(f"/api/snips/{snip}", json={"title": "After"})
    assert "After" in site.get("/review").text
    site.post(f"/api/snips/{snip}/delete", json={})
    assert "No cards yet" in site.get("/review").text


def test_a_card_of_ones_own_needs_both_sides(site: TestClient) -> None:
    assert post(site, "/review/cards", front="Why?", back=" ").status_code == 422
    assert post(site, "/review/cards", front=" ", back=" ").status_code == 422
    assert site.post("/api/cards", json={"front": "Why?"}).status_code == 422
    assert site.post("/api/cards", json={"snips": ["none"]}).status_code == 404
    assert site.post("/api/cards", json={"claims": ["none"]}).status_code == 404


def test_statistics_hold_measured_against_predicted(
    site: TestClient, card: str, stocked: Path
) -> None:
    assert "No review after the learning steps yet" in site.get("/review/statistics").text
    began = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    with open_store(stocked) as store:
        cards.grade(store, card, Grade.EASY, began)
        cards.grade(store, card, Grade.GOOD, began + dt.timedelta(days=8))
    text = site.get("/review/statistics").text
    assert "Remembered, measured against predicted" in text
    told = site.get("/api/review/statistics").json()
    assert (told["retention"]["reviews"], told["retention"]["measured"]) == (1, 1.0)
    assert told["graded"] == 2
