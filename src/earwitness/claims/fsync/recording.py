"""One run of SQLite in one of its modes, written down.

The same mode, numbers and generator give the same history, but for the random numbers that SQLite
puts into the headers of its journals.
"""

import apsw
import numpy as np

from earwitness.claims.fsync import file_system, ledger
from earwitness.claims.fsync.configuration import Mode
from earwitness.claims.fsync.history import History

_SYNCHRONOUS = ("off", "normal", "full", "extra")
"""In the order of the numbers by which SQLite answers."""


def record(
    mode: Mode, *, commits: int, checkpoint_pages: int, generator: np.random.Generator
) -> History:
    """Make the ledger, then record so many commits, acknowledged one after the other.

    ``checkpoint_pages``: how long a write-ahead log may grow before SQLite starts over with it.
    ValueError when SQLite does not know the mode.
    """
    folder = file_system.RecordingFolder()
    with file_system.connection(folder, ledger.NAME) as connection:
        prepare(connection, mode, checkpoint_pages=checkpoint_pages)
        folder.begin()
        for number in ledger.commits(connection, commits, generator):
            folder.acknowledge(number)
        # before the connection closes, which would finish what a power cut interrupts
        return folder.recorded()


def prepare(connection: apsw.Connection, mode: Mode, *, checkpoint_pages: int) -> None:
    """Put an empty database into the mode and make the ledger; ValueError as in ``record``."""
    if mode.journal == "wal":
        # without shared memory between connections, which the folder does not offer, SQLite
        # writes a log only when it has the database for itself; the log is the same
        connection.execute("pragma locking_mode = exclusive")
    _pragma(connection, "journal_mode", mode.journal, answer=mode.journal)
    number = _SYNCHRONOUS.index(mode.synchronous)
    connection.execute(f"pragma synchronous = {mode.synchronous}")
    _pragma(connection, "synchronous", None, answer=number)
    connection.execute(f"pragma wal_autocheckpoint = {checkpoint_pages}")
    ledger.create(connection)


def _pragma(
    connection: apsw.Connection, name: str, value: str | None, *, answer: str | int
) -> None:
    """Set or ask, and make sure of the answer: SQLite passes over what it does not understand."""
    statement = f"pragma {name}" if value is None else f"pragma {name} = {value}"
    (said,) = next(connection.execute(statement))
    if said != answer:
        raise ValueError(f"SQLite answered {said!r} to {statement!r}, not {answer!r}")
