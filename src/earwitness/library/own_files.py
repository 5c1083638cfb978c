"""Files of one's own that become episodes: how one is known again, and what it is called.

A file is known again by what is in it, wherever it lies by now, and by where it lies, whatever is in
it by now; a transcript and a recording that lie beside each other under one name are of one episode.
The place is kept as a digest, so that a library that is handed on does not tell of folders.
"""

import collections
import filecmp
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from earwitness.store import library_tables as tables
from earwitness.store.connection import Store

MARK = "file:"
"""Every mark of such an episode begins with it."""
_DIGITS = 32


@dataclass(frozen=True, kw_only=True)
class OwnFile:
    """What is added, where nothing but itself says which episode it is."""

    name: str
    mark: str
    """The guid of its episode."""
    title: str


def at_path(path: Path, title: str | None = None) -> OwnFile:
    """A file on this machine."""
    place = str(path.resolve().with_suffix(""))
    mark = MARK + hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:_DIGITS]
    return OwnFile(name=path.name, mark=mark, title=title or _title(path.name))


def at_address(url: str) -> OwnFile:
    """What lies at an address, which may be shown."""
    return OwnFile(name=url, mark=MARK + url, title=_title(url))


def titles(paths: Iterable[Path]) -> Mapping[Path, str]:
    """What files are called; those of one name in several folders are told apart by these."""
    named = {path: _title(path.name) for path in paths}
    folders = collections.defaultdict(set)
    for path, title in named.items():
        folders[title].add(path.parent)
    return {
        path: title if len(folders[title]) == 1 else f"{title} ({path.parent.name})"
        for path, title in named.items()
    }


def of_transcript(store: Store, own: OwnFile, digest: str) -> str | None:
    """Id of the episode that has this transcript, or had an older one from there; None: neither."""
    query = sa.select(tables.transcripts.c.episode).where(tables.transcripts.c.digest == digest)
    with store.reading() as connection:
        there = connection.execute(query).scalars().first()
    return there or _marked(store, own.mark)


def of_recording(store: Store, own: OwnFile, path: Path) -> str | None:
    """The same for a recording."""
    with_file = sa.select(tables.episodes.c.id, tables.episodes.c.audio_file).where(
        tables.episodes.c.audio_file.is_not(None)
    )
    with store.reading() as connection:
        rows = connection.execute(with_file).all()
    there = (row.id for row in rows if same(store.file.parent / row.audio_file, path))
    return next(there, None) or _marked(store, own.mark)


def same(one: Path, other: Path) -> bool:
    """Whether two files have the same content; False where one is not there."""
    try:
        return one.stat().st_size == other.stat().st_size and filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def _marked(store: Store, mark: str) -> str | None:
    query = sa.select(tables.episodes.c.id).where(tables.episodes.c.guid == mark)
    with store.reading() as connection:
        return connection.execute(query).scalars().first()


def _title(name: str) -> str:
    """A title out of the name of a file."""
    return " ".join(Path(name).stem.replace("_", " ").replace("-", " ").split()) or name
