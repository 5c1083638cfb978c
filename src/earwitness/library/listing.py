"""The library as documents of ``--format json``: values, made from what the store has.

Nothing is rendered here and nothing is fetched. The verdicts of an episode's claims are those of the
newest finished runs in the same store; what a claim is, nobody here knows.
"""

from collections.abc import Mapping, Sequence

import msgspec

from earwitness.library import catalogue, chapters, jobs
from earwitness.library.adding import Addition
from earwitness.library.backup import Condition
from earwitness.library.catalogue import ShelvedEpisode, ShelvedShow
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
from earwitness.library.shelving import Kept
from earwitness.library.show import Link
from earwitness.library.sync import Outcome, Synced
from earwitness.store import runs
from earwitness.store.connection import Store

_DAY = 10
"""Characters of an ISO 8601 date that name the day."""


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


def condition(found: Condition) -> CheckDocument:
    """What a check found, as a document."""
    return CheckDocument(sound=found.is_sound, **vars(found))


def addition(store: Store, added: Addition) -> AddDocument:
    """What was added, as a document."""
    titles = {show.id: show.facts.title for show in catalogue.shows(store)}
    shows = tuple(_added(kept, titles) for kept in added.kept)
    one = shows[0] if len(shows) == 1 and not added.several else None
    return AddDocument(
        id=one.id if one else None,
        show=one.id if one else None,
        title=one.title if one else None,
        new=tuple(id for show in shows for id in show.new),
        changed=tuple(id for show in shows for id in show.changed),
        unchanged=sum(show.unchanged for show in shows),
        problems=tuple(problem for show in shows for problem in show.problems),
        shows=shows,
        failed=tuple(FailedAddition(what=what, problem=why) for what, why in added.failed),
    )


def shows(store: Store) -> ShowsDocument:
    """All shows, as a document."""
    return ShowsDocument(shows=tuple(_show(show) for show in catalogue.shows(store)))


def episodes(store: Store, chosen: Sequence[ShelvedEpisode]) -> tuple[EpisodeRow, ...]:
    """Episodes as rows, with their chapters, claims and verdicts."""
    by_source = catalogue.chapters(store, [episode.id for episode in chosen])
    transcribed = catalogue.chosen_transcripts(store)
    verdicts = _verdicts(store)
    return tuple(
        _row(
            episode,
            chapters.merge(by_source.get(episode.id, {}), episode.facts.duration_seconds),
            verdicts,
            transcribed.get(episode.id),
        )
        for episode in chosen
    )


def episode(store: Store, one: ShelvedEpisode) -> EpisodeDocument:
    """An episode, as a document."""
    facts = one.facts
    return EpisodeDocument(
        episode=episodes(store, [one])[0],
        description=facts.description,
        image=facts.image,
        enclosures=facts.enclosures,
        persons=facts.persons,
        soundbites=facts.soundbites,
        chapters_link=facts.chapters_link,
        transcripts_offered=facts.transcripts,
        transcripts=tuple(map(_transcript, catalogue.transcripts(store, one.id))),
        elements=facts.elements,
        jobs=tuple(job for job in jobs.every(store) if job.subject.split(" ")[0] == one.id),
    )


def transcript(store: Store, one: ShelvedEpisode) -> TranscriptDocument | None:
    """The transcript of an episode that is shown, as a document; None: it has none."""
    chosen = next(iter(catalogue.transcripts(store, one.id)), None)
    if chosen is None:
        return None
    return TranscriptDocument(
        episode=one.facts.title,
        episode_id=one.id,
        show=one.show,
        transcript=_transcript(chosen),
        segments=tuple(catalogue.segments(store, chosen.id)),
    )


def all_jobs(store: Store) -> JobsDocument:
    """All jobs, as a document."""
    return JobsDocument(jobs=tuple(jobs.every(store)))


def synced(all_of: Sequence[Synced]) -> SyncDocument:
    """What synchronising came to, as a document."""
    return SyncDocument(shows=tuple(map(_synced, all_of)))


def _added(kept: Kept, titles: Mapping[str, str]) -> AddedShow:
    return AddedShow(
        id=kept.show,
        show=kept.show,
        title=titles[kept.show],
        new=kept.new,
        changed=kept.changed,
        unchanged=kept.unchanged,
        problems=kept.problems,
    )


def _show(show: ShelvedShow) -> ShowRow:
    facts = show.facts
    names = ("title", "author", "feed_url", "link", "image", "language", "description")
    several = ("categories", "persons", "funding", "elements")
    return ShowRow(
        id=show.id,
        source=show.source,
        episodes=show.episodes,
        checked_at=show.checked_at,
        added_at=show.added_at,
        **{name: getattr(facts, name) for name in (*names, *several)},
    )


def _row(
    episode: ShelvedEpisode,
    merged: tuple[Chapter, ...],
    verdicts: Mapping[str, str],
    transcribed: TranscriptSource | None,
) -> EpisodeRow:
    facts = episode.facts
    same = ("title", "duration_seconds", "snips", "line", "link", "season", "number", "kind")
    return EpisodeRow(
        id=episode.id,
        show=episode.show,
        show_title=episode.show_title,
        date=facts.date[:_DAY] if facts.date else None,
        published_at=facts.date,
        chapters=merged,
        links=facts.links,
        claims=facts.claims,
        verdicts={claim: verdicts[claim] for claim in facts.claims if claim in verdicts},
        transcript=transcribed,
        audio_file=episode.audio_file,
        **{name: getattr(facts, name) for name in same},
    )


def _transcript(one: catalogue.ShelvedTranscript) -> TranscriptRow:
    return TranscriptRow(
        source=one.source,
        format=one.format,
        language=one.language,
        origin=one.origin,
        chosen=one.chosen,
    )


def _synced(one: Synced) -> SyncedShow:
    return SyncedShow(
        show=one.show,
        title=one.title,
        outcome=one.outcome,
        new=one.kept.new if one.kept else (),
        changed=one.kept.changed if one.kept else (),
        documents=one.documents,
        moved_to=one.moved_to,
        problem=one.problem,
        problems=one.kept.problems if one.kept else (),
    )


def _verdicts(store: Store) -> dict[str, str]:
    """The verdict of every claim that was run here, by the newest finished run of an experiment."""
    return {
        claim: record.verdict
        for claim, record in runs.newest_by_claim(store).items()
        if record.verdict is not None
    }
