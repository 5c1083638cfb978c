"""Chapters as the JSON document that ``podcast:chapters`` names, versions 1.0 to 1.2."""

from typing import Any

from earwitness.library.intake import NotReadable, SourcedChapter
from earwitness.library.reading import clock, sanitise, text_file

MOST_CHAPTERS = 5_000
"""Of one episode; documents that change the picture with each slide have hundreds."""
LONGEST_TITLE = 500


def read(data: bytes, base: str | None = None) -> tuple[SourcedChapter, ...]:
    """The chapters in order of time. Raises NotReadable."""
    document = text_file.json(data)
    if not looks_like_one(document):
        raise NotReadable("JSON, but no chapters: it has no list of that name")
    if len(document["chapters"]) > MOST_CHAPTERS:
        raise NotReadable(f"has more than {MOST_CHAPTERS} chapters")
    found = [chapter for one in document["chapters"] if (chapter := _chapter(one, base))]
    return tuple(sorted(found, key=lambda chapter: chapter.start_seconds))


def looks_like_one(document: Any) -> bool:
    """Whether a JSON document is one of chapters."""
    return isinstance(document, dict) and isinstance(document.get("chapters"), list)


def _chapter(one: Any, base: str | None) -> SourcedChapter | None:
    if not isinstance(one, dict) or (start := _place(one.get("startTime"))) is None:
        return None
    end = _place(one.get("endTime"))
    return SourcedChapter(
        start_seconds=start,
        end_seconds=end if end is not None and end > start else None,
        title=" ".join(_text(one.get("title")).split())[:LONGEST_TITLE],
        url=sanitise.address(_text(one.get("url")), base),
        image=sanitise.address(_text(one.get("img")), base),
        listed=one.get("toc") is not False,
    )


def _place(value: Any) -> float | None:
    if isinstance(value, str):
        return clock.seconds(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= clock.LONGEST_SECONDS else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
