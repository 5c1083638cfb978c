"""Snips and review in real Chromium: saved by a key while the recording plays, edited, reviewed by keys."""

import os
import re
from pathlib import Path

import pytest

from earwitness.library import catalogue, snips
from earwitness.library import snip_catalogue as read
from earwitness.library.review import cards
from earwitness.library.snip import Contents
from earwitness.store.connection import open_store
from tests.browser.looking import COLLISIONS, LEAST_CONTRAST, THEMES, WIDTHS
from tests.browser.serving import Served, follow, stock, until
from tests.conftest import CommandLine
from tests.web.conftest import EPISODE

pytestmark = pytest.mark.browser

SCREENSHOTS = os.environ.get("EARWITNESS_SCREENSHOTS")
AUDIO = "document.querySelector('audio')"
PLAYING = f"!{AUDIO}.paused && {AUDIO}.currentTime > 0"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory):
    data = tmp_path_factory.mktemp("snipping")
    with open_store(data) as store:
        stock(store, data, episodes=1)
    site = Served(CommandLine({**os.environ, "NO_COLOR": "1"}), data)
    yield site
    site.end()


@pytest.fixture
def store(served):
    with open_store(served.data) as opened:
        yield opened


@pytest.fixture
def kept(store):
    """A snip of the third and fourth line; the only one."""
    for one in read.every(store):
        snips.delete(store, one.id)
    contents = Contents(start_seconds=10.0, end_seconds=20.0, title="Runs", tags=("sorting",))
    return snips.make(store, catalogue.find_episode(store, EPISODE), contents)


def listening(visit, at=41):
    page = visit(f"/episodes/{EPISODE}#t={at}")
    page.wait_for_selector(".transport", state="visible")
    until(page, f"{AUDIO}.currentTime >= {at}")
    page.locator("body").press("Space")
    until(page, PLAYING)
    return page


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["snips", "snip", "toast", "panel", "review"])
def test_every_page_with_something_on_it_fits_and_is_accessible(
    axe, visit, store, kept, name, width, theme
):
    cards.add_own(store, "What is a run?", "A part that is sorted.", "Own")
    pages = {"snips": "/snips", "snip": f"/snips/{kept.id}", "review": "/review"}
    page = visit(pages.get(name, f"/episodes/{EPISODE}#t=41"), width, theme, bypass_csp=True)
    if name in ("toast", "panel"):
        until(page, f"{AUDIO}.currentTime >= 41")
        page.locator("body").press("s" if name == "toast" else "n")
        page.wait_for_selector(".told-snip" if name == "toast" else "[data-editing]")
    if name == "review":
        page.locator("body").press("Space")
    if SCREENSHOTS:
        Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
        whole = name not in ("toast", "panel")
        page.screenshot(path=f"{SCREENSHOTS}/{name}-{width}-{theme}.png", full_page=whole)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if name not in ("toast", "panel"):  # these lie over the page on purpose
        assert page.evaluate(COLLISIONS) == []
    least, text = page.evaluate(LEAST_CONTRAST)
    assert least >= 4.5, text
    assert axe(page) == []


def test_a_key_saves_what_was_just_said_and_the_recording_plays_on(visit, store):
    page = listening(visit)
    before = len(read.every(store))
    page.locator("body").press("s")
    page.wait_for_selector("text=Saved: 0:10")
    assert page.evaluate(PLAYING)
    assert page.evaluate("document.activeElement === document.body")
    assert page.locator("#own-snips li").count() == before + 1
    page.get_by_role("button", name=re.compile("^Undo")).click()
    page.wait_for_selector("text=The snip is gone")
    assert len(read.every(store)) == before
    page.get_by_role("button", name=re.compile("^Bring it back")).click()
    page.wait_for_selector("text=Taken back")
    assert len(read.every(store)) == before + 1
    assert page.evaluate(PLAYING)


