"""The records of the plug-pull test, and what is made of those that were found. Pure.

A record has two halves of 4 KiB, each with the same head and a checksum of its own: a device that
writes less than a record whole leaves halves of two different ones. Its content follows from the
run and its number, so that nothing but those need be known to judge it.
"""

import hashlib
import os
import struct
import zlib
from collections.abc import Sequence

from earwitness.claims.fsync.evidence import Verified

RECORD_BYTES = 8192
"""A page of PostgreSQL."""
PLACES = 2048
"""16 MiB; each place is written again after about so many records."""
_HALF_BYTES = RECORD_BYTES // 2
_HEAD = struct.Struct("<8s16sQBI")  # magic, run, number, half, checksum of the rest
_MAGIC = b"earwtnss"


def new_run() -> bytes:
    """Names one test; nobody else's file is taken for it."""
    return os.urandom(16)


def place_of(run: bytes, number: int) -> int:
    """Where the record of that number goes: evenly spread, the same whenever it is asked."""
    digest = hashlib.blake2b(struct.pack("<Q", number), key=run, digest_size=8).digest()
    return int.from_bytes(digest, "little") % PLACES


def made(run: bytes, number: int) -> bytes:
    """The record of that number."""
    return b"".join(_half(run, number, half) for half in range(2))


def empty(run: bytes) -> bytes:
    """What is in a place before its first record."""
    return made(run, 0)


def run_of(content: bytes) -> bytes | None:
    """The run that the file is of, by most of its halves; None: of none."""
    runs: dict[bytes, int] = {}
    for begin in range(0, len(content), _HALF_BYTES):
        magic, run, *_ = _HEAD.unpack_from(content.ljust(begin + _HEAD.size, b"\0"), begin)
        if magic == _MAGIC:
            runs[run] = runs.get(run, 0) + 1
    return max(runs, key=lambda run: runs[run], default=None)


def found(record: bytes, run: bytes) -> int | None:
    """The number of the record; None when it is torn or nonsense."""
    numbers = {_number(record[i * _HALF_BYTES : (i + 1) * _HALF_BYTES], run, i) for i in range(2)}
    return numbers.pop() if len(numbers) == 1 else None


def compared(content: bytes, run: bytes, safe: int, methods: Sequence[str]) -> Verified:
    """What was found against the promise that all records up to ``safe`` are there.

    A record may have been written over by a later one, promised or not; what was being written when
    the power went may be torn, and is no loss: that is at most the one after ``safe``. No content:
    the file itself is gone, and every record with it.
    """
    promised = _last_by_place(run, safe)
    on_its_way = place_of(run, safe + 1)
    seen = {place: _at(content, run, place) if content else 0 for place in promised}
    torn = [place for place, number in seen.items() if number is None and place != on_its_way]
    lost = [
        place for place, number in seen.items() if number is not None and number < promised[place]
    ]
    newest = max((number for number in seen.values() if number is not None), default=0)
    by_method: dict[str, int] = {}
    for place in (*lost, *torn):
        method = methods[promised[place] % len(methods)]
        by_method[method] = by_method.get(method, 0) + 1
    return Verified(
        acknowledged=safe,
        judged=len(promised),
        lost=len(lost),
        torn=len(torn),
        reordered=any(promised[place] < newest for place in lost),
        by_method=by_method,
    )


def _last_by_place(run: bytes, safe: int) -> dict[int, int]:
    """For each place the last promised number that went there."""
    return {place_of(run, number): number for number in range(1, safe + 1)}


def _at(content: bytes, run: bytes, place: int) -> int | None:
    return found(content[place * RECORD_BYTES : (place + 1) * RECORD_BYTES], run)


def _half(run: bytes, number: int, half: int) -> bytes:
    filling = hashlib.shake_128(struct.pack("<QB", number, half) + run).digest(
        _HALF_BYTES - _HEAD.size
    )
    return _HEAD.pack(_MAGIC, run, number, half, zlib.crc32(filling)) + filling


def _number(half: bytes, run: bytes, which: int) -> int | None:
    if len(half) != _HALF_BYTES:
        return None
    magic, of, number, place, checksum = _HEAD.unpack_from(half)
    whole = zlib.crc32(half[_HEAD.size :]) == checksum
    return number if (magic, of, place) == (_MAGIC, run, which) and whole else None
