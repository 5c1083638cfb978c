"""The report in real Chromium: what no parser sees.

Chromium is looked for as ``EARWITNESS_CHROMIUM``, then on the path. With ``EARWITNESS_AXE`` naming
the ``axe.min.js`` of axe-core, pages are also judged by it; it is no dependency.
"""

import os
import shutil
from pathlib import Path

import pytest

from earwitness.report import html
from tests.report import samples

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

pytestmark = pytest.mark.browser

ARGUMENTS = (
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WIDTHS = (360, 768, 1280)
THEMES = ("light", "dark")

# The least contrast of each text with what lies under it: WCAG 2 relative luminance, colours that
# are not opaque are laid over what is behind them. Texts of drawings have their fill for a colour.
LEAST_CONTRAST = """() => {
  const part = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => 0.2126 * part(c[0]) + 0.7152 * part(c[1]) + 0.0722 * part(c[2]);
  const read = s => { const n = s.match(/[\\d.]+/g).map(Number); return n.length > 3 ? n : [...n, 1]; };
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3]));
  const ground = e => {
    const layers = [];
    for (let at = e; at; at = at.parentElement) {
      const c = read(getComputedStyle(at).backgroundColor);
      layers.push(c);
      if (c[3] === 1) break;
    }
    return layers.reverse().reduce((below, c) => over(c, below), [255, 255, 255]);
  };
  const found = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const text = walk.currentNode.textContent.trim(), e = walk.currentNode.parentElement;
    if (!text || ['TITLE', 'DESC'].includes(e.tagName.toUpperCase()) || !e.getClientRects().length) continue;
    const style = getComputedStyle(e), under = ground(e);
    const ink = over(read(e.namespaceURI.endsWith('svg') ? style.fill : style.color), under);
    const [a, b] = [light(ink), light(under)].sort((x, y) => y - x);
    found.push([(a + 0.05) / (b + 0.05), text.slice(0, 40)]);
  }
  return found.sort((x, y) => x[0] - y[0])[0];
}"""

# Texts of a drawing that lie over each other, or stick out of the page.
COLLISIONS = """() => {
  const bad = [];
  for (const chart of document.querySelectorAll('svg.chart')) {
    const boxes = [...chart.querySelectorAll('tspan, text:not(:has(tspan))')]
      .filter(e => e.textContent.trim())
      .map(e => [e.textContent, [...e.getClientRects()][0] || e.getBoundingClientRect()]);
    for (const [words, box] of boxes)
      if (box.left < -0.5 || box.right > innerWidth + 0.5) bad.push(`outside: ${words}`);
    boxes.forEach(([a, p], i) => boxes.slice(i + 1).forEach(([b, q]) => {
      const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
      const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
      if (wide > 1 && high > 5) bad.push(`${a} / ${b}`);
    }));
  }
  return bad;
}"""


@pytest.fixture(scope="module")
def browser():
    executable = os.environ.get("EARWITNESS_CHROMIUM") or shutil.which("chromium")
    if executable is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield launched
        launched.close()


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
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        address = (folder / f"{name}.html").as_uri()
        page.goto(address, wait_until="networkidle")
        return page, said, [url for url in asked if url not in (address, "data:,")]

    yield go
    for page in opened:
        page.close()


NAMES = ("show", "empty", *(run.claim for run in samples.runs()))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_complained_about_and_nothing_requested(visit, name):
    _, said, asked = visit(name)
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
def test_axe_finds_nothing(browser, folder, name, width, theme):
    library = os.environ.get("EARWITNESS_AXE")
    if library is None:
        pytest.skip("EARWITNESS_AXE does not name the axe.min.js of axe-core")
    page = browser.new_page(
        viewport={"width": width, "height": 800}, color_scheme=theme, bypass_csp=True
    )
    page.goto((folder / f"{name}.html").as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate(Path(library).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    page.close()
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
