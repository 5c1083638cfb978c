"""Share pages of shows: made up ones, and the real one where it is at hand."""

import os
from pathlib import Path

import pytest

from earwitness.library import bundled
from earwitness.library.intake import ChapterSource, NotReadable
from earwitness.library.reading import recognise, share_page

SHARED = Path(os.environ.get("EARWITNESS_SHARED", Path(__file__).resolve().parents[4] / "shared"))

PAGE = """A Show of Ours cover image

A Show of Ours

Latest episodes

undefined
2 snips
Jun 24, 2023 • 34min

First of all

About queues. 0:00 Intro 3:00 The end Get our thick book on queues for half the price https://a.example/book
undefined
Jun 9, 2023 • 1h 5min

The second

Get our thick book on queues for half the price https://a.example/book
undefined
1 snip
May 1, 2023 • 12min

The third

Nothing else.

Remember this

A footer.
App store banner
"""


def test_everything_of_a_page_but_its_footer() -> None:
    intake = share_page.read(PAGE.encode())
    assert intake.show.title == "A Show of Ours"
    first, second, third = intake.episodes
    assert (first.title, first.date, first.duration_seconds, first.snips) == (
        "First of all",
        "2023-06-24",
        2040,
        2,
    )
    assert second.duration_seconds == 3900
    assert (third.title, third.description, third.snips) == ("The third", "Nothing else.", 1)
    assert [link.url for link in first.links] == ["https://a.example/book"]
    chapters = first.chapters[ChapterSource.SHOW_NOTES]
    assert [(one.start_seconds, one.title) for one in chapters] == [(0, "Intro"), (180, "The end")]
    assert second.chapters == {}
    assert "footer" not in str(intake)


def test_the_same_page_as_html() -> None:
    blocks = "".join(
        f"<div><span>{line}</span></div>" for line in PAGE.splitlines() if line.strip()
    )
    page = f"<!DOCTYPE html><html><head><title>x</title></head><body><script>1</script>{blocks}</body></html>"
    from_html = recognise.read(page.encode(), "page.html")
    from_text = share_page.read(PAGE.encode())
    # every line is a block of its own in this HTML, so that the footer cannot be told from notes
    assert from_html.show == from_text.show
    assert from_html.episodes[:2] == from_text.episodes[:2]
    assert from_html.episodes[2].title == "The third"


def test_reading_twice_gives_the_same() -> None:
    assert share_page.read(PAGE.encode()) == share_page.read(PAGE.encode())


def test_a_page_without_episodes_is_refused() -> None:
    with pytest.raises(NotReadable, match="no episode"):
        share_page.read(b"A Show of Ours\n\nJune was warm\n")


def test_the_real_page_has_ten_episodes_52_chapters_and_11_links() -> None:
    path = SHARED / "show-page.txt"
    if not path.exists():
        pytest.skip(f"the show's page is not at hand ({path})")
    intake = recognise.read(path.read_bytes(), path.name)
    known = bundled.find_show("backend-engineering-show")
    assert intake.show.title == known.title
    assert len(intake.episodes) == 10
    chapters = [one.chapters.get(ChapterSource.SHOW_NOTES, ()) for one in intake.episodes]
    assert [len(one) for one in chapters if one] == [17, 6, 8, 6, 10, 5]
    assert sum(len(one.links) for one in intake.episodes) == 11
    assert sum(one.snips for one in intake.episodes) == 9
    assert sum(one.duration_seconds or 0 for one in intake.episodes) == 278 * 60
    for read, one, printed in zip(known.episodes, intake.episodes, chapters, strict=True):
        assert (one.title, one.date) == (read.title, read.date.isoformat())
        assert [(c.start_seconds, c.title) for c in printed] == [
            (c.start_seconds, c.title) for c in read.chapters
        ]
    assert intake.problems == ()


def test_the_real_page_with_its_chapters_on_lines_gives_the_same_chapters() -> None:
    path = SHARED / "show-page.txt"
    if not path.exists():
        pytest.skip(f"the show's page is not at hand ({path})")
    inline = share_page.read(path.read_bytes()).episodes[2]
    from earwitness.library.reading import clock, show_notes

    notes = inline.description.replace("&amp;", "&")
    for chapter in inline.chapters[ChapterSource.SHOW_NOTES]:
        stamp = clock.stamp(chapter.start_seconds)
        notes = notes.replace(f" {stamp} ", f"\n{stamp} ", 1)
    on_lines = show_notes.chapters(notes, inline.duration_seconds)
    assert on_lines == inline.chapters[ChapterSource.SHOW_NOTES]
    assert len(on_lines) == 17
