"""Places in an episode: how they are written, which part a snip takes, what is said there.

Pure. Places are seconds from the start; a place is written ``12:34`` or ``1:02:05`` and read in the
same way, or as plain seconds. What is said is taken from the lines of a transcript, whole lines only.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Protocol

from earwitness.library.intake import Segment
from earwitness.trouble import Trouble

SNAP_SECONDS = 5.0
"""How far a bound may move to the bound of a line, so that a sentence is not cut."""

_CLOCK = re.compile(r"(?:(?:(\d+):)?(\d{1,3}):)?(\d+(?:\.\d+)?)")
_RANGE = re.compile(r"\s*([\d:.]+)\s*(?:-|\N{EN DASH}|\.\.)\s*([\d:.]+)\s*")
_SHIFT = re.compile(r"([+-])(\d+(?:\.\d+)?)s?")


class NoSuchMoment(Trouble, ValueError):
    """A place that is not written as one, or is not in the episode; the message is one line."""


class Titled(Protocol):
    """A chapter, whatever else is known of it."""

    @property
    def start_seconds(self) -> float:
        """Where it begins."""

    @property
    def title(self) -> str:
        """What it is called."""


Span = tuple[float, float]


def clock(seconds: float) -> str:
    """A place as it is written: ``7:30``, ``1:02:05``."""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def place(text: str) -> float:
    """Seconds of ``12:34``, ``1:02:05`` or ``754``. Raises NoSuchMoment."""
    match = _CLOCK.fullmatch(text.strip())
    if match is None:
        raise NoSuchMoment(f"{text!r} is no place in an episode: write 12:34, 1:02:05 or seconds")
    hours, minutes, seconds = (float(part or 0) for part in match.groups())
    if (match[2] and seconds >= 60) or (match[1] and minutes >= 60):
        raise NoSuchMoment(f"{text!r} is no place in an episode: it has more than 59 of a part")
    return hours * 3600 + minutes * 60 + seconds


def span(text: str) -> Span | None:
    """Both ends of ``12:34-13:10``; None when it is one place only. Raises NoSuchMoment."""
    match = _RANGE.fullmatch(text)
    return (place(match[1]), place(match[2])) if match else None


def moved(bound: float, text: str) -> float:
    """A bound moved by ``+5s`` or ``-5s``, or put to a place. Raises NoSuchMoment."""
    match = _SHIFT.fullmatch(text.strip())
    if match is None:
        return place(text)
    return bound + float(f"{match[1]}{match[2]}")


def around(at: float, context: float, segments: Sequence[Segment]) -> Span:
    """So much before and after a place; each end goes to the end of a line that is near."""
    start, end = max(0.0, at - context), at + context
    timed = _timed(segments)
    starts = [begin for begin, _, _ in timed if begin <= at]
    ends = [stop for _, stop, _ in timed if stop >= at]
    return _nearest(start, starts), _nearest(end, ends)


def before(at: float, length: float, segments: Sequence[Segment]) -> Span:
    """The stretch that ends at a place; each end goes to the end of a line that is near."""
    half = min(at, length) / 2
    return around(at - half, half, segments)


def within(chosen: Span, duration: float | None) -> Span:
    """The part of a span that lies in the episode. Raises NoSuchMoment when there is none."""
    start, end = max(0.0, chosen[0]), chosen[1]
    if duration is not None:
        if start >= duration:
            raise NoSuchMoment(f"{clock(start)} is after the end of the episode, {clock(duration)}")
        end = min(end, duration)
    if end <= start:
        raise NoSuchMoment(f"a snip ends after it starts: not {clock(start)} to {clock(end)}")
    return start, end


def quote(segments: Sequence[Segment], chosen: Span) -> str:
    """What is said there: the lines of which half or more lies inside, else the one that most does.

    With several speakers each turn is a line of its own, after the speaker's name.
    """
    overlapping = [
        (min(end, chosen[1]) - max(start, chosen[0]), end - start, segment)
        for start, end, segment in _timed(segments)
        if start < chosen[1] and end > chosen[0]
    ]
    inside = [segment for shared, length, segment in overlapping if shared * 2 >= length]
    if not inside and overlapping:
        inside = [max(overlapping, key=lambda one: one[0])[2]]
    return _spoken(inside)


def chapter_at(chapters: Iterable[Titled], at: float | None) -> str | None:
    """Title of the chapter that a place is in; None before the first and without any."""
    if at is None:
        return None
    before = [chapter for chapter in chapters if chapter.start_seconds <= at]
    return max(before, key=lambda chapter: chapter.start_seconds).title if before else None


def chapter_of(chapters: Iterable[Titled], start: float | None, end: float | None) -> str | None:
    """Title of the chapter that has most of a stretch, the later of equal ones; None as above."""
    if start is None or end is None:
        return chapter_at(chapters, start)
    placed = sorted(chapters, key=lambda chapter: chapter.start_seconds)
    ends = [chapter.start_seconds for chapter in placed[1:]] + [end]
    shared = [
        (min(end, until) - max(start, chapter.start_seconds), place, chapter.title)
        for place, (chapter, until) in enumerate(zip(placed, ends, strict=False))
    ]
    most = max(shared, default=(0.0, 0, None))
    return most[2] if most[0] > 0 else None


def _spoken(segments: Sequence[Segment]) -> str:
    turns: list[tuple[str | None, list[str]]] = []
    for segment in segments:
        if not turns or (segment.speaker and segment.speaker != turns[-1][0]):
            turns.append((segment.speaker, []))
        turns[-1][1].append(" ".join(segment.text.split()))
    said = [(speaker, " ".join(filter(None, texts))) for speaker, texts in turns]
    if len(said) == 1:
        return said[0][1]
    return "\n".join(f"{speaker}: {text}" if speaker else text for speaker, text in said)


def _timed(segments: Sequence[Segment]) -> list[tuple[float, float, Segment]]:
    """Start, end and line of all that have a time; one without an end ends where the next starts."""
    timed = [segment for segment in segments if segment.start_seconds is not None]
    timed.sort(key=lambda segment: segment.start_seconds or 0.0)
    found = []
    for place, segment in enumerate(timed):
        start = segment.start_seconds or 0.0
        following = timed[place + 1].start_seconds if place + 1 < len(timed) else None
        end = segment.end_seconds
        if end is None:
            end = following if following is not None else start + SNAP_SECONDS
        found.append((start, max(end, start), segment))
    return found


def _nearest(bound: float, bounds: Sequence[float]) -> float:
    near = [one for one in bounds if abs(one - bound) <= SNAP_SECONDS]
    return min(near, key=lambda one: abs(one - bound), default=bound)
