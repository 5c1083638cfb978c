"""Transcripts as SubRip (SRT): numbered cues with times; a speaker's name may stand before a colon.

Names are believed where they start a cue and the same name does so again, or where a cue starts with
a name in brackets or capitals; "Note: ..." once in a sentence is no speaker.
"""

import html
import re
from collections import Counter
from typing import Unpack

from earwitness.library.intake import NotReadable, Segment, Transcript
from earwitness.library.reading import text_file
from earwitness.library.reading.transcript_file import MOST_SEGMENTS, About, transcript

_CUE = re.compile(
    r"^[ \t]*(\d{1,6}):(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?[ \t]*-->[ \t]*"
    r"(\d{1,6}):(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?.*\n((?:(?!.*-->).++\n)*+)",
    re.MULTILINE | re.ASCII,
)
_NUMBER_OF_NEXT = re.compile(r"\n\d+\s*\Z", re.ASCII)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|\{\\[^}]*\}")
_BRACKETED = re.compile(r"[\[(]([^\])]{1,60})[\])]:?\s+(?=\S)|>>\s?([^:]{1,60}):\s+")
_PREFIX = re.compile(r"([A-Z][\w.'’-]*(?: [\w.'’-]+){0,3}):\s+(?=\S)")
_REPEATED = 2
"""How often a name has to start a cue to be a speaker's."""


def read(data: bytes, **about: Unpack[About]) -> Transcript:
    """A transcript. Raises NotReadable when there is no cue in it."""
    return transcript(data, "srt", read_segments(text_file.decoded(data)), **about)


def read_segments(text: str) -> tuple[Segment, ...]:
    """The cues of a document in its order; empty ones are left out."""
    text = text.replace("\r\n", "\n").replace("\r", "\n") + "\n"
    if text.count("-->") > MOST_SEGMENTS:
        raise NotReadable(f"has more than {MOST_SEGMENTS} cues")
    cues = _CUE.findall(text)
    timed = [
        (_seconds(*cue[0:4]), _seconds(*cue[4:8]), said)
        for cue in cues
        if (said := _plain(_NUMBER_OF_NEXT.sub("", cue[8]) if cue[8].count("\n") > 1 else cue[8]))
    ]
    names = Counter(match[1] for _, _, said in timed if (match := _PREFIX.match(said)))
    speakers = {name for name, count in names.items() if count >= _REPEATED}
    return tuple(_segment(start, end, said, speakers) for start, end, said in timed)


def _segment(start: float, end: float, said: str, speakers: set[str]) -> Segment:
    speaker = None
    if match := _PREFIX.match(said):
        if match[1] in speakers or match[1].isupper():
            speaker, said = match[1], said[match.end() :]
    elif (match := _BRACKETED.match(said)) and _is_name(match[1] or match[2]):
        speaker, said = match[1] or match[2], said[match.end() :]
    return Segment(text=said, start_seconds=start, end_seconds=end, speaker=speaker)


def _is_name(text: str) -> bool:
    """Brackets also hold what is heard, such as laughter, which is written small."""
    return text[:1].isupper() and text.upper() not in {"MUSIC", "LAUGHTER", "APPLAUSE"}


def _seconds(hours: str, minutes: str, seconds: str, fraction: str) -> float:
    whole = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return whole + int(fraction.ljust(3, "0")) / 1000


def _plain(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", text)).split())
