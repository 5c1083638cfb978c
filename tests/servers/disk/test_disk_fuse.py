"""The kernel's protocol, answered without a kernel: requests as bytes, answers as bytes."""

import errno
import os
import struct
from dataclasses import dataclass, field

import pytest

from earwitness.servers.disk import fuse

SIZE = 1 << 20


@dataclass
class Memory:
    """A store that says what was asked of it."""

    content: bytearray = field(default_factory=lambda: bytearray(SIZE))
    asked: list[str] = field(default_factory=list)
    fails: int | None = None

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self, offset: int, count: int) -> bytes:
        self.asked.append("read")
        return bytes(self.content[offset : offset + count])

    def write(self, offset: int, data: bytes) -> None:
        self.asked.append("write")
        if self.fails:
            raise OSError(self.fails, "told to")
        self.content[offset : offset + len(data)] = data

    def flush(self) -> None:
        self.asked.append("flush")


def request(opcode: int, body: bytes = b"", node: int = 2) -> bytes:
    header = struct.pack("=IIQQIIIHH", 40 + len(body), opcode, 77, node, 0, 0, 1, 0, 0)
    return header + body


def transfer(offset: int, count: int, data: bytes = b"", flags: int = 0) -> bytes:
    return struct.pack("=QQIIQII", 0, offset, count, 0, 0, flags, 0) + data


def asked(opcode: int, body: bytes = b"", node: int = 2, store: Memory | None = None) -> bytes:
    """The body of an answer without an error."""
    said = fuse.answer(request(opcode, body, node), store or Memory())
    assert said is not None
    length, error, unique = struct.unpack_from("=IiQ", said)
    assert (length, error, unique) == (len(said), 0, 77)
    return said[16:]


def refused(opcode: int, body: bytes = b"", node: int = 2, store: Memory | None = None) -> int:
    said = fuse.answer(request(opcode, body, node), store or Memory())
    assert said is not None
    length, error, unique = struct.unpack("=IiQ", said)
    assert (length, unique) == (16, 77)
    return -error


def test_it_agrees_on_a_version_and_on_large_writes() -> None:
    body = asked(26, struct.pack("=IIII", 7, 45, 131072, 0xFFFFFFFF), node=0)
    major, minor, readahead, flags = struct.unpack_from("=IIII", body)
    assert (len(body), major, minor, readahead) == (64, 7, 31, 131072)
    assert flags == 1 << 22, "more would change what the kernel sends"
    largest, _granularity, pages = struct.unpack_from("=IIH", body, 20)
    assert largest == fuse.LARGEST_WRITE_BYTES == pages * 4096


def test_it_does_not_speak_another_major_version() -> None:
    assert refused(26, struct.pack("=IIII", 8, 0, 0, 0), node=0) == errno.EPROTO


def test_there_is_one_file_with_the_size_of_the_disk() -> None:
    body = asked(1, b"disk\0", node=1)
    node, *_ = struct.unpack_from("=QQQQII", body)
    inode, size, blocks = struct.unpack_from("=QQQ", body, 40)
    assert (node, inode, size, blocks) == (2, 2, SIZE, SIZE // 512)
    assert len(body) == 40 + 88
    assert refused(1, b"other\0", node=1) == errno.ENOENT


@pytest.mark.parametrize(("node", "kind"), [(1, 0o040000), (2, 0o100000)])
def test_root_is_a_folder_and_the_disk_a_file(node: int, kind: int) -> None:
    body = asked(3, bytes(16), node=node)
    (mode,) = struct.unpack_from("=I", body, 16 + 60)
    assert (len(body), mode & 0o170000) == (16 + 88, kind)
    assert mode & 0o077 == 0, "for root only"


def test_the_page_cache_is_not_used_for_it() -> None:
    assert struct.unpack("=QIi", asked(14, bytes(8)))[1] == 1
    assert refused(14, bytes(8), node=1) == errno.EISDIR


def test_what_is_written_is_read() -> None:
    store = Memory()
    count, _ = struct.unpack("=II", asked(16, transfer(8192, 5, b"hello"), store=store))
    assert count == 5
    assert asked(15, transfer(8190, 9), store=store) == b"\0\0hello\0\0"


@pytest.mark.parametrize("flags", [os.O_DSYNC, os.O_SYNC])
def test_who_opened_it_for_safe_writes_gets_a_flush_with_each(flags: int) -> None:
    store = Memory()
    asked(16, transfer(0, 5, b"hello", flags), store=store)
    assert store.asked == ["write", "flush"]
    asked(16, transfer(0, 5, b"hello", os.O_RDWR), store=store)
    assert store.asked == ["write", "flush", "write"]


def test_a_write_that_is_cut_short_is_an_error() -> None:
    store = Memory()
    assert refused(16, transfer(0, 9, b"hello"), store=store) == errno.EIO
    assert store.asked == []


def test_an_error_of_the_store_is_told() -> None:
    full = Memory(fails=errno.ENOSPC)
    assert refused(16, transfer(0, 1, b"x"), store=full) == errno.ENOSPC


def test_fsync_flushes_and_closing_does_not() -> None:
    store = Memory()
    assert asked(20, bytes(16), store=store) == b""
    assert store.asked == ["flush"]
    for closing in (25, 18, 38):  # FLUSH, RELEASE, DESTROY
        assert asked(closing, bytes(24), store=store) == b""
    assert store.asked == ["flush"]


@pytest.mark.parametrize("opcode", [2, 36, 42])
def test_some_requests_expect_no_answer(opcode: int) -> None:
    assert fuse.answer(request(opcode, bytes(8)), Memory()) is None


@pytest.mark.parametrize("opcode", [22, 43, 4095])  # GETXATTR, FALLOCATE, and one of the future
def test_the_kernel_does_without_the_rest(opcode: int) -> None:
    assert refused(opcode, bytes(64)) == errno.ENOSYS


@pytest.mark.parametrize("message", [b"", bytes(39), request(20, bytes(16))[:-1]])
def test_what_is_no_request_is_refused(message: bytes) -> None:
    with pytest.raises(ValueError, match="request"):
        fuse.answer(message, Memory())
