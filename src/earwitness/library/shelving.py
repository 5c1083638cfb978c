"""Keeps what a source gave: matches it with what is there already, and writes what changed.

Keeping the same intake twice changes nothing. A show is known again by its podcast guid, by the
address of its feed, or by its title; an episode of it by its guid, or by title and day. An export of
what was saved elsewhere may not know the day, so its episode is also the only one of that title. Files
of one's own are told apart by ``own_files``, and never by their titles. What a source leaves empty
keeps its old value, links are united, and chapters stand by source; so a feed that is added later
completes the show that came with the package, and does not double it. What came with the package
fills in what is missing and replaces nothing.

Each call is one transaction: all of it is kept, or nothing.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from earwitness.library.intake import (
    ChapterSource,
    EpisodeFacts,
    Intake,
    Problem,
    ShowFacts,
    Source,
    SourcedChapter,
    Transcript,
    TranscriptSource,
)
from earwitness.library.own_files import MARK
from earwitness.library.show import Link
from earwitness.store import library_tables as tables
from earwitness.store.connection import Store

_Facts = TypeVar("_Facts", ShowFacts, EpisodeFacts)
_LONGEST_SLUG = 60
_DAY = 10
"""Characters of an ISO 8601 date that name the day."""
_WITHOUT_DAYS = (Source.READWISE, Source.SNIPD, Source.FILE)
"""Whose episodes may have no day, though the episode has one."""
_MARKS_WITHOUT_DAYS = ("readwise:", "snipd:")
"""How the marks of such episodes begin; a file is no episode of a feed because of its name."""
_BESIDE: Mapping[str, Any] = {"chapters": {}, "saved": (), "read": ()}
"""Fields of an episode's facts that have tables of their own, and how they stand without."""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What keeping an intake came to."""

    show: str
    """Id of the show."""
    episodes: tuple[str, ...]
    """Ids of the intake's episodes, in its order."""
    new: tuple[str, ...]
    """Ids of those that were not there."""
    changed: tuple[str, ...]
    unchanged: int
    problems: tuple[Problem, ...]


def keep(store: Store, intake: Intake, *, show: str | None = None) -> Kept:
    """Write a show and its episodes; ``show`` is its id where it is known which one it is."""
    with store.writing() as connection:
        show = _keep_show(connection, intake, show)
        shelf = _Shelf.of(connection, show, intake.source)
        ids, new, changed = [], [], []
        for place, facts in enumerate(intake.episodes):
            id = shelf.id_of(facts)
            if id is None:
                id = shelf.add(facts, place)
                new.append(id)
            elif shelf.update(connection, id, facts):
                changed.append(id)
            ids.append(id)
        shelf.write_added(connection)
        shelf.renumber(connection)
    return Kept(
        show=show,
        episodes=tuple(ids),
        new=tuple(new),
        changed=tuple(changed),
        unchanged=len(set(ids) - {*new, *changed}),
        problems=intake.problems,
    )


def keep_transcript(store: Store, episode_id: str, transcript: Transcript) -> bool:
    """Write a transcript; False when the episode has this one already.

    Of several the most trusted is the chosen one, and of equals the newest.
    """
    with store.writing() as connection:
        return write_transcript(connection, episode_id, transcript)


def write_transcript(connection: sa.Connection, episode_id: str, transcript: Transcript) -> bool:
    """The same within a transaction that is open."""
    others = sa.select(tables.transcripts).where(tables.transcripts.c.episode == episode_id)
    there = connection.execute(others).all()
    if any(row.digest == transcript.digest for row in there):
        return False
    chosen = all(_trust(transcript.source) >= _trust(row.source) for row in there if row.chosen)
    if chosen:
        connection.execute(
            tables.transcripts.update()
            .where(tables.transcripts.c.episode == episode_id)
            .values(chosen=False)
        )
    row = {
        "episode": episode_id,
        "source": transcript.source.value,
        "format": transcript.format,
        "language": transcript.language,
        "origin": transcript.origin,
        "digest": transcript.digest,
        "added_at": _now(),
        "chosen": chosen,
    }
    key = connection.execute(tables.transcripts.insert().values(**row)).inserted_primary_key
    assert key is not None
    # straight to the driver: a library has millions of lines
    connection.exec_driver_sql(
        "insert into segments (transcript, place, start_seconds, end_seconds, speaker, text)"
        " values (?, ?, ?, ?, ?, ?)",
        [
            (key[0], place, one.start_seconds, one.end_seconds, one.speaker, one.text)
            for place, one in enumerate(transcript.segments)
        ],
    )
    return True


