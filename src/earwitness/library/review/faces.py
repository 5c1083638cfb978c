"""What stands on the two sides of a card, made from a snip or from a chapter.

Pure. A card's id names what it is made from, so that making it again gives the same card. Cards of
claims have their faces from whoever knows claims.
"""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import dataclass

from earwitness.library import moment
from earwitness.library.snip import Entry, Snip

_HEADING = re.compile(r"^(#{1,6})[ \t]+(?:[\d:]+[ \t]+)?(\S.*?)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Faces:
    """Both sides of a card, as plain text, and which card it is."""

    id: str
    kind: str
    """``snip``, ``claim``, ``chapter`` or ``own``."""
    deck: str
    front: str
    back: str
    snip: str | None = None


def of_snip(one: Snip) -> Faces:
    """Front: where something was said, and how it was titled; back: what was said and noted."""
    what = one.contents
    at = f" at {moment.clock(what.start_seconds)}" if what.start_seconds is not None else ""
    chapter = f", {what.chapter}" if what.chapter and what.chapter != what.title else ""
    asked = what.title or "What did you keep here?"
    answers = (what.quote, what.note) if what.quote or what.note else (what.chapter or what.title,)
    return Faces(
        id=f"snip:{one.id}",
        kind="snip",
        snip=one.id,
        deck=one.show_title,
        front=f"{asked}\n\n{one.episode_title}{chapter}{at}",
        back="\n\n".join(filter(None, answers)) or one.episode_title,
    )


def changed_at(one: Snip, history: Sequence[Entry]) -> str:
    """When the card of a snip last changed what it says; a tag or a star is no such change."""
    *before, newest = history
    said, at = of_snip(one), newest.at
    for entry in reversed(before):
        if of_snip(dataclasses.replace(one, contents=entry.contents)) != said:
            break
        at = entry.at
    return at


def of_chapter(
    episode_id: str, episode: str, deck: str, chapter: moment.Titled, notes: str | None
) -> Faces:
    """Front: what is said under a title; back: the field notes on it, else where to listen."""
    at = moment.clock(chapter.start_seconds)
    said = section(notes, chapter.title) if notes else None
    return Faces(
        id=f"chapter:{episode_id}@{int(chapter.start_seconds)}",
        kind="chapter",
        deck=deck,
        front=f"What is said under {chapter.title!r}?\n\n{episode} at {at}",
        back=said or f"Listen again from {at}, and write down what you hear as a snip.",
    )


def section(markdown: str, title: str) -> str | None:
    """The text below the heading of that title, up to the next one of its rank; None without.

    A heading may have a place before the title: ``## 5:00 How SELECT Works``.
    """
    headings = list(_HEADING.finditer(markdown))
    for place, heading in enumerate(headings):
        if heading[2].casefold() != title.casefold():
            continue
        ends = (h.start() for h in headings[place + 1 :] if len(h[1]) <= len(heading[1]))
        return markdown[heading.end() : next(ends, len(markdown))].strip() or None
    return None
