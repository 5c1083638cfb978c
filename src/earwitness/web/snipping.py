"""Snips made and changed as pages and the API ask for it, and what stands around one to edit it.

What a form says is plain text; only what differs from what stood there is changed, so that a quote
follows the transcript until somebody writes it by hand.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from earwitness.library import browsing, moment, snips
from earwitness.library import snip as values
from earwitness.library import snip_catalogue as read
from earwitness.library.catalogue import ShelvedEpisode
from earwitness.library.intake import Segment
from earwitness.library.snip import Change, Contents, Snip
from earwitness.store.connection import Store

LAST_SECONDS = 30.0
"""What one key saves while listening."""
AROUND_SECONDS = 90.0
"""How much of the transcript stands before and after a snip, to move its bounds to."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What somebody said of a snip; None: it stays as it is. Places are written ``12:34``, ``+5s``."""

    start: str | None = None
    end: str | None = None
    title: str | None = None
    quote: str | None = None
    note: str | None = None
    tags: Sequence[str] | None = None
    favourite: bool | None = None


def make(store: Store, episode: ShelvedEpisode, said: Said, *, at: float | None = None) -> Snip:
    """Save what is between two places, or, with ``at``, what was just said. Raises NoSuchMoment."""
    if at is not None:
        span = moment.before(at, LAST_SECONDS, read.segments(store, episode.id))
    else:
        span = moment.place(said.start or ""), moment.place(said.end or "")
    start, end = moment.within(span, episode.facts.duration_seconds)
    contents = _edit(said)(Contents(start_seconds=start, end_seconds=end))
    return snips.make(store, episode, contents)


def save(store: Store, one: Snip, said: Said, seen: int | None) -> Snip:
    """Change what was said differently, all of it at once.

    Raises NoSuchMoment, ChangedMeanwhile.
    """
    if said.quote == one.contents.quote.strip():
        said = dataclasses.replace(said, quote=None)  # so it follows the bounds
    start, end = _moved(one, said)
    edit = _edit(said)
    if not (start or end):
        return snips.change(store, one.id, snips.requoting(store, one, edit), seen=seen)
    move = snips.moving(store, one, start, end)
    kind = Change.MOVED if edit(one.contents) == one.contents else Change.EDITED

    def both(what: Contents) -> Contents:
        return edit(move(what))

    return snips.change(store, one.id, snips.requoting(store, one, both), kind, seen=seen)


def bounds(what: Contents) -> tuple[str, str]:
    """Both places as a form has them; empty where they are not known."""
    start, end = (
        "" if bound is None else moment.clock(bound)
        for bound in (what.start_seconds, what.end_seconds)
    )
    return start, end


def as_said(what: Contents) -> dict[str, str]:
    """The contents as the fields of a form."""
    start, end = bounds(what)
    return {
        "start": start,
        "end": end,
        "title": what.title,
        "quote": what.quote,
        "note": what.note,
        "tags": ", ".join(what.tags),
        "favourite": "1" if what.favourite else "",
    }


def around(store: Store, one: Snip) -> list[Segment]:
    """The lines of the transcript near a snip; none without a transcript or a place."""
    what = one.contents
    if what.start_seconds is None or what.end_seconds is None:
        return []
    first, last = what.start_seconds - AROUND_SECONDS, what.end_seconds + AROUND_SECONDS
    return [
        line
        for line in read.segments(store, one.episode)
        if line.start_seconds is not None and first <= line.start_seconds <= last
    ]


def episode_of(store: Store, one: Snip) -> ShelvedEpisode:
    """The episode that a snip is of."""
    return browsing.those(store, [one.episode])[one.episode]


def _moved(one: Snip, said: Said) -> tuple[str | None, str | None]:
    """The bounds that were written differently; whole seconds stand for what lies within them."""
    start, end = (
        text.strip() if text is not None and text.strip() not in ("", shown) else None
        for text, shown in zip((said.start, said.end), bounds(one.contents), strict=True)
    )
    return start, end


def _edit(said: Said) -> Callable[[Contents], Contents]:
    def edited(what: Contents) -> Contents:
        changed: dict[str, object] = {
            name: value
            for name, value in (
                ("title", said.title),
                ("note", said.note),
                ("favourite", said.favourite),
            )
            if value is not None
        }
        if said.tags is not None:
            changed["tags"] = values.tags(said.tags)
        if said.quote is not None:
            changed |= {"quote": said.quote, "quote_by_hand": bool(said.quote)}
        return msgspec.structs.replace(what, **changed)

    return edited
