"""Opening what an outage left: real files, and SQLite as anybody would open them.

The only place where files are written. The recording had a file system of ours; the database that
is judged is recovered by SQLite's own, from a folder on the machine's disk.
"""

from collections.abc import Mapping
from pathlib import Path

import apsw

from earwitness.claims.fsync import ledger
from earwitness.claims.fsync.loss import Found


def examine(files: Mapping[str, bytes], folder: Path) -> Found:
    """Put the files there in the place of all others, open the ledger, and say what it holds."""
    for left_over in folder.iterdir():
        left_over.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    if ledger.NAME not in files:
        return Found(numbers=frozenset(), problem="the database file is gone")
    connection = apsw.Connection(str(folder / ledger.NAME))
    try:
        _do_not_wait_for_this_disk(connection)
        return ledger.read(connection)
    finally:
        connection.close(True)


def _do_not_wait_for_this_disk(connection: apsw.Connection) -> None:
    """Recovery flushes too; nobody cuts the power of this machine, so that it need not."""
    try:
        connection.execute("pragma synchronous = off")
    except apsw.Error:  # damage is met here first, and reported when the database is read
        return
