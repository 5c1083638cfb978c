"""The kernel's own write-back, sped up: what a minute without fsync brings to the disk by itself.

A database that does not flush leaves its pages in the page cache until the kernel writes them, by
default after half a minute and in an order of its own. A recording lasts seconds; so the kernel is
asked to begin with parts of files at random. No flush is caused by it.
"""

import contextlib
import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from earwitness.servers.disk import kernel

_EVERY_SECONDS = 0.05
_FILES_AT_A_TIME = 8
_PART_BYTES = 256 * 1024
_FOLDERS = ("base", "global", "pg_wal", "pg_xact")
"""Of PostgreSQL's data folder: those that hold what is committed."""


@contextlib.contextmanager
def going_on(data: Path, generator: np.random.Generator) -> Iterator[None]:
    """Write parts of the files of this data folder back until the end."""
    (own,) = generator.spawn(1)
    over = threading.Event()
    since = time.time()

    def work() -> None:
        while not over.wait(_EVERY_SECONDS):
            _some(_changed(data, since), own)

    thread = threading.Thread(target=work, name="write-back")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _changed(data: Path, since: float) -> list[Path]:
    """The files that may have something to write back."""
    files = (path for folder in _FOLDERS for path in (data / folder).rglob("*"))
    found = []
    for path in files:
        with contextlib.suppress(OSError):  # it is gone by now
            facts = path.stat()
            if stat.S_ISREG(facts.st_mode) and facts.st_mtime >= since:
                found.append(path)
    return found


def _some(files: list[Path], generator: np.random.Generator) -> None:
    for number in generator.permutation(len(files))[:_FILES_AT_A_TIME]:
        with contextlib.suppress(OSError):
            file = os.open(files[number], os.O_RDWR)
            try:
                size = os.fstat(file).st_size
                begin = int(generator.integers(0, max(1, size)))
                kernel.write_back(file, begin, min(_PART_BYTES, size))
            finally:
                os.close(file)
