"""Whose feed an address gives, when it bears the mark of a show that is here under another address.

A show that moves keeps its podcast guid, so the guid alone proves nothing: anybody can write it into
a feed. The old address can say so, by a permanent redirect or by ``itunes:new-feed-url``; else the
user has to.
"""

from earwitness.library import catalogue
from earwitness.library.catalogue import ShelvedShow
from earwitness.library.fetching import fetcher
from earwitness.library.fetching.problems import NotFetched
from earwitness.library.fetching.web import Web
from earwitness.library.intake import NotReadable, ShowFacts
from earwitness.library.reading import feed
from earwitness.store.connection import Store
from earwitness.trouble import Trouble


class Claimed(Trouble):
    """A feed says that it is a show which is here under another address, and nobody confirms it."""


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


def _leads_to(web: Web, old: str, address: str) -> bool:
    try:
        fetched = fetcher.fetch(web, old)
        if fetched.moved_to == address:
            return True
        elements = feed.parse(fetched.body).channel
    except (NotFetched, NotReadable):
        return False
    return elements is not None and (elements.kept("itunes:new-feed-url") or "").strip() == address
