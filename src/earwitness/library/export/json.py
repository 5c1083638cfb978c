"""Snips as one JSON document, and the way back: nothing is lost in between.

The document has each snip with its whole history, below the facts of its episode and show, by which
they are found again in another library, or made there. Reading one in twice changes nothing.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec

from earwitness.library import catalogue, shelving, snips
from earwitness.library.catalogue import ShelvedEpisode
from earwitness.library.export import files
from earwitness.library.export.files import Exported
from earwitness.library.export.gathering import EpisodeNote
from earwitness.library.intake import EpisodeFacts, Intake, NotReadable, ShowFacts, Source
from earwitness.library.snip import Entry
from earwitness.store.connection import Store

SCHEMA = "earwitness/kept/1"
_DAY = 10
"""Characters of an ISO 8601 time that name the day."""


class ExportedSnip(msgspec.Struct, frozen=True, kw_only=True):
    """A snip and its history; the last entry has its contents."""

    id: str
    guid: str | None = None
    made_at: str
    history: tuple[Entry, ...]
    reviewed_at: tuple[str, ...] = ()


class ExportedEpisode(msgspec.Struct, frozen=True, kw_only=True):
    """An episode and what was kept of it."""

    id: str
    show: str
    source: Source
    show_facts: ShowFacts
    facts: EpisodeFacts
    snips: tuple[ExportedSnip, ...]


class KeptDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was kept of some episodes."""

    schema: Literal["earwitness/kept/1"] = "earwitness/kept/1"
    episodes: tuple[ExportedEpisode, ...]


def export(notes: Sequence[EpisodeNote], file: Path) -> Exported:
    """Write the document. Raises CannotExport."""
    content = msgspec.json.format(msgspec.json.encode(document(notes)), indent=2) + b"\n"
    changed = files.write(file, content)
    count = sum(len(note.snips) for note in notes)
    return Exported(
        destination=str(file), changed=int(changed), unchanged=int(not changed), items=count
    )


def document(notes: Sequence[EpisodeNote]) -> KeptDocument:
    """The document of these episodes."""
    return KeptDocument(
        episodes=tuple(
            ExportedEpisode(
                id=note.episode.id,
                show=note.show.id,
                source=note.show.source,
                show_facts=msgspec.structs.replace(note.show.facts, slug=None),
                facts=msgspec.structs.replace(note.episode.facts, slug=None),
                snips=tuple(
                    ExportedSnip(
                        id=kept.snip.id,
                        guid=kept.snip.guid,
                        made_at=kept.snip.made_at,
                        history=kept.history,
                        reviewed_at=tuple(at.isoformat() for at in kept.returned),
                    )
                    for kept in note.snips
                ),
            )
            for note in notes
        )
    )


def restore(store: Store, content: bytes) -> Exported:
    """Keep what a document has and the library lacks. Raises NotReadable."""
    try:
        kept = msgspec.json.decode(content, type=KeptDocument)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise NotReadable(f"this is no document {SCHEMA}: {problem}") from problem
    if any(not one.history for episode in kept.episodes for one in episode.snips):
        raise NotReadable("a snip of this document has no history")
    changed, count, problems = 0, 0, []
    for exported in kept.episodes:
        episode_id = _episode(store, exported)
        for one in exported.snips:
            count += 1
            try:
                changed += snips.write_imported(
                    store,
                    episode_id,
                    id=one.id,
                    guid=one.guid,
                    made_at=one.made_at,
                    entries=one.history,
                )
            except snips.ChangedMeanwhile as problem:
                problems.append(str(problem))
    return Exported(
        destination=str(store.file.parent),
        changed=changed,
        unchanged=count - changed - len(problems),
        items=count,
        problems=tuple(problems),
    )


def _episode(store: Store, exported: ExportedEpisode) -> str:
    """The id that the episode has here; made, with its show, where it is not here."""
    for show in catalogue.shows(store):
        if not _same_show(show.facts, exported.show_facts, show.id == exported.show):
            continue
        facts = show.facts
        for episode in catalogue.episodes(store, show.id):
            if _same_episode(episode, exported):
                return episode.id
        break
    else:
        facts = msgspec.structs.replace(exported.show_facts, slug=exported.show)
    slug = exported.id.rpartition("/")[2]
    one = msgspec.structs.replace(exported.facts, slug=slug)
    kept = shelving.keep(store, Intake(source=exported.source, show=facts, episodes=(one,)))
    here = catalogue.episodes(store, kept.show)
    return next(episode.id for episode in here if _same_episode(episode, exported))


def _same_show(ours: ShowFacts, theirs: ShowFacts, same_id: bool) -> bool:
    if ours.guid and theirs.guid:
        return ours.guid == theirs.guid
    if ours.feed_url and theirs.feed_url:
        return ours.feed_url == theirs.feed_url
    return same_id or shelving.slug(ours.title) == shelving.slug(theirs.title)


def _same_episode(ours: ShelvedEpisode, theirs: ExportedEpisode) -> bool:
    if ours.facts.guid == theirs.facts.guid:
        return True
    days = [(one.date or "")[:_DAY] for one in (ours.facts, theirs.facts)]
    titles = [shelving.slug(one.title) for one in (ours.facts, theirs.facts)]
    return titles[0] == titles[1] and days[0] == days[1]
