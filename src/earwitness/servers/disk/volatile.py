"""What a volatile write cache leaves on the medium when power fails.

Pure: the same records, instant, cache and luck always leave the same blocks. What was written goes
through a cache of so many blocks: a write that is pushed out by later ones is on the medium, and so
is all that came before a flush that was carried out. Of the rest each block survives or does not,
in no order, because a drive writes its cache back in the order that suits it. A block is never
torn; a page of a database that is larger than a block is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwitness.servers.disk.log import BLOCK_BYTES, Flush, Record


@dataclass(frozen=True)
class Cache:
    """``honours_flush``: a flush empties it; otherwise a flush is answered and nothing is done.

    ``blocks``: how many of the latest blocks it holds at most.
    """

    honours_flush: bool
    blocks: int


@dataclass(frozen=True)
class Luck:
    """What becomes of a block that the cache loses, drawn once for an instant.

    Every cache that is cut at this instant has the same luck and differs only in what it risks.
    ``fates``: one number for each block that is ever written, in the order of the writes, uniform
    in [0, 1). ``survival``: the share of the blocks at risk that make it.
    """

    fates: NDArray[np.float64]
    survival: float


@dataclass(frozen=True)
class Writes:
    """The blocks that were written, in the order in which they came, and the flushes among them.

    ``places``: the number of each block on the disk; ``times``: when it came; ``data``: what it
    holds. ``flushed``: how many blocks had come before each flush, and ``flush_times``.
    """

    places: tuple[int, ...]
    times: NDArray[np.int64]
    data: tuple[memoryview, ...]
    flushed: tuple[int, ...]
    flush_times: NDArray[np.int64]

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
    """The records taken apart into blocks. They must be in the order of their times."""
    places: list[int] = []
    times: list[int] = []
    data: list[memoryview] = []
    flushed: list[int] = []
    flush_times: list[int] = []
    for record in records:
        if isinstance(record, Flush):
            flushed.append(len(places))
            flush_times.append(record.at)
            continue
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
    )


def draw(generator: np.random.Generator, blocks: int) -> Luck:
    """Luck for so many written blocks; from almost nothing to almost everything survives."""
    survival = 1 - float(generator.random())
    return Luck(fates=generator.random(blocks), survival=survival)


def at_risk(writes: Writes, instant: int, cache: Cache) -> range:
    """The blocks, by their order, that the cache loses when power fails at this instant."""
    end = writes.until(instant)
    safe = writes.flushed_until(instant) if cache.honours_flush else 0
    return range(max(safe, end - cache.blocks), end)


def left(writes: Writes, instant: int, cache: Cache, luck: Luck) -> Mapping[int, memoryview]:
    """What each block holds, by its number on the disk, where that differs from the base."""
    risked = at_risk(writes, instant, cache)
    found: dict[int, memoryview] = {}
    for order in range(risked.stop):
        if order < risked.start or luck.fates[order] < luck.survival:
            found[writes.places[order]] = writes.data[order]
    return found
