import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.library.reading import clock, show_notes
from earwitness.library.reading.show_notes import Phrases

PROMO = "Get our thick book on queues for half the price today"


def found(text: str, **options: object) -> list[tuple[float, str]]:
    return [
        (chapter.start_seconds, chapter.title)
        for chapter in show_notes.chapters(text, **options)  # type: ignore[arg-type]
    ]


def test_running_text() -> None:
    notes = "We talk. 0:00 Intro 1:30 2x Faster 9:20 15 Year old bug 21:13 flush = off https://a.example"
    assert found(notes) == [
        (0, "Intro"),
        (90, "2x Faster"),
        (560, "15 Year old bug"),
        (1273, "flush = off"),
    ]


def test_lines_and_running_text_give_the_same() -> None:
    parts = ["0:00 Intro", "2:00 Page cache", "6:00 Flush (O_SYNC)", "1:02:03 On metal?"]
    assert found(" ".join(parts)) == found("\n".join(parts)) == found("\r\n".join(parts))
    assert found(" ".join(parts))[-1] == (3723, "On metal?")


@pytest.mark.parametrize(
    "notes",
    [
        "(00:00) Intro\n(05:00) Middle",
        "[00:00] Intro\n[05:00] Middle",
        "00:00 - Intro\n05:00 - Middle",
        "00:00: Intro\n05:00: Middle",
        "• 0:00 Intro\n• 5:00 Middle",
        "Intro 0:00\nMiddle 5:00",
        "Intro - 0:00\nMiddle - 5:00",
        "0:00–5:00 Intro\n5:00–9:00 Middle",
        "00:00:00 Intro\n00:05:00 Middle",
    ],
)
def test_the_many_ways_to_write_a_list(notes: str) -> None:
    assert found(notes) == [(0, "Intro"), (300, "Middle")]


def test_a_range_has_an_end() -> None:
    first, second = show_notes.chapters("0:00 - 4:30 Intro\n5:00 Middle")
    assert (first.end_seconds, second.end_seconds) == (270, None)


@pytest.mark.parametrize(
    "notes",
    [
        "We met at 10:30 am and left at 11:45 pm.",
        "Only one: 5:00 Middle",
        "The ratio is 16:9 here and 4:30 there",
        "see https://a.example/?t=1:30 and https://a.example/?t=2:30",
        "Version 1.0:00 and 2.0:00",
        "",
    ],
)
def test_what_is_no_list_of_chapters(notes: str) -> None:
    assert found(notes) == []


def test_a_time_of_day_before_the_list_spoils_nothing() -> None:
    assert found("Live at 21:30 on Friday. 0:00 Intro 1:00 Two 2:00 Three") == [
        (0, "Intro"),
        (60, "Two"),
        (120, "Three"),
    ]


def test_times_behind_the_end_are_left_out() -> None:
    notes = "0:00 Intro 5:00 Middle 55:00 Bonus"
    assert found(notes, duration=600) == [(0, "Intro"), (300, "Middle")]


def test_advertising_that_two_episodes_share_is_no_title() -> None:
    texts = [
        f"0:00 Intro 7:00 My thoughts {PROMO}",
        f"0:00 Intro 3:00 The end {PROMO}",
        f"No chapters here. {PROMO}",
    ]
    phrases = Phrases(texts)
    assert found(texts[0], phrases=phrases) == [(0, "Intro"), (420, "My thoughts")]
    assert found(texts[1], phrases=phrases) == [(0, "Intro"), (180, "The end")]


def test_the_same_title_before_the_same_advertising() -> None:
    texts = [f"0:00 Intro 7:00 Takeaways {PROMO}"] * 2 + [f"Nothing. {PROMO}"]
    assert found(texts[0], phrases=Phrases(texts))[-1] == (420, "Takeaways")


def test_a_long_title_of_one_episode_stays_whole() -> None:
    title = "What we would do if we had to write all of it again"
    assert found(f"0:00 Intro 7:00 {title}", phrases=Phrases([title, "other"]))[-1][1] == title


_CHAPTERS = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=35_999),
        st.text(alphabet="abcdefgh ", min_size=1, max_size=12).filter(str.strip),
    ),
    min_size=2,
    max_size=20,
    unique_by=lambda chapter: chapter[0],
).map(sorted)


@given(_CHAPTERS, st.sampled_from(["\n", " "]))
def test_what_was_written_is_read_back(chapters: list[tuple[int, str]], between: str) -> None:
    notes = between.join(f"{clock.stamp(start)} {title}" for start, title in chapters)
    assert found(notes) == [(start, " ".join(title.split())) for start, title in chapters]


@given(st.text(alphabet="0123456789: ab\n-()", max_size=300), st.integers(0, 5000))
def test_chapters_are_in_order_unique_and_within(text: str, duration: int) -> None:
    starts = [start for start, _ in found(text, duration=float(duration))]
    assert starts == sorted(set(starts))
    assert all(0 <= start <= duration for start in starts)
    assert len(starts) != 1
