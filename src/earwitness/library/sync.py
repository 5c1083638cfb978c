"""Asks the feeds of shows whether there is anything new, and keeps it.

Each step is kept before the next one begins, and what says that a step is done is written after it,
so that a process that is killed anywhere leaves less done and nothing wrong; the next call goes on.
Keeping is idempotent. A feed that fails, or that has nothing where it had something, changes nothing.
"""

import dataclasses
import datetime as dt
import enum
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from earwitness.library import catalogue, documents, moving, shelving
from earwitness.library.catalogue import ShelvedShow
from earwitness.library.fetching import at_once, fetcher
from earwitness.library.fetching.fetcher import Fetched
from earwitness.library.fetching.problems import Gone, NotAnAddress, NotFetched
from earwitness.library.fetching.web import Web
from earwitness.library.intake import Intake, NotReadable, Source
from earwitness.library.moving import Claimed
from earwitness.library.reading import recognise
from earwitness.library.shelving import Kept
from earwitness.store import library_tables as tables
from earwitness.store.connection import Store

Tell = Callable[[str], None]
"""Is told what happens, a line at a time."""

_NOT_MODIFIED = 304


class Outcome(enum.StrEnum):
    """What asking a feed came to."""

    KEPT = "kept"
    UNCHANGED = "unchanged"
    """The server says that nothing is new."""
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Synced:
    """What synchronising a show came to."""

    show: str
    title: str
    outcome: Outcome
    kept: Kept | None = None
    documents: int = 0
    """How many transcripts and lists of chapters came besides."""
    moved_to: str | None = None
    """The address that the show has from now on."""
    problem: str | None = None
    """Why it failed."""


def sync(
    store: Store, web: Web, shows: Sequence[ShelvedShow], *, tell: Tell, most_documents: int
) -> list[Synced]:
    """Ask the feeds of shows, and fetch what they offer beside; the results in their order.

    Several hosts are asked at once; what they answer is kept by this thread, a show at a time. Does
    not raise NotFetched.
    """
    done: dict[str, Synced] = {}
    answers = at_once.answers(
        shows,
        _host,
        lambda show: _ask(web, show),
        begin=lambda show: tell(f"{show.facts.title}: asking"),
    )
    for show, answer in answers:
        synced = _keep_answer(store, show, answer)
        if synced.outcome is not Outcome.FAILED:
            came = documents.fetch(store, web, show.id, tell=tell, most=most_documents)
            synced = dataclasses.replace(synced, documents=came)
        done[show.id] = synced
    return [done[show.id] for show in shows]


def of_feed(store: Store, address: str) -> str | None:
    """The id of the show that has the feed of this address."""
    return _other_with(store, feed_url=address)


def with_feeds(store: Store) -> list[ShelvedShow]:
    """The shows that have a feed to ask."""
    return [show for show in catalogue.shows(store) if show.facts.feed_url]


def keep_feed(
    store: Store, fetched: Fetched, intake: Intake, address: str, show: str | None
) -> Kept:
    """Keep what a feed gave, under the address that it is to be asked by next time.

    ``show`` is the show that it is the feed of; None: found by its marks, or new.
    """
    kept = _keep_at(store, intake, address, show)
    etag, modified = (_mark(fetched.headers.get(name)) for name in ("etag", "last-modified"))
    _checked(store, kept.show, etag=etag, last_modified=modified)
    return kept


def read_feed(fetched: Fetched) -> Intake:
    """The feed in an answer. Raises NotReadable when it is something else."""
    intake = recognise.read(fetched.body, fetcher.shown(fetched.url))
    if not isinstance(intake, Intake) or intake.source is not Source.FEED:
        raise NotReadable(f"{fetcher.shown(fetched.url)} is no feed")
    return intake


def _host(show: ShelvedShow) -> str:
    url = show.facts.feed_url or ""
    try:
        return fetcher.origin_of(url).host
    except NotAnAddress:  # asking says so
        return url


def _ask(web: Web, show: ShelvedShow) -> Fetched:
    validators = {"If-None-Match": show.etag, "If-Modified-Since": show.last_modified}
    headers = {name: value for name, value in validators.items() if value}
    return fetcher.fetch(web, show.facts.feed_url or "", headers=headers)


def _keep_answer(store: Store, show: ShelvedShow, answer: Fetched | Exception) -> Synced:
    """Keep what the feed of a show answered, or what went wrong."""
    try:
        if isinstance(answer, Exception):
            raise answer
        return _keep_fetched(store, show, answer)
    except (NotFetched, NotReadable, Claimed) as problem:
        _checked(store, show.id)
        told = f"{problem}; what is here stays" if isinstance(problem, Gone) else str(problem)
        return Synced(show=show.id, title=show.facts.title, outcome=Outcome.FAILED, problem=told)


def _keep_fetched(store: Store, show: ShelvedShow, fetched: Fetched) -> Synced:
    moved_to = fetched.moved_to
    if moved_to and _other_with(store, feed_url=moved_to, than=show.id):
        moved_to = None  # two shows that became one stay two here
    same = Synced(
        show=show.id,
        title=show.facts.title,
        outcome=Outcome.UNCHANGED,
        moved_to=fetcher.shown(moved_to) if moved_to else None,
    )
    if fetched.status == _NOT_MODIFIED:
        if moved_to:
            nothing = Intake(source=Source.FEED, show=show.facts)
            _keep_at(store, nothing, moved_to, show.id)
        _checked(store, show.id)
        return same
    intake = read_feed(fetched)
    if not intake.episodes and show.episodes:
        raise NotReadable(f"the feed has no episode, and had {show.episodes}: nothing was changed")
    moving.require_same(store, show, intake)
    kept = keep_feed(store, fetched, intake, moved_to or show.facts.feed_url or "", show.id)
    return dataclasses.replace(same, outcome=Outcome.KEPT, kept=kept)


def _keep_at(store: Store, intake: Intake, address: str, show: str | None) -> Kept:
    facts = msgspec.structs.replace(intake.show, feed_url=address)
    if show and facts.guid and _other_with(store, guid=facts.guid, than=show):
        facts = msgspec.structs.replace(facts, guid=None)  # it is somebody else's
    return shelving.keep(store, msgspec.structs.replace(intake, show=facts), show=show)


def _checked(store: Store, show: str, **validators: str | None) -> None:
    """Write that the feed was asked, and what its answer can be known again by."""
    with store.writing() as connection:
        connection.execute(
            tables.shows.update()
            .where(tables.shows.c.id == show)
            .values(checked_at=dt.datetime.now(dt.UTC).isoformat(), **validators)
        )


def _mark(value: str | None) -> str | None:
    """What the server calls this version, where that can be sent back."""
    return value if value and value.isascii() and value.isprintable() else None


def _other_with(store: Store, *, than: str | None = None, **columns: str) -> str | None:
    """The show that has these values in its columns, and is another than that one."""
    query = (
        sa.select(tables.shows.c.id).filter_by(**columns).where(tables.shows.c.id != (than or ""))
    )
    with store.reading() as connection:
        return connection.execute(query).scalar()
