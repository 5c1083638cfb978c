"""Transcripts as JSON: that of Podcasting 2.0, and what Whisper and those who speak like it write.

Both have a list of segments; the names of the fields tell which it is. Many feeds have a segment for
each word: those are joined to sentences again, as nobody reads or searches single words.
"""

import statistics
from typing import Any, Unpack

from earwitness.library.intake import NotReadable, Segment, Transcript
from earwitness.library.reading import clock, sentences, text_file
from earwitness.library.reading.transcript_file import MOST_SEGMENTS, About, transcript

_SHORT_WORDS = 2
"""Median words of a segment up to which a transcript is taken for one of single words."""
_ENDS = (".", "!", "?", "…", '."', '!"', '?"')
_LONGEST_PAUSE_SECONDS = 2.0
"""Between two words of one sentence."""


def looks_like_one(document: Any) -> bool:
    """Whether a JSON document has segments that say something."""
    segments = _listed(document)
    return bool(segments) and any(
        isinstance(one, dict) and ("body" in one or "text" in one) for one in segments[:5]
    )


def read(data: bytes, **about: Unpack[About]) -> Transcript:
    """A transcript. Raises NotReadable."""
    document = text_file.json(data)
    listed = _listed(document)
    if len(listed) > MOST_SEGMENTS:
        raise NotReadable(f"has more than {MOST_SEGMENTS} segments")
    segments = [segment for one in listed if (segment := _segment(one))]
    if not segments:
        raise NotReadable("JSON, but no transcript: it has no segments with text")
    if statistics.median(len(one.text.split()) for one in segments) <= _SHORT_WORDS:
        segments = _joined(segments)
    said = document.get("language") if isinstance(document, dict) else None
    about["language"] = about.get("language") or (said if isinstance(said, str) else None)
    return transcript(data, "json", tuple(segments), **about)


def _listed(document: Any) -> list[Any]:
    if isinstance(document, dict):
        document = document.get("segments")
    return document if isinstance(document, list) else []


def _segment(one: Any) -> Segment | None:
    if not isinstance(one, dict):
        return None
    text = one.get("body", one.get("text"))
    if not isinstance(text, str) or not text.strip():
        return None
    speaker = one.get("speaker")
    return Segment(
        text=" ".join(text.split()),
        start_seconds=_place(one.get("startTime", one.get("start"))),
        end_seconds=_place(one.get("endTime", one.get("end"))),
        speaker=speaker.strip() or None if isinstance(speaker, str) else None,
    )


def _place(value: Any) -> float | None:
    if isinstance(value, str):
        return clock.seconds(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= clock.LONGEST_SECONDS else None


def _joined(words: list[Segment]) -> list[Segment]:
    """Single words as sentences; a new one where the speaker changes, or after a pause."""
    groups: list[list[Segment]] = []
    for word in words:
        if groups and _goes_on(groups[-1], word):
            groups[-1].append(word)
        else:
            groups.append([word])
    return [
        Segment(
            text=" ".join(word.text for word in group),
            start_seconds=group[0].start_seconds,
            end_seconds=group[-1].end_seconds,
            speaker=group[0].speaker,
        )
        for group in groups
    ]


def _goes_on(group: list[Segment], word: Segment) -> bool:
    last = group[-1]
    if last.text.endswith(_ENDS) or len(group) >= sentences.LONGEST_WORDS:
        return False
    if word.speaker is not None and word.speaker != group[0].speaker:
        return False
    if word.start_seconds is None or last.end_seconds is None:
        return True
    return word.start_seconds - last.end_seconds <= _LONGEST_PAUSE_SECONDS
