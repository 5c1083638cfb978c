"""Search and ask in real Chromium: found while typing, opened at the second, answered as it comes."""

import os

import pytest

from earwitness.store.connection import open_store
from tests.browser.serving import Served, ask, follow, stock, until
from tests.conftest import CommandLine
from tests.library.asking.endpoints import endpoint
from tests.web.conftest import EPISODE

pytestmark = pytest.mark.browser

QUESTION = "what does a line say of sorted runs?"
SAID = 'They are sorted. [1: "something of sorted runs"] All else is guessed.'
AUDIO = "document.querySelector('audio')"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory):
    """The site with a language model beside it."""
    data = tmp_path_factory.mktemp("served")
    with open_store(data) as store:
        stock(store, data)
    with endpoint("streamed", SAID) as server:
        model = {"EARWITNESS_MODEL_ENDPOINT": server.address, "EARWITNESS_MODEL": "small"}
        site = Served(CommandLine({**os.environ, **model, "NO_COLOR": "1"}), data)
        yield site
        site.end()


def test_results_follow_what_is_typed_and_survive_going_back(visit):
    page = visit("/search")
    page.keyboard.type("galloping")
    page.wait_for_selector(".hit >> text=Galloping")
    page.locator("summary", has_text="Narrow").click()
    page.get_by_label("Kind").select_option("Chapter")
    until(page, "document.querySelectorAll('.hit').length === 1")
    follow(page, page.get_by_role("link", name="Timsort"))
    assert "/episodes/" in page.url
    page.go_back()
    page.wait_for_selector(".hit >> text=Galloping")
    assert page.get_by_label("What to look for").input_value() == "galloping"
    assert page.get_by_label("Kind").input_value() == "chapter"


def test_a_result_opens_at_its_second_and_plays(visit):
    page = visit("/search?q=%22line+9+says%22")
    follow(page, page.get_by_role("link", name="0:45"))
    until(page, f"{AUDIO}.currentTime > 45.2")
    assert page.evaluate(f"{AUDIO}.currentTime") < 55
    line = page.locator("#here")
    assert line.inner_text() == "Line 9 says something of sorted runs."
    top, bottom = page.locator(".player").bounding_box(), line.bounding_box()
    assert bottom["y"] > top["y"] + top["height"], "hidden behind the player"
    assert bottom["y"] < 900


def test_an_address_that_names_a_second_waits_for_a_gesture(visit):
    page = visit(f"/episodes/{EPISODE}?t=40#here")
    until(page, f"{AUDIO}.currentTime === 40")
    assert page.locator("#here").inner_text().startswith("Line 8 ")
    page.locator("body").press("Space")
    until(page, f"{AUDIO}.currentTime > 40.2")


def test_an_answer_streams_in_cites_and_goes_on(visit):
    page = visit(f"/episodes/{EPISODE}")
    follow(page, page.get_by_role("link", name="Ask this episode"))
    ask(page, QUESTION)
    assert page.locator(".worded").inner_text().count("[1]") == 1
    assert page.locator(".uncited").inner_text() == "(no citation)"
    ask(page, "and why is it so?")
    assert page.locator(".turn").count() == 2
    follow(page, page.locator(".turn").first.get_by_role("link", name="[1]"))
    assert "/episodes/sorting/timsort?t=" in page.url
    until(page, f"{AUDIO}.currentTime > 0.2")


def test_a_question_that_was_sent_before_the_script_ran_is_answered_as_well(visit):
    page = visit("/ask")
    page.get_by_label("Your question").fill(QUESTION)
    with page.expect_navigation():  # what a form does of itself
        page.evaluate("document.querySelector('[data-ask]').submit()")
    until(page, "document.activeElement.name === 'question'")
    ask(page, "and why is it so?")
    assert page.locator(".turn").count() == 2


def test_the_next_question_can_be_typed_while_an_answer_comes(visit):
    page = visit("/ask")

    def answer(route) -> None:
        page.get_by_label("Your question").fill("and then?")
        body = 'event: turn\ndata: <input type="hidden" name="turn" form="ask">\n\n'
        route.fulfill(content_type="text/event-stream", body=body)

    page.route("**/ask/stream", answer)
    page.get_by_label("Your question").fill(QUESTION)
    page.keyboard.press("Enter")
    until(page, "document.querySelector('[data-ask] button').disabled === false")
    page.wait_for_selector(".turn [name=turn]", state="attached")
    assert page.get_by_label("Your question").input_value() == "and then?"


def test_nothing_found_is_an_answer_too(visit):
    page = visit("/ask")
    ask(page, "zyzzyva?")
    assert "None of its words were found" in page.locator(".turn").inner_text()
    follow(page, page.get_by_role("link", name="Search for its words"))
    assert page.get_by_label("What to look for").input_value() == "zyzzyva?"


def test_what_goes_wrong_is_said_and_the_question_stays(visit):
    page = visit("/ask")
    page.get_by_label("Your question").fill(" ")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-problem]:has-text('Ask something first.')")
    half = "event: turn\ndata: <p>half of it</p>\n\n"
    page.route(
        "**/ask/stream",
        lambda route: route.fulfill(content_type="text/event-stream", body=half),
    )
    page.get_by_label("Your question").fill(QUESTION)
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-problem]:has-text('The connection was lost. Ask again.')")
    assert page.get_by_label("Your question").input_value() == QUESTION
    assert page.locator(".turn").inner_text() == "half of it"


def test_both_work_without_script(visit):
    page = visit("/search", java_script_enabled=False)
    page.get_by_label("What to look for").fill("galloping")
    follow(page, page.get_by_role("button", name="Search"))
    assert page.locator(".hit").count() >= 1
    page = visit("/ask", java_script_enabled=False)
    for question in (QUESTION, "and why is it so?"):
        page.get_by_label("Your question").fill(question)
        follow(page, page.get_by_role("button", name="Ask"))
    assert page.locator(".turn").count() == 2
    assert page.locator("#newest .worded").is_visible()


@pytest.mark.parametrize("width", [768, 1280])
@pytest.mark.parametrize("address", ["/", "/claims", "/checks"])
def test_a_slash_goes_to_the_search_of_everything(visit, width, address):
    page = visit(address, width)
    page.locator("body").press("/")
    page.keyboard.type("galloping")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=galloping")
    assert page.locator(".hit").count() >= 1
