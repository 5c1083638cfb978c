"""Keeps snips: makes and changes them, and takes changes back.

Every change is one transaction: an entry is added to the history and the snip stands as the entry
says. The transaction begins by taking the next number, which takes the store's write lock as well;
so a change is always made to the newest contents, and of two processes that edit at once neither
loses what the other wrote. Whoever wants to be refused instead names the number that was seen.

What is said at a place comes from the chosen transcript (``moment``); without one there is no quote.
"""

import base64
import dataclasses
import datetime as dt
import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from earwitness.library import catalogue, moment, snip
from earwitness.library import snip_catalogue as read
from earwitness.library.catalogue import ShelvedEpisode
from earwitness.library.intake import SavedSnip, Segment
from earwitness.library.snip import Change, Contents, Entry, Snip
from earwitness.store import review_tables as tables
from earwitness.store.connection import Store
from earwitness.trouble import Trouble

Edit = Callable[[Contents], Contents]

_ID_BYTES = 5
"""Forty bits: eight letters, and one chance in a million of a clash among 1,500 snips."""


class ChangedMeanwhile(Trouble):
    """Somebody changed the snip after it was read; the message says how to go on."""


def make(store: Store, episode: ShelvedEpisode, contents: Contents) -> Snip:
    """Save a moment of an episode, with its chapter and its quote where they are not given."""
    known = read.chapters(store, episode.id)
    chapter = moment.chapter_of(known, contents.start_seconds, contents.end_seconds)
    contents = msgspec.structs.replace(contents, chapter=contents.chapter or chapter)
    if not contents.quote:
        contents = _quoting(contents, read.segments(store, episode.id))
    return _write_new(store, episode.id, [(_new_id(), None, contents, Change.MADE, None)])[0]


def keep_saved(store: Store, episode_id: str, saved: Iterable[SavedSnip]) -> int:
    """Keep what was saved in another application, each moment once; how many were new.

    One that is here already stays as it is here, also when it was changed or deleted since.
    """
    found = list(saved)
    if not found:
        return 0
    known = read.chapters(store, episode_id)
    rows = []
    for one in found:
        contents = Contents(
            start_seconds=one.start_seconds,
            end_seconds=one.end_seconds,
            title=one.title,
            quote=one.quote,
            quote_by_hand=bool(one.quote),
            transcript=one.transcript,
            note=one.note,
            tags=snip.tags(one.tags),
            favourite=one.favourite,
            chapter=moment.chapter_of(known, one.start_seconds, one.end_seconds),
            url=one.url,
        )
        id = _id_of(f"{episode_id}\n{one.guid}")
        rows.append((id, one.guid, contents, Change.SAVED_ELSEWHERE, one.saved_at))
    return len(_write_new(store, episode_id, rows))


def change(
    store: Store, id: str, edit: Edit, kind: Change = Change.EDITED, *, seen: int | None = None
) -> Snip:
    """Change a snip; without a difference nothing is written.

    ``seen``: the number of the newest entry that the caller knew of. Raises NoSuchSnip,
    ChangedMeanwhile.
    """
    with store.writing() as connection:
        current = _locked(connection, id, seen)
        after = edit(current.contents)
        if after == current.contents:
            connection.rollback()
            return current
        return _append(connection, current, kind, after)


def requoting(store: Store, one: Snip, edit: Edit) -> Edit:
    """An edit after which an empty quote is what the transcript says there."""
    said = read.segments(store, one.episode)

    def edited(contents: Contents) -> Contents:
        after = edit(contents)
        return after if after.quote else _quoting(after, said)

    return edited


def move(
    store: Store, id: str, start: str | None, end: str | None, *, seen: int | None = None
) -> Snip:
    """Move the bounds, each by ``+5s`` or to ``12:34``; the quote follows unless written by hand.

    Raises NoSuchMoment.
    """
    now = read.find(store, id, deleted=True)
    return change(store, now.id, moving(store, now, start, end), Change.MOVED, seen=seen)


def moving(store: Store, one: Snip, start: str | None, end: str | None) -> Edit:
    """An edit that moves the bounds as ``move`` does; it raises NoSuchMoment."""
    duration = catalogue.find_episode(store, one.episode).facts.duration_seconds
    said, known = read.segments(store, one.episode), read.chapters(store, one.episode)

    def edit(contents: Contents) -> Contents:
        bounds = (contents.start_seconds, contents.end_seconds)
        if None in bounds and None in (start, end):
            raise moment.NoSuchMoment("it is not known where this snip is: give both of its bounds")
        first, last = (
            moment.moved(bound or 0.0, text) if text else bound or 0.0
            for bound, text in zip(bounds, (start, end), strict=True)
        )
        first, last = moment.within((first, last), duration)
        moved = msgspec.structs.replace(
            contents,
            start_seconds=first,
            end_seconds=last,
            chapter=moment.chapter_of(known, first, last),
        )
        return moved if moved.quote_by_hand else _quoting(moved, said)

    return edit


def undo(store: Store, id: str, *, seen: int | None = None) -> Snip:
    """Take back the newest change that stands, also a deletion.

    Raises NothingToUndo, NoSuchSnip, ChangedMeanwhile.
    """
    with store.writing() as connection:
        current = _locked(connection, id, seen)
        number, before = snip.undone(read.entries(connection, id))
        return _append(connection, current, Change.UNDONE, before, undoes=number)