def keep_chapters(
    store: Store, episode_id: str, source: ChapterSource, chapters: Collection[SourcedChapter]
) -> None:
    """Write the chapters that one source has, in place of those it had before."""
    with store.writing() as connection:
        _write_chapters(connection, episode_id, source, chapters)


def slug(text: str) -> str:
    """A name for addresses and files: ASCII letters, digits and dashes; ``untitled`` at the least."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    words = re.sub(r"[^a-z0-9]+", "-", plain.replace("'", "")).strip("-")
    return words[:_LONGEST_SLUG].rstrip("-") or "untitled"


def title_key(title: str) -> str:
    """A title as it is compared: without case, accents and punctuation, in every script."""
    apart = unicodedata.normalize("NFKD", title.casefold().replace("'", ""))
    letters = "".join(c for c in apart if not unicodedata.combining(c))
    return " ".join(re.findall(r"[^\W_]+", letters)) or title.strip()


def _keep_show(connection: sa.Connection, intake: Intake, known: str | None) -> str:
    facts, rows = intake.show, connection.execute(sa.select(tables.shows)).all()
    for row in rows:
        if row.id == known or (known is None and _is_same_show(row, facts)):
            merged = _merged(msgspec.json.decode(row.body, type=ShowFacts), facts, intake.source)
            if known is None and row.feed_url:  # nobody has said that it has moved
                merged = msgspec.structs.replace(merged, feed_url=row.feed_url)
            body = msgspec.json.encode(merged).decode()
            if body != row.body:
                connection.execute(
                    tables.shows.update()
                    .where(tables.shows.c.id == row.id)
                    .values(**_show_columns(merged), body=body)
                )
            return str(row.id)
    id = _free(facts.slug or slug(facts.title), {row.id for row in rows})
    connection.execute(
        tables.shows.insert().values(
            id=id,
            source=intake.source.value,
            added_at=_now(),
            **_show_columns(facts),
            body=msgspec.json.encode(facts).decode(),
        )
    )
    return id


def _show_columns(facts: ShowFacts) -> dict[str, Any]:
    names = ("title", "author", "feed_url", "guid")
    return {name: getattr(facts, name) for name in names}


def _is_same_show(row: sa.Row[Any], facts: ShowFacts) -> bool:
    if facts.guid and row.guid:
        return bool(facts.guid == row.guid)
    if facts.feed_url and row.feed_url:
        return bool(facts.feed_url == row.feed_url)
    return title_key(facts.title) == title_key(row.title)


@dataclass(frozen=True)
class _Shelved:
    """What tells an episode of a show from another of its title."""

    id: str
    guid: str
    day: str
    """Empty: not known."""


class _Shelf:
    """The episodes of one show while an intake is kept."""

    def __init__(self, show: str, source: Source, rows: Collection[sa.Row[Any]]) -> None:
        self._show = show
        self._source = source
        self._bodies: dict[str, str] = {row.id: row.body for row in rows}
        self._by_guid = {row.guid: row.id for row in rows}
        self._by_title: dict[str, list[_Shelved]] = {}
        for row in rows:
            one = _Shelved(row.id, row.guid, (row.date or "")[:_DAY])
            self._by_title.setdefault(title_key(row.title), []).append(one)
        self._numbers: dict[str, int] = {}
        """The number that comes next behind an id that is taken."""
        self._added: list[tuple[dict[str, Any], EpisodeFacts]] = []
        """Rows that are not written yet."""

    @classmethod
    def of(cls, connection: sa.Connection, show: str, source: Source) -> "_Shelf":
        query = sa.select(tables.episodes).where(tables.episodes.c.show == show)
        return cls(show, source, connection.execute(query).all())

    def id_of(self, facts: EpisodeFacts) -> str | None:
        """The id that the episode has here; None when it is not here."""
        return self._by_guid.get(facts.guid) or self._of_title(facts)

    def _of_title(self, facts: EpisodeFacts) -> str | None:
        day, titled = (facts.date or "")[:_DAY], self._by_title.get(title_key(facts.title), [])
        if facts.guid.startswith(MARK):
            titled = [one for one in titled if not one.guid.startswith(MARK)]
        of_day = [one.id for one in titled if one.day == day]
        if of_day or len(titled) != 1:
            return of_day[-1] if of_day else None
        (only,) = titled
        lacks_day = not day and self._source in _WITHOUT_DAYS
        lacked_day = not only.day and only.guid.startswith(_MARKS_WITHOUT_DAYS)
        return only.id if lacks_day or lacked_day else None

    def add(self, facts: EpisodeFacts, place: int) -> str:
        """Take an episode that is not here, and return its id; ``write_added`` writes it."""
        id = self._free(f"{self._show}/{facts.slug or slug(facts.title)}")
        body = self._remember(id, facts)
        columns = {"id": id, "show": self._show, "guid": facts.guid, "place": place, "body": body}
        self._added.append((columns | _episode_columns(facts), facts))
        return id

    def write_added(self, connection: sa.Connection) -> None:
        """Write what was added, all at once: a feed may have thousands."""
        if self._added:
            connection.execute(tables.episodes.insert(), [columns for columns, _ in self._added])
        for columns, facts in self._added:
            _write_beside(connection, columns["id"], facts)
        self._added.clear()

    def _free(self, wanted: str) -> str:
        """The wanted id, or the first with a number behind it that is not taken."""
        if wanted not in self._bodies:
            return wanted
        number = self._numbers.get(wanted, 2)
        while f"{wanted}-{number}" in self._bodies:
            number += 1
        self._numbers[wanted] = number + 1
        return f"{wanted}-{number}"

    def update(self, connection: sa.Connection, id: str, facts: EpisodeFacts) -> bool:
        """Write what the facts add to an episode; whether that was anything."""
        self.write_added(connection)  # it may be one of them
        before = self._bodies[id]
        old = msgspec.json.decode(before, type=EpisodeFacts)
        merged = _merged(old, facts, self._source)
        merged = msgspec.structs.replace(
            merged, guid=old.guid, links=_united(old.links, facts.links)
        )
        body = self._remember(id, merged)
        if body != before:
            connection.execute(
                tables.episodes.update()
                .where(tables.episodes.c.id == id)
                .values(**_episode_columns(merged), body=body)
            )
        return _write_beside(connection, id, facts) or body != before

    def renumber(self, connection: sa.Connection) -> None:
        """Put the episodes into the order of a page: the newest first, undated ones last."""
        connection.execute(
            sa.text(
                "update episodes set place = ordered.place from (select id, row_number() over"
                " (order by date is null, date desc, place) - 1 as place from episodes"
                " where show = :show) as ordered"
                " where ordered.id = episodes.id and ordered.place != episodes.place"
            ),
            {"show": self._show},
        )

    def _remember(self, id: str, facts: EpisodeFacts) -> str:
        bare = msgspec.structs.replace(facts, **_BESIDE)
        body = msgspec.json.encode(bare).decode()
        self._bodies[id] = body
        self._by_guid[facts.guid] = id
        return body


def _episode_columns(facts: EpisodeFacts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in ("title", "date", "duration_seconds")}


def _write_beside(connection: sa.Connection, id: str, facts: EpisodeFacts) -> bool:
    """Write what has tables of its own; whether anything changed."""
    changed = [
        _write_chapters(connection, id, source, chapters)
        for source, chapters in facts.chapters.items()
    ]
    changed += [write_transcript(connection, id, transcript) for transcript in facts.read]
    return any(changed)


def _write_chapters(
    connection: sa.Connection,
    episode_id: str,
    source: ChapterSource,
    chapters: Collection[SourcedChapter],
) -> bool:
    rows = [
        {"episode": episode_id, "source": source.value, "place": place}
        | msgspec.structs.asdict(chapter)
        for place, chapter in enumerate(chapters)
    ]
    of_source = sa.and_(
        tables.chapters.c.episode == episode_id, tables.chapters.c.source == source.value
    )
    query = sa.select(tables.chapters).where(of_source).order_by(tables.chapters.c.place)
    if [dict(row._mapping) for row in connection.execute(query)] == rows:
        return False
    connection.execute(tables.chapters.delete().where(of_source))
    if rows:
        connection.execute(tables.chapters.insert(), rows)
    return True


def _merged(old: _Facts, new: _Facts, source: Source) -> _Facts:
    """The new facts, and the old ones where they say nothing; those of the package the other way."""
    base, over = (new, old) if source is Source.BUNDLED else (old, new)
    said = {
        field.name: value
        for field in msgspec.structs.fields(over)
        if (value := getattr(over, field.name)) and value != field.default
    }
    return msgspec.structs.replace(base, **said)


def _united(old: tuple[Link, ...], new: tuple[Link, ...]) -> tuple[Link, ...]:
    known = {link.url for link in old}
    return (*old, *(link for link in new if link.url not in known))


def _free(wanted: str, taken: Collection[str]) -> str:
    """The wanted id, or the first with a number behind it that is not taken."""
    if wanted not in taken:
        return wanted
    number = next(n for n in range(2, len(taken) + 3) if f"{wanted}-{n}" not in taken)
    return f"{wanted}-{number}"


def _trust(source: str) -> int:
    return -list(TranscriptSource).index(TranscriptSource(source))


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat()
