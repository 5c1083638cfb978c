from earwitness.library import bundled, field_notes

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
