"""The small parts: paragraphs, covers, tokens, rates, tickets."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.library.intake import Segment
from earwitness.web import covers, streaming
from earwitness.web.jobs.checking import MOST_ORDERS, Checking, Expired
from earwitness.web.jobs.limits import Rate, TooMany
from earwitness.web.reading import LONGEST, paragraphs
from earwitness.web.tokens import Tokens, kept_key

SEGMENTS = st.lists(
    st.builds(
        Segment,
        text=st.text(max_size=200),
        start_seconds=st.none() | st.floats(0, 1e5),
        speaker=st.sampled_from([None, "Ada", "Tim"]),
    ),
    max_size=40,
)


@given(SEGMENTS, st.lists(st.floats(0, 1e5), max_size=8))
def test_paragraphs_lose_nothing_and_keep_speakers_apart(
    segments: list[Segment], starts: list[float]
) -> None:
    found = paragraphs(segments, starts)
    assert [line for paragraph in found for line in paragraph.segments] == segments
    for paragraph in found:
        assert len({line.speaker for line in paragraph.segments}) == 1
        assert sum(len(line.text) for line in paragraph.segments[:-1]) < LONGEST


def test_a_chapter_begins_a_paragraph() -> None:
    segments = [Segment(text="x", start_seconds=second) for second in (0, 5, 10, 15)]
    assert [p.start_seconds for p in paragraphs(segments, [0, 10])] == [0, 10]


@given(st.text(), st.text())
def test_a_cover_is_always_the_same_and_escapes_its_title(show: str, title: str) -> None:
    drawn = covers.svg_of(show, title)
    assert drawn == covers.svg_of(show, title)
    assert drawn.count("<") == covers.svg_of(show, "plain").count("<")


def test_shows_have_covers_of_their_own() -> None:
    assert len({covers.svg_of(f"show-{number}", "") for number in range(50)}) == 50


@given(st.text(max_size=100), st.text(min_size=1, max_size=40))
def test_only_the_tokens_that_were_made_hold(said: str, cookie: str) -> None:
    tokens = Tokens(b"one key")
    assert tokens.holds(tokens.make(cookie), cookie)
    assert not tokens.holds(tokens.make(cookie), cookie, "visitor")
    assert not tokens.holds(Tokens(b"another").make(cookie), cookie)
    assert not tokens.holds(said, cookie)
    assert not tokens.holds(tokens.make(""), "")


def test_a_key_stays_with_its_folder_and_is_nobody_elses(tmp_path: Path) -> None:
    key = kept_key(tmp_path / "data")
    assert len(key) == 32 and key != kept_key(tmp_path / "other")
    assert kept_key(tmp_path / "data") == key
    (file,) = (tmp_path / "data").iterdir()
    assert file.stat().st_mode & 0o077 == 0
    file.write_bytes(b"cut")
    assert len(kept_key(tmp_path / "data")) == 32
    assert list((tmp_path / "data").iterdir()) == [file]


def test_where_no_key_can_be_kept_each_is_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no folder")
    assert kept_key(tmp_path / "data") != kept_key(tmp_path / "data")


def test_a_rate_forgets_what_is_long_ago() -> None:
    now = [0.0]
    rate = Rate(2, 10.0, "much", lambda: now[0])
    rate.take()
    now[0] = 6.0
    rate.take()
    with pytest.raises(TooMany, match="in 4 s"):
        rate.take()
    now[0] = 10.0
    rate.take()


def test_tickets_are_redeemed_once_expire_and_are_bounded() -> None:
    now = [0.0]
    checking = Checking(None, lambda: now[0])  # type: ignore[arg-type]
    tickets = [checking.plan(number) for number in range(MOST_ORDERS + 1)]  # type: ignore[arg-type]
    with pytest.raises(Expired):
        checking.redeem(tickets[0])
    assert checking.redeem(tickets[1]) == 1
    with pytest.raises(Expired):
        checking.redeem(tickets[1])
    now[0] = 1e6
    with pytest.raises(Expired):
        checking.redeem(tickets[2])


@given(st.text(alphabet=st.characters(exclude_characters="\r\0"), max_size=50))
def test_a_message_gives_back_its_data(data: str) -> None:
    lines = streaming.message("kind", data, 3).split("\n")
    assert lines[:2] == ["id: 3", "event: kind"]
    assert "\n".join(line[6:] for line in lines if line.startswith("data: ")) == data
