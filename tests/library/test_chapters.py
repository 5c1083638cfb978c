from hypothesis import given
from hypothesis import strategies as st

from earwitness.library import chapters
from earwitness.library.intake import ChapterSource, SourcedChapter

JSON, PSC, NOTES = ChapterSource.JSON, ChapterSource.PSC, ChapterSource.SHOW_NOTES


def one(start: float, title: str, **more: object) -> SourcedChapter:
    return SourcedChapter(start_seconds=start, title=title, **more)  # type: ignore[arg-type]


def test_the_most_trusted_names_it_and_the_others_fill_in() -> None:
    merged = chapters.merge(
        {
            NOTES: [one(63, "queues, explained", url="https://a.example/")],
            JSON: [one(60, "Queues explained")],
            PSC: [one(61, "Queues", image="https://a.example/i.jpg", end_seconds=90)],
        }
    )
    (chapter,) = merged
    assert (chapter.start_seconds, chapter.title) == (60, "Queues explained")
    assert chapter.sources == (JSON, PSC, NOTES)
    assert (chapter.url, chapter.image, chapter.end_seconds) == (
        "https://a.example/",
        "https://a.example/i.jpg",
        90,
    )


def test_near_but_differently_called_are_two_and_at_the_same_second_one() -> None:
    merged = chapters.merge(
        {JSON: [one(60, "Queues")], NOTES: [one(64, "Locks"), one(60.4, "Rows")]}
    )
    assert [(c.start_seconds, c.title, c.sources) for c in merged] == [
        (60, "Queues", (JSON, NOTES)),
        (64, "Locks", (NOTES,)),
    ]


def test_what_only_one_source_has_is_kept_in_its_place() -> None:
    merged = chapters.merge({JSON: [one(0, "A"), one(100, "C")], NOTES: [one(50, "B")]})
    assert [c.title for c in merged] == ["A", "B", "C"]


def test_the_end_of_the_episode_bounds_chapters() -> None:
    merged = chapters.merge({JSON: [one(0, "A", end_seconds=500), one(300, "B")]}, duration=200)
    assert [(c.title, c.end_seconds) for c in merged] == [("A", 200)]


def test_a_change_of_picture_is_no_chapter_of_the_list() -> None:
    merged = chapters.merge({JSON: [one(0, "A"), one(0, "", listed=False)]})
    assert sorted(c.listed for c in merged) == [False, True]


_CHAPTERS = st.lists(
    st.builds(
        SourcedChapter,
        start_seconds=st.integers(0, 400).map(lambda quarter: quarter / 4),
        title=st.sampled_from(["", "Intro", "Intro again", "Queues", "Locks and queues"]),
        end_seconds=st.one_of(st.none(), st.floats(0, 150)),
        listed=st.booleans(),
    ),
    max_size=12,
)


@given(
    st.dictionaries(st.sampled_from(list(ChapterSource)), _CHAPTERS),
    st.one_of(st.none(), st.just(80.0)),
)
def test_merged_chapters_are_in_order_unique_and_accounted_for(
    by_source: dict[ChapterSource, list[SourcedChapter]], duration: float | None
) -> None:
    merged = chapters.merge(by_source, duration)
    starts = [c.start_seconds for c in merged]
    assert starts == sorted(starts)
    for listed in (True, False):
        of_kind = [c.start_seconds for c in merged if c.listed is listed]
        assert len(of_kind) == len(set(of_kind))
    for c in merged:
        assert c.end_seconds is None or c.end_seconds > c.start_seconds
        assert len(set(c.sources)) == len(c.sources) > 0
        assert list(c.sources) == sorted(c.sources, key=list(ChapterSource).index)
    given_sources = {
        source
        for source, found in by_source.items()
        if any(duration is None or chapter.start_seconds < duration for chapter in found)
    }
    assert {source for c in merged for source in c.sources} == given_sources
    assert chapters.merge(by_source, duration) == merged
