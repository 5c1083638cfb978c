from hypothesis import given
from hypothesis import strategies as st

from earwitness.library.reading import clock
from earwitness.library.search import index, searching
from earwitness.library.search.descriptions import without_chapters
from earwitness.library.search.scope import Scope
from tests.library.search import talks

LISTED = """How a log is kept.
0:00 Intro
(1:49) Pages - and rows
Fsync 12:30
1:02:03 — What is left
Recorded at 10:30 in a room."""
RUNNING = "How a log is kept. 0:00 Intro 1:49 Pages  and rows 12:30 Fsync Write to us."

titles = st.from_regex(r"[A-Za-z]{1,8}( [A-Za-z]{1,8}){0,3}", fullmatch=True)


def test_lines_of_chapters_are_left_out_and_other_times_stay():
    told = without_chapters(
        LISTED, talks.chapters((0, "Intro"), (109, "Pages"), (752, "Fsync"), (3723, "x"))
    )
    assert told == "How a log is kept.\nRecorded at 10:30 in a room."


def test_in_running_text_each_time_goes_with_its_title():
    told = without_chapters(
        RUNNING, talks.chapters((0, "Intro"), (109, "Pages and rows"), (750, "fsync"))
    )
    assert told.split() == ["How", "a", "log", "is", "kept.", "Write", "to", "us."]


@given(st.lists(titles, min_size=1, max_size=8), st.text(alphabet="abc \n", max_size=40))
def test_a_list_goes_and_what_has_no_time_stays(names, prose):
    starts = [place * 61 for place in range(len(names))]
    listed = [f"{clock.stamp(start)} {name}" for start, name in zip(starts, names, strict=True)]
    chapters = talks.chapters(*zip(starts, names, strict=True))
    left = without_chapters("\n".join([*listed, prose]), chapters)
    assert left.split() == prose.split()
    assert without_chapters("\n".join(listed), ()) == "\n".join(listed)


def test_no_passage_is_nothing_but_chapters(store):
    listed = "<p>Of logs.</p><p>0:00 Opening<br>5:00 Durability<br>9:00 Trees</p>"
    talks.keep(
        store,
        talks.episode(
            "listed",
            "Listed",
            description=listed,
            chapters=((0, "Opening"), (300, "Durability"), (540, "Trees")),
        ),
    )
    index.refresh(store)
    found = searching.search(store, "durability opening trees logs", scope=Scope())
    kinds = {hit.kind.value: hit.text for hit in found}
    assert kinds["description"] == "Of logs."
    assert "chapter" in kinds
