"""Reads snips from the store, and what a snip is made of: chapters, and what is said.

Nothing is written here (``snips`` does that). A snip may be named by its id, by the beginning of it,
or as ``latest``.
"""

import collections
from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa

from earwitness.library import catalogue, snip
from earwitness.library.chapters import Chapter, merge
from earwitness.library.intake import Segment
from earwitness.library.snip import Change, Contents, Entry, Snip
from earwitness.store import library_tables as shelf
from earwitness.store import review_tables as tables
from earwitness.store.connection import Store
from earwitness.trouble import Trouble


class NoSuchSnip(Trouble, LookupError):
    """No snip has that id, or several begin with it; the message is one line."""


def history(store: Store, id: str) -> list[Entry]:
    """Every entry of a snip, oldest first."""
    with store.reading() as connection:
        return entries(connection, id)


def find(store: Store, name: str, *, deleted: bool = False) -> Snip:
    """The snip of that id or that beginning of one; ``latest`` is the one made last."""
    query = joined(deleted).order_by(tables.snips.c.made_at.desc())
    if name == "latest":
        query = query.limit(1)
    else:
        query = query.where(tables.snips.c.id.startswith(name.strip() or "-", autoescape=True))
    with store.reading() as connection:
        found = [snip_of(row) for row in connection.execute(query)]
    exact = [one for one in found if one.id == name]
    if len(found) > 1 and not exact:
        raise NoSuchSnip(f"{len(found)} snips begin with {name!r}: write more of the id")
    if not found:
        raise NoSuchSnip(f"there is no snip {name!r}").hinting(
            "`earwitness snips list` shows those there are"
        )
    return (exact or found)[0]


def every(
    store: Store,
    *,
    show: str | None = None,
    episode: str | None = None,
    tag: str | None = None,
    favourite: bool = False,
    words: str = "",
    deleted: bool = False,
) -> list[Snip]:
    """Snips in the order of the shows' pages and of their places.

    ``show`` and ``episode`` are ids. ``words`` must all occur in what was written or said.
    """
    query = joined(deleted).order_by(
        shelf.episodes.c.show,
        shelf.episodes.c.place,
        tables.snips.c.start_seconds,
        tables.snips.c.id,
    )
    if show is not None:
        query = query.where(shelf.episodes.c.show == show)
    if episode is not None:
        query = query.where(tables.snips.c.episode == episode)
    with store.reading() as connection:
        found = [snip_of(row) for row in connection.execute(query)]
    return matching(found, tag=tag, favourite=favourite, words=words)


def matching(
    snips: Iterable[Snip],
    *,
    show: str | None = None,
    episode: str | None = None,
    tag: str | None = None,
    favourite: bool = False,
    words: str = "",
) -> list[Snip]:
    """Those of some snips that ``every`` would give, in the same order."""
    wanted = snip.tags((tag,))[0].casefold() if tag and snip.tags((tag,)) else None
    return [
        one
        for one in snips
        if show in (None, one.show)
        and episode in (None, one.episode)
        and (wanted is None or wanted in {name.casefold() for name in one.contents.tags})
        and (one.contents.favourite or not favourite)
        and _has_words(one, words)
    ]


def counts(store: Store) -> dict[str, int]:
    """How many snips of one's own each episode has, by id; episodes without any are left out."""
    query = (
        sa.select(tables.snips.c.episode, sa.func.count())
        .where(tables.snips.c.deleted.is_(False))
        .group_by(tables.snips.c.episode)
    )
    with store.reading() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def tags(store: Store) -> dict[str, int]:
    """How many snips have each tag, the most used first."""
    counted = collections.Counter(tag for one in every(store) for tag in one.contents.tags)
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def chapters(store: Store, episode_id: str) -> tuple[Chapter, ...]:
    """The chapters of an episode that stand in its table of contents, from all sources together."""
    by_source = catalogue.chapters(store, [episode_id]).get(episode_id, {})
    known = sa.select(shelf.episodes.c.duration_seconds).where(shelf.episodes.c.id == episode_id)
    with store.reading() as connection:
        duration = connection.execute(known).scalar_one_or_none()
    return tuple(one for one in merge(by_source, duration) if one.listed)


def segments(store: Store, episode_id: str) -> list[Segment]:
    """The lines of the chosen transcript; empty without one."""
    chosen = [one for one in catalogue.transcripts(store, episode_id) if one.chosen]
    return catalogue.segments(store, chosen[0].id) if chosen else []


def entries(connection: sa.Connection, id: str) -> list[Entry]:
    """The history of a snip within a transaction that is open."""
    query = sa.select(tables.snip_history).where(tables.snip_history.c.snip == id)
    rows = connection.execute(query.order_by(tables.snip_history.c.number))
    return [
        Entry(
            number=row.number,
            at=row.at,
            change=Change(row.change),
            contents=msgspec.json.decode(row.body, type=Contents),
            undoes=row.undoes,
        )
        for row in rows
    ]


def joined(deleted: bool) -> sa.Select[Any]:
    """The query of snips with the titles around them."""
    query = (
        sa.select(
            tables.snips,
            shelf.episodes.c.title.label("episode_title"),
            shelf.episodes.c.show,
            shelf.shows.c.title.label("show_title"),
        )
        .join(shelf.episodes, shelf.episodes.c.id == tables.snips.c.episode)
        .join(shelf.shows, shelf.shows.c.id == shelf.episodes.c.show)
    )
    return query if deleted else query.where(tables.snips.c.deleted.is_(False))


def snip_of(row: sa.Row[Any]) -> Snip:
    """The snip of a row of ``joined``."""
    names = ("id", "episode", "episode_title", "show", "show_title", "made_at", "number", "guid")
    contents = msgspec.json.decode(row.body, type=Contents)
    return Snip(contents=contents, **{name: getattr(row, name) for name in names})


def _has_words(one: Snip, words: str) -> bool:
    what = one.contents
    said = (what.title, what.quote, what.transcript, what.note, what.chapter or "")
    told = "\n".join((*said, one.episode_title))
    return all(word in told.casefold() for word in words.casefold().split())
