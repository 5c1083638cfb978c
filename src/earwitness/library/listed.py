"""The documents of the library as ``--format json`` has them. Values only; ``listing`` makes them.

Adding a field keeps the number of a schema.
"""

import msgspec

from earwitness.library.chapters import Chapter
from earwitness.library.intake import (
    Element,
    Enclosure,
    Funding,
    Person,
    Problem,
    Segment,
    Soundbite,
    Source,
    TranscriptLink,
    TranscriptSource,
)
from earwitness.library.jobs import JobRecord
from earwitness.library.show import Link
from earwitness.library.sync import Outcome


class AddedShow(msgspec.Struct, frozen=True, kw_only=True):
    """A show to which something was added."""

    id: str
    show: str
    """The same, as it is called everywhere else."""
    title: str
    new: tuple[str, ...]
    """Ids of episodes."""
    changed: tuple[str, ...]
    unchanged: int
    problems: tuple[Problem, ...]


class FailedAddition(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a list or of a folder that could not be added."""

    what: str
    problem: str


class AddDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``library add`` did."""

    schema: str = "earwitness/library-add/1"
    id: str | None
    """Of the show; null where several were added."""
    show: str | None
    title: str | None
    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: int
    problems: tuple[Problem, ...]
    shows: tuple[AddedShow, ...]
    failed: tuple[FailedAddition, ...]


class ShowRow(msgspec.Struct, frozen=True, kw_only=True):
    """A show."""

    id: str
    title: str
    author: str | None
    source: Source
    feed_url: str | None
    link: str | None
    image: str | None
    language: str | None
    description: str
    categories: tuple[str, ...]
    persons: tuple[Person, ...]
    funding: tuple[Funding, ...]
    elements: tuple[Element, ...]
    episodes: int
    checked_at: str | None
    added_at: str


class ShowsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """All shows."""

    schema: str = "earwitness/library-shows/1"
    shows: tuple[ShowRow, ...]


class EpisodeRow(msgspec.Struct, frozen=True, kw_only=True):
    """An episode in the list of its show."""

    id: str
    show: str
    show_title: str
    title: str
    date: str | None
    """The day."""
    published_at: str | None
    duration_seconds: float | None
    snips: int
    line: str
    link: str | None
    season: str | None
    number: str | None
    kind: str | None
    chapters: tuple[Chapter, ...]
    links: tuple[Link, ...]
    claims: tuple[str, ...]
    verdicts: dict[str, str]
    """By claim, of the newest finished run here."""
    transcript: TranscriptSource | None
    """Where the transcript came from that is shown and searched."""
    audio_file: str | None


class TranscriptRow(msgspec.Struct, frozen=True, kw_only=True):
    """A transcript of an episode, without its lines."""

    source: TranscriptSource
    format: str
    language: str | None
    origin: str | None
    chosen: bool


class JobsDocument(msgspec.Struct, frozen=True, kw_only=True):
    """All jobs, the newest first."""

    schema: str = "earwitness/library-jobs/1"
    jobs: tuple[JobRecord, ...]


class EpisodeDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known of an episode."""

    schema: str = "earwitness/library-episode/1"
    episode: EpisodeRow
    description: str
    image: str | None
    enclosures: tuple[Enclosure, ...]
    persons: tuple[Person, ...]
    soundbites: tuple[Soundbite, ...]
    chapters_link: str | None
    transcripts_offered: tuple[TranscriptLink, ...]
    transcripts: tuple[TranscriptRow, ...]
    elements: tuple[Element, ...]
    jobs: tuple[JobRecord, ...]


class TranscriptDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of an episode's transcript."""

    schema: str = "earwitness/library-transcript/1"
    episode: str
    """Its title."""
    episode_id: str
    show: str
    transcript: TranscriptRow
    segments: tuple[Segment, ...]


class SyncedShow(msgspec.Struct, frozen=True, kw_only=True):
    """What synchronising a show came to."""

    show: str
    title: str
    outcome: Outcome
    new: tuple[str, ...]
    changed: tuple[str, ...]
    documents: int
    moved_to: str | None
    problem: str | None
    problems: tuple[Problem, ...]


class SyncDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``library sync`` did."""

    schema: str = "earwitness/library-sync/1"
    shows: tuple[SyncedShow, ...]


class FileDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was written."""

    schema: str = "earwitness/library-file/1"
    path: str | None
    """Null: there was none to write."""


class CheckDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What a check of the store found."""

    schema: str = "earwitness/library-check/1"
    sound: bool
    damage: tuple[str, ...]
    dangling: tuple[str, ...]
    indexes: tuple[str, ...]
    missing_recordings: tuple[str, ...]


class RemoveDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What was removed."""

    schema: str = "earwitness/library-remove/1"
    id: str
    episodes: int
    transcripts: int
    recordings: int
    snips: int
    cards: int
    """Those that were made of its snips."""


class EmbedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``library embed`` came to."""

    schema: str = "earwitness/library-embed/1"
    made: int
    """Vectors that were made now."""
    embedded: int
    """Passages that have theirs."""
    passages: int
