"""Whose feed an address gives, when it bears the mark of a show that is here under another address.

A show that moves keeps its podcast guid, so the guid alone proves nothing: anybody can write it into
a feed. The old address can say so, by a permanent redirect or by ``itunes:new-feed-url``; else the
user has to. And an address may get into other hands: what it gives then is another show.
"""

import msgspec

from earwitness.library import catalogue, shelving
from earwitness.library.catalogue import ShelvedShow
from earwitness.library.fetching import fetcher
from earwitness.library.fetching.problems import NotFetched
from earwitness.library.fetching.web import Web
from earwitness.library.intake import EpisodeFacts, Intake, NotReadable, ShowFacts
from earwitness.library.reading import feed
from earwitness.store import library_tables as tables
from earwitness.store.connection import Store
from earwitness.trouble import Trouble

_LONGEST_TITLE = 80
"""Characters of a title in a message."""


class Claimed(Trouble):
    """A feed says that it is a show which is here under another address, and nobody confirms it.

    Or the address of a show says that it is another one.
    """


def claimed(store: Store, facts: ShowFacts, address: str) -> ShelvedShow | None:
    """The show with another feed whose guid these facts have."""
    return next(
        (
            show
            for show in catalogue.shows(store)
            if facts.guid
            and show.facts.guid == facts.guid
            and show.facts.feed_url not in {None, address}
        ),
        None,
    )


def require_moved(web: Web, show: ShelvedShow, address: str) -> None:
    """Raises Claimed unless the feed of the show says that it has moved to this address."""
    old = show.facts.feed_url or ""
    if _leads_to(web, old, address):
        return
    raise Claimed(
        f"{fetcher.shown(address)} has the podcast guid of {show.id}, which is at"
        f" {fetcher.shown(old)} and does not say that it has moved: add it with"
        f" `--moves {show.id}` if it has, or with `--apart` as a show of its own"
    )


def is_another(store: Store, show: ShelvedShow, intake: Intake) -> bool:
    """Whether the feed of a show gives another one by now.

    That is one of another title and guid; where one of both has no guid, one of another title without
    any episode that is here.
    """
    was, says = show.facts, intake.show
    if shelving.title_key(was.title) == shelving.title_key(says.title):
        return False
    if was.guid and says.guid:
        return was.guid != says.guid
    known = {mark for one in catalogue.episodes(store, show.id) for mark in _marks(one.facts)}
    given = {mark for facts in intake.episodes for mark in _marks(facts)}
    return bool(known and given) and not known & given


def require_same(store: Store, show: ShelvedShow, intake: Intake) -> None:
    """Raises Claimed when the feed of a show gives another one by now."""
    if is_another(store, show, intake):
        shown = fetcher.shown(show.facts.feed_url or "")
        title = " ".join(intake.show.title.split())[:_LONGEST_TITLE]
        raise Claimed(
            f"{shown} was the feed of {show.id}, and says now that it is another show, {title!r}:"
            f" nothing was changed. Add it with `--moves {show.id}` if it is the same one, or with"
            " `--apart` as a show of its own"
        )


def part(store: Store, show: ShelvedShow) -> None:
    """Take the address of its feed from a show; everything else of it stays."""
    facts = msgspec.structs.replace(show.facts, feed_url=None)
    values = {"feed_url": None, "etag": None, "last_modified": None}
    with store.writing() as connection:
        connection.execute(
            tables.shows.update()
            .where(tables.shows.c.id == show.id)
            .values(**values, body=msgspec.json.encode(facts).decode())
        )


def _marks(facts: EpisodeFacts) -> tuple[str, str]:
    return facts.guid, f"titled {shelving.title_key(facts.title)}"


def _leads_to(web: Web, old: str, address: str) -> bool:
    try:
        fetched = fetcher.fetch(web, old)
        if fetched.moved_to == address:
            return True
        elements = feed.parse(fetched.body).channel
    except (NotFetched, NotReadable):
        return False
    return elements is not None and (elements.kept("itunes:new-feed-url") or "").strip() == address
