"""A folder in memory on which SQLite works, and which writes down all that SQLite asks of it.

The boundary is SQLite's own: its VFS interface (sqlite.org/vfs.html), in the place of the one for
Unix, which is followed in when a flush reaches the folder (os_unix.c: unixOpen, unixSync,
unixDelete). Nothing is lost here and nobody is lied to; what an outage makes of the record stands
in ``outage``. One connection at a time, so that locks need not be kept.
"""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import apsw

from earwitness.claims.fsync.history import (
    Acknowledged,
    Base,
    Create,
    Event,
    Flush,
    FlushFolder,
    History,
    Remove,
    Truncate,
    Write,
    history,
)

_JOURNALS = apsw.SQLITE_OPEN_MAIN_JOURNAL | apsw.SQLITE_OPEN_SUPER_JOURNAL | apsw.SQLITE_OPEN_WAL
_numbers = itertools.count(1)


class RecordingFolder:
    """Files by number, the names that point to them, and the record since ``begin``."""

    def __init__(self) -> None:
        self._files: dict[int, bytearray] = {}
        self._names: dict[str, int] = {}
        self._base = Base(files={}, names={})
        self._events: list[Event] = []

    def begin(self) -> None:
        """Take what is there as safe, and record from here on."""
        files = {file: bytes(self._files[file]) for file in self._names.values()}
        self._base = Base(files=files, names=dict(self._names))
        self._events = []

    def recorded(self) -> History:
        """The history so far."""
        return history(self._base, self._events)

    def acknowledge(self, commit: int) -> None:
        """Note that the client has just been told of this commit."""
        self._events.append(Acknowledged(commit))

    def exists(self, name: str) -> bool:
        """Whether the name points to a file."""
        return name in self._names

    def open(self, name: str) -> int:
        """The number of the file of that name, which is created if need be."""
        if name not in self._names:
            file = len(self._files)
            self._files[file] = bytearray()
            self._names[name] = file
            self._events.append(Create(name, file))
        return self._names[name]

    def remove(self, name: str) -> None:
        """Take the name away; KeyError when it points to nothing."""
        del self._names[name]
        self._events.append(Remove(name))

    def read(self, file: int, amount: int, offset: int) -> bytes:
        """Up to that many bytes."""
        return bytes(self._files[file][offset : offset + amount])

    def size(self, file: int) -> int:
        """Bytes."""
        return len(self._files[file])

    def write(self, file: int, offset: int, data: bytes) -> None:
        """Write, with zeros in a gap before it."""
        content = self._files[file]
        content.extend(bytes(max(0, offset - len(content))))
        content[offset : offset + len(data)] = data
        self._events.append(Write(file, offset, data))

    def truncate(self, file: int, size: int) -> None:
        """Cut the file, or extend it by zeros."""
        content = self._files[file]
        del content[size:]
        content.extend(bytes(size - len(content)))
        self._events.append(Truncate(file, size))

    def flush(self, file: int) -> None:
        """Note the flush."""
        self._events.append(Flush(file))

    def flush_folder(self) -> None:
        """Note the flush."""
        self._events.append(FlushFolder())


class _File:
    """An open file, in the words of sqlite3_io_methods."""

    def __init__(self, folder: RecordingFolder, file: int, *, is_new_journal: bool) -> None:
        self._folder = folder
        self._file = file
        self._folder_needs_flush = is_new_journal

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802 - SQLite's name, as below
        return self._folder.read(self._file, amount, offset)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._folder.write(self._file, offset, bytes(data))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802
        self._folder.truncate(self._file, newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802, ARG002
        self._folder.flush(self._file)
        if self._folder_needs_flush:  # once, after the first flush of a journal: unixSync
            self._folder.flush_folder()
            self._folder_needs_flush = False

    def xFileSize(self) -> int:  # noqa: N802
        return self._folder.size(self._file)

    def xLock(self, level: int) -> None:  # noqa: N802
        pass

    def xUnlock(self, level: int) -> None:  # noqa: N802
        pass

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xFileControl(self, op: int, ptr: int) -> bool:  # noqa: N802, ARG002
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        return 4096  # SQLITE_DEFAULT_SECTOR_SIZE, as on Unix

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE  # the default on Unix

    def xClose(self) -> None:  # noqa: N802
        pass


class _FileSystem(apsw.VFS):
    """The folder in the words of sqlite3_vfs; clock and randomness are the default VFS's."""

    def __init__(self, name: str, folder: RecordingFolder) -> None:
        super().__init__(name, base="")
        self._folder = folder

    # Any: a file need only have the methods, and inherits none of those of a file on a real disk
    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802
        assert name is not None, "the statements recorded here need no temporary file"
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        is_new_journal = bool(flags[0] & _JOURNALS) and bool(flags[0] & apsw.SQLITE_OPEN_CREATE)
        flags[1] = flags[0]
        return _File(self._folder, self._folder.open(path), is_new_journal=is_new_journal)

    def xAccess(self, pathname: str, flags: int) -> bool:  # noqa: N802, ARG002
        return self._folder.exists(pathname)

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        return name

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802
        if not self._folder.exists(filename):
            raise apsw.exception_for(apsw.SQLITE_IOERR_DELETE_NOENT)
        self._folder.remove(filename)
        if syncdir:
            self._folder.flush_folder()


@contextmanager
def connection(folder: RecordingFolder, name: str) -> Iterator[apsw.Connection]:
    """SQLite on a database of that name in the folder."""
    vfs = f"earwitness-recording-{next(_numbers)}"
    file_system = _FileSystem(vfs, folder)
    try:
        opened = apsw.Connection(name, vfs=vfs)
        try:
            yield opened
        finally:
            opened.close(True)
    finally:
        file_system.unregister()