def test_a_key_that_is_held_saves_once(visit, store):
    page = listening(visit)
    before = len(read.every(store))
    for _ in range(20):  # what a keyboard sends of a key that is held
        page.keyboard.down("s")
    page.keyboard.up("s")
    page.wait_for_selector("text=Saved: 0:10")
    page.locator("body").press("ArrowLeft")
    assert len(read.every(store)) == before + 1


def test_what_was_written_is_thrown_away_by_the_second_time_only(visit, store):
    page = listening(visit)
    page.locator("body").press("n")
    until(page, "document.activeElement.name === 'note'")
    page.keyboard.type("a long thought")
    page.keyboard.press("Escape")
    page.wait_for_selector("[data-unsaved]:has-text('Not saved yet')")
    assert page.evaluate("document.activeElement.value") == "a long thought"
    page.keyboard.press("Escape")
    assert page.locator("[data-editing]").count() == 0
    page.locator("body").press("n")
    until(page, "document.activeElement.name === 'note'")
    page.keyboard.press("Escape")
    assert page.locator("[data-editing]").count() == 0, "nothing was written"


def test_a_note_is_written_while_it_plays(visit, store):
    page = listening(visit)
    page.locator("body").press("n")
    page.wait_for_selector("[data-editing]")
    until(page, "document.activeElement.name === 'note'")
    page.keyboard.type("s and n are letters here, and ] too")
    page.get_by_label("Tags").fill("keys, typing")
    before = page.locator("#own-snips li").count()
    page.evaluate("document.activeElement.blur()")
    page.locator("body").press("s")  # saves one more, and leaves the fields as they are
    until(page, f"document.querySelectorAll('#own-snips li').length === {before + 1}")
    assert page.get_by_label("Tags").input_value() == "keys, typing"
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector("#toast-said [data-done=saved]")
    assert page.locator("[data-editing]").count() == 0
    (newest,) = (one.contents for one in read.every(store) if "typing" in one.contents.tags)
    assert newest.note == "s and n are letters here, and ] too"
    assert page.evaluate(PLAYING)
    assert page.evaluate(f"{AUDIO}.playbackRate") == 1


def test_bounds_are_set_by_lines_of_the_transcript_while_listening(visit, store):
    page = listening(visit)
    page.locator("body").press("n")
    page.wait_for_selector("[data-editing]")
    now = page.evaluate(f"{AUDIO}.currentTime")
    page.get_by_text("Line 3 says").last.scroll_into_view_if_needed()
    page.locator(".paragraphs [data-at='15.0']").dispatch_event("click")
    page.locator(".paragraphs [data-at='25.0']").dispatch_event("click")
    assert page.locator(".taken").count() == 3
    assert page.evaluate(f"{AUDIO}.currentTime") >= now
    page.get_by_label("to: 5 seconds later").click()
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_selector("text=Saved: 0:15–0:35")
    newest = read.find(store, "latest").contents
    assert (newest.start_seconds, newest.end_seconds) == (15.0, 35.0)
    assert newest.quote.count("Line") == 4


def test_a_snip_is_edited_on_its_page_with_the_keyboard_alone(visit, store, kept):
    page = visit(f"/snips/{kept.id}")
    assert page.locator(".line[aria-pressed=true]").count() == 2
    for line in ("Line 5 says", "Line 6 says"):
        page.get_by_role("button", name=line).press("Enter")
    assert page.get_by_label("From", exact=True).input_value() == "0:25"
    page.get_by_label("From: 5 seconds earlier").press("Enter")
    page.get_by_label("Title").fill("Edited")
    page.get_by_label("Title").press("Enter")
    page.wait_for_selector("h1 >> text=Edited")
    edited = read.find(store, kept.id).contents
    assert (edited.start_seconds, edited.end_seconds) == (20.0, 35.0)
    page.get_by_role("button", name=re.compile("^Undo the last change")).click()
    page.wait_for_selector(".history >> text=undone")
    assert read.find(store, kept.id).contents.title == "Runs"


