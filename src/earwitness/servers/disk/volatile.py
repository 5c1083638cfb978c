"""What a volatile write cache leaves on the medium when power fails.

Pure: the same records, instant, cache and luck always leave the same bytes. What was written goes
through a cache of so many blocks, which its drive empties in the background: a write that is pushed
out by later ones is on the medium, and so is one that has waited for longer than the destage window,
and all that came before a flush that was carried out. Of the rest each atom survives or does not, in
no order, because a drive writes its cache back in the order that suits it. An atom is never torn; a
block that has several atoms is, and so is a page of a database that is larger than an atom.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwitness.servers.disk.log import BLOCK_BYTES, Flush, Record, Write

SECTOR_BYTES = 512
"""The least that any drive writes whole."""
ATOMS_BYTES = (SECTOR_BYTES, BLOCK_BYTES)
"""What drives are known to write whole."""
_SECTORS = BLOCK_BYTES // SECTOR_BYTES
_ZEROS = bytes(BLOCK_BYTES)


@dataclass(frozen=True)
class Cache:
    """What a drive holds back, and what it does about it.

    ``honours_flush``: a flush empties it; otherwise a flush is answered and nothing is done.
    ``blocks``: how many of the latest blocks it holds at most. ``window_ns``: how long it holds a
    block at most; None: until it needs the room. ``protected``: capacitors save all of it when
    power fails. ``atom_bytes``: what the medium takes whole or not at all, one of ``ATOMS_BYTES``.
    """

    honours_flush: bool
    blocks: int
    window_ns: int | None = None
    protected: bool = False
    atom_bytes: int = BLOCK_BYTES

    def __post_init__(self) -> None:
        if self.atom_bytes not in ATOMS_BYTES:
            raise ValueError(f"an atom has {ATOMS_BYTES} bytes, not {self.atom_bytes}")


@dataclass(frozen=True)
class Luck:
    """What becomes of a block that the cache loses, drawn once for an instant.

    Every cache that is cut at this instant has the same luck and differs only in what it risks.
    ``fates``: one number for each sector of each block that is ever written, in the order of the
    writes, uniform in [0, 1); shape (blocks, sectors of a block). A block that is one atom has the
    fate of its first sector. ``survival``: the share of the atoms at risk that make it.
    """

    fates: NDArray[np.float32]
    survival: float


@dataclass(frozen=True)
class Writes:
    """The blocks that were written, in the order in which they came, and the flushes among them.

    ``places``: the number of each block on the disk; ``times``: when it came; ``data``: what it
    holds. ``flushed``: how many blocks had come before each flush, and ``flush_times``. ``filled``:
    for each number of blocks, from 0, how many of so many first ones hold anything but zeros.
    """

    places: tuple[int, ...]
    times: NDArray[np.int64]
    data: tuple[memoryview, ...]
    flushed: tuple[int, ...]
    flush_times: NDArray[np.int64]
    filled: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.places)

    def until(self, instant: int) -> int:
        """How many blocks had come by then."""
        return int(np.searchsorted(self.times, instant, side="right"))

    def flushed_until(self, instant: int) -> int:
        """How many of them had come before the last flush until then."""
        flushes = int(np.searchsorted(self.flush_times, instant, side="right"))
        return self.flushed[flushes - 1] if flushes else 0


def by_block(records: Sequence[Record]) -> Writes:
    """The records taken apart into blocks. They must be in the order of their times.

    A write that the disk refused left nothing.
    """
    places: list[int] = []
    times: list[int] = []
    data: list[memoryview] = []
    flushed: list[int] = []
    flush_times: list[int] = []
    for record in records:
        if isinstance(record, Flush):
            flushed.append(len(places))
            flush_times.append(record.at)
        elif isinstance(record, Write):
            view = memoryview(record.data)
            for begin in range(0, len(view), BLOCK_BYTES):
                places.append((record.offset + begin) // BLOCK_BYTES)
                times.append(record.at)
                data.append(view[begin : begin + BLOCK_BYTES])
    return Writes(
        places=tuple(places),
        times=np.asarray(times, dtype=np.int64),
        data=tuple(data),
        flushed=tuple(flushed),
        flush_times=np.asarray(flush_times, dtype=np.int64),
        filled=np.cumsum([0, *(block != _ZEROS for block in data)], dtype=np.int64),
    )


def draw(generator: np.random.Generator, blocks: int) -> Luck:
    """Luck for so many written blocks; from almost nothing to almost everything survives."""
    survival = 1 - float(generator.random())
    fates = generator.random((blocks, _SECTORS), dtype=np.float32)
    return Luck(fates=fates, survival=survival)


def worst_instants(writes: Writes, begin: int, end: int, most: int) -> tuple[int, ...]:
    """The instants from ``begin`` to ``end`` at which an honest drive risks most, in their order.

    One before each flush, when all that it is to save is there and none of it saved; of those the
    ``most`` that risk the most blocks. Blocks of zeros do not count: who makes room in a file loses
    nothing with them. What a drive that ignores flushes risks does not depend on flushes.
    """
    first, last = np.searchsorted(writes.flush_times, (begin + 1, end + 1))
    before = [int(time) - 1 for time in writes.flush_times[first:last]]
    risks = {
        at: int(writes.filled[writes.until(at)] - writes.filled[writes.flushed_until(at)])
        for at in before
    }
    return tuple(sorted(sorted(risks, key=lambda at: -risks[at])[:most]))


def at_risk(writes: Writes, instant: int, cache: Cache) -> range:
    """The blocks, by their order, that the cache loses when power fails at this instant."""
    end = writes.until(instant)
    if cache.protected:
        return range(end, end)
    safe = writes.flushed_until(instant) if cache.honours_flush else 0
    waited = 0 if cache.window_ns is None else writes.until(instant - cache.window_ns)
    return range(max(safe, waited, end - cache.blocks), end)


def left(writes: Writes, instant: int, cache: Cache, luck: Luck) -> Mapping[int, memoryview]:
    """What differs from the base: the bytes that are there, by their offset on the disk."""
    risked = at_risk(writes, instant, cache)
    whole = cache.atom_bytes == BLOCK_BYTES
    found: dict[int, memoryview] = {}
    for order in range(risked.stop):
        offset, block = writes.places[order] * BLOCK_BYTES, writes.data[order]
        if whole:
            if order < risked.start or luck.fates[order, 0] < luck.survival:
                found[offset] = block
            continue
        survives = luck.fates[order] < luck.survival
        for sector, begin in enumerate(range(0, BLOCK_BYTES, SECTOR_BYTES)):
            if order < risked.start or survives[sector]:
                found[offset + begin] = block[begin : begin + SECTOR_BYTES]
    return found
