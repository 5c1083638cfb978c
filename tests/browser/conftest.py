"""Real Chromium, and axe-core to judge pages with.

Chromium is looked for as ``EARWITNESS_CHROMIUM``, then on the path; axe-core as ``EARWITNESS_AXE``,
which names its ``axe.min.js``, then where ``scripts/install-test-components`` puts it.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

ARGUMENTS = (
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
REFUSALS = ("404", "409", "410", "422")
"""Statuses that a page answers with on purpose; the browser tells each of them."""
INSTALLED_AXE = Path(__file__).parents[2] / ".venv/axe/node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="package")  # its event loop must have ended before others start one
def browser():
    executable = os.environ.get("EARWITNESS_CHROMIUM") or shutil.which("chromium")
    if executable is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as driver:
        launched = driver.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def axe() -> Callable[[object], list[tuple[str, list[str]]]]:
    """Judge a page: the rules that are broken, each with the elements that break it."""
    library = Path(os.environ.get("EARWITNESS_AXE") or INSTALLED_AXE)
    if not library.is_file():
        pytest.skip("axe-core is not installed: scripts/install-test-components fetches it")
    script = library.read_text(encoding="utf-8")

    def judge(page: object) -> list[tuple[str, list[str]]]:
        page.evaluate(script)
        found = page.evaluate("axe.run()")["violations"]
        return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]

    return judge


@pytest.fixture
def visit(browser, served):
    """Open a page of ``served``; nothing may be complained about when the test ends.

    A test that cuts the connection adds to ``visit.refusals`` what the browser will tell of it.
    """
    said, asked, opened = [], [], []

    def go(address="/", width=1280, theme="light", **options):
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            reduced_motion="reduce",
            **options,
        )
        opened.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(served.address + address)
        return page

    go.refusals = list(REFUSALS)
    yield go
    for context in opened:
        context.close()
    assert [one for one in said if not any(told in one for told in go.refusals)] == []
    elsewhere = [url for url in asked if not url.startswith((served.address, "data:", "blob:"))]
    assert elsewhere == []
