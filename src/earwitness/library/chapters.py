"""One list of chapters out of what several sources have, each chapter with where it came from. Pure.

Sources are trusted in the order of ``ChapterSource``. Two of them mean the same chapter when it starts
at nearly the same place and has a similar title, or starts at the very same place; then the more
trusted one's time and title stand, and what it lacks (end, link, picture) is filled in from the
others. What only a less trusted source has is kept in its place.
"""

import bisect
import re
from collections.abc import Mapping, Sequence

import msgspec

from earwitness.library.intake import ChapterSource, SourcedChapter

NEAR_SECONDS = 5.0
"""How far apart two sources may put one chapter; show notes are written by ear, to the second or five."""
SAME_SECONDS = 1.0
"""Within this it is one chapter whatever it is called: one of the two was rounded."""
SIMILAR = 0.5
"""Share of common words from which two titles are similar."""

_WORD = re.compile(r"\w+")


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter as it is shown."""

    start_seconds: float
    title: str
    sources: tuple[ChapterSource, ...]
    """All that have it, the most trusted first."""
    end_seconds: float | None = None
    url: str | None = None
    image: str | None = None
    listed: bool = True
    """False: it changes the picture or the link only, and is in no table of contents."""


def merge(
    by_source: Mapping[ChapterSource, Sequence[SourcedChapter]], duration: float | None = None
) -> tuple[Chapter, ...]:
    """The chapters in order, no two with the same start among those that are listed.

    ``duration`` bounds them: what starts behind the end belongs to another cut of the episode.
    """
    merged: list[Chapter] = []  # in order of their starts
    for source in ChapterSource:
        for chapter in by_source.get(source, ()):
            if duration is not None and chapter.start_seconds >= duration:
                continue
            at = _same(chapter, merged, source)
            if at is None:
                bisect.insort(merged, _first(chapter, source), key=_start)
            else:
                merged[at] = _filled(merged[at], chapter, source)
    return tuple(_bounded(chapter, duration) for chapter in merged)


def _same(chapter: SourcedChapter, merged: list[Chapter], source: ChapterSource) -> int | None:
    """Where the chapter stands that this one is; within one source only the very same start counts."""
    first = bisect.bisect_left(merged, chapter.start_seconds - NEAR_SECONDS, key=_start)
    for at in range(first, len(merged)):
        one = merged[at]
        apart = abs(one.start_seconds - chapter.start_seconds)
        if one.start_seconds > chapter.start_seconds + NEAR_SECONDS:
            break
        if one.listed != chapter.listed:
            continue
        if source in one.sources:
            if apart == 0:
                return at
        elif apart <= SAME_SECONDS or _similar(one.title, chapter.title):
            return at
    return None


def _start(chapter: Chapter) -> float:
    return chapter.start_seconds


def _similar(one: str, other: str) -> bool:
    first, second = _words(one), _words(other)
    if not first or not second:
        return first == second
    return len(first & second) / min(len(first), len(second)) > SIMILAR or first == second


def _words(title: str) -> set[str]:
    return set(_WORD.findall(title.casefold()))


def _first(chapter: SourcedChapter, source: ChapterSource) -> Chapter:
    return Chapter(**msgspec.structs.asdict(chapter), sources=(source,))


def _filled(one: Chapter, other: SourcedChapter, source: ChapterSource) -> Chapter:
    return msgspec.structs.replace(
        one,
        sources=one.sources if source in one.sources else (*one.sources, source),
        title=one.title or other.title,
        end_seconds=one.end_seconds if one.end_seconds is not None else other.end_seconds,
        url=one.url or other.url,
        image=one.image or other.image,
    )


def _bounded(chapter: Chapter, duration: float | None) -> Chapter:
    """A chapter that ends behind its start and within the episode."""
    end = chapter.end_seconds
    if end is not None and duration is not None:
        end = min(end, duration)
    if end is not None and end <= chapter.start_seconds:
        end = None
    return msgspec.structs.replace(chapter, end_seconds=end)
