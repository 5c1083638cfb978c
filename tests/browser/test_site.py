"""The site in real Chromium: every page, and what people do on them from the first click on.

The site runs in a process of its own, as anybody starts it. With ``EARWITNESS_SCREENSHOTS`` naming
a folder, a picture of every page in every width and theme is kept there.
"""

import os
import re
import signal
import time
import urllib.request
from pathlib import Path

import pytest

from earwitness.store.connection import open_store
from tests.browser.looking import COLLISIONS, LEAST_CONTRAST, THEMES, WIDTHS
from tests.browser.serving import Served, ask, follow, stock, until
from tests.conftest import CommandLine
from tests.web import recorded
from tests.web.conftest import EPISODE, SHOW

pytestmark = pytest.mark.browser

SCREENSHOTS = os.environ.get("EARWITNESS_SCREENSHOTS")
LONG_MS = 300_000
"""The machine has one experiment at a time, and others may be before us."""
PAGES = {
    "shows": "/",
    "show": f"/shows/{SHOW}",
    "episode": f"/episodes/{EPISODE}",
    "search": "/search",
    "search-found": "/search?q=SSD+ignores+the+flush&kind=field-notes",
    "ask": "/ask",
    "ask-episode": f"/ask?episode={EPISODE}",
    "snips": "/snips",
    "review": "/review",
    "cards": "/review/cards",
    "review-statistics": "/review/statistics",
    "claims": "/claims",
    "claim": "/claims/fsync",
    "checks": "/checks",
    "predictions": "/predictions",
    "settings": "/settings",
    "doctor": "/doctor",
    "not-found": "/nowhere",
}
IN_THE_TRANSCRIPT = (
    """document.querySelectorAll('.paragraph')[{line}].scrollIntoView({{block: 'center'}})"""
)
ON_TOP = """element => {
  const box = element.getBoundingClientRect();
  const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return element === there || element.contains(there);
}"""
LOW = 480
"""Pixels of height up to which nothing sticks."""
MADE = ("bundled-show", "bundled-episode", "run", "compare", "plan", "check", "answer")
"""Pages whose address is known once something was done."""


@pytest.fixture(scope="module")
def served(third_party: Path, tmp_path_factory: pytest.TempPathFactory):
    data = tmp_path_factory.mktemp("served")
    with open_store(data) as store:
        stock(store, data)
        made = [
            recorded.sorted_input(store, third_party, data, *predicted, seed=seed)
            for seed, predicted in enumerate((["8x"], ["2x..20x", "supported@80%"]))
        ]
    environment = {**os.environ, "PYTHONPATH": str(third_party), "NO_COLOR": "1"}
    site = Served(CommandLine(environment), data)
    site.runs = made
    yield site
    site.end()


@pytest.fixture(scope="module")
def addresses(browser, served):
    """The address of every page, with a check behind them beside the two runs."""
    page = browser.new_page()
    plan_a_check(page, served)
    page.get_by_role("button", name="Check it now").click()
    page.wait_for_url("**/checks/check-*")
    check = page.url.removeprefix(served.address)
    page.goto(served.address)
    show = page.locator(".show-card a", has_text="Backend").get_attribute("href")
    page.goto(served.address + show)
    episode = page.locator(".entry a").first.get_attribute("href")
    page.close()
    return {
        **PAGES,
        "bundled-show": show,
        "bundled-episode": episode,
        "run": f"/runs/{served.runs[1]}",
        "compare": "/runs/compare?one={}&other={}".format(*served.runs),
        "check": check,
        "answer": "/ask",
    }


def plan_a_check(page, served) -> None:
    page.goto(f"{served.address}/checks")
    page.get_by_label("Target").fill("postgresql://me:geheim7@127.0.0.1:1/shop")
    page.get_by_role("button", name="Show the plan").click()
    page.wait_for_selector("text=What it would do")


def test_a_long_name_of_a_target_does_not_widen_a_page(visit):
    page = visit("/checks", 360, "light")
    name = (
        "table public.\u00fc" + 62 * "W"
    )  # as PostgreSQL lets one be, without a place to break it
    added = "name => document.querySelector('main').append("
    added += "Object.assign(document.createElement('span'), {className: 'of', textContent: name}))"
    page.evaluate(added, name)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [*PAGES, *MADE])
