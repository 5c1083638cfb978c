"""Transcripts in their four formats: times, speakers, and agreement with the usual readers."""

import io
import os
import re
from pathlib import Path

import msgspec
import pytest
import webvtt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from earwitness.library.intake import NotReadable, Segment
from earwitness.library.reading import (
    sentences,
    srt,
    transcript_json,
    transcript_markdown,
    vtt,
)

SHARED = Path(os.environ.get("EARWITNESS_SHARED", Path(__file__).resolve().parents[4] / "shared"))

VTT = """\ufeffWEBVTT - a title

STYLE
::cue { color: red }

REGION
id:a

NOTE times in a note are none: 00:00 to 00:01

intro
00:01.000 --> 00:02.500 align:start position:10%
<v Ann Lee>Hi &amp; welcome</v>

2
00:00:02.500 --> 00:00:04.000
<v.loud Bob>No <i>way</i>,
<00:00:03.000>really</v> <v Ann Lee>Yes</v>

100:00:00.000 --> 100:00:01.000
far
00:00:05.000 --> 00:00:06.000
without a blank line

00:00:07.000 --> 00:00:08.000

00:00:09.000 --> 00:00:10.000
the last"""


def cues(segments: tuple[Segment, ...]) -> list[tuple[object, ...]]:
    return [
        (rounded(one.start_seconds), rounded(one.end_seconds), one.speaker, one.text)
        for one in segments
    ]


def rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_vtt(line_end: str) -> None:
    transcript = vtt.read(VTT.replace("\n", line_end).encode())
    assert cues(transcript.segments) == [
        (1, 2.5, "Ann Lee", "Hi & welcome"),
        (2.5, 4, "Bob", "No way, really"),
        (2.5, 4, "Ann Lee", "Yes"),
        (360_000, 360_001, None, "far"),
        (5, 6, None, "without a blank line"),
        (9, 10, None, "the last"),
    ]
    assert len(transcript.digest) == 64


_TEXT = st.from_regex(r"[a-z][a-z,.!? ]{0,20}[a-z.]", fullmatch=True)
_CUES = st.lists(
    st.tuples(
        st.integers(0, 400_000_000),
        st.integers(1, 100_000),
        _TEXT,
        st.sampled_from(["", "Ann", "Bob B"]),
    ),
    min_size=1,
    max_size=15,
)


