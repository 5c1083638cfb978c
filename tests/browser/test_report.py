"""The report in real Chromium: what no parser sees."""

import pytest

from earwitness.report import html
from tests.browser.looking import COLLISIONS, LEAST_CONTRAST, THEMES, WIDTHS
from tests.report import samples

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The pages as files: the show, the show before anything was run, and each claim alone."""
    place = tmp_path_factory.mktemp("report")
    pages = {
        "show": html.render_show(samples.show()),
        "empty": html.render_show(samples.empty_show()),
        **{run.claim: html.render_run(run) for run in samples.runs()},
    }
    for name, text in pages.items():
        (place / f"{name}.html").write_text(text, encoding="utf-8")
    return place


@pytest.fixture
def visit(browser, folder):
    """Open a page by name; gives the page, what its console said, and what it asked for."""
    opened = []

    def go(name, width=1280, theme="light"):
        page = browser.new_page(
            viewport={"width": width, "height": 800}, color_scheme=theme, reduced_motion="reduce"
        )
        opened.append(page)
        address = (folder / f"{name}.html").as_uri()
        said, asked = [], []

        def request(url: str) -> None:
            if url not in (address, "data:,"):
                asked.append(url)

        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda one: request(one.url))
        page.goto(address)
        return page, said, asked

    yield go
    for page in opened:
        page.close()


NAMES = ("show", "empty", *(run.claim for run in samples.runs()))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_complained_about_and_nothing_requested(visit, name):
    page, said, asked = visit(name)
    page.wait_for_load_state("networkidle")
    assert said == []
    assert asked == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_no_page_is_wider_than_its_window(visit, name, width):
    page, _, _ = visit(name, width)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["show", "partition-locks", "select-star"])
def test_texts_of_drawings_do_not_collide(visit, name, width):
    page, _, _ = visit(name, width)
    assert page.evaluate(COLLISIONS) == []


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", NAMES)
def test_every_text_can_be_read(visit, name, theme):
    page, _, _ = visit(name, theme=theme)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    least, text = page.evaluate(LEAST_CONTRAST)
    assert least >= 4.5, text


def test_the_themes_differ(visit):
    grounds = {
        visit("show", theme=theme)[0].evaluate("getComputedStyle(document.body).backgroundColor")
        for theme in THEMES
    }
    assert len(grounds) == 2


def test_the_dark_theme_prints_on_white_and_opens_what_is_folded(visit):
    page, _, _ = visit("show", theme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".provenance .command").first.is_visible()
    least, text = page.evaluate(LEAST_CONTRAST)
    assert least >= 4.5, text
    assert page.pdf(format="A4", print_background=True).startswith(b"%PDF")


def test_the_keyboard_reaches_links_and_folded_parts(visit):
    page, _, _ = visit("show")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator(".chapters summary").first.focus()
    assert not page.locator(".chapters li.claimed").is_visible()
    page.keyboard.press("Enter")
    assert page.locator(".chapters li.claimed").is_visible()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(browser, axe, folder, name, width, theme):
    page = browser.new_page(
        viewport={"width": width, "height": 800}, color_scheme=theme, bypass_csp=True
    )
    page.goto((folder / f"{name}.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    found = axe(page)
    page.close()
    assert found == []
