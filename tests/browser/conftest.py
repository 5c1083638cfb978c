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
INSTALLED_AXE = Path(__file__).parents[2] / ".venv/axe/node_modules/axe-core/axe.min.js"


@pytest.fixture(scope="session")
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
