"""Snips on the site: made, edited, taken back, shared and handed on; nothing is lost to another tab."""

import csv
import io
import json
import re
import sys
import zipfile

import pytest
from starlette.testclient import TestClient

from tests.web.conftest import EPISODE, SHOW, token

HTMX = {"HX-Request": "true"}


def post(site: TestClient, address: str, *, part: bool = False, **fields: str):
    sent = {"token": token(site, f"/episodes/{EPISODE}"), **fields}
    return site.post(address, data=sent, headers=HTMX if part else {})


@pytest.fixture
def made(site: TestClient) -> dict:
    """A snip of two lines of the transcript."""
    order = {"episode": EPISODE, "start": "0:10", "end": "0:20", "note": "why?", "tags": ["runs"]}
    answer = site.post("/api/snips", json=order)
    assert answer.status_code == 201
    return answer.json()


def standing(site: TestClient, made: dict) -> dict:
    return site.get(f"/api/snips/{made['id']}").json()


def test_the_last_seconds_are_saved_with_what_was_said(site: TestClient) -> None:
    answer = post(site, "/snips", part=True, episode=EPISODE, at="41.7")
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "Saved: 0:10–0:40, Runs" in answer.text
    assert 'id="own-snips"' in answer.text
    (one,) = site.get("/api/snips").json()["snips"]
    assert (one["start_seconds"], one["end_seconds"]) == (10.0, 40.0)
    assert "Line 2 says" in one["quote"] and "Line 8 " not in one["quote"]


def test_a_moment_is_saved_by_its_place_without_a_script(site: TestClient) -> None:
    answer = post(site, "/snips", episode=EPISODE, start="0:20", end="0:30", note="Look\r\nagain")
    assert answer.url.path.startswith("/snips/")
    (one,) = site.get("/api/snips").json()["snips"]
    assert (one["chapter"], one["note"]) == ("Runs", "Look\nagain")
    assert "1 snip of yours" in site.get(f"/shows/{SHOW}").text
    assert "1 snip of yours" in site.get(f"/episodes/{EPISODE}").text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"start": "soon", "end": "0:30"}, "is no place in an episode"),
        ({"start": "0:30", "end": "0:20"}, "ends after it starts"),
        ({"start": "9:00", "end": "9:10"}, "after the end of the episode"),
        ({"at": "nan"}, "is no place in an episode"),
        ({"at": "-5"}, "is no place in an episode"),
        ({}, "is no place in an episode"),
    ],
)
def test_a_place_that_is_none_is_said_in_words(site: TestClient, fields: dict, words: str) -> None:
    answer = post(site, "/snips", episode=EPISODE, **fields)
    assert answer.status_code == 422
    assert words in answer.text
    assert site.get("/api/snips").json()["snips"] == []


def test_fields_that_are_sent_as_they_were_change_nothing(site: TestClient, made: dict) -> None:
    page = f"/snips/{made['id']}"
    post(
        site,
        page,
        seen="1",
        start="0:10",
        end="0:20",
        note="why?",
        tags="runs",
        quote=made["quote"],
    )
    assert standing(site, made) == made


def test_a_quote_follows_the_bounds_until_it_is_written_by_hand(
    site: TestClient, made: dict
) -> None:
    page = f"/snips/{made['id']}"
    kept = {"note": "why?", "tags": "runs, sorting"}
    post(site, page, seen="1", start="+5s", end="0:30", quote=made["quote"], **kept)
    moved = standing(site, made)
    assert (moved["start_seconds"], moved["end_seconds"]) == (15.0, 30.0)
    assert moved["quote"].count("Line") == 3
    assert moved["tags"] == ["runs", "sorting"]
    assert moved["number"] == 2, "one change, which one undo takes back"
    post(site, page, seen=str(moved["number"]), quote="In my words", **kept)
    post(site, page, start="0:00", quote="In my words", **kept)
    assert standing(site, made)["quote"] == "In my words"
    post(site, page, quote="", **kept)
    assert standing(site, made)["quote"].startswith("Ada: Line 0")


def test_what_another_tab_changed_is_shown_and_not_lost(site: TestClient, made: dict) -> None:
    page = f"/snips/{made['id']}"
    post(site, page, seen="1", title="First", note="first", quote=made["quote"])
    answer = post(site, page, seen="1", title="Second", note="second", quote=made["quote"])
    assert answer.status_code == 409
    assert "changed meanwhile" in answer.text
    assert 'value="Second"' in answer.text and "What stands now" in answer.text
    assert "First" in answer.text.partition("What stands now")[2].partition("<form")[0]
    assert standing(site, made)["title"] == "First"
    seen = re.search(r'name="seen" value="(\d+)"', answer.text)
    assert seen
    post(site, page, seen=seen[1], title="Second", note="second", quote=made["quote"])
    history = site.get(f"/api/snips/{made['id']}/history").json()
    assert [entry["contents"]["title"] for entry in history] == ["", "First", "Second"]


