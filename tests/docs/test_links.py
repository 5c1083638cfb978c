"""Every link inside the documentation leads somewhere, and every page can be reached."""

import pytest

from tests.docs import pages


def _outward(target):
    return "://" in target


@pytest.mark.parametrize("page", pages.pages(), ids=pages.name)
def test_links_lead_to_a_file_and_a_heading(page):
    broken = []
    for target in filter(lambda target: not _outward(target), pages.links(page)):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in pages.anchors(file)):
            broken.append(target)
    assert broken == []


def test_every_page_can_be_reached_from_the_index():
    start = pages.DOCS / "index.md"
    reached, waiting = {start}, [start]
    while waiting:
        page = waiting.pop()
        for target in pages.links(page):
            file = (page.parent / target.partition("#")[0]).resolve()
            if not _outward(target) and file.suffix == ".md" and file not in reached:
                reached.add(file)
                waiting.append(file)
    assert set(pages.DOCS.rglob("*.md")) - reached == set()
