"""Transcripts as Markdown: paragraphs that start with a name in bold, and times in brackets here and there.

A paragraph without a name is still the last speaker's. Long ones are cut into pieces of a few
sentences. A time belongs to the words behind it; one that runs backwards is no time of this
recording and is passed over, as are names with nothing said (breaks).
"""

import re
from typing import Unpack

from earwitness.library.intake import NotReadable, Segment, Transcript
from earwitness.library.reading import clock, sentences, text_file
from earwitness.library.reading.transcript_file import MOST_SEGMENTS, About, transcript

_SPEAKER = re.compile(r"\*\*([^*\n]{1,80}?)\s*(?::\*\*|\*\*\s?:)\s*")
_SPEAKER_ALONE = re.compile(r"(?m)^\s{0,3}\*\*[^*\n]{1,80}?\s*(?::\*\*|\*\*\s?:)")
_TIME = re.compile(
    r"\\?\[((?:\d{1,2}:)?\d{1,3}:\d\d(?:\.\d{1,3})?)\\?\]\s*|(?<=\A)\(((?:\d{1,2}:)?\d{1,3}:\d\d)\)\s*"
)
_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\]\((?:[^()\s]++|\([^()\s]*+\))*+\)")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!<>~|])")
_MARKS = re.compile(r"\*\*|__|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)|`")
_MARKED = re.compile(r"[*_`\[\\]")
_LEFT_OUT = re.compile(r"\s*(?:#{1,6}\s|---+\s*$|\*\*\*+\s*$|<!--)")


def looks_like_one(text: str) -> bool:
    """Whether two paragraphs at least start with a name in bold."""
    found = _SPEAKER_ALONE.search(text)
    return found is not None and _SPEAKER_ALONE.search(text, found.end()) is not None


def read(data: bytes, **about: Unpack[About]) -> Transcript:
    """A transcript. Raises NotReadable when nobody speaks in it."""
    text = text_file.decoded(data, text_file.LARGEST_PROSE)
    if not looks_like_one(text):
        raise NotReadable("no transcript: no paragraphs start with a name in bold")
    return transcript(data, "markdown", read_segments(text), **about)


def read_segments(text: str) -> tuple[Segment, ...]:
    """What is said, in order."""
    segments: list[Segment] = []
    speaker: str | None = None
    latest = -1.0
    for written in re.split(r"\n\s*\n", text.replace("\r\n", "\n")):
        if _LEFT_OUT.match(written):
            continue
        paragraph = " ".join(written.split())
        if match := _SPEAKER.match(paragraph):
            speaker = _plain(match[1])
        for time, words in _timed(paragraph[match.end() :] if match else paragraph):
            start = time if time is not None and time >= latest else None
            for piece in sentences.pieces(_plain(words)):
                segments.append(Segment(text=piece, start_seconds=start, speaker=speaker))
                latest, start = start if start is not None else latest, None
        if len(segments) > MOST_SEGMENTS:
            raise NotReadable(f"has more than {MOST_SEGMENTS} segments")
    return tuple(segments)


def _timed(paragraph: str) -> list[tuple[float | None, str]]:
    """The parts of a paragraph, each with the time before it."""
    parts: list[tuple[float | None, str]] = []
    time, begin = None, 0
    for match in _TIME.finditer(paragraph):
        if len(parts) > MOST_SEGMENTS:
            raise NotReadable(f"has more than {MOST_SEGMENTS} times")
        parts.append((time, paragraph[begin : match.start()]))
        time, begin = clock.seconds(match[1] or match[2]), match.end()
    parts.append((time, paragraph[begin:]))
    return [(time, words) for time, words in parts if words.strip()]


def _plain(text: str) -> str:
    """The words of Markdown without its marks."""
    if _MARKED.search(text):
        text = _ESCAPED.sub(r"\1", _MARKS.sub("", _LINK.sub(r"\1", text)))
    return " ".join(text.split())
