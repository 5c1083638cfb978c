"""Recordings on this machine: where they are, how they come here, and what their tags say.

A recording lies below the data folder at ``audio/SHOW/EPISODE.SUFFIX``; the store names it once it
is complete. Nothing of this name was written by a stranger but the words of a title, as a slug.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import sqlalchemy as sa

from earwitness.library import jobs, shelving
from earwitness.library.catalogue import ShelvedEpisode
from earwitness.library.fetching import downloads, recordings
from earwitness.library.fetching.web import Web
from earwitness.library.intake import ChapterSource, EpisodeFacts, NotReadable
from earwitness.library.jobs import JobKind
from earwitness.library.reading import audio_tags
from earwitness.library.reading.audio_tags import Recording
from earwitness.store import library_tables as tables
from earwitness.store.connection import Store
from earwitness.trouble import Trouble

FOLDER = "audio"


class NoRecording(Trouble):
    """An episode has no recording here, or none is offered; the message is one line."""


def download(
    store: Store, web: Web, episode: ShelvedEpisode, *, progress: Callable[[float], None]
) -> Path:
    """The recording of an episode, downloaded where it is not here; its tags are kept.

    Raises NoRecording, NotFetched and JobTaken.
    """
    here = found(store, episode)
    if here is not None:
        return here
    target = _folder(store) / FOLDER / episode.id
    complete = _complete(target)  # where its process was killed before it could say so
    if complete is None and not episode.facts.enclosures:
        raise NoRecording(
            f"no recording of {episode.id} is known: add the show's feed, or the file with "
            f"`earwitness library add FILE --episode {episode.id}`"
        )
    with jobs.working(store, JobKind.DOWNLOAD, episode.id) as job:

        def note(done: float) -> None:
            job.note(done)
            progress(done)

        url = _offered(episode.facts)
        path = complete or downloads.download(web, url, target, progress=note)
        _record(store, episode, path)
    return path


def adopt(store: Store, episode: ShelvedEpisode, file: Path) -> Path:
    """Copy a recording of the user's into the library. Raises NotReadable and OSError."""
    with file.open("rb") as opened:
        suffix = recordings.suffix(opened.read(recordings.FIRST_BYTES))
    if suffix is None:
        raise NotReadable(f"{file} is no recording")
    path = _folder(store) / FOLDER / f"{episode.id}.{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    try:
        shutil.copyfile(file, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    before = found(store, episode)
    _record(store, episode, path)
    if before is not None and before != path:
        before.unlink()
    return path


def found(store: Store, episode: ShelvedEpisode) -> Path | None:
    """The recording of an episode, where it is on this machine."""
    if episode.audio_file is None:
        return None
    path = _folder(store) / episode.audio_file
    return path if path.exists() else None


def missing(store: Store) -> list[str]:
    """Episodes whose recording is named in the store and is not on the disk."""
    with_file = sa.select(tables.episodes.c.id, tables.episodes.c.audio_file).where(
        tables.episodes.c.audio_file.is_not(None)
    )
    with store.reading() as connection:
        rows = connection.execute(with_file).all()
    return [row.id for row in rows if not (_folder(store) / row.audio_file).exists()]


def remove_of(store: Store, show: str) -> None:
    """Delete the recordings of a show."""
    shutil.rmtree(_folder(store) / FOLDER / show, ignore_errors=True)


def _folder(store: Store) -> Path:
    return store.file.parent


def _offered(facts: EpisodeFacts) -> str:
    """The address of the recording: the first that says it is one, else the first."""
    sounding = (one for one in facts.enclosures if (one.type or "").startswith(("audio", "video")))
    chosen = next(sounding, None) or next(iter(facts.enclosures), None)
    return chosen.url if chosen else ""


def _complete(target: Path) -> Path | None:
    """A recording with that name that is here whole."""
    files = target.parent.glob(f"{target.name}.*") if target.parent.exists() else iter(())
    whole = [file for file in files if file.suffix not in (".part", ".json", ".new")]
    return whole[0] if whole else None


def _record(store: Store, episode: ShelvedEpisode, path: Path) -> None:
    """Name the file in the store, and keep what its tags say."""
    tags = _tags(path)
    of_this = tables.episodes.c.id == episode.id
    with store.writing() as connection:
        row = connection.execute(sa.select(tables.episodes).where(of_this)).one()
        facts = msgspec.json.decode(row.body, type=EpisodeFacts)
        duration = facts.duration_seconds or tags.duration_seconds
        facts = msgspec.structs.replace(facts, duration_seconds=duration)
        connection.execute(
            tables.episodes.update()
            .where(of_this)
            .values(
                audio_file=str(path.relative_to(_folder(store))),
                duration_seconds=duration,
                body=msgspec.json.encode(facts).decode(),
            )
        )
    if tags.chapters:
        shelving.keep_chapters(store, episode.id, ChapterSource.AUDIO_FILE, tags.chapters)


def _tags(path: Path) -> Recording:
    """What the file says of itself; one that says nothing can be heard all the same."""
    try:
        return audio_tags.read(path)
    except NotReadable:
        return Recording()
