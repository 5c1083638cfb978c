from hypothesis import given
from hypothesis import strategies as st

from earwitness.library.chapters import Chapter
from earwitness.library.intake import Segment
from earwitness.library.search import passages

texts = st.lists(
    st.sampled_from(["Yes.", "a b c d. e f?", "word " * 130, "x. " * 400]), max_size=30
)


@given(texts)
def test_packing_loses_no_word_and_keeps_the_order_of_lines(lines):
    segments = [Segment(text=text) for text in lines]
    packed = passages.of_segments(segments)
    said = " ".join(passage.text for passage in packed).split()
    assert said == " ".join(lines).split()
    bounds = [(one.first_segment, one.last_segment) for one in packed]
    assert bounds == sorted(bounds)
    assert all(len(one.text.split()) < 2 * 300 for one in packed)


def test_a_passage_knows_its_lines_its_times_and_who_speaks():
    segments = [
        Segment(text="word " * 60, start_seconds=10.0 * n, end_seconds=10.0 * n + 9, speaker=who)
        for n, who in enumerate("ABBB")
    ]
    first, second = passages.of_segments(segments)
    assert (first.first_segment, first.last_segment, first.speakers) == (0, 1, "A, B")
    assert (second.start_seconds, second.end_seconds, second.speakers) == (20.0, 39.0, "B")


def test_no_passage_reaches_over_the_start_of_a_chapter():
    segments = [Segment(text="few words", start_seconds=float(n)) for n in range(10)]
    chapters = [Chapter(start_seconds=s, title=t, sources=()) for s, t in ((0, "a"), (4, "b"))]
    packed = passages.of_segments(segments, chapters)
    assert [(one.heading, one.first_segment, one.last_segment) for one in packed] == [
        ("a", 0, 3),
        ("b", 4, 9),
    ]


def test_the_words_of_markup_without_its_tags():
    markup = "<p>One &amp; <b>two</b>.</p><ul><li>three</li></ul>"
    assert passages.plain_text(markup) == "One & two.\nthree"
