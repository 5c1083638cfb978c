"""What a source gives before it is in the store: the facts of a show and of its episodes.

Every reader (feeds, share pages, exports of other applications, files) returns one ``Intake``, and
``catalogue`` keeps it; neither knows the other. Values only. Everything here came from outside:
texts may be hostile, HTML is sanitised before it stands in a field, addresses are absolute http or
https ones. What has no field of its own is kept as ``Element``, so that nothing is lost. Values of
which a source has thousands are not tracked by the garbage collector: they cannot be in a cycle.
"""

import enum

import msgspec

from earwitness.library.show import Link
from earwitness.trouble import Trouble


class Source(enum.StrEnum):
    """Where a show came from."""

    BUNDLED = "bundled"
    FEED = "feed"
    SHARE_PAGE = "share-page"
    SNIPD = "snipd"
    READWISE = "readwise"
    FILE = "file"
    """A transcript or a recording of which nothing else was known."""


class ChapterSource(enum.StrEnum):
    """Where chapters came from, the most trusted first."""

    JSON = "json"
    """The document that ``podcast:chapters`` names."""
    PSC = "psc"
    """Podlove Simple Chapters inside the feed."""
    BUNDLED = "bundled"
    AUDIO_FILE = "audio-file"
    SHOW_NOTES = "show-notes"


class TranscriptSource(enum.StrEnum):
    """Where a transcript came from, the most trusted first."""

    FEED = "feed"
    FILE = "file"
    RECOGNISED = "recognised"


class SourcedChapter(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A chapter as one source has it."""

    start_seconds: float
    title: str
    end_seconds: float | None = None
    url: str | None = None
    image: str | None = None
    listed: bool = True
    """False: it changes the picture or the link only, and is in no table of contents."""


class Element(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An element of a feed, whole: ``name`` is the prefix that is usual for it, and its name."""

    name: str
    """``podcast:value``; ``{namespace}name`` where no prefix is usual."""
    attributes: dict[str, str] = {}
    text: str = ""
    children: tuple["Element", ...] = ()


class Enclosure(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A recording: where it lies."""

    url: str
    type: str | None = None
    bytes: int | None = None


class TranscriptLink(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A transcript that a feed offers."""

    url: str
    type: str
    language: str | None = None
    rel: str | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Somebody who is in it."""

    name: str
    role: str = "host"
    group: str = "cast"
    url: str | None = None
    image: str | None = None


class Soundbite(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A moment that the makers picked themselves."""

    start_seconds: float
    duration_seconds: float
    title: str = ""


class Funding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where one can give money."""

    url: str
    text: str = ""


class SavedSnip(msgspec.Struct, frozen=True, kw_only=True):
    """A moment that somebody saved in another application."""

    guid: str
    """The same for the same moment each time it is read."""
    start_seconds: float | None = None
    end_seconds: float | None = None
    title: str = ""
    quote: str = ""
    transcript: str = ""
    """What was said there, where the application has that beside the quote."""
    note: str = ""
    tags: tuple[str, ...] = ()
    favourite: bool = False
    saved_at: str | None = None
    url: str | None = None


class Segment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A line of a transcript."""

    text: str
    start_seconds: float | None = None
    end_seconds: float | None = None
    speaker: str | None = None


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """A transcript as it was read."""

    source: TranscriptSource
    format: str
    """``vtt``, ``srt``, ``json``, ``markdown``, or the name of the engine that recognised it."""
    digest: str
    """SHA-256 of what was read, in hex."""
    segments: tuple[Segment, ...]
    language: str | None = None
    origin: str | None = None


class EpisodeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One episode as a source has it."""

    guid: str
    """The source's own mark of it; stable, not shown."""
    slug: str | None = None
    """Last part of the id that it should have; None: made from the title."""
    title: str
    date: str | None = None
    """ISO 8601: a day, or a time in UTC."""
    duration_seconds: float | None = None
    description: str = ""
    """HTML, sanitised."""
    line: str = ""
    """What it claims, in one line of our own words."""
    link: str | None = None
    image: str | None = None
    season: str | None = None
    number: str | None = None
    kind: str | None = None
    """``full``, ``trailer`` or ``bonus``."""
    enclosures: tuple[Enclosure, ...] = ()
    transcripts: tuple[TranscriptLink, ...] = ()
    persons: tuple[Person, ...] = ()
    soundbites: tuple[Soundbite, ...] = ()
    chapters_link: str | None = None
    links: tuple[Link, ...] = ()
    claims: tuple[str, ...] = ()
    snips: int = 0
    """How many listeners' snips the source reports."""
    elements: tuple[Element, ...] = ()
    chapters: dict[ChapterSource, tuple[SourcedChapter, ...]] = {}
    saved: tuple[SavedSnip, ...] = ()
    read: tuple[Transcript, ...] = ()
    """Transcripts that came with it."""


class ShowFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One show as a source has it."""

    slug: str | None = None
    """The id that it should have; None: made from the title."""
    title: str
    author: str | None = None
    description: str = ""
    """HTML, sanitised."""
    link: str | None = None
    image: str | None = None
    language: str | None = None
    feed_url: str | None = None
    guid: str | None = None
    categories: tuple[str, ...] = ()
    persons: tuple[Person, ...] = ()
    funding: tuple[Funding, ...] = ()
    elements: tuple[Element, ...] = ()


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was wrong with a source and was mended or left out."""

    where: str
    """``line 12``, ``episode 3``."""
    what: str


class Intake(msgspec.Struct, frozen=True, kw_only=True):
    """All that one source gave, the newest episode first where it has an order."""

    source: Source
    show: ShowFacts
    episodes: tuple[EpisodeFacts, ...] = ()
    problems: tuple[Problem, ...] = ()


class NotReadable(Trouble, ValueError):
    """A source that cannot be read; the message is one line and says why."""
