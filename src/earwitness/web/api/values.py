"""What the API takes and gives, where the documents of the reports do not say it already."""

import datetime as dt
from typing import Annotated

import msgspec

from earwitness.experiment.design import Depth
from earwitness.library.browsing import Order
from earwitness.library.search.passages import Kind
from earwitness.library.search.ranks import DEPTH
from earwitness.web.search import LONGEST, MOST
from earwitness.web.talk import LONGEST_QUESTION

Words = Annotated[str, msgspec.Meta(max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=4000)]
Prose = Annotated[str, msgspec.Meta(max_length=20_000)]
Place = Annotated[str, msgspec.Meta(max_length=20)]
Number = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """Why something could not be done, in words."""

    schema: str
    status: int
    error: str


class Show(msgspec.Struct, frozen=True, kw_only=True):
    """A show."""

    id: str
    title: str
    author: str | None
    description: str
    link: str | None
    episodes: int


class Episode(msgspec.Struct, frozen=True, kw_only=True):
    """An episode in a list."""

    id: str
    show: str
    show_title: str
    title: str
    date: str | None
    duration_seconds: float | None
    line: str
    snips: int
    claims: tuple[str, ...]


class Episodes(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a show's list."""

    total: int
    first: int
    following: int | None
    """Where the next part begins."""
    episodes: list[Episode]


class Chapter(msgspec.Struct, frozen=True, kw_only=True):
    """A chapter of an episode."""

    start_seconds: float
    title: str


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What the show notes point to."""

    url: str
    label: str


class EpisodeInFull(msgspec.Struct, frozen=True, kw_only=True):
    """An episode with its chapters and links."""

    episode: Episode
    description: str
    chapters: list[Chapter]
    links: list[Link]
    audio: str | None
    """Address of the recording on this site."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a transcript."""

    text: str
    start_seconds: float | None
    end_seconds: float | None
    speaker: str | None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a claim stands on this machine."""

    id: str
    title: str
    installed: bool
    state: str
    run: str | None
    """The newest run that finished."""
    under_way: str | None
    """The run that is under way."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run in a list."""

    id: str
    claim: str
    depth: str
    seed: int
    status: str
    message: str | None
    verdict: str | None
    version: str
    started_at: dt.datetime
    finished_at: dt.datetime | None


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A check in a list."""

    id: str
    kind: str
    outcome: str | None
    message: str | None
    checked_at: dt.datetime


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a run was asked to stop; it was not when it had ended."""

    id: str
    stopping: bool


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """A snip as it is handed on."""

    text: str
    link: str | None
    picture: str
    """Address of the quote as a picture on this site."""


class MadeCards(msgspec.Struct, frozen=True, kw_only=True):
    """The cards that were asked for, and how many of them are new."""

    cards: list[str]
    new: int


class EpisodesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a show's list."""

    words: Words = ""
    order: Order = Order.NEWEST
    claims: bool = False
    first: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 0
    most: Annotated[int, msgspec.Meta(ge=1, le=100)] = 40


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for, and where; ``show`` and ``episode`` are ids or words of a title."""

    q: Annotated[str, msgspec.Meta(max_length=LONGEST)] = ""
    show: Words = ""
    episode: Words = ""
    speaker: Words = ""
    chapter: Words = ""
    kind: Kind | None = None
    after: dt.date | None = None
    before: dt.date | None = None
    first: Annotated[int, msgspec.Meta(ge=0, le=DEPTH)] = 0
    most: Annotated[int, msgspec.Meta(ge=1, le=100)] = MOST


class RunsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which runs."""

    claim: Words | None = None
    most: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20


class MostQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How many."""

    most: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 20


class CompareQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which two runs."""

    one: Words
    other: Words


class RunOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be run, and what is expected of it."""

    depth: Depth = Depth.PROOF
    seed: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] | None = None
    budget_seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)] | None = None
    predictions: Annotated[list[Words], msgspec.Meta(max_length=50)] = []
    """As on the command line: ``3x``, ``refuted@70%``, ``hypothesis=2x..5x``."""


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked, and where its answer may stand."""

    question: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_QUESTION)]
    show: Words = ""
    episode: Words = ""
    earlier: Annotated[list[Text], msgspec.Meta(max_length=50)] = []
    """Of a talk: ``question`` of the answers so far, the newest last."""


class CheckOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be checked."""

    target: Text
    claims: Annotated[list[Words], msgspec.Meta(max_length=50)] = []
    options: Annotated[dict[Words, Text], msgspec.Meta(max_length=20)] = {}
    """As on the command line, without dashes; a flag is ``yes``, several values are lines."""


class SnipsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which snips; ``show`` and ``episode`` are ids."""

    show: Words = ""
    episode: Words = ""
    tag: Words = ""
    favourite: bool = False
    words: Words = ""
    first: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 0
    most: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class SnipOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A moment to save: what was said up to ``at_seconds``, or what lies between two places."""

    episode: Words
    at_seconds: Annotated[float, msgspec.Meta(ge=0, le=10_000_000)] | None = None
    start: Place | None = None
    end: Place | None = None
    title: Words = ""
    quote: Prose = ""
    note: Prose = ""
    tags: Annotated[list[Words], msgspec.Meta(max_length=50)] = []
    favourite: bool = False


class SnipEdit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is said differently of a snip; what is left out stays."""

    title: Words | None = None
    quote: Prose | None = None
    """Empty: from the transcript again."""
    note: Prose | None = None
    tags: Annotated[list[Words], msgspec.Meta(max_length=50)] | None = None
    favourite: bool | None = None
    start: Place | None = None
    """``12:34``, or moved by ``+5s``."""
    end: Place | None = None
    seen: Number | None = None
    """The number of the newest entry that is known; refused where there is a newer one."""


class SeenOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was seen; refused where something newer stands."""

    seen: Number | None = None


class CardsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which cards."""

    deck: Words | None = None
    due: bool = False
    most: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class CardsOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What cards are to be made from."""

    snips: Annotated[list[Words], msgspec.Meta(max_length=1000)] = []
    every_snip: bool = False
    claims: Annotated[list[Words], msgspec.Meta(max_length=100)] = []
    chapters_of: Words = ""
    front: Prose = ""
    back: Prose = ""
    deck: Words = "Own"


class GradeOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How well a card was remembered: 1 again, 2 hard, 3 good, 4 easy."""

    card: Words
    grade: Annotated[int, msgspec.Meta(ge=1, le=4)]
    seen: Number | None = None


class SuspendOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A card that is to be asked no more, or again."""

    card: Words
    suspended: bool = True


class DaysQuery(msgspec.Struct, frozen=True, kw_only=True):
    """For how many days."""

    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 7
