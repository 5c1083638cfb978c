"""Transcripts as WebVTT: cues with times, voices and settings; notes, styles and regions left out.

A line with an arrow between two times starts a cue wherever it stands, as in the standard's own
parser; so a note cannot hide one. Voices become speakers, and a cue in which two people speak becomes
two segments with the same times.
"""

import html
import re
from typing import Unpack

from earwitness.library.intake import NotReadable, Segment, Transcript
from earwitness.library.reading import text_file
from earwitness.library.reading.transcript_file import MOST_SEGMENTS, About, transcript

_CUE = re.compile(
    r"^[ \t]*(?:(\d{1,6}):)?(\d{1,2}):(\d\d)[.,](\d{3})[ \t]*-->[ \t]*"
    r"(?:(\d{1,6}):)?(\d{1,2}):(\d\d)[.,](\d{3})(?:[ \t].*)?\n((?:.++\n)*+)",
    re.MULTILINE | re.ASCII,
)
_VOICE = re.compile(r"<v(?:\.[^ \t<>]*)?[ \t]+([^<>]*)>")
_TAG = re.compile(r"<[^<>]*>")


def read(data: bytes, **about: Unpack[About]) -> Transcript:
    """A transcript. Raises NotReadable when there is no cue in it."""
    return transcript(data, "vtt", read_segments(text_file.decoded(data)), **about)


def read_segments(text: str) -> tuple[Segment, ...]:
    """The cues of a document in its order; empty ones are left out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n") + "\n"
    if text.count("-->") > MOST_SEGMENTS:
        raise NotReadable(f"has more than {MOST_SEGMENTS} cues")
    segments: list[Segment] = []
    add = segments.append
    for h1, m1, s1, f1, h2, m2, s2, f2, payload in _cues(text):
        start = int(h1 or 0) * 3600 + int(m1) * 60 + int(s1) + int(f1) / 1000
        end = int(h2 or 0) * 3600 + int(m2) * 60 + int(s2) + int(f2) / 1000
        if "<" in payload or "&" in payload:
            for speaker, said in _voices(payload):
                add(Segment(text=said, start_seconds=start, end_seconds=end, speaker=speaker))
        elif said := " ".join(payload.split()):
            add(Segment(text=said, start_seconds=start, end_seconds=end))
    return tuple(segments)


def _cues(text: str) -> list[tuple[str, ...]]:
    """Hours, minutes, seconds and thousandths of both times, and the payload."""
    found = _CUE.findall(text)
    if sum(cue[8].count("-->") for cue in found) == 0:
        return found
    # cues without a blank line between them: the payload ends at the next times
    apart = re.sub(r"^(?=.*-->)", "\n", text, flags=re.MULTILINE)
    return _CUE.findall(apart)


def _voices(payload: str) -> list[tuple[str | None, str]]:
    """What each voice says in a cue; text before the first has no speaker."""
    parts = _VOICE.split(payload)
    said = [(None, parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]
    spoken = [(speaker and _plain(speaker), _plain(words)) for speaker, words in said]
    return [(speaker or None, words) for speaker, words in spoken if words]


def _plain(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", text)).split())
