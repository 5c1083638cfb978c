import re
from importlib import resources

import pytest

from earwitness.library import bundled, field_notes

NOTES = resources.files("earwitness.library") / "notes"

FILE = """---
episode: some
sources:
- First, A Book. https://one.invalid/a
- Second, A Page. https://two.invalid/b
---
## 1:02:05 Late `code`

Words that are
wrapped [2], with **weight** and SELECT * kept. See [a page](https://three.invalid/c).

- one [1, 2]
- two

## Without a time

Plain.
"""


def test_sections_have_a_second_a_title_words_and_what_they_cite():
    late, without = field_notes.read(FILE)
    assert (late.start_seconds, late.title) == (3725.0, "Late code")
    assert late.text.startswith(
        "Words that are wrapped, with weight and SELECT * kept. See a page."
    )
    assert "- " not in late.text and "[" not in late.text
    assert late.sources == (
        "Second, A Page. https://two.invalid/b",
        "First, A Book. https://one.invalid/a",
    )
    assert (without.start_seconds, without.title, without.sources) == (None, "Without a time", ())


def test_every_timed_section_stands_at_a_chapter_of_its_episode():
    for show in bundled.shows():
        for episode in show.episodes:
            chapters = {chapter.start_seconds for chapter in episode.chapters}
            for section in field_notes.notes(show.id, episode.id):
                assert section.start_seconds is None or section.start_seconds in chapters


def test_an_episode_of_another_show_has_none():
    assert field_notes.notes("some-show", "ssd-fsync") == ()
    assert field_notes.notes("backend-engineering-show", "ssd-fsync")


@pytest.mark.parametrize("episode", bundled.shows()[0].episodes, ids=lambda episode: episode.id)
def test_every_bundled_episode_has_notes_on_its_chapters_and_cites_its_sources(episode):
    sections = field_notes.notes(bundled.shows()[0].id, episode.id)
    words = sum(len(section.text.split()) for section in sections)
    assert 500 < words < 800
    if episode.chapters:
        assert [(s.start_seconds, s.title) for s in sections] == [
            (chapter.start_seconds, chapter.title) for chapter in episode.chapters
        ]
    front = (NOTES / f"{episode.id}.md").read_text().split("---\n")[1]
    listed = [line.removeprefix("- ") for line in front.splitlines() if line.startswith("- ")]
    assert {source for section in sections for source in section.sources} == set(listed)


@pytest.mark.parametrize("marks", ["[1, 2]", "[1], [2]", "[1,2]", "[1][2]"])
def test_marks_of_several_sources_leave_nothing_behind(marks):
    text = f"---\n- First\n- Second\n---\n## Title\n\nSo it is {marks}. And more.\n"
    (section,) = field_notes.read(text)
    assert section.text == "So it is. And more."
    assert section.sources == ("First", "Second")


def test_no_mark_leaves_a_stray_comma_in_the_bundled_notes():
    for show in bundled.shows():
        for episode in show.episodes:
            for section in field_notes.notes(show.id, episode.id):
                assert not re.search(r",[.;,]|\s[.,;]", section.text)
