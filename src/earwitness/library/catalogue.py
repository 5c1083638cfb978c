"""Reads shows, episodes, chapters and transcripts from the store.

Nothing is written here (``shelving`` does that) and nothing is rendered. A show or an episode may be
named by its id, by the beginning of it, by the last part of an episode's id, or by words of its
title; what several are called is refused with their ids.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from earwitness.library.intake import (
    ChapterSource,
    EpisodeFacts,
    Segment,
    ShowFacts,
    Source,
    SourcedChapter,
    TranscriptSource,
)
from earwitness.store import library_tables as tables
from earwitness.store.connection import Store
from earwitness.trouble import Trouble

_Named = TypeVar("_Named")


class NotInLibrary(Trouble, LookupError):
    """Nothing in the library is called that, or several are; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class ShelvedShow:
    """A show in the store."""

    id: str
    source: Source
    facts: ShowFacts
    episodes: int
    """How many it has."""
    etag: str | None
    last_modified: str | None
    checked_at: str | None
    added_at: str


@dataclass(frozen=True, kw_only=True)
class ShelvedEpisode:
    """An episode in the store."""

    id: str
    show: str
    show_title: str
    facts: EpisodeFacts
    """Without chapters; those are read on their own."""
    audio_file: str | None
    """Below the data folder."""


@dataclass(frozen=True, kw_only=True)
class ShelvedTranscript:
    """A transcript in the store, without its segments."""

    id: int
    episode: str
    source: TranscriptSource
    format: str
    language: str | None
    origin: str | None
    chosen: bool


def shows(store: Store) -> list[ShelvedShow]:
    """All shows, by title."""
    counted = sa.select(tables.episodes.c.show, sa.func.count().label("episodes"))
    counted_by_show = counted.group_by(tables.episodes.c.show).subquery()
    query = (
        sa.select(tables.shows, sa.func.coalesce(counted_by_show.c.episodes, 0).label("episodes"))
        .outerjoin(counted_by_show, counted_by_show.c.show == tables.shows.c.id)
        .order_by(tables.shows.c.title, tables.shows.c.id)
    )
    with store.reading() as connection:
        return [_show(row) for row in connection.execute(query)]


def find_show(store: Store, name: str) -> ShelvedShow:
    """The show of that name. Raises NotInLibrary."""
    known = shows(store)
    return _the_one(name, [(show, show.id, show.id, show.facts.title) for show in known], "show")


def episodes(store: Store, show: str | None = None) -> list[ShelvedEpisode]:
    """The episodes of a show in the order of its page, or all, show by show."""
    query = episodes_query().order_by(tables.episodes.c.show, tables.episodes.c.place)
    if show is not None:
        query = query.where(tables.episodes.c.show == show)
    with store.reading() as connection:
        return [episode_of(row) for row in connection.execute(query)]


def find_episode(store: Store, name: str, *, show: str | None = None) -> ShelvedEpisode:
    """The episode of that name, of that show where one is given. Raises NotInLibrary."""
    query = sa.select(tables.episodes.c.id, tables.episodes.c.title)
    if show is not None:
        query = query.where(tables.episodes.c.show == show)
    with store.reading() as connection:
        names = [
            (row.id, row.id, _last_part(row.id), row.title) for row in connection.execute(query)
        ]
        found = _the_one(name, names, "episode")
        row = connection.execute(episodes_query().where(tables.episodes.c.id == found)).one()
    return episode_of(row)


def chapters(
    store: Store, episode_ids: Iterable[str]
) -> dict[str, dict[ChapterSource, tuple[SourcedChapter, ...]]]:
    """The chapters of these episodes as each source has them; none: the episode is left out."""
    query = (
        sa.select(tables.chapters)
        .where(tables.chapters.c.episode.in_(list(episode_ids)))
        .order_by(tables.chapters.c.episode, tables.chapters.c.source, tables.chapters.c.place)
    )
    found: dict[str, dict[ChapterSource, tuple[SourcedChapter, ...]]] = {}
    with store.reading() as connection:
        for row in connection.execute(query):
            by_source = found.setdefault(row.episode, {})
            source = ChapterSource(row.source)
            by_source[source] = (*by_source.get(source, ()), _chapter(row))
    return found


