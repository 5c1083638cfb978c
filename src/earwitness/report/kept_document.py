"""What was kept of episodes, as ``--format json`` and the API have it: snips, tags, cards.

Values only; ``snip_words`` and ``review_words`` make them. Adding a field keeps the number of a
schema.
"""

import datetime as dt
from typing import Literal

import msgspec


class SnipDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One snip as it stands."""

    schema: Literal["earwitness/snip/1"] = "earwitness/snip/1"
    id: str
    show: str
    show_title: str
    episode: str
    """Its title."""
    episode_id: str
    made_at: str
    number: int
    """Of the newest entry of its history."""
    start_seconds: float | None
    end_seconds: float | None
    title: str
    quote: str
    quote_by_hand: bool
    transcript: str
    note: str
    tags: tuple[str, ...]
    favourite: bool
    chapter: str | None
    url: str | None
    deleted: bool
    link: str | None
    playback: str | None


class SnipsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Snips in the order of the shows' pages."""

    schema: Literal["earwitness/snips/1"] = "earwitness/snips/1"
    snips: tuple[SnipDocument, ...]


class SharedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A snip as something to hand on."""

    schema: Literal["earwitness/shared/1"] = "earwitness/shared/1"
    snip: str
    text: str
    link: str | None
    picture: str | None
    """Path of the picture, where one was written."""


class TagRow(msgspec.Struct, frozen=True, kw_only=True):
    """A tag, and how many snips have it."""

    tag: str
    snips: int


class CardDocument(msgspec.Struct, frozen=True, kw_only=True):
    """One card as it stands, with what the scheduler knows of it."""

    schema: Literal["earwitness/card/1"] = "earwitness/card/1"
    id: str
    kind: str
    deck: str
    front: str
    back: str
    made_at: str
    suspended: bool
    number: int
    """Of its newest entry in the log."""
    snip: str | None
    due: dt.datetime
    state: int
    step: int | None
    stability: float | None
    difficulty: float | None
    last_review: dt.datetime | None
    recall: float | None
    """Probability of recall now; None: it was never reviewed."""


class CardsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Cards, the next due first."""

    schema: Literal["earwitness/cards/1"] = "earwitness/cards/1"
    cards: tuple[CardDocument, ...]


class MadeCardsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What making cards came to."""

    schema: Literal["earwitness/made-cards/1"] = "earwitness/made-cards/1"
    cards: tuple[str, ...]
    """Ids."""
    new: int
    changed: int
