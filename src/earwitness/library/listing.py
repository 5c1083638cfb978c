"""Makes the documents of ``listed`` from what the store has.

Nothing is rendered here and nothing is fetched. The verdicts of an episode's claims are those of the
newest finished runs in the same store; what a claim is, nobody here knows.
"""

import dataclasses
from collections.abc import Mapping, Sequence

from earwitness.library import catalogue, chapters, jobs
from earwitness.library.adding import Addition
from earwitness.library.backup import Condition
from earwitness.library.catalogue import ShelvedEpisode, ShelvedShow
from earwitness.library.chapters import Chapter
from earwitness.library.intake import TranscriptSource
from earwitness.library.listed import (
    AddDocument,
    AddedShow,
    CheckDocument,
    EpisodeDocument,
    EpisodeRow,
    FailedAddition,
    JobsDocument,
    RemoveDocument,
    ShowRow,
    ShowsDocument,
    SyncDocument,
    SyncedShow,
    TranscriptDocument,
    TranscriptRow,
)
from earwitness.library.removing import Belongings
from earwitness.library.shelving import Kept
from earwitness.library.sync import Synced
from earwitness.store import runs
from earwitness.store.connection import Store

_DAY = 10
"""Characters of an ISO 8601 date that name the day."""


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


def removal(show: str, belongings: Belongings) -> RemoveDocument:
    """A show that is removed, and what goes with it."""
    return RemoveDocument(id=show, **dataclasses.asdict(belongings))


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