def delete(store: Store, id: str, *, seen: int | None = None) -> Snip:
    """Delete a snip; its history stays, and an undo brings it back. Raises ChangedMeanwhile."""

    def gone(contents: Contents) -> Contents:
        return msgspec.structs.replace(contents, deleted=True)

    return change(store, id, gone, Change.DELETED, seen=seen)


def write_imported(
    store: Store,
    episode_id: str,
    *,
    id: str,
    guid: str | None,
    made_at: str,
    entries: Sequence[Entry],
) -> bool:
    """Keep a snip with its whole history, or what its history here lacks at the end.

    Whether anything was written. Raises ChangedMeanwhile when both went on in different ways.
    """
    with store.writing() as connection:
        query = sa.select(tables.snips.c.id).where(tables.snips.c.id == id)
        if connection.execute(query).first() is None:
            connection.execute(
                tables.snips.insert().values(
                    id=id, episode=episode_id, guid=guid, made_at=made_at, **_standing(entries[-1])
                )
            )
            connection.execute(tables.snip_history.insert(), [_row(id, one) for one in entries])
            return True
        here = read.entries(connection, id)
        if list(entries[: len(here)]) != here[: len(entries)]:
            raise ChangedMeanwhile(f"snip {id} was changed here and elsewhere: it stays as it is")
        new = entries[len(here) :]
        if new:
            connection.execute(tables.snip_history.insert(), [_row(id, one) for one in new])
            standing = tables.snips.update().where(tables.snips.c.id == id)
            connection.execute(standing.values(**_standing(new[-1])))
        return bool(new)


def _write_new(
    store: Store,
    episode_id: str,
    rows: Sequence[tuple[str, str | None, Contents, Change, str | None]],
) -> list[Snip]:
    """Write those that are not there by id or mark, with the first entry of their history."""
    now, written = _now(), []
    with store.writing() as connection:
        for id, guid, contents, kind, at in rows:
            entry = Entry(number=1, at=now, change=kind, contents=contents)
            columns = {"id": id, "episode": episode_id, "guid": guid, "made_at": at or now}
            added = connection.execute(
                tables.snips.insert().prefix_with("or ignore").values(**columns, **_standing(entry))
            )
            if added.rowcount:
                connection.execute(tables.snip_history.insert().values(**_row(id, entry)))
                written.append(id)
        query = read.joined(deleted=True).where(tables.snips.c.id.in_(written))
        return [read.snip_of(row) for row in connection.execute(query)]


def _locked(connection: sa.Connection, id: str, seen: int | None) -> Snip:
    """The snip as it stands, after the number of the next entry was taken for this transaction."""
    taken = tables.snips.update().where(tables.snips.c.id == id)
    connection.execute(taken.values(number=tables.snips.c.number + 1))
    row = connection.execute(read.joined(deleted=True).where(tables.snips.c.id == id)).first()
    if row is None:
        raise read.NoSuchSnip(f"there is no snip {id!r}")
    current = read.snip_of(row)
    if seen is not None and seen != current.number - 1:
        raise ChangedMeanwhile(
            f"snip {id} was changed meanwhile (entry {current.number - 1}, not {seen}): "
            f"look at `earwitness snips history {id}` and try again"
        )
    return dataclasses.replace(current, number=current.number - 1)


def _append(
    connection: sa.Connection,
    current: Snip,
    kind: Change,
    contents: Contents,
    undoes: int | None = None,
) -> Snip:
    number = current.number + 1
    entry = Entry(number=number, at=_now(), change=kind, contents=contents, undoes=undoes)
    connection.execute(tables.snip_history.insert().values(**_row(current.id, entry)))
    standing = tables.snips.update().where(tables.snips.c.id == current.id)
    connection.execute(standing.values(**_standing(entry)))
    row = connection.execute(read.joined(deleted=True).where(tables.snips.c.id == current.id)).one()
    return read.snip_of(row)


def _standing(entry: Entry) -> dict[str, Any]:
    return {
        "number": entry.number,
        "start_seconds": entry.contents.start_seconds,
        "deleted": entry.contents.deleted,
        "body": msgspec.json.encode(entry.contents).decode(),
    }


def _row(id: str, entry: Entry) -> dict[str, Any]:
    body = msgspec.json.encode(entry.contents).decode()
    columns = {"number": entry.number, "at": entry.at, "undoes": entry.undoes, "body": body}
    return {"snip": id, "change": entry.change.value, **columns}


def _quoting(contents: Contents, said: Sequence[Segment]) -> Contents:
    if contents.start_seconds is None or contents.end_seconds is None:
        return contents
    text = moment.quote(said, (contents.start_seconds, contents.end_seconds))
    return msgspec.structs.replace(contents, quote=text)


def _new_id() -> str:
    return base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode().casefold()


def _id_of(mark: str) -> str:
    """The id that a moment from elsewhere always gets."""
    digest = hashlib.sha256(mark.encode()).digest()
    return base64.b32encode(digest[:_ID_BYTES]).decode().casefold()


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat()
