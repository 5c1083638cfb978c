"""What can be wrong with a store, in words that a user can act on.

Translates the errors of SQLite; every message names the file.
"""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from earwitness.trouble import Trouble


class StoreError(Trouble):
    """The store cannot be used; the message is one line and says what to do."""


class StoreFull(StoreError):
    """No space is left for the store."""


class StoreCorrupt(StoreError):
    """The file is damaged or is no store."""


class StoreBusy(StoreError):
    """Another process has held the store for too long."""


class StoreTooNew(StoreError):
    """A newer Earwitness wrote the store."""


@contextlib.contextmanager
def translated(file: Path) -> Iterator[None]:
    """Turn SQLite's and SQLAlchemy's errors into a StoreError about this file."""
    try:
        yield
    except sqlite3.Error as problem:
        raise _named(problem, file) from problem
    except OSError as problem:
        raise StoreError(f"the store {file} cannot be used: {problem.strerror}") from problem
    except Exception as problem:
        # SQLAlchemy wraps; its class is not imported here, opening a store must stay light
        original = getattr(problem, "orig", None)
        if not isinstance(original, sqlite3.Error):
            raise
        raise _named(original, file) from problem


def _named(problem: sqlite3.Error, file: Path) -> StoreError:
    name = getattr(problem, "sqlite_errorname", "") or ""
    kind = name.split("_")[1] if "_" in name else ""
    match kind:
        case "FULL":
            return StoreFull(
                f"no space is left for the store {file}: what was shown before is kept; "
                "free some space and start again"
            )
        case "CORRUPT" | "NOTADB":
            return StoreCorrupt(
                f"the store {file} is damaged ({problem}): nothing was changed; move it aside to "
                "start anew, or put a copy of it back"
            )
        case "BUSY" | "LOCKED":
            return StoreBusy(f"the store {file} is in use by another process; try again")
        case "READONLY" | "CANTOPEN" | "PERM" | "AUTH":
            return StoreError(f"the store {file} cannot be written: check who may write there")
        case _:
            return StoreError(f"the store {file} cannot be used: {problem}")
