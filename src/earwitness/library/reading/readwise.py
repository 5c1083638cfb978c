"""Highlights as Readwise exports them (CSV): a row for each, with its title, author, note and tags.

Of a podcast the title is the episode and the author is the show, so one file may hold many shows and
gives an intake for each. The place stands behind the quote where an application has put it there
(``Time 0:11:42`` with the address of the moment), or in the column for it.
"""

import csv
import hashlib
import io
import re
from collections.abc import Mapping

from earwitness.library.intake import (
    EpisodeFacts,
    Intake,
    NotReadable,
    Problem,
    SavedSnip,
    ShowFacts,
    Source,
)
from earwitness.library.reading import clock, sanitise, text_file

MOST_ROWS = 60_000
MOST_CELLS = 2_000_000
LONGEST_CELL = 200_000
"""Characters; a quote of hours of speech."""

_NAMES = {
    "highlight": ("highlight", "text"),
    "title": ("book title", "title"),
    "author": ("book author", "author"),
    "note": ("note", "notes"),
    "tags": ("tags",),
    "url": ("url", "source url", "highlight url"),
    "location": ("location",),
    "kind": ("location type",),
    "date": ("highlighted at", "date"),
    "favourite": ("favorite", "is favorite"),
}
"""What a column is for, and the names it has in exports and in Readwise's own template."""
_TIME_BEHIND = re.compile(
    r"\s*\(?\[?Time ((?:\d+:)?\d{1,3}:\d\d)\]?(?:\((https?://[^)\s]+)\))?\)?\s*\Z"
)
_NO_SHOW = "Readwise"


def looks_like_one(text: str) -> bool:
    """Whether the first line names the columns of such a file."""
    first = next(csv.reader(io.StringIO(text[:4096])), [])
    names = {name.strip().casefold() for name in first}
    return "highlight" in names and bool(names & {"book title", "title"})


def read(data: bytes) -> tuple[Intake, ...]:
    """An intake for each show, in the order of the file. Raises NotReadable."""
    text = text_file.decoded(data, text_file.LARGEST_BYTES)
    if not looks_like_one(text):
        raise NotReadable("no export of Readwise: the columns Highlight and Title are not there")
    by_show: dict[str, dict[str, list[SavedSnip]]] = {}
    problems: list[Problem] = []
    for number, row in enumerate(_rows(text), 2):
        snip = _snip(row)
        if snip is None:
            problems.append(Problem(where=f"row {number}", what="has neither a quote nor a note"))
            continue
        episodes = by_show.setdefault(row.get("author") or _NO_SHOW, {})
        episodes.setdefault(row.get("title") or "Untitled", []).append(snip)
    if not by_show:
        raise NotReadable("no highlight stands in this export of Readwise")
    intakes = [_intake(show, episodes) for show, episodes in by_show.items()]
    first = Intake(
        source=Source.READWISE,
        show=intakes[0].show,
        episodes=intakes[0].episodes,
        problems=tuple(problems),
    )
    return (first, *intakes[1:])


def _rows(text: str) -> list[Mapping[str, str]]:
    """The rows by what their columns are for. Raises NotReadable."""
    if text.count(",") + text.count("\n") > MOST_CELLS:
        raise NotReadable(f"has more than {MOST_CELLS} cells")
    limit = csv.field_size_limit(LONGEST_CELL)
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise NotReadable(f"not CSV: {error}") from error
    finally:
        csv.field_size_limit(limit)
    if len(rows) > MOST_ROWS:
        raise NotReadable(f"has more than {MOST_ROWS} rows")
    header = [name.strip().casefold() for name in rows[0]]
    places = {
        purpose: next(header.index(name) for name in names if name in header)
        for purpose, names in _NAMES.items()
        if any(name in header for name in names)
    }
    return [
        {purpose: row[at].strip() for purpose, at in places.items() if at < len(row)}
        for row in rows[1:]
        if any(cell.strip() for cell in row)
    ]


def _snip(row: Mapping[str, str]) -> SavedSnip | None:
    quote, note = row.get("highlight", ""), row.get("note", "")
    behind = _TIME_BEHIND.search(quote)
    if behind:
        quote = quote[: behind.start()].rstrip()
    if not quote and not note:
        return None
    url = sanitise.address(row.get("url")) or (sanitise.address(behind[2]) if behind else None)
    said = f"{row.get('author')}\n{row.get('title')}\n{quote}\n{note if not quote else ''}"
    return SavedSnip(
        guid="readwise:" + hashlib.sha256(said.encode()).hexdigest()[:32],
        start_seconds=clock.seconds(behind[1]) if behind else _place(row),
        quote=quote,
        note=note,
        tags=tuple(tag.strip() for tag in row.get("tags", "").split(",") if tag.strip()),
        favourite=row.get("favourite", "").casefold() in {"true", "yes", "1"},
        saved_at=clock.date(row.get("date", "")),
        url=url,
    )


def _place(row: Mapping[str, str]) -> float | None:
    """The column of the place, where it is one in time; of a book it is a page."""
    location, kind = row.get("location", ""), row.get("kind", "").casefold()
    if kind in {"time", "time_offset", "timestamp"} or ":" in location:
        return clock.seconds(location)
    return None


def _intake(show: str, episodes: dict[str, list[SavedSnip]]) -> Intake:
    return Intake(
        source=Source.READWISE,
        show=ShowFacts(title=show),
        episodes=tuple(
            EpisodeFacts(guid=f"readwise:{show}:{title}", title=title, saved=tuple(saved))
            for title, saved in episodes.items()
        ),
    )