def test_every_page_fits_can_be_read_and_is_accessible(
    axe, visit, served, addresses, name, width, theme
):
    page = visit(addresses.get(name, "/"), width, theme, bypass_csp=True)
    if name == "plan":
        plan_a_check(page, served)
    if name == "answer":
        for question in ("how many comparisons does shuffled input need?", "zyzzyva?"):
            ask(page, question)
    if SCREENSHOTS:
        Path(SCREENSHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{SCREENSHOTS}/{name}-{width}-{theme}.png", full_page=True)
    page.evaluate("document.querySelectorAll('main details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(COLLISIONS) == []
    least, text = page.evaluate(LEAST_CONTRAST)
    assert least >= 4.5, text
    assert axe(page) == []


def test_a_run_is_watched_with_growing_intervals_to_its_verdict(visit, served):
    page = visit("/claims/sorted-input")
    page.get_by_label("How many times the comparisons does shuffled input need?").fill("8x")
    page.get_by_role("button", name="Run it now").click()
    page.wait_for_url("**/runs/sorted-input-*")
    page.wait_for_selector(".report", timeout=LONG_MS)
    assert page.get_by_role("heading", name=re.compile("^Supported: ")).is_visible()
    assert "off by a factor of" in page.locator(".scored").inner_text()
    page.goto(f"{served.address}/predictions")
    assert page.locator("tbody tr").first.get_by_text("8x").is_visible()
    assert page.get_by_role("img", name="How far predictions were off").is_visible()


def test_a_site_that_is_gone_is_not_shown_as_running(visit, served):
    visit.refusals += ["ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING"]
    page = visit("/claims/trouble-slow")
    page.get_by_role("button", name="Run it now").click()
    page.wait_for_selector(".stage.running", timeout=LONG_MS)
    stop = page.get_by_role("button", name="Stop it").bounding_box()["y"]
    page.wait_for_selector(".panel figure", timeout=LONG_MS)
    assert page.get_by_role("button", name="Stop it").bounding_box()["y"] == stop
    served.end(signal.SIGKILL)
    page.wait_for_selector("[role=alert]:has-text('The site does not answer')")
    assert page.locator("h1").inner_text() == "Not heard from"
    served.start()
    page.wait_for_selector(".v-stopped", timeout=LONG_MS)
    page.get_by_text("Running now").wait_for(state="detached")


def test_a_list_that_cannot_be_had_is_told(visit):
    visit.refusals += ["ERR_FAILED", "Failed to fetch"]
    page = visit(f"/shows/{SHOW}")
    page.route(f"**/shows/{SHOW}?*", lambda route: route.abort())
    page.get_by_label("Filter").fill("timsort")
    page.wait_for_selector("[role=alert]:has-text('The site does not answer')")
    page.unroute(f"**/shows/{SHOW}?*")
    page.get_by_label("Filter").fill("episode 9")
    page.wait_for_selector("[role=alert]", state="detached")


def test_a_run_survives_a_reload_is_seen_in_two_tabs_and_stops_when_asked(visit, served):
    page = visit("/claims/trouble-slow")
    page.get_by_role("button", name="Run it now").click()
    page.wait_for_selector(".panel figure", timeout=LONG_MS)
    address = page.url.removeprefix(served.address)
    seen = int(page.locator("#panel").get_attribute("data-seen") or 0)
    page.reload()
    other = visit(address)
    until(page, f"Number(document.getElementById('panel').dataset.seen || 0) > {seen}")
    assert other.locator(".stage.running").count() == 1
    page.get_by_role("button", name="Stop it").click()
    for tab in (page, other):
        tab.wait_for_selector(".v-stopped", timeout=LONG_MS)
        assert "Stopped when it was asked to" in tab.locator("main").inner_text()


def test_a_restart_in_the_middle_is_shown_as_interrupted(visit, served):
    page = visit("/claims/trouble-slow")
    page.get_by_role("button", name="Run it now").click()
    page.wait_for_selector(".stage.running", timeout=LONG_MS)
    run = page.url
    page.goto("about:blank")
    served.end(signal.SIGKILL)
    served.start()
    page.goto(run)
    assert page.locator(".v-stopped").first.is_visible()
    assert "The process that ran it ended before it did" in page.locator("main").inner_text()
    page.goto(served.address)
    assert page.get_by_text("Running now").count() == 0


def test_the_player_plays_seeks_and_takes_the_transcript_along(visit):
    page = visit(f"/episodes/{EPISODE}")
    audio = "document.querySelector('audio')"
    page.wait_for_selector(".transport", state="visible")
    page.locator("body").press("Space")
    until(page, f"{audio}.currentTime > 0.2")
    assert page.get_by_role("button", name="Pause").is_visible()
    page.get_by_role("link", name="Galloping").click()
    until(page, f"{audio}.currentTime >= 40")
    page.wait_for_selector(".said >> text=Line 8 ")
    page.locator("body").press("Space")
    page.get_by_text("Line 3 says").click()
    until(page, f"{audio}.currentTime >= 15 && {audio}.currentTime < 17")
    page.locator("body").press("Space")
    before = page.evaluate(f"{audio}.currentTime")
    page.locator("body").press("ArrowRight")
    assert page.evaluate(f"{audio}.currentTime") == pytest.approx(before + 5, abs=0.1)
    page.locator("body").press("l")
    assert page.evaluate(f"{audio}.currentTime") == pytest.approx(before + 20, abs=0.1)
    page.locator("body").press(",")
    assert page.evaluate(f"{audio}.currentTime") == pytest.approx(20, abs=0.1)
    page.locator("body").press(".")
    assert page.evaluate(f"{audio}.currentTime") == pytest.approx(40, abs=0.1)
    page.locator("body").press("]")
    page.locator("body").press("]")
    assert page.evaluate(f"{audio}.playbackRate") == 1.5
    until(page, "document.querySelector('[data-speed]').value === '1.5'")
    for _ in range(4):
        page.locator("body").press("[")
    until(page, "document.querySelector('[data-speed]').value === '0.75'")
    assert page.evaluate("navigator.mediaSession.metadata.title") == "Timsort & <friends>"


def test_a_recording_of_ones_own_is_played_without_being_sent(visit, served):
    page = visit("/episodes/sorting/episode-2")
    sent = []
    page.on("request", lambda request: sent.append(request.method))
    page.locator("[data-file]").set_input_files(served.data / "timsort.wav")
    until(page, "document.querySelector('audio').readyState > 0")
    page.get_by_role("button", name="Play").click()
    until(page, "document.querySelector('audio').currentTime > 0.1")
    assert "POST" not in sent


def test_the_transcript_is_searched_without_leaving_the_page(visit):
    page = visit(f"/episodes/{EPISODE}")
    page.locator("body").press("/")
    page.keyboard.type("line 1")
    until(page, "document.querySelector('[data-found]').textContent === '3 found'")
    assert page.evaluate("CSS.highlights.get('found').size") == 3
    page.keyboard.press("Enter")
    assert page.locator("[data-found]").inner_text() == "1 of 3"


def beside_a_long_transcript(visit, width, height):
    """The page of an episode on a screen of that size, its transcript longer than the screen."""
    page = visit(f"/episodes/{EPISODE}", width)
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_selector(".transport", state="visible")
    page.evaluate(
        "document.querySelectorAll('.paragraph p').forEach(one => one.style.lineHeight = '5')"
    )
    return page


@pytest.mark.parametrize(("width", "height"), [(1280, 600), (768, 600), (360, 640), (1280, 420)])
def test_the_bar_of_the_transcript_can_be_clicked_below_the_player(visit, width, height):
    page = beside_a_long_transcript(visit, width, height)
    field = page.get_by_placeholder("Search the transcript")
    if height > LOW:
        page.evaluate(IN_THE_TRANSCRIPT.format(line=4))
    else:
        field.scroll_into_view_if_needed()
    assert field.evaluate(ON_TOP)
    assert page.get_by_label("follow").evaluate(ON_TOP)


@pytest.mark.parametrize(("width", "height"), [(1280, 600), (360, 640), (320, 256)])
@pytest.mark.parametrize("key", ["Tab", "Shift+Tab"])
def test_what_gets_the_focus_in_the_transcript_is_not_covered(visit, width, height, key):
    page = beside_a_long_transcript(visit, width, height)
    places = page.locator(".paragraph a.clock")
    count = places.count()
    places.nth(count - 1 if key == "Shift+Tab" else 0).focus()
    for _ in range(count - 1):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.className") == "clock"
        until(page, f"({ON_TOP})(document.activeElement)")


def test_nothing_sticks_on_a_screen_that_is_low(visit):
    page = beside_a_long_transcript(visit, 320, 256)
    page.evaluate(IN_THE_TRANSCRIPT.format(line=4))
    assert page.locator("#player").bounding_box()["y"] < -100
    page.locator("body").press("n")
    page.wait_for_selector("[data-editing]")
    note = page.get_by_label("Note", exact=True).last
    until(page, "document.activeElement.name === 'note'")
    assert note.evaluate(ON_TOP)
    save = page.get_by_role("button", name="Save", exact=True)
    save.scroll_into_view_if_needed()
    assert save.evaluate(ON_TOP)


def test_the_keyboard_goes_everywhere(visit):
    page = visit("/")
    page.keyboard.press("?")
    assert page.get_by_role("dialog").is_visible()
    page.keyboard.press("Escape")
    for key, address in (("c", "/claims"), ("k", "/checks"), ("p", "/predictions"), ("h", "/")):
        page.locator("body").press("g")
        page.locator("body").press(key)
        page.wait_for_url(f"**{address}")
    page.goto(page.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


def test_a_long_show_is_filtered_and_extended_in_place(visit):
    page = visit(f"/shows/{SHOW}")
    assert page.locator(".entry").count() == 40
    page.locator(".more a").click()
    until(page, "document.querySelectorAll('.entry').length === 80")
    page.locator("body").press("/")
    page.keyboard.type("episode 9")
    until(page, "document.querySelectorAll('.entry').length === 15")
    assert page.get_by_role("status").inner_text() == "15 of 95 episodes"


def test_pages_can_be_read_without_script(visit, addresses):
    for name in ("shows", "show", "episode", "claim", "run"):
        page = visit(addresses[name], java_script_enabled=False)
        assert page.locator("h1").is_visible()
    page = visit(addresses["show"], java_script_enabled=False)
    page.get_by_label("Filter").fill("timsort")
    follow(page, page.get_by_role("button", name="Show"))
    assert page.locator(".entry").count() == 1
    page = visit(addresses["episode"], java_script_enabled=False)
    assert page.locator(".paragraph").count() > 3


def test_nothing_moves_while_a_page_loads(visit, addresses):
    for name in ("shows", "show", "episode", "run"):
        page = visit(addresses[name])
        page.wait_for_load_state("networkidle")
        shift = page.evaluate(
            """() => new Promise(done => new PerformanceObserver(list => done(
                 list.getEntries().reduce((sum, one) => sum + one.value, 0)))
               .observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done(0), 300))"""
        )
        assert shift < 0.02, name


def test_it_prints_on_white_without_what_can_only_be_clicked(visit, addresses):
    page = visit(addresses["run"], theme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".bar").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")


def test_the_plan_comes_before_the_check(visit, served):
    page = visit("/checks")
    plan_a_check(page, served)
    assert "geheim7" not in page.content()
    follow(page, page.get_by_role("button", name="Check it now"))
    with page.expect_download() as download:
        page.get_by_role("link", name="SARIF").click()
    assert download.value.suggested_filename.endswith(".sarif")
    page.go_back()
    assert "This plan was carried out already" in page.locator("main").inner_text()
    page.go_back()
    assert page.get_by_label("Target").is_visible()


def test_the_site_ends_without_leaving_its_worker(third_party: Path, data: Path):
    environment = {**os.environ, "PYTHONPATH": str(third_party), "NO_COLOR": "1"}
    site = Served(CommandLine(environment), data)
    order = urllib.request.Request(
        f"{site.address}/api/claims/trouble-slow/runs",
        data=b"{}",
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(order, timeout=60) as answer:
        assert answer.status == 202
    time.sleep(1)
    site.end()
    with open_store(data) as store, store.reading() as connection:
        assert connection.exec_driver_sql("select status from runs").scalar() == "interrupted"
