"""One page of a long list of episodes: filtered, sorted, cut, without reading the rest.

Reads only. Counting and cutting is the database's work, so that a show of thousands of episodes
costs what is shown of it.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from earwitness.library import catalogue
from earwitness.library.catalogue import ShelvedEpisode
from earwitness.store import library_tables as tables
from earwitness.store.connection import Store

MOST = 100
"""Episodes on one page."""


class Order(enum.StrEnum):
    """In which order episodes are listed."""

    NEWEST = "newest"
    OLDEST = "oldest"
    LONGEST = "longest"
    SHORTEST = "shortest"
    TITLE = "title"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for. ``words`` stand in the title, all of them; ``first`` counts from 0."""

    show: str
    words: str = ""
    order: Order = Order.NEWEST
    only_claims: bool = False
    first: int = 0
    most: int = 40


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of a list, and how long the list is."""

    episodes: list[ShelvedEpisode]
    total: int
    first: int

    @property
    def following(self) -> int | None:
        """Where the next part begins; None at the end."""
        after = self.first + len(self.episodes)
        return after if self.episodes and after < self.total else None


def page(store: Store, wanted: Wanted) -> Page:
    """The part of the show's list that is wanted."""
    found = _found(wanted)
    query = catalogue.episodes_query().where(*found).order_by(*_ordered(wanted.order))
    query = query.limit(min(wanted.most, MOST)).offset(wanted.first)
    counted = sa.select(sa.func.count()).select_from(tables.episodes).where(*found)
    with store.reading() as connection:
        total = connection.execute(counted).scalar_one()
        episodes = [catalogue.episode_of(row) for row in connection.execute(query)]
    return Page(episodes=episodes, total=total, first=wanted.first)


def latest(store: Store, most: int) -> list[ShelvedEpisode]:
    """The newest episodes of all shows; those without a date are left out."""
    date = tables.episodes.c.date
    query = catalogue.episodes_query().where(date.is_not(None))
    query = query.order_by(date.desc(), tables.episodes.c.place).limit(most)
    with store.reading() as connection:
        return [catalogue.episode_of(row) for row in connection.execute(query)]


def those(store: Store, ids: Iterable[str]) -> dict[str, ShelvedEpisode]:
    """Episodes by their whole ids; one that is not here is left out."""
    wanted = tables.episodes.c.id.in_(list(ids))
    with store.reading() as connection:
        found = connection.execute(catalogue.episodes_query().where(wanted))
        return {row.id: catalogue.episode_of(row) for row in found}


def claiming(store: Store) -> list[ShelvedEpisode]:
    """The episodes that name a claim, of all shows."""
    columns = tables.episodes.c
    query = catalogue.episodes_query().where(_names_a_claim()).order_by(columns.show, columns.place)
    with store.reading() as connection:
        return [catalogue.episode_of(row) for row in connection.execute(query)]


def with_chapters(store: Store) -> list[ShelvedEpisode]:
    """The episodes that have a table of contents, of all shows."""
    columns, parts = tables.episodes.c, tables.chapters.c
    listed = sa.select(parts.episode).where(parts.listed)
    query = catalogue.episodes_query().where(columns.id.in_(listed))
    with store.reading() as connection:
        found = connection.execute(query.order_by(columns.show, columns.place))
        return [catalogue.episode_of(row) for row in found]


def neighbours(store: Store, episode: ShelvedEpisode) -> tuple[str | None, str | None]:
    """Ids of the episodes before and after it on the show's page: the newer and the older one."""
    columns = tables.episodes.c
    place = sa.select(columns.place).where(columns.id == episode.id).scalar_subquery()
    shown = sa.select(columns.id).where(columns.show == episode.show).limit(1)
    newer = shown.where(columns.place < place).order_by(columns.place.desc())
    older = shown.where(columns.place > place).order_by(columns.place)
    with store.reading() as connection:
        return connection.execute(newer).scalar(), connection.execute(older).scalar()


def _found(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    columns = tables.episodes.c
    found: list[sa.ColumnElement[bool]] = [columns.show == wanted.show]
    found += [columns.title.icontains(word, autoescape=True) for word in wanted.words.split()]
    if wanted.only_claims:
        found.append(_names_a_claim())
    return found


def _names_a_claim() -> sa.ColumnElement[bool]:
    return sa.func.json_array_length(tables.episodes.c.body, "$.claims") > 0


def _ordered(order: Order) -> list[sa.ColumnElement[Any]]:
    """Ties stay in the order of the show's page."""
    columns = tables.episodes.c
    match order:
        case Order.NEWEST:
            return [columns.place.asc()]
        case Order.OLDEST:
            return [columns.place.desc()]
        case Order.LONGEST:
            return [columns.duration_seconds.desc().nulls_last(), columns.place.asc()]
        case Order.SHORTEST:
            return [columns.duration_seconds.asc().nulls_last(), columns.place.asc()]
        case Order.TITLE:
            return [sa.func.lower(columns.title).asc(), columns.place.asc()]
