"""Opens the one store of a data folder: one SQLite file, write-ahead log, migrated when needed.

Whether something has to migrate is asked with the standard library alone; the migration tool is
imported only when the answer is yes.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import platformdirs
import sqlalchemy as sa

from earwitness.store.errors import StoreTooNew, translated

HEAD = "0006"
"""The newest migration; a test holds it against the folder of migrations."""

ENVIRONMENT_VARIABLE = "EARWITNESS_DATA"
FILE_NAME = "earwitness.db"
_BUSY_SECONDS = 10.0


def data_folder(chosen: Path | None = None) -> Path:
    """The chosen folder, else that of EARWITNESS_DATA, else the user's own data folder."""
    if chosen is not None:
        return chosen
    from_environment = os.environ.get(ENVIRONMENT_VARIABLE)
    return Path(from_environment or platformdirs.user_data_dir("earwitness", appauthor=False))


@dataclass(frozen=True)
class Store:
    """An open store. Use one in each process; several processes may have the same file open."""

    file: Path
    engine: sa.Engine

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """One transaction: all of it is on disk when the block ends, or nothing of it."""
        with translated(self.file), self.engine.begin() as connection:
            # the driver would begin at the first change, and what was read before could be outdated
            connection.exec_driver_sql("begin immediate")
            yield connection

    @contextlib.contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """One consistent view."""
        with translated(self.file), self.engine.connect() as connection:
            connection.exec_driver_sql("begin")
            yield connection

    def integrity(self) -> str:
        """``ok``, or what SQLite's integrity check complains of. Reads the whole file."""
        with self.reading() as connection:
            return "; ".join(connection.execute(sa.text("pragma integrity_check")).scalars())


@contextlib.contextmanager
def open_store(folder: Path) -> Iterator[Store]:
    """Open the store of a data folder, made and migrated when needed. Raises StoreError."""
    file = folder / FILE_NAME
    with translated(file):
        folder.mkdir(parents=True, exist_ok=True)
        _bring_up_to_date(file)
        engine = _engine(file)
    try:
        yield Store(file, engine)
    finally:
        engine.dispose()


def _bring_up_to_date(file: Path) -> None:
    revision = _revision(file)
    if revision == HEAD:
        return
    if revision is not None and revision > HEAD:
        raise StoreTooNew(
            f"the store {file} was written by a newer Earwitness (its revision is {revision}, this "
            f"one knows {HEAD}): upgrade Earwitness, or choose another folder with --data"
        )
    from earwitness.store import migrate

    migrate.upgrade(file, revision)


def _revision(file: Path) -> str | None:
    """The revision that the file has; None for a store that is not there yet."""
    if not file.exists():
        return None
    with contextlib.closing(sqlite3.connect(file, timeout=_BUSY_SECONDS)) as connection:
        known = connection.execute("select 1 from sqlite_master where name = 'alembic_version'")
        if known.fetchone() is None:
            return None
        row = connection.execute("select version_num from alembic_version").fetchone()
        return None if row is None else str(row[0])


def _engine(file: Path) -> sa.Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(file)), connect_args={"timeout": _BUSY_SECONDS}
    )

    @sa.event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")  # what was shown survives a power cut
        connection.execute("pragma foreign_keys = on")

    return engine
