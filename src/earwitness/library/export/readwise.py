"""Readwise's CSV: the columns that its import reads, one row for each snip."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from earwitness.library.export import files
from earwitness.library.export.files import Exported
from earwitness.library.export.gathering import EpisodeNote, KeptSnip
from earwitness.library.sharing import link

COLUMNS = ("Highlight", "Title", "Author", "URL", "Note", "Location", "Date")


def export(notes: Sequence[EpisodeNote], file: Path) -> Exported:
    """Write the file. Raises CannotExport."""
    text = render(notes)
    changed = files.write(file, text.encode())
    snips = sum(len(note.snips) for note in notes)
    return Exported(
        destination=str(file), changed=int(changed), unchanged=int(not changed), items=snips
    )


def render(notes: Sequence[EpisodeNote]) -> str:
    """The text of the file; Readwise knows a highlight again by title, author and text."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for note in notes:
        writer.writerows(_row(note, kept) for kept in note.snips)
    return text.getvalue()


def _row(note: EpisodeNote, kept: KeptSnip) -> tuple[str, ...]:
    what, facts = kept.snip.contents, note.episode.facts
    # a tag is a word after a full stop, at the start of the note
    tags = " ".join(f".{'-'.join(tag.split())}" for tag in what.tags)
    highlight = what.quote or what.title or what.note or what.chapter or facts.title
    said = [text for text in (what.title, what.note) if text != highlight]
    return (
        highlight,
        facts.title,
        note.show.facts.title,
        link(kept.snip, facts) or "",
        "\n".join(filter(None, (tags, *said))),
        "" if what.start_seconds is None else str(int(what.start_seconds)),
        kept.snip.made_at[:19].replace("T", " "),
    )