def transcripts(store: Store, episode_id: str) -> list[ShelvedTranscript]:
    """The transcripts of an episode, the chosen one first."""
    query = (
        sa.select(tables.transcripts)
        .where(tables.transcripts.c.episode == episode_id)
        .order_by(tables.transcripts.c.chosen.desc(), tables.transcripts.c.id)
    )
    with store.reading() as connection:
        return [_transcript(row) for row in connection.execute(query)]


def with_transcript_of(store: Store, show: str, source: TranscriptSource) -> set[str]:
    """Ids of the episodes of a show that have a transcript from that source."""
    query = (
        sa.select(tables.transcripts.c.episode)
        .join(tables.episodes, tables.episodes.c.id == tables.transcripts.c.episode)
        .where(tables.episodes.c.show == show, tables.transcripts.c.source == source.value)
    )
    with store.reading() as connection:
        return set(connection.execute(query).scalars())


def chosen_transcripts(store: Store) -> dict[str, TranscriptSource]:
    """Where the transcript came from that is shown and searched, by episode."""
    query = sa.select(tables.transcripts.c.episode, tables.transcripts.c.source).where(
        tables.transcripts.c.chosen
    )
    with store.reading() as connection:
        return {row.episode: TranscriptSource(row.source) for row in connection.execute(query)}


def segments(store: Store, transcript_id: int) -> list[Segment]:
    """The lines of a transcript, in order."""
    query = (
        sa.select(tables.segments)
        .where(tables.segments.c.transcript == transcript_id)
        .order_by(tables.segments.c.place)
    )
    with store.reading() as connection:
        return [
            Segment(
                text=row.text,
                start_seconds=row.start_seconds,
                end_seconds=row.end_seconds,
                speaker=row.speaker,
            )
            for row in connection.execute(query)
        ]


def episodes_query() -> sa.Select[Any]:
    """Everything that ``episode_of`` takes, of every episode."""
    titled = sa.select(tables.episodes, tables.shows.c.title.label("show_title"))
    return titled.join(tables.shows, tables.shows.c.id == tables.episodes.c.show)


def _the_one(name: str, known: list[tuple[_Named, str, str, str]], what: str) -> _Named:
    """The only one of that name; each of ``known`` with id, short id and title."""
    wanted = name.casefold().strip()
    tests = (
        lambda id, short, title: wanted in (id, short, title.casefold()),
        lambda id, short, _title: id.startswith(wanted) or short.startswith(wanted),
        lambda _id, _short, title: all(word in title.casefold() for word in wanted.split()),
    )
    for test in tests if wanted else ():
        fitting = [(one, id) for one, id, short, title in known if test(id, short, title)]
        if len(fitting) == 1:
            return fitting[0][0]
        if fitting:
            named = ", ".join(id for _, id in fitting[:5]) + (" ..." if len(fitting) > 5 else "")
            raise NotInLibrary(f"{len(fitting)} {what}s are called {name!r}: {named}")
    missing = NotInLibrary(f"no {what} is called {name!r}")
    raise missing.hinting(f"see `earwitness library {what}s`")


def _last_part(id: str) -> str:
    return id.rpartition("/")[2]


def _show(row: sa.Row[Any]) -> ShelvedShow:
    return ShelvedShow(
        id=row.id,
        source=Source(row.source),
        facts=msgspec.json.decode(row.body, type=ShowFacts),
        episodes=row.episodes,
        etag=row.etag,
        last_modified=row.last_modified,
        checked_at=row.checked_at,
        added_at=row.added_at,
    )


def episode_of(row: sa.Row[Any]) -> ShelvedEpisode:
    """The episode of a row of ``episodes_query``."""
    return ShelvedEpisode(
        id=row.id,
        show=row.show,
        show_title=row.show_title,
        facts=msgspec.json.decode(row.body, type=EpisodeFacts),
        audio_file=row.audio_file,
    )


def _chapter(row: sa.Row[Any]) -> SourcedChapter:
    return SourcedChapter(
        start_seconds=row.start_seconds,
        end_seconds=row.end_seconds,
        title=row.title,
        url=row.url,
        image=row.image,
        listed=row.listed,
    )


def _transcript(row: sa.Row[Any]) -> ShelvedTranscript:
    return ShelvedTranscript(
        id=row.id,
        episode=row.episode,
        source=TranscriptSource(row.source),
        format=row.format,
        language=row.language,
        origin=row.origin,
        chosen=row.chosen,
    )