def stamp(thousandths: int, between: str) -> str:
    seconds, rest = divmod(thousandths, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{between}{rest:03}"


@given(_CUES)
@example([(0, 1, "a  a", "")])
def test_written_cues_are_read_back(written: list[tuple[int, int, str, str]]) -> None:
    expected = [
        (begin / 1000, (begin + length) / 1000, name or None, " ".join(said.split()))
        for begin, length, said, name in written
    ]
    as_vtt = "WEBVTT\n\n" + "\n\n".join(
        f"{stamp(begin, '.')} --> {stamp(begin + length, '.')}\n"
        + (f"<v {name}>{said}</v>" if name else said)
        for begin, length, said, name in written
    )
    as_srt = "\n\n".join(
        f"{number}\n{stamp(begin, ',')} --> {stamp(begin + length, ',')}\n"
        + (f"[{name}] {said}" if name else said)
        for number, (begin, length, said, name) in enumerate(written, 1)
    )
    assert cues(vtt.read(as_vtt.encode()).segments) == expected
    assert cues(srt.read(as_srt.encode()).segments) == expected


@settings(max_examples=40)
@given(_CUES)
def test_the_same_cues_as_webvtt_py_has(written: list[tuple[int, int, str, str]]) -> None:
    # that one reads hours of two digits at the most
    text = "WEBVTT\n\n" + "\n\n".join(
        f"{stamp(begin % 360_000_000, '.')} --> {stamp(begin % 360_000_000 + length, '.')}\n"
        + (f"<v {name}>{said}" if name else said)
        for begin, length, said, name in written
        if begin % 360_000_000 + length < 360_000_000
    )
    theirs = list(webvtt.from_buffer(io.StringIO(text)))
    ours = vtt.read_segments(text)
    assert [(one.start_seconds, one.text, one.speaker or "") for one in ours] == [
        # a line break or several blanks are one blank to us, as they are on a page
        (pytest.approx(one.start_in_seconds, abs=1), " ".join(one.text.split()), one.voice or "")
        for one in theirs
    ]


def test_srt() -> None:
    text = """1
00:00:01,000 --> 00:00:02,000
Ann: Hello

2
00:00:02,000 --> 00:00:03,5
<i>Ann:</i> and {\\an8}welcome
3
00:00:04,000 --> 00:00:05,000
Note: once is no speaker

4
00:00:05,000 --> 00:00:06,000
[Bob] Me too

5
00:00:06,000 --> 00:00:07,000
[laughter]

6
00:00:07,000 --> 00:00:08,000
2024
"""
    assert cues(srt.read(text.encode()).segments) == [
        (1, 2, "Ann", "Hello"),
        (2, 3.5, "Ann", "and welcome"),
        (4, 5, None, "Note: once is no speaker"),
        (5, 6, "Bob", "Me too"),
        (6, 7, None, "[laughter]"),
        (7, 8, None, "2024"),
    ]


def test_json_of_podcasting_2() -> None:
    document = {
        "version": "1.0.0",
        "segments": [
            {"speaker": "Ann", "startTime": 0.5, "endTime": 2, "body": "Hello and welcome to us."},
            {
                "speaker": "",
                "startTime": "0:02",
                "endTime": None,
                "body": " A second\nsentence here. ",
            },
            {"body": ""},
            7,
        ],
    }
    transcript = transcript_json.read(msgspec.json.encode(document))
    assert cues(transcript.segments) == [
        (0.5, 2, "Ann", "Hello and welcome to us."),
        (2, None, None, "A second sentence here."),
    ]


def test_json_of_single_words_becomes_sentences() -> None:
    words = [("Hello", 0), ("there.", 1), ("And", 2), ("then", 3), ("Bob", 10), ("came", 11)]
    document = {
        "language": "en",
        "segments": [
            {"start": start, "end": start + 0.5, "text": word, "speaker": "Ann"}
            for word, start in words
        ],
    }
    transcript = transcript_json.read(msgspec.json.encode(document))
    assert cues(transcript.segments) == [
        (0, 1.5, "Ann", "Hello there."),
        (2, 3.5, "Ann", "And then"),
        (10, 11.5, "Ann", "Bob came"),
    ]
    assert transcript.language == "en"


MARKDOWN = r"""# Episode

**Ann Lee:** \[00:05\] Hello, [all](https://a.example/). It's *good* to be here \[laughs\]

And more.

**Bob**: Yes \[01:10\] indeed.

**Break:** \[02:00\]

**Ann Lee:** \[01:00\] Backwards.
"""


def test_markdown() -> None:
    transcript = transcript_markdown.read(MARKDOWN.encode())
    assert [(one.start_seconds, one.speaker, one.text) for one in transcript.segments] == [
        (5, "Ann Lee", "Hello, all. It's good to be here [laughs]"),
        (None, "Ann Lee", "And more."),
        (None, "Bob", "Yes"),
        (70, "Bob", "indeed."),
        (None, "Ann Lee", "Backwards."),
    ]


@given(st.text(alphabet='aB.,!? \n-"', max_size=2000))
def test_pieces_keep_every_word_in_order(text: str) -> None:
    pieces = sentences.pieces(text)
    assert " ".join(pieces).split() == text.split()
    assert all(len(piece.split()) <= sentences.LONGEST_WORDS for piece in pieces)


def test_pieces_end_where_sentences_do() -> None:
    text = "We met Dr. Who. " * 30
    assert all(piece.endswith("Who.") for piece in sentences.pieces(text))


@pytest.mark.parametrize(
    "read", [vtt.read, srt.read, transcript_json.read, transcript_markdown.read]
)
def test_what_is_no_transcript_is_refused(read: object) -> None:
    with pytest.raises(NotReadable):
        read(b"nothing of the kind")  # type: ignore[operator]


def test_real_transcripts_keep_every_word() -> None:
    folder = SHARED / "data" / "transcripts"
    files = sorted(folder.glob("*.md"))[:10]
    if not files:
        pytest.skip(f"no transcripts are at hand ({folder})")
    for file in files:
        transcript = transcript_markdown.read(file.read_bytes())
        segments = transcript.segments
        assert len({one.speaker for one in segments}) >= 2
        times = [one.start_seconds for one in segments if one.start_seconds is not None]
        assert len(times) >= 5
        assert times == sorted(times)
        said = sum(len(one.text.split()) for one in segments)
        text = re.sub(r"(?m)^\*\*[^*\n]+:\*\*", "", file.read_text(encoding="utf-8"))
        written = len(text.split())
        # the rest are times and marks
        assert 0.99 * written < said <= written
