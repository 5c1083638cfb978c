"""A transcript as paragraphs: lines of one speaker together, each still with its own second.

Pure. A paragraph ends where the speaker changes, where a chapter begins, or when it is long enough
to be read at once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from earwitness.library.intake import Segment

LONGEST = 480
"""Characters after which the next line begins a new paragraph."""


@dataclass(frozen=True)
class Paragraph:
    """Lines that are read together."""

    segments: tuple[Segment, ...]
    speaker: str | None
    """None where it is the same as before."""

    @property
    def start_seconds(self) -> float | None:
        """Where it begins."""
        return self.segments[0].start_seconds


def paragraphs(
    segments: Sequence[Segment], chapter_starts: Iterable[float] = ()
) -> list[Paragraph]:
    """The whole transcript."""
    starts = sorted(chapter_starts, reverse=True)
    found: list[Paragraph] = []
    lines: list[Segment] = []
    said_by: str | None = None

    def close() -> None:
        nonlocal said_by
        if lines:
            speaker = lines[0].speaker
            found.append(Paragraph(tuple(lines), speaker if speaker != said_by else None))
            said_by = speaker
            lines.clear()

    for segment in segments:
        begins_chapter = False
        while starts and segment.start_seconds is not None and segment.start_seconds >= starts[-1]:
            starts.pop()
            begins_chapter = True
        long = sum(len(line.text) for line in lines) >= LONGEST
        if begins_chapter or long or (lines and lines[-1].speaker != segment.speaker):
            close()
        lines.append(segment)
    close()
    return found
