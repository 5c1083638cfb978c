"""Brings a store up to date, after a copy of it has been put aside.

The only importer of Alembic. Two processes that find the same old store take turns: a lock file
beside the store decides, and the second finds nothing left to do.
"""

import contextlib
import fcntl
import sqlite3
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

_MIGRATIONS = "earwitness.store:migrations"


def upgrade(file: Path, revision: str | None) -> None:
    """Run the missing migrations in one transaction; an existing store is copied first."""
    with file.with_suffix(".migrating").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if revision is not None:
            _copy(file, file.with_suffix(f".before-{revision}.db"))
        engine = sa.create_engine(sa.URL.create("sqlite", database=str(file)))
        try:
            with engine.connect() as connection:
                connection.execute(sa.text("pragma journal_mode = wal"))
                connection.rollback()
                # SQLite's DDL is transactional, but its driver begins a transaction too late
                connection.connection.driver_connection.isolation_level = None  # type: ignore[union-attr]
                connection.exec_driver_sql("begin immediate")
                command.upgrade(configuration(connection), "head")
                connection.commit()
        finally:
            engine.dispose()


def configuration(connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration, for a connection where there is one."""
    config = Config()
    config.set_main_option("script_location", _MIGRATIONS)
    config.attributes["connection"] = connection
    return config


def _copy(file: Path, to: Path) -> None:
    with (
        contextlib.closing(sqlite3.connect(file)) as source,
        contextlib.closing(sqlite3.connect(to)) as target,
    ):
        source.backup(target)