def test_two_tabs_do_not_lose_what_the_other_wrote(visit, store, kept):
    one, other = visit(f"/snips/{kept.id}"), visit(f"/snips/{kept.id}")
    one.get_by_label("Note").fill("from the first")
    one.get_by_role("button", name="Save", exact=True).click()
    one.wait_for_selector(".history >> text=edited")
    other.get_by_label("Note").fill("from the second")
    with other.expect_response(lambda answer: answer.status == 409):
        other.get_by_role("button", name="Save", exact=True).click()
    other.wait_for_selector("text=What stands now")
    assert other.locator(".stands").get_by_text("from the first").is_visible()
    assert other.get_by_label("Note").input_value() == "from the second"
    assert read.find(store, kept.id).contents.note == "from the first"


def test_the_board_filters_in_place_deletes_and_brings_back(visit, kept):
    page = visit("/snips")
    page.locator("body").press("/")
    page.keyboard.type("runs sorting-nothing")
    page.wait_for_selector("text=No snip is like that")
    page.get_by_label("Filter").fill("")
    page.wait_for_selector(f"[id='{kept.id}']")
    row = page.locator(f"[id='{kept.id}']")
    row.get_by_role("button", name=re.compile("^Delete")).click()
    page.wait_for_selector("text=is gone")
    assert page.locator(f"[id='{kept.id}']").count() == 0
    page.get_by_role("button", name=re.compile("^Bring it back")).click()
    page.wait_for_url(f"**/snips/{kept.id}")


def test_a_snip_plays_from_its_second(visit, kept):
    page = visit("/snips")
    follow(page, page.locator(f"[id='{kept.id}'] a.play"))
    assert page.url.endswith("#t=10")
    until(page, f"{AUDIO}.currentTime >= 10 && {AUDIO}.currentTime < 15")


def test_a_moment_is_saved_without_a_script(visit, store):
    page = visit(f"/episodes/{EPISODE}", java_script_enabled=False)
    page.get_by_text("Save a moment by its place").click()
    page.get_by_role("textbox", name="From", exact=True).fill("0:20")
    page.get_by_role("textbox", name="to", exact=True).fill("0:30")
    follow(page, page.get_by_role("button", name="Save it"))
    assert page.url.endswith(read.find(store, "latest").id)


def test_without_a_recording_the_key_asks_for_the_place(visit):
    page = visit("/episodes/backend-engineering-show/select-star")
    page.locator("body").press("s")
    assert page.evaluate("document.activeElement.name") == "start"
    page.keyboard.type("7:30")
    page.keyboard.press("Tab")
    page.keyboard.type("8:10")
    page.keyboard.press("Enter")
    page.wait_for_url("**/snips/*")
    assert page.get_by_role("link", name="7:30–8:10").is_visible()


def test_a_review_by_the_keyboard_alone(visit, store):
    for number in range(2):
        cards.add_own(store, f"Question {number}", f"Answer {number}", "Keys")
    page = visit("/review?deck=Keys")
    seen = page.locator(".question").inner_text()
    page.locator("body").press("3")
    assert page.locator(".question").inner_text() == seen, "graded before the answer was shown"
    page.locator("body").press("Enter")
    assert page.get_by_text(seen.replace("Question", "Answer")).is_visible()
    with page.expect_navigation():
        page.keyboard.press("4")
    assert page.locator(".question").inner_text() != seen
    page.locator("body").press("Space")
    with page.expect_navigation():
        page.keyboard.press("4")
    assert page.get_by_text("Nothing is due in “Keys”").is_visible()
    with page.expect_navigation():
        page.locator("body").press("u")
    assert page.get_by_text("The last grade was taken back").is_visible()
    assert page.locator(".question").inner_text() != seen
    assert len([review for review in cards.log(store) if review.deck == "Keys"]) == 1


def test_cards_are_made_of_what_is_on_the_site(visit, store, kept):
    page = visit(f"/snips/{kept.id}")
    page.get_by_role("button", name="Make a card of it").click()
    page.wait_for_selector("text=1 new card.")
    page = visit(f"/episodes/{EPISODE}")
    page.get_by_role("button", name="Make review cards of these").click()
    page.wait_for_selector("text=3 new cards.")
    assert {card.kind for card in cards.every(store)} >= {"snip", "chapter"}
