"""How snips are said, as text and as JSON; the same on a terminal, on pages and in the API.

Pure functions from values to plain text and plain data.
"""

from collections.abc import Sequence

import msgspec

from earwitness.library import moment, sharing
from earwitness.library.intake import EpisodeFacts
from earwitness.library.snip import Contents, Entry, Snip
from earwitness.report.kept_document import SnipDocument

STAR = "\N{BLACK STAR}"
_SHORT = 70
"""Characters of a snip in a list."""


def document(one: Snip, facts: EpisodeFacts) -> dict[str, object]:
    """A snip as plain data."""
    told: dict[str, object] = msgspec.to_builtins(described(one, facts))
    return told


def described(one: Snip, facts: EpisodeFacts) -> SnipDocument:
    """A snip as a document."""
    return SnipDocument(
        id=one.id,
        show=one.show,
        show_title=one.show_title,
        episode=one.episode_title,
        episode_id=one.episode,
        made_at=one.made_at,
        number=one.number,
        link=sharing.link(one, facts),
        playback=sharing.playback(one, facts),
        **msgspec.structs.asdict(one.contents),
    )


def told(one: Snip, link: str | None = None) -> str:
    """A snip in full, as text."""
    what = one.contents
    head = [one.id, *([STAR] if what.favourite else []), *([what.title] if what.title else [])]
    where = f"{one.episode_title}, {places(what)}"
    lines = ["  ".join(head), f"{where}, {what.chapter}" if what.chapter else where]
    if what.deleted:
        lines.insert(1, "deleted; `earwitness snips undo` brings it back")
    if what.quote:
        lines += ["", *(f"  {line}" for line in what.quote.splitlines())]
    if what.transcript:
        lines += ["", "Said there:", *(f"  {line}" for line in what.transcript.splitlines())]
    if what.note:
        lines += ["", *what.note.splitlines()]
    if what.tags:
        lines += ["", " ".join(f"#{tag}" for tag in what.tags)]
    lines += ["", f"saved {one.made_at[:16].replace('T', ' ')} UTC"]
    return "\n".join([*lines, *([link] if link else [])]) + "\n"


def places(what: Contents) -> str:
    """Where a snip begins and ends: ``12:14 to 12:54``."""
    if what.start_seconds is None:
        return "no place known"
    if what.end_seconds is None:
        return moment.clock(what.start_seconds)
    return f"{moment.clock(what.start_seconds)} to {moment.clock(what.end_seconds)}"


def short(what: Contents) -> str:
    """A snip in a few words, on one line."""
    text = " ".join((what.title or what.quote or what.note or what.chapter or "").split())
    if len(text) <= _SHORT:
        return text
    whole_words = text[: _SHORT + 1].rpartition(" ")[0]
    return f"{(whole_words or text[:_SHORT]).rstrip(' ,;:.')} \N{HORIZONTAL ELLIPSIS}"


def changes(history: Sequence[Entry]) -> list[str]:
    """What each entry of a history did, one line each."""
    lines = []
    for entry, names in steps(history):
        taken_back = f" (entry {entry.undoes})" if entry.undoes is not None else ""
        when = entry.at[:19].replace("T", " ")
        what = ", ".join(names)
        lines.append(f"{entry.number:>3}  {when}  {entry.change.value}{taken_back}: {what}")
    return lines


def steps(history: Sequence[Entry]) -> list[tuple[Entry, list[str]]]:
    """Every entry of a history with the names of what it changed."""
    found, before = [], Contents()
    for entry in history:
        names = [
            field.name.replace("_", " ")
            for field in msgspec.structs.fields(Contents)
            if getattr(before, field.name) != getattr(entry.contents, field.name)
        ]
        found.append((entry, names))
        before = entry.contents
    return found
