"""What the readers of transcripts share: the value that each returns, and what a caller knows about it."""

import hashlib
from typing import TypedDict, Unpack

from earwitness.library.intake import NotReadable, Segment, Transcript, TranscriptSource

MOST_SEGMENTS = 100_000
"""Of one transcript; a cue each second for a day."""


class About(TypedDict, total=False):
    """What is known of a transcript before it is read."""

    source: TranscriptSource
    """A file, where nothing is said."""
    language: str | None
    origin: str | None


def transcript(
    data: bytes, format: str, segments: tuple[Segment, ...], **about: Unpack[About]
) -> Transcript:
    """A transcript out of these bytes. Raises NotReadable when nothing is said in it."""
    if not segments:
        raise NotReadable("no cue stands in this transcript")
    return Transcript(
        source=about.get("source", TranscriptSource.FILE),
        format=format,
        digest=hashlib.sha256(data).hexdigest(),
        segments=segments,
        language=about.get("language"),
        origin=about.get("origin"),
    )
