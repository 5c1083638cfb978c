import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.library import moment
from earwitness.library.intake import Segment, SourcedChapter
from earwitness.library.moment import NoSuchMoment
from tests.library.samples import LINES, transcript

SEGMENTS = transcript(LINES).segments


@given(st.integers(0, 200_000))
def test_a_place_reads_as_it_is_written(seconds):
    assert moment.place(moment.clock(seconds)) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("12:34", 754), ("1:02:05", 3725), ("90", 90), ("7.5", 7.5), (" 0:05 ", 5), ("90:00", 5400)],
)
def test_a_place_is_read(text, seconds):
    assert moment.place(text) == seconds


@pytest.mark.parametrize("text", ["", "12:", "1:60", "1:60:00", "soon", "-5", "1:2:3:4", "nan"])
def test_what_is_no_place_is_refused(text):
    with pytest.raises(NoSuchMoment, match="no place"):
        moment.place(text)


def test_a_span_has_two_places():
    assert moment.span("12:34-13:10") == (754, 790)
    assert moment.span("12:34 – 13:10") == (754, 790)
    assert moment.span("12:34") is None


@pytest.mark.parametrize(("text", "moved"), [("+5s", 105), ("-5", 95), ("2:00", 120)])
def test_a_bound_moves_by_or_to(text, moved):
    assert moment.moved(100, text) == moved


def test_a_span_is_cut_to_the_episode_or_refused():
    assert moment.within((-5, 20), 10) == (0, 10)
    with pytest.raises(NoSuchMoment, match="after the end"):
        moment.within((10, 20), 10)
    with pytest.raises(NoSuchMoment, match="ends after it starts"):
        moment.within((9, 9), None)


def test_bounds_go_to_the_ends_of_lines_that_are_near():
    assert moment.around(25, 12, SEGMENTS) == (10, 40)  # 13 and 37, both within 5 s of a line's end
    assert moment.around(25, 100, SEGMENTS) == (0, 125)
    assert moment.around(25, 12, ()) == (13, 37)


def test_a_quote_has_whole_lines_and_names_the_speakers():
    assert moment.quote(SEGMENTS, (10, 40)) == (
        "Host: Today we talk about locks.\n"
        "Guest: A lock has a fast path. Sixteen slots, then the slow one."
    )
    assert (
        moment.quote(SEGMENTS, (20, 40))
        == "A lock has a fast path. Sixteen slots, then the slow one."
    )


def test_a_line_of_which_less_than_half_lies_inside_is_left_out_unless_it_is_the_only_one():
    assert moment.quote(SEGMENTS, (19, 31)) == "A lock has a fast path."
    assert moment.quote(SEGMENTS, (22, 24)) == "A lock has a fast path."
    assert moment.quote(SEGMENTS, (300, 310)) == ""


def test_lines_without_times_give_no_quote():
    assert moment.quote([Segment(text="words")], (0, 10)) == ""


@given(
    st.lists(st.tuples(st.floats(0, 500), st.floats(0, 20), st.text(max_size=20)), max_size=15),
    st.floats(0, 500),
    st.floats(0.1, 60),
)
def test_a_quote_is_made_of_lines_that_overlap(lines, start, length):
    segments = [
        Segment(text=text, start_seconds=at, end_seconds=at + long) for at, long, text in lines
    ]
    said = moment.quote(segments, (start, start + length))
    near = [s for s in segments if s.start_seconds < start + length and s.end_seconds > start]
    assert set(said.split()) <= {word for segment in near for word in segment.text.split()}
    assert bool(said.strip()) <= bool(near)


def test_the_chapter_is_the_last_that_began():
    chapters = [SourcedChapter(start_seconds=at, title=str(at)) for at in (10, 0.5, 20)]
    assert [moment.chapter_at(chapters, at) for at in (0, 5, 10, 99, None)] == [
        *(None, "0.5", "10", "20"),
        None,
    ]


@pytest.mark.parametrize(
    ("bounds", "title"),
    [
        ((5, 14), "0.5"),
        ((5, 16), "10"),
        ((5, 15), "10"),
        ((12, 40), "20"),
        ((0, 0.4), None),
        ((0, 1), "0.5"),
        ((12, None), "10"),
        ((None, None), None),
    ],
)
def test_a_stretch_is_of_the_chapter_that_has_most_of_it(bounds, title):
    chapters = [SourcedChapter(start_seconds=at, title=str(at)) for at in (10, 0.5, 20)]
    assert moment.chapter_of(chapters, *bounds) == title
    assert moment.chapter_of([], *bounds) is None


def test_the_stretch_before_a_place_does_not_cut_a_line():
    assert moment.before(38, 30, SEGMENTS) == (10, 40)
    assert moment.before(38, 30, []) == (8, 38)
    assert moment.before(12, 30, []) == (0, 12)
