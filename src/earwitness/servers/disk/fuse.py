"""The kernel's protocol for file systems in user space, as far as one file needs it.

Bytes in, bytes out: no descriptor is opened here, and what the file holds is somebody else's. There
is a folder with one file ``disk`` of a fixed size, which can be read, written and flushed; every
other request is answered by ENOSYS, which the kernel takes for "cannot do that" and does without.

Layouts are those of linux/fuse.h, version 7.31; numbers are in the machine's own byte order.
"""

import errno
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

NAME = "disk"
"""The file's name."""

LARGEST_WRITE_BYTES = 1 << 20
"""Of one request; the kernel splits what is larger."""
BUFFER_BYTES = LARGEST_WRITE_BYTES + 4096
"""For one request with its headers."""

_MAJOR, _MINOR = 7, 31
_PAGE_BYTES = 4096
_ROOT, _FILE = 1, 2
"""Node ids; the root's is fixed."""
_FOREVER_SECONDS = 1 << 30
_FOLDER_MODE, _FILE_MODE = 0o040700, 0o100600
_DIRECT_IO = 1  # FOPEN_DIRECT_IO: nothing of the file stays in the page cache
_MAX_PAGES = 1 << 22  # FUSE_MAX_PAGES
_MOST_BACKGROUND = 64

_REQUEST = struct.Struct("=IIQQIIIHH")  # fuse_in_header
_ANSWER = struct.Struct("=IiQ")  # fuse_out_header
_INIT_ANSWER = struct.Struct("=IIIIHHIIHHI28x")  # fuse_init_out
_ATTRIBUTES = struct.Struct("=QQQQQQIIIIIIIIII")  # fuse_attr
_ENTRY = struct.Struct("=QQQQII")  # fuse_entry_out, before its attributes
_ATTRIBUTES_ANSWER = struct.Struct("=QII")  # fuse_attr_out, before its attributes
_OPEN_ANSWER = struct.Struct("=QIi")  # fuse_open_out
_TRANSFER = struct.Struct("=QQIIQII")  # fuse_read_in, fuse_write_in
_WRITE_ANSWER = struct.Struct("=II")  # fuse_write_out
_STATFS_ANSWER = struct.Struct("=QQQQQIIII24x")  # fuse_statfs_out

_LOOKUP, _FORGET, _GETATTR = 1, 2, 3
_OPEN, _READ, _WRITE, _STATFS, _RELEASE = 14, 15, 16, 17, 18
_FSYNC, _FLUSH, _INIT, _INTERRUPT, _DESTROY, _FORGET_MANY = 20, 25, 26, 36, 38, 42
_UNANSWERED = (_FORGET, _FORGET_MANY, _INTERRUPT)
_DONE = (_RELEASE, _FLUSH, _DESTROY)
"""Closing costs nothing; FLUSH is what close(2) sends, and no flush of the disk."""

REQUEST_HEADER_BYTES = _REQUEST.size
WRITE_HEADER_BYTES = _REQUEST.size + _TRANSFER.size


class Store(Protocol):
    """What the file holds."""

    @property
    def size(self) -> int:
        """Bytes."""

    def read(self, offset: int, count: int) -> bytes:
        """Up to ``count`` bytes; fewer at the end."""

    def write(self, offset: int, data: bytes) -> None:
        """Take the data; OSError when it cannot."""

    def flush(self) -> None:
        """What fsync of the file asks for."""


@dataclass(frozen=True)
class _Request:
    opcode: int
    unique: int
    node: int
    body: bytes


