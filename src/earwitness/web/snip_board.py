"""The board of snips: what is asked for, the part of it that is shown, and what it can be filtered by.

Reads only.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from earwitness.library import browsing, sharing
from earwitness.library import snip_catalogue as read
from earwitness.library.snip import Snip
from earwitness.store.connection import Store

MOST = 40
"""Snips in one part of the board."""
_LONGEST = 200
_MOST_TAGS = 24
"""The most used; all others are found by the search."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is asked for; empty: everything."""

    show: str = ""
    episode: str = ""
    tag: str = ""
    favourite: bool = False
    words: str = ""
    first: int = 0

    @property
    def narrowed(self) -> bool:
        """Whether something is left out."""
        return bool(self.show or self.episode or self.tag or self.favourite or self.words)

    @property
    def choice(self) -> dict[str, Any]:
        """As the arguments of ``snip_catalogue.every`` and ``matching``."""
        return {
            "show": self.show or None,
            "episode": self.episode or None,
            "tag": self.tag or None,
            "favourite": self.favourite,
            "words": self.words,
        }

    def query(self, **changed: object) -> str:
        """As the query of an address, with some of it changed."""
        said = {
            "show": self.show,
            "episode": self.episode,
            "tag": self.tag,
            "favourite": "1" if self.favourite else "",
            "words": self.words,
            **changed,
        }
        return urlencode({name: value for name, value in said.items() if value})


@dataclass(frozen=True, kw_only=True)
class Shared:
    """A snip with what is handed on of it."""

    snip: Snip
    text: str


@dataclass(frozen=True, kw_only=True)
class Board:
    """A part of the list, and what there is to choose from."""

    wanted: Wanted
    shown: list[Shared]
    total: int
    every: int
    """How many snips there are at all."""
    shows: dict[str, str]
    """Titles by id, of the shows that have snips."""
    episodes: dict[str, str]
    tags: dict[str, int]

    @property
    def following(self) -> int | None:
        """Where the next part begins; None at the end."""
        after = self.wanted.first + len(self.shown)
        return after if self.shown and after < self.total else None


def wanted_of(query: Mapping[str, str]) -> Wanted:
    """What a query asks for; what makes no sense in it is taken as not said."""
    first = query.get("first", "")
    show, episode, tag, words = (
        query.get(name, "")[:_LONGEST].strip() for name in ("show", "episode", "tag", "words")
    )
    return Wanted(
        show=show,
        episode=episode,
        tag=tag,
        words=words,
        favourite=query.get("favourite") == "1",
        first=int(first) if first.isascii() and first.isdigit() and len(first) < 8 else 0,
    )


def board(store: Store, wanted: Wanted) -> Board:
    """The part of the board that is wanted."""
    there = read.every(store)
    found = read.matching(there, **wanted.choice)
    shown = found[wanted.first : wanted.first + MOST]
    tags = Counter(tag for one in there for tag in one.contents.tags)
    episodes = browsing.those(store, {one.episode for one in shown})
    return Board(
        wanted=wanted,
        shown=[
            Shared(snip=one, text=sharing.text(one, episodes[one.episode].facts)) for one in shown
        ],
        total=len(found),
        every=len(there),
        shows={one.show: one.show_title for one in there},
        episodes={one.episode: one.episode_title for one in there if wanted.show in ("", one.show)},
        tags=dict(sorted(tags.most_common(_MOST_TAGS))),
    )


def chosen(store: Store, wanted: Wanted) -> list[Snip]:
    """All snips that are wanted, whatever part of the board is shown."""
    return read.every(store, **wanted.choice)