def test_a_conflict_while_listening_keeps_what_was_written(site: TestClient, made: dict) -> None:
    page = f"/snips/{made['id']}"
    post(site, page, seen="1", title="First", quote=made["quote"])
    answer = post(site, page, part=True, seen="1", title="Second", quote=made["quote"])
    assert answer.status_code == 409
    assert "<html" not in answer.text and 'value="Second"' in answer.text
    gone = post(site, f"{page}/delete", part=True, seen="1")
    assert gone.status_code == 409
    assert "<html" not in gone.text and "changed meanwhile" in gone.text
    assert not standing(site, made)["deleted"]


def test_deleted_and_brought_back(site: TestClient, made: dict) -> None:
    answer = post(site, f"/snips/{made['id']}/delete", seen="1")
    assert answer.url.path == "/snips" and "Bring it back" in answer.text
    assert site.get("/api/snips").json()["snips"] == []
    assert "This snip was deleted" in site.get(f"/snips/{made['id']}").text
    post(site, f"/snips/{made['id']}/undo")
    assert [one["id"] for one in site.get("/api/snips").json()["snips"]] == [made["id"]]
    assert post(site, f"/snips/{made['id']}/undo").status_code == 422


def test_the_board_is_filtered(site: TestClient, made: dict) -> None:
    post(site, "/snips", episode=EPISODE, start="0:40", end="0:50", title="<b>Late</b>")
    assert site.get("/snips").text.count('class="kept"') == 2
    assert "&lt;b&gt;Late" in site.get("/snips").text
    post(site, f"/snips/{made['id']}/favourite", favourite="1")
    fields = {"favourite": "1", "board": "tag=runs&words=why"}
    back = post(site, f"/snips/{made['id']}/favourite", **fields)
    assert "1 of 2 snips" in back.text
    for query in ("tag=RUNS", "favourite=1", "words=why", f"show={SHOW}&tag=runs"):
        text = site.get(f"/snips?{query}", headers=HTMX).text
        assert "<html" not in text
        assert text.count('class="kept"') == 1, query
        assert "1 of 2 snips" in text
    assert site.get(f"/snips?episode={EPISODE}").text.count('class="kept"') == 2
    assert "No snip is like that" in site.get("/snips?words=zzz").text
    assert site.get("/snips?first=x&show=%00").status_code == 200


def test_a_snip_opens_the_episode_at_its_second(site: TestClient, made: dict) -> None:
    assert f'href="/episodes/{EPISODE}#t=10"' in site.get("/snips").text
    assert 'data-seek="10.0"' in site.get(f"/episodes/{EPISODE}").text


def test_shared_as_text_and_as_a_picture(site: TestClient, made: dict) -> None:
    shared = site.get(f"/api/snips/{made['id']}/share").json()
    assert "Line 2 says" in shared["text"] and "0:10" in shared["text"]
    picture = site.get(shared["picture"])
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "Line 2 says" in picture.text and "attachment" in picture.headers["content-disposition"]


def test_handed_on_in_every_format(site: TestClient, made: dict) -> None:
    whole = json.loads(site.get("/snips/download/json").content)
    assert whole == site.get("/api/kept").json()
    assert whole["episodes"][0]["snips"][0]["id"] == made["id"]
    rows = list(csv.DictReader(io.StringIO(site.get("/snips/download/readwise").text)))
    assert len(rows) == 1
    for name in ("obsidian", "logseq"):
        content = site.get(f"/snips/download/{name}").content
        assert content == site.get(f"/snips/download/{name}").content
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            texts = [package.read(entry).decode() for entry in package.namelist()]
        assert any("Line 2 says" in text for text in texts)
    with zipfile.ZipFile(io.BytesIO(site.get("/snips/download/anki").content)) as package:
        assert any(name.startswith("collection") for name in package.namelist())
    nothing = json.loads(site.get("/snips/download/json?tag=none").content)
    assert nothing["episodes"] == []
    assert site.get("/snips/download/word").status_code == 404


def test_a_format_whose_library_is_missing_names_the_command(
    site: TestClient, made: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "genanki", None)
    answer = site.get("/snips/download/anki")
    assert answer.status_code == 503
    assert "pip install" in answer.text


@pytest.mark.parametrize("address", ["/snips", "/snips/latest", "/snips/latest/delete"])
def test_nothing_is_changed_without_the_token(site: TestClient, made: dict, address: str) -> None:
    assert site.post(address, data={"episode": EPISODE, "title": "x"}).status_code == 403
    assert standing(site, made) == made


def test_the_api_refuses_what_is_stale_or_not_there(site: TestClient, made: dict) -> None:
    address = f"/api/snips/{made['id']}"
    assert site.post(address, json={"title": "New", "seen": 1}).json()["number"] == 2
    assert site.post(address, json={"title": "Old", "seen": 1}).status_code == 409
    assert site.post(f"{address}/delete", json={"seen": 1}).status_code == 409
    assert site.post(f"{address}/undo", json={"seen": 2}).json()["title"] == ""
    assert site.post(address, json={"start": "soon"}).status_code == 422
    assert site.get("/api/snips/none-such").status_code == 404
    assert (
        site.post("/api/snips", json={"episode": "none/such", "at_seconds": 5}).status_code == 404
    )
    assert site.get("/api/tags").json() == {"runs": 1}
