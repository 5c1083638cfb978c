"""The ways in which a program can ask for data to be safe, each as one call that can be timed.

Whether a call keeps its promise cannot be seen from its return; how long it took, and which flushes
reached the device meanwhile, can. Some ways that promise nothing are here to compare with.
"""

import contextlib
import mmap
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from earwitness.servers.disk import kernel

Sync = Callable[[int], None]


@dataclass(frozen=True)
class Method:
    """One way: the flags that the file is opened with, and what is called after each write.

    ``write_flags``: of the write itself (man 2 pwritev2). ``durable``: whether it promises safety.
    """

    name: str
    flags: int = 0
    after: Sync | None = None
    write_flags: int = 0
    durable: bool = True
    mapped: bool = False
    """Written through memory, and synced by msync."""


def _direct() -> int:
    return getattr(os, "O_DIRECT", 0)


def _written_back(file: int) -> None:
    kernel.write_back(file, 0, 0, wait=True)


METHODS: tuple[Method, ...] = (
    Method("fdatasync", after=os.fdatasync if sys.platform != "darwin" else os.fsync),
    Method("fsync", after=os.fsync),
    Method("O_DSYNC", flags=getattr(os, "O_DSYNC", 0)),
    Method("O_SYNC", flags=os.O_SYNC),
    Method("O_DIRECT and O_DSYNC", flags=_direct() | getattr(os, "O_DSYNC", 0)),
    Method("RWF_DSYNC", write_flags=getattr(os, "RWF_DSYNC", 0)),
    Method("msync", mapped=True),
    Method("O_DIRECT alone", flags=_direct(), durable=False),
    Method("sync_file_range alone", after=_written_back, durable=False),
    Method("write alone", durable=False),
)


class Writer:
    """A file that is written in one way; made by ``opened``."""

    def __init__(self, method: Method, file: int, mapping: mmap.mmap | None) -> None:
        self.method = method
        self._file = file
        self._mapping = mapping

    def write(self, data: mmap.mmap | memoryview, size: int, offset: int) -> None:
        """Write the first ``size`` bytes of ``data`` at ``offset`` and do all that the way asks for.

        OSError when it fails; of ENOSPC and EIO as well.
        """
        view = memoryview(data)[:size]
        if self._mapping is not None:
            self._mapping[offset : offset + size] = view
            self._mapping.flush(offset, size)
            return
        if self.method.write_flags:
            done = os.pwritev(self._file, [view], offset, self.method.write_flags)
        else:
            done = os.pwrite(self._file, view, offset)
        if done != size:
            raise OSError(f"only {done} of {size} bytes were written")
        if self.method.after is not None:
            self.method.after(self._file)


@contextlib.contextmanager
def opened(method: Method, file: int, size: int) -> Iterator[Writer]:
    """An open file of ``size`` bytes, opened once more for that way; OSError where it cannot be."""
    again = os.open(f"/proc/self/fd/{file}", os.O_RDWR | os.O_CLOEXEC | method.flags)
    mapping = mmap.mmap(again, size) if method.mapped else None
    try:
        yield Writer(method, again, mapping)
    finally:
        if mapping is not None:
            mapping.close()
        os.close(again)


def buffer(size: int) -> mmap.mmap:
    """Memory that begins where a page does, which O_DIRECT asks for; filled at random."""
    memory = mmap.mmap(-1, size)
    memory[:] = os.urandom(size)
    return memory
