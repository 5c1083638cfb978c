"""Taking files out of the operating system's page cache, and looking whether they are out.

Only files below one folder, which is our own server's; nothing of the machine's other files is
touched, as dropping all caches would. That a file was put out proves nothing by itself: a memory
file system has nothing to put out, and pages that were not yet written stay. So ``resident`` asks
the kernel, page by page, and the claim has a condition on the answer.
"""

import contextlib
import ctypes
import mmap
import os
from collections.abc import Iterator
from pathlib import Path

_RESIDENT = 1
"""The lowest bit of a page's byte; the others are reserved (mincore(2))."""


def supported() -> bool:
    """Whether this operating system can be told to drop a file's pages, and asked about them."""
    return hasattr(os, "posix_fadvise") and hasattr(_libc(), "mincore")


def evict(folder: Path) -> None:
    """Write the files below the folder to the disk, and let the kernel forget their pages."""
    for path in _files(folder):
        # A running server removes files of its own; one that is gone occupies nothing.
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def resident(folder: Path) -> float:
    """The part of the pages of all files below the folder that are in memory, from 0 to 1.

    ``nan`` when there is no file with a page; OSError when the kernel does not say.
    """
    counts = [_resident_pages(path) for path in _files(folder)]
    total = sum(pages for _, pages in counts)
    return sum(here for here, _ in counts) / total if total else float("nan")


def _files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        yield from (
            path for name in names if (path := Path(parent, name)).is_file() and path.stat().st_size
        )


def _resident_pages(path: Path) -> tuple[int, int]:
    """How many pages of the file are in memory, and how many there are."""
    size = path.stat().st_size
    pages = -(-size // mmap.PAGESIZE)
    state = (ctypes.c_ubyte * pages)()
    with path.open("rb") as file:
        # A private mapping may be written to, which a buffer for ctypes has to be; nobody does.
        mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY)
    start = ctypes.c_char.from_buffer(mapped)
    try:
        if _libc().mincore(ctypes.c_void_p(ctypes.addressof(start)), ctypes.c_size_t(size), state):
            raise OSError(ctypes.get_errno(), "mincore", str(path))
    finally:
        del start
        mapped.close()
    return sum(byte & _RESIDENT for byte in state), pages


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
