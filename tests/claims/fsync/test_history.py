"""Which flush makes which change safe."""

from hypothesis import given
from hypothesis import strategies as st

from earwitness.claims.fsync.history import (
    Acknowledged,
    Base,
    Change,
    Create,
    Event,
    Flush,
    FlushFolder,
    FolderChange,
    Remove,
    Truncate,
    Write,
    history,
)

EMPTY = Base(files={}, names={})
FILES = st.integers(0, 2)
EVENTS = st.one_of(
    st.builds(Create, st.sampled_from("abc"), FILES),
    st.builds(Remove, st.sampled_from("abc")),
    st.builds(Write, FILES, st.integers(0, 3000), st.binary(max_size=1500)),
    st.builds(Truncate, FILES, st.integers(0, 3000)),
    st.builds(Flush, FILES),
    st.just(FlushFolder()),
)


def covers(flush: Event, change: Event) -> bool:
    if isinstance(change, FolderChange):
        return flush == FlushFolder()
    return isinstance(change, Write | Truncate) and flush == Flush(change.file)


@given(st.lists(EVENTS, max_size=30))
def test_a_change_is_covered_by_the_first_flush_of_its_own_after_it(events: list[Event]) -> None:
    told = history(EMPTY, events)
    for place, event in enumerate(events):
        later = range(place + 1, len(events))
        expected = next((at for at in later if covers(events[at], event)), len(events))
        if isinstance(event, Change):
            assert told.flushed_at[place] == expected


def test_commits_count_as_acknowledged_from_the_moment_they_are() -> None:
    told = history(EMPTY, [Write(0, 0, b"x"), Acknowledged(1), Flush(0), Acknowledged(2)])
    assert [told.acknowledged(instant) for instant in range(5)] == [0, 0, 1, 1, 2]


def test_flushes_of_files_and_of_the_folder_are_counted() -> None:
    told = history(EMPTY, [Flush(0), Write(0, 0, b"x"), FlushFolder(), Flush(1)])
    assert told.flushes == 3
