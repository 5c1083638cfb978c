"""Backs the store up, puts a backup back, and checks what is there.

Both directions copy with SQLite's own online backup, so that other processes may have the store open
meanwhile: they see the old one or the new one, never half of each. A store is put aside before
another takes its place, and nothing is put back that is damaged or from a newer Earwitness. The
recordings are no part of it: they can be downloaded again.
"""

import contextlib
import datetime as dt
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from earwitness.library import audio
from earwitness.store.connection import FILE_NAME, HEAD, Store
from earwitness.store.errors import StoreBusy, StoreCorrupt, StoreError, StoreTooNew, translated
from earwitness.trouble import Trouble

FOLDER = "backups"
_PAGES_AT_A_TIME = 1024
"""Between two looks at whether somebody else wants to write: 4 MiB."""
_PATIENCE = 10.0
"""Seconds that another writer may take before we give up."""


class NotABackup(Trouble):
    """A file that cannot be put back, or be written; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """What a check of the store found; all of it empty: it is sound."""

    damage: tuple[str, ...]
    """What SQLite's integrity check complains of."""
    dangling: tuple[str, ...]
    """Tables with rows that belong to nothing, and how many."""
    indexes: tuple[str, ...]
    """Full-text indexes that do not agree with their texts."""
    missing_recordings: tuple[str, ...]
    """Episodes whose recording is no longer on the disk. No fault of the store."""

    @property
    def is_sound(self) -> bool:
        """Whether the store is whole."""
        return not (self.damage or self.dangling or self.indexes)


def backup(store: Store, target: Path | None = None) -> Path:
    """Copy the store into a new file, check the copy, and return its path.

    Raises NotABackup when the target is there, and StoreError.
    """
    target = target or store.file.parent / FOLDER / f"earwitness-{_stamp()}.db"
    if target.is_dir():
        target /= f"earwitness-{_stamp()}.db"
    if target.exists():
        raise NotABackup(f"{target} is there already: nothing was written")
    with translated(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(target.name + ".new")
        try:
            with _opened(store.file) as source, _opened(beside) as copy:
                _copy(source, copy, store.file)
                copy.execute("pragma journal_mode = delete")  # one file, with nothing beside it
                _require_sound(copy, beside)
            _flush(beside)
            beside.replace(target)
            _flush(target.parent)
        finally:
            beside.unlink(missing_ok=True)
    return target


def restore(folder: Path, source: Path) -> Path | None:
    """Put a backup in the place of the store, and return where the old store was put aside.

    None: there was none. Raises NotABackup, and StoreError for the store itself.
    """
    with _backup_file(source) as backup_file:
        file = folder / FILE_NAME
        with translated(file):
            folder.mkdir(parents=True, exist_ok=True)
            aside = _put_aside(file)
            with _opened(file) as target:
                _copy(backup_file, target, file)
                target.execute("pragma journal_mode = wal")
    return aside


def check(store: Store) -> Condition:
    """Look at every page, reference and full-text index of the store."""
    with translated(store.file), _opened(store.file) as connection:
        complaints = [row[0] for row in connection.execute("pragma integrity_check")]
        dangling: dict[str, int] = {}
        for table, *_ in connection.execute("pragma foreign_key_check"):
            dangling[table] = dangling.get(table, 0) + 1
        indexes = tuple(_broken_indexes(connection))
    return Condition(
        damage=() if complaints == ["ok"] else tuple(complaints),
        dangling=tuple(f"{table}: {count}" for table, count in dangling.items()),
        indexes=indexes,
        missing_recordings=tuple(audio.missing(store)),
    )


def _copy(source: sqlite3.Connection, target: sqlite3.Connection, file: Path) -> None:
    """Copy a whole database; give up when another process holds it for too long."""
    moved = time.monotonic()
    left = -1

    def look(_status: int, remaining: int, _total: int) -> None:
        nonlocal moved, left
        if remaining != left:
            moved, left = time.monotonic(), remaining
        elif time.monotonic() - moved > _PATIENCE:
            raise StoreBusy(f"the store {file} is in use by another process; try again")

    source.backup(target, pages=_PAGES_AT_A_TIME, progress=look, sleep=0.05)


@contextlib.contextmanager
def _backup_file(source: Path) -> Iterator[sqlite3.Connection]:
    """An open backup that can be put back."""
    if not source.is_file():
        raise NotABackup(f"there is no backup {source}")
    try:
        with translated(source), _opened(source, writable=False) as connection:
            _require_ours(connection, source)
            _require_sound(connection, source)
    except StoreTooNew:
        raise
    except StoreError as problem:
        raise NotABackup(f"{source} is no backup that can be put back: {problem}") from None
    with _opened(source, writable=False) as connection:
        yield connection


def _require_ours(connection: sqlite3.Connection, file: Path) -> None:
    known = connection.execute("select 1 from sqlite_master where name = 'alembic_version'")
    row = known.fetchone() and connection.execute("select version_num from alembic_version")
    revision = row.fetchone() if row else None
    if revision is None:
        raise StoreCorrupt(f"{file} is no store of Earwitness")
    if str(revision[0]) > HEAD:
        raise StoreTooNew(
            f"the backup {file} is from a newer Earwitness (its revision is {revision[0]}, this one "
            f"knows {HEAD}): nothing was changed; upgrade Earwitness"
        )


def _require_sound(connection: sqlite3.Connection, file: Path) -> None:
    complaints = [row[0] for row in connection.execute("pragma integrity_check")]
    if complaints != ["ok"]:
        raise StoreCorrupt(f"{file} is damaged: {complaints[0]}")


def _put_aside(file: Path) -> Path | None:
    """Keep what is in the place of the store; a damaged one is moved, as it cannot be copied."""
    if not file.exists():
        return None
    aside = file.with_suffix(f".replaced-{_stamp()}.db")
    try:
        with translated(file), _opened(file) as old, _opened(aside) as copy:
            _copy(old, copy, file)
            _require_sound(copy, file)
    except StoreCorrupt:
        for suffix in ("", "-wal", "-shm"):
            part = file.with_name(file.name + suffix)
            if part.exists():
                part.replace(aside.with_name(aside.name + suffix))
    return aside


def _broken_indexes(connection: sqlite3.Connection) -> Iterator[str]:
    """Full-text indexes that complain when they are compared with their texts."""
    tables = connection.execute(
        "select name from sqlite_master where type = 'table' and sql like '%using fts5%'"
    ).fetchall()
    for (table,) in tables:
        quoted = '"' + table.replace('"', '""') + '"'
        try:
            # rank 1 asks for the comparison with tables outside of the index too
            connection.execute(
                f"insert into {quoted} ({quoted}, rank) values ('integrity-check', 1)"  # noqa: S608
            )
        except sqlite3.DatabaseError as problem:
            yield f"{table}: {problem}"
        finally:
            connection.rollback()


@contextlib.contextmanager
def _opened(file: Path, *, writable: bool = True) -> Iterator[sqlite3.Connection]:
    address = f"{file.absolute().as_uri()}?mode={'rwc' if writable else 'ro'}"
    connection = sqlite3.connect(address, uri=True, timeout=_PATIENCE)
    with contextlib.closing(connection):
        yield connection


def _flush(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _stamp() -> str:
    return f"{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}"
