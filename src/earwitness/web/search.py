"""``/search``: everything that was said and measured, narrowed by words and by fields.

A field says what words of the query can say as well (``speaker:``, ``after:``); both hold together.
What makes no sense in an address is taken as not said.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from earwitness.library import catalogue
from earwitness.library.catalogue import ShelvedEpisode
from earwitness.library.search import ranks, searching
from earwitness.library.search.passages import Kind
from earwitness.library.search.query import parse
from earwitness.library.search.scope import Scope
from earwitness.library.search.searching import Page
from earwitness.report import excerpts, measured
from earwitness.web import places, rendering, site
from earwitness.web.site import Site

MOST = 20
"""Passages in one part of the list."""
LONGEST = 500
"""Characters of a query, or of a field."""
EXAMPLES = (
    ("SSD ignores the flush", "words are alternatives, in any of their forms"),
    ('"page cache" fsync -firefox', "a phrase has to be there, a word with a minus must not"),
    ("partition* after:2023-06-01", "a beginning of a word, and days"),
    ("speaker:hussein chapter:intro", "who says it, and in which chapter"),
)
"""Queries that teach what a query can say."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is looked for, and where. ``show`` and ``episode`` are names or ids."""

    words: str = ""
    show: str = ""
    episode: str = ""
    speaker: str = ""
    chapter: str = ""
    kind: Kind | None = None
    after: dt.date | None = None
    """First day."""
    before: dt.date | None = None
    """First day that is too late."""
    first: int = 0

    @property
    def query(self) -> str:
        """In the language of queries; fields come first, so that no open quote swallows them."""
        said = {"speaker": self.speaker, "chapter": self.chapter}
        days = {"after": self.after, "before": self.before}
        fields = [f'{name}:"{_unquoted(text)}"' for name, text in said.items() if text]
        fields += [f"{name}:{day}" for name, day in days.items() if day]
        return " ".join((*fields, self.words)).strip()

    @property
    def looks_for_something(self) -> bool:
        """Whether there is anything to find; a show or a day alone finds nothing."""
        query = parse(self.query)
        return bool(query.terms or query.match_required)

    @property
    def narrowed(self) -> bool:
        """Whether a field says anything."""
        return replace(self, words="", first=0) != Asked()

    def address(self, **changed: object) -> str:
        """Of the page of this search, with changes."""
        said = {name: getattr(self, name) for name in self.__dataclass_fields__} | changed
        told = {("q" if name == "words" else name): value for name, value in said.items() if value}
        return f"/search?{urlencode(told)}" if told else "/search"


def index(request: Request) -> Response:
    """The page; for htmx only the part of the list that was asked for."""
    here = site.of(request)
    asked = asked_of(request.query_params)
    where, episode = scope(here, asked.show, asked.episode)
    part = rendering.is_part(request)
    values: dict[str, Any] = {
        "asked": asked,
        "page": found(here, asked, where, MOST),
        "episode": episode,
        "continued": part and asked.first > 0,
        "depth": ranks.DEPTH,
        "kinds": places.KINDS,
        "place": places.of_hit,
        "moment": places.of_moment,
        "excerpts": excerpts,
    }
    if part:
        return rendering.page(request, "results.html.j2", **values)
    shows = catalogue.shows(here.store)
    return rendering.page(request, "search.html.j2", shows=shows, examples=EXAMPLES, **values)


def found(here: Site, asked: Asked, where: Scope, most: int) -> Page | None:
    """The part of what was found that is asked for; None when nothing is looked for."""
    if not asked.looks_for_something:
        return None
    measured.refresh(here.store)
    where = replace(where, kinds=() if asked.kind is None else (asked.kind,))
    return searching.page(here.store, asked.query, scope=where, first=asked.first, most=most)


def scope(here: Site, show: str, episode: str) -> tuple[Scope, ShelvedEpisode | None]:
    """Where to look, and the episode when it is one. Empty: everywhere. Raises NotInLibrary."""
    of_show = catalogue.find_show(here.store, show).id if show else None
    if not episode:
        return Scope(show=of_show), None
    one = catalogue.find_episode(here.store, episode, show=of_show)
    return Scope(episode=one.id), one


def asked_of(query: Mapping[str, str]) -> Asked:
    """What an address asks for."""

    def said(name: str) -> str:
        return query.get(name, "")[:LONGEST].strip()

    kind, first = said("kind"), said("first")
    return Asked(
        words=said("q"),
        show=said("show"),
        episode=said("episode"),
        speaker=said("speaker"),
        chapter=said("chapter"),
        kind=Kind(kind) if kind in tuple(Kind) else None,
        after=_day(said("after")),
        before=_day(said("before")),
        first=int(first) if first.isascii() and first.isdigit() and len(first) < 6 else 0,
    )


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _unquoted(text: str) -> str:
    return text.replace('"', " ")