def answer(message: bytes, store: Store) -> bytes | None:
    """What the kernel is to be told about its request; None when it expects nothing.

    ValueError when the message is no request. An OSError of the store becomes the answer.
    """
    if len(message) < _REQUEST.size:
        raise ValueError(f"a request has at least {_REQUEST.size} bytes, not {len(message)}")
    length, opcode, unique, node, *_ = _REQUEST.unpack_from(message)
    if length != len(message):
        raise ValueError(f"a request of {length} bytes came as {len(message)}")
    if opcode in _UNANSWERED:
        return None
    if opcode in _DONE:
        return _ANSWER.pack(_ANSWER.size, 0, unique)
    work = _WORK.get(opcode)
    try:
        if work is None:
            return _refusal(unique, errno.ENOSYS)
        body = work(_Request(opcode, unique, node, message[_REQUEST.size :]), store)
    except OSError as error:
        return _refusal(unique, error.errno or errno.EIO)
    return _ANSWER.pack(_ANSWER.size + len(body), 0, unique) + body


def _refusal(unique: int, number: int) -> bytes:
    return _ANSWER.pack(_ANSWER.size, -number, unique)


def _init(request: _Request, _store: Store) -> bytes:
    major, _minor, readahead, _flags = struct.unpack_from("=IIII", request.body)
    if major != _MAJOR:
        raise OSError(errno.EPROTO, f"the kernel speaks version {major}")
    return _INIT_ANSWER.pack(
        *(_MAJOR, _MINOR, readahead, _MAX_PAGES, _MOST_BACKGROUND, _MOST_BACKGROUND),
        *(LARGEST_WRITE_BYTES, 1, LARGEST_WRITE_BYTES // _PAGE_BYTES, 0, 0),
    )


def _lookup(request: _Request, store: Store) -> bytes:
    if request.node != _ROOT or request.body != NAME.encode() + b"\0":
        raise OSError(errno.ENOENT, "no such file")
    valid = (_FOREVER_SECONDS, _FOREVER_SECONDS, 0, 0)
    return _ENTRY.pack(_FILE, 0, *valid) + _attributes(_FILE, store)


def _getattr(request: _Request, store: Store) -> bytes:
    return _ATTRIBUTES_ANSWER.pack(_FOREVER_SECONDS, 0, 0) + _attributes(request.node, store)


def _attributes(node: int, store: Store) -> bytes:
    size, mode, links = (store.size, _FILE_MODE, 1) if node == _FILE else (0, _FOLDER_MODE, 2)
    times = (0,) * 6
    owner = (0, 0)
    return _ATTRIBUTES.pack(
        *(node, size, size // 512, *times[:3], *times[3:]),
        *(mode, links, *owner, 0, _PAGE_BYTES, 0),
    )


def _open(request: _Request, _store: Store) -> bytes:
    if request.node != _FILE:
        raise OSError(errno.EISDIR, "only the disk can be opened")
    return _OPEN_ANSWER.pack(0, _DIRECT_IO, 0)


def _read(request: _Request, store: Store) -> bytes:
    _handle, offset, count, *_ = _TRANSFER.unpack_from(request.body)
    return store.read(offset, count)


def _write(request: _Request, store: Store) -> bytes:
    _handle, offset, count, _, _, flags, _ = _TRANSFER.unpack_from(request.body)
    data = request.body[_TRANSFER.size :]
    if len(data) != count:
        raise OSError(errno.EIO, f"{count} bytes were announced, {len(data)} came")
    store.write(offset, data)
    if flags & os.O_DSYNC:  # of a file that bypasses the page cache the kernel sends no FSYNC then
        store.flush()
    return _WRITE_ANSWER.pack(count, 0)


def _fsync(_request: _Request, store: Store) -> bytes:
    store.flush()
    return b""


def _statfs(_request: _Request, store: Store) -> bytes:
    blocks = store.size // _PAGE_BYTES
    return _STATFS_ANSWER.pack(blocks, 0, 0, 2, 0, _PAGE_BYTES, 255, _PAGE_BYTES, 0)


_WORK: dict[int, Callable[[_Request, Store], bytes]] = {
    _INIT: _init,
    _LOOKUP: _lookup,
    _GETATTR: _getattr,
    _OPEN: _open,
    _READ: _read,
    _WRITE: _write,
    _FSYNC: _fsync,
    _STATFS: _statfs,
}
