"""What a disk was asked to write, and when it was asked to flush: the record of one recording.

Values, and the form in which they lie in a file. A record's time is that of CLOCK_MONOTONIC in
nanoseconds, taken before the disk answers: whoever was told of a commit by then had its flush in
the log. A file that was cut short by a kill ends with the last whole record.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

BLOCK_BYTES = 4096
"""What is written whole or not at all; also the block size of the device and its file system."""

_HEADER = struct.Struct("=BQQI")  # kind, time, offset, length
_WRITE, _FLUSH, _REFUSED = range(3)


@dataclass(frozen=True, slots=True)
class Write:
    """``data`` came for the bytes from ``offset`` on; both are whole blocks."""

    at: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Flush:
    """The disk was told to make safe all that it had been given."""

    at: int


@dataclass(frozen=True, slots=True)
class Refused:
    """``length`` bytes from ``offset`` on came and were answered by an error; none was taken."""

    at: int
    offset: int
    length: int


Record = Write | Flush | Refused


def encoded(record: Record) -> tuple[bytes, bytes]:
    """Header and data of a record, as they follow each other in the file.

    ValueError when a write is not of whole blocks: a part of one could be torn.
    """
    match record:
        case Flush(at):
            return _HEADER.pack(_FLUSH, at, 0, 0), b""
        case Refused(at, offset, length):
            return _HEADER.pack(_REFUSED, at, offset, length), b""
        case Write(at, offset, data):
            if offset % BLOCK_BYTES or len(data) % BLOCK_BYTES:
                raise ValueError(f"{len(data)} bytes at {offset} are not whole blocks")
            return _HEADER.pack(_WRITE, at, offset, len(data)), data


def decoded(content: bytes) -> tuple[Record, ...]:
    """The records of a file's content; ValueError when it is not one."""
    return tuple(_records(content))


def flushes(records: Sequence[Record], after: int = 0) -> int:
    """How many of the records are flushes that came after this time."""
    return sum(isinstance(record, Flush) and record.at > after for record in records)


def _records(content: bytes) -> Iterator[Record]:
    place = 0
    while place + _HEADER.size <= len(content):
        kind, at, offset, length = _HEADER.unpack_from(content, place)
        place += _HEADER.size
        if kind == _FLUSH and offset == length == 0:
            yield Flush(at)
        elif kind == _REFUSED:
            yield Refused(at, offset, length)
        elif kind == _WRITE and offset % BLOCK_BYTES == length % BLOCK_BYTES == 0:
            begin, place = place, place + length
            if place > len(content):
                return
            yield Write(at, offset, content[begin:place])
        else:
            raise ValueError(f"no record of a disk: kind {kind}, {length} bytes at {offset}")
