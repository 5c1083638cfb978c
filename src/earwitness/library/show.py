"""Shows, episodes and chapters: the facts of what can be listened to.

Values only. Episodes name their claims by id and know nothing else of them.
"""

import datetime as dt

import msgspec


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A named part of an episode, from ``start_seconds`` to the start of the next one."""

    start_seconds: int
    title: str


class Link(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something that the show notes point to, with our own word for what it is."""

    url: str
    label: str


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """One episode. ``line`` is what it claims, in one line of our own words."""

    id: str
    title: str
    date: dt.date
    duration_seconds: int
    line: str
    claims: tuple[str, ...] = ()
    snips: int = 0
    chapters: tuple[Chapter, ...] = ()
    links: tuple[Link, ...] = ()


class Show(msgspec.Struct, frozen=True, kw_only=True):
    """A podcast with its episodes, in the order of its page (newest first)."""

    id: str
    title: str
    host: str
    episodes: tuple[Episode, ...]
