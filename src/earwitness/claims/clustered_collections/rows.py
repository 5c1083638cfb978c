"""The bench of the same layout in SQLite: a table with an index on its key, or WITHOUT ROWID.

In-process, so that it runs where no server can be had. Only pages are counted, as SQLite counts
them for the connection; a transaction spans the operations of a trial, so that each changed page
is written once.
"""

import hashlib
import importlib.util
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from earwitness.experiment.bench import Bench, BenchSettings, Unavailable
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.events import ServerReady
from earwitness.experiment.observation import Observation

if TYPE_CHECKING:
    import apsw

_INSTALL = "pip install 'earwitness[mongo]'"
_TABLE = {
    False: "create table rows (key blob not null primary key, text blob)",
    True: "create table rows (key blob not null primary key, text blob) without rowid",
}
_KEY_BYTES = 16
_TEXT = b"x" * 200
_PAGE_BYTES = 4096


@dataclass(frozen=True)
class Pages:
    """Pages of one connection since it was opened."""

    asked: int
    moved: int
    """Read from the file or written to it."""

    def __sub__(self, earlier: "Pages") -> "Pages":
        return Pages(self.asked - earlier.asked, self.moved - earlier.moved)


@contextmanager
def opened(experiment: Experiment, settings: BenchSettings) -> Iterator[Bench]:
    """A filled database for every arm; Unavailable without APSW, which reads SQLite's counters."""
    if importlib.util.find_spec("apsw") is None:
        raise Unavailable("APSW, which reads SQLite's own counters, is not installed", _INSTALL)
    import apsw

    began = time.perf_counter()
    version = f"SQLite {apsw.sqlite_lib_version()}"
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="sqlite-", dir=settings.workspace))
        databases = {}
        for arm in settings.arms:
            database = apsw.Connection(str(Path(folder, f"{arm.name}.sqlite")))
            stack.callback(database.close)
            _fill(database, arm, settings)
            databases[arm.name] = database
        settings.announce(
            ServerReady(
                experiment=experiment.id,
                server=version,
                source=f"wheel apsw {apsw.apsw_version()}",
                seconds=time.perf_counter() - began,
                settings={"page_size": str(_PAGE_BYTES)},
            )
        )
        chosen = {name: str(value) for name, value in settings.plan.settings.items()}
        yield RowsBench(databases, {"server": version, **chosen}, settings)


class RowsBench:
    """Inserts and finds the same keys in every table of a block that has keys of that kind."""

    def __init__(
        self,
        databases: "Mapping[str, apsw.Connection]",
        environment: Mapping[str, str],
        settings: BenchSettings,
    ) -> None:
        self.environment = environment
        self._databases = databases
        self._seed = settings.seed
        self._rows = settings.number("rows")
        self._operations = settings.number("operations")
        self._block = 0

    def block(self, block: int) -> None:
        """Note the block: its number decides which keys are inserted and found."""
        self._block = block

    def trial(self, arm: Arm) -> Observation:
        """Insert new rows in one transaction and find old ones in another; count the pages."""
        database, count = self._databases[arm.name], self._operations
        ordered = bool(arm.settings["ordered"])
        before = self._rows + (self._block - 1) * count
        new = keys(before, count, ordered=ordered)
        draw = np.random.default_rng([self._seed, self._block])
        known = [
            keys(int(number), 1, ordered=ordered)[0]
            for number in draw.choice(self._rows, count, replace=False)
        ]
        inserted = _counted(database, lambda: _insert(database, new))
        found = _counted(database, lambda: _find(database, known))
        return Observation(
            values={
                "insert_pages": inserted.asked / count,
                "insert_moved": inserted.moved / count,
                "find_pages": found.asked / count,
                "find_moved": found.moved / count,
            }
        )


def keys(first: int, count: int, *, ordered: bool) -> list[bytes]:
    """Keys of 16 bytes for consecutive numbers: rising with them, or in no order."""
    if ordered:
        return [number.to_bytes(_KEY_BYTES, "big") for number in range(first, first + count)]
    return [_scattered(number) for number in range(first, first + count)]


def _scattered(number: int) -> bytes:
    """A hash of the number: as good as random, and the same in every arm and at every call."""
    return hashlib.blake2b(number.to_bytes(8, "big"), digest_size=_KEY_BYTES).digest()


def _fill(database: "apsw.Connection", arm: Arm, settings: BenchSettings) -> None:
    """Make the table of the arm and fill it in the order of its keys, as VACUUM would leave it."""
    database.pragma("page_size", _PAGE_BYTES)
    database.pragma("cache_size", settings.number("cache_pages"))
    # What is measured is not durability: no journal, and the operating system writes when it likes.
    for name, value in (("journal_mode", "off"), ("synchronous", "off"), ("mmap_size", 0)):
        database.pragma(name, value)
    database.execute(_TABLE[bool(arm.settings["without_rowid"])])
    loaded = keys(0, settings.number("rows"), ordered=bool(arm.settings["ordered"]))
    _insert(database, sorted(loaded))


def _insert(database: "apsw.Connection", new: list[bytes]) -> None:
    database.execute("begin")
    database.executemany("insert into rows values (?, ?)", [(key, _TEXT) for key in new])
    database.execute("commit")


def _find(database: "apsw.Connection", known: list[bytes]) -> None:
    database.execute("begin")
    for key in known:
        found = database.execute("select text from rows where key = ?", (key,)).fetchone()
        assert found is not None, "every known key was inserted"
    database.execute("commit")


def _counted(database: "apsw.Connection", work: Callable[[], None]) -> Pages:
    before = _pages(database)
    work()
    return _pages(database) - before


def _pages(database: "apsw.Connection") -> Pages:
    import apsw

    hits = database.status(apsw.SQLITE_DBSTATUS_CACHE_HIT)[0]
    misses = database.status(apsw.SQLITE_DBSTATUS_CACHE_MISS)[0]
    writes = database.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE)[0]
    return Pages(asked=hits + misses, moved=misses + writes)
