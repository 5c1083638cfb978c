"""What a cut leaves: sentences that hold for every log, instant, cache and luck."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.servers.disk import volatile
from earwitness.servers.disk.log import BLOCK_BYTES, Flush, Record, Refused, Write
from earwitness.servers.disk.volatile import Cache, Luck, Writes

MOST_PLACES = 6


def records_of(shape: list[int]) -> list[Record]:
    """At 10, 20, ...: 0 is a flush, n a write of one or two blocks to place n."""
    made: list[Record] = []
    for number, kind in enumerate(shape, start=1):
        at = 10 * number
        if kind == 0:
            made.append(Flush(at))
            continue
        count = 1 + number % 2
        data = b"".join(bytes([number, part]) * (BLOCK_BYTES // 2) for part in range(count))
        made.append(Write(at, kind * BLOCK_BYTES, data))
    return made


LOGS = st.lists(st.integers(0, MOST_PLACES), max_size=20).map(records_of)
INSTANTS = st.integers(0, 220)
SEEDS = st.integers(0, 2**32)


def luck_of(seed: int, writes: Writes) -> Luck:
    return volatile.draw(np.random.default_rng(seed), len(writes))


def read(left: Mapping[int, memoryview]) -> dict[int, bytes]:
    """Whole blocks, by their number."""
    return {offset // BLOCK_BYTES: bytes(block) for offset, block in left.items()}


def laid_out(left: Mapping[int, memoryview]) -> bytes:
    """The disk with what is left on it."""
    disk = bytearray(BLOCK_BYTES * (MOST_PLACES + 3))
    for offset, piece in left.items():
        disk[offset : offset + len(piece)] = piece
    return bytes(disk)


def replayed(records: list[Record], until: int) -> dict[int, bytes]:
    """Everything written by then, in order, by another way than the one that is tested."""
    disk = bytearray(BLOCK_BYTES * (MOST_PLACES + 3))
    touched = set()
    for record in records:
        if isinstance(record, Write) and record.at <= until:
            disk[record.offset : record.offset + len(record.data)] = record.data
            blocks = len(record.data) // BLOCK_BYTES
            touched |= {record.offset // BLOCK_BYTES + part for part in range(blocks)}
    return {place: bytes(disk[place * BLOCK_BYTES :][:BLOCK_BYTES]) for place in touched}


@given(LOGS, INSTANTS, SEEDS, st.booleans())
def test_a_cache_without_room_loses_nothing(
    records: list[Record], instant: int, seed: int, honest: bool
) -> None:
    writes = volatile.by_block(records)
    left = volatile.left(writes, instant, Cache(honest, 0), luck_of(seed, writes))
    assert read(left) == replayed(records, instant)


@given(LOGS, INSTANTS, SEEDS, st.integers(0, 50))
def test_what_an_honest_disk_was_told_to_flush_is_there_or_newer(
    records: list[Record], instant: int, seed: int, room: int
) -> None:
    writes = volatile.by_block(records)
    flushes = [r.at for r in records if isinstance(r, Flush) and r.at <= instant]
    safe = replayed(records, max(flushes, default=0))
    left = read(volatile.left(writes, instant, Cache(True, room), luck_of(seed, writes)))
    since = writes.flushed_until(instant)
    newer = {(p, bytes(b)) for p, b in zip(writes.places[since:], writes.data[since:], strict=True)}
    for place, block in safe.items():
        assert left[place] == block or (place, left[place]) in newer
    if not any(isinstance(r, Write) and max(flushes, default=0) < r.at <= instant for r in records):
        assert left == safe


@given(LOGS, INSTANTS, SEEDS, st.integers(0, 50))
def test_a_lie_only_adds_to_what_is_at_risk(
    records: list[Record], instant: int, seed: int, room: int
) -> None:
    writes = volatile.by_block(records)
    honest = volatile.at_risk(writes, instant, Cache(True, room))
    lying = volatile.at_risk(writes, instant, Cache(False, room))
    assert set(honest) <= set(lying)
    assert len(lying) <= room
    assert lying.stop == honest.stop == writes.until(instant)


@given(LOGS, INSTANTS, SEEDS)
def test_without_a_flush_in_the_log_honest_and_lying_are_the_same(
    records: list[Record], instant: int, seed: int
) -> None:
    writes = volatile.by_block([r for r in records if isinstance(r, Write)])
    luck = luck_of(seed, writes)
    honest, lying = (
        volatile.left(writes, instant, Cache(honours, 4), luck) for honours in (True, False)
    )
    assert read(honest) == read(lying)


@given(LOGS, INSTANTS, SEEDS)
def test_nothing_of_the_future_is_there(records: list[Record], instant: int, seed: int) -> None:
    writes = volatile.by_block(records)
    past = volatile.by_block([r for r in records if r.at <= instant])
    luck = luck_of(seed, writes)
    for honours in (True, False):
        cache = Cache(honours, 5)
        now = volatile.left(past, 10_000, cache, luck)
        assert read(volatile.left(writes, instant, cache, luck)) == read(now)


@pytest.mark.parametrize(("survival", "kept"), [(0.0, False), (1.0, True)])
def test_luck_decides_what_is_at_risk(survival: float, kept: bool) -> None:
    writes = volatile.by_block([Write(1, 0, bytes(BLOCK_BYTES)), Flush(2)])
    luck = Luck(fates=np.full((1, 8), 0.5, dtype=np.float32), survival=survival)
    assert bool(volatile.left(writes, 3, Cache(False, 8), luck)) is kept
    assert volatile.left(writes, 3, Cache(True, 8), luck), "an honest disk has flushed it"
    assert not volatile.left(writes, 0, Cache(True, 8), luck), "it had not come yet"


@given(LOGS, INSTANTS, SEEDS, st.booleans())
def test_a_protected_cache_loses_nothing_whatever_it_says_of_flushes(
    records: list[Record], instant: int, seed: int, honest: bool
) -> None:
    writes = volatile.by_block(records)
    cache = Cache(honest, 50, protected=True)
    left = volatile.left(writes, instant, cache, luck_of(seed, writes))
    assert read(left) == replayed(records, instant)


@given(LOGS, INSTANTS, SEEDS, st.integers(0, 100))
def test_what_waited_longer_than_the_window_is_there_or_newer(
    records: list[Record], instant: int, seed: int, window: int
) -> None:
    writes = volatile.by_block(records)
    cache = Cache(False, 50, window_ns=window)
    left = read(volatile.left(writes, instant, cache, luck_of(seed, writes)))
    risked = volatile.at_risk(writes, instant, cache)
    assert all(instant - window < writes.times[order] <= instant for order in risked)
    newer = {(writes.places[order], bytes(writes.data[order])) for order in risked}
    for place, block in replayed(records, instant - window).items():
        assert left[place] == block or (place, left[place]) in newer


@given(LOGS, INSTANTS, st.integers(0, 100), st.integers(0, 100))
def test_a_longer_window_risks_no_less(
    records: list[Record], instant: int, window: int, more: int
) -> None:
    writes = volatile.by_block(records)
    short, long = (
        volatile.at_risk(writes, instant, Cache(False, 50, window_ns=w))
        for w in (window, window + more)
    )
    assert set(short) <= set(long)


@given(LOGS, INSTANTS, SEEDS)
def test_small_atoms_are_each_of_a_block_that_was_written_there(
    records: list[Record], instant: int, seed: int
) -> None:
    writes = volatile.by_block(records)
    cache = Cache(False, 50, atom_bytes=volatile.SECTOR_BYTES)
    disk = laid_out(volatile.left(writes, instant, cache, luck_of(seed, writes)))
    candidates: dict[int, set[bytes]] = {}
    for order in range(writes.until(instant)):
        block = bytes(writes.data[order])
        for begin in range(0, BLOCK_BYTES, volatile.SECTOR_BYTES):
            offset = writes.places[order] * BLOCK_BYTES + begin
            piece = block[begin : begin + volatile.SECTOR_BYTES]
            candidates.setdefault(offset, {bytes(volatile.SECTOR_BYTES)}).add(piece)
    for offset in range(0, len(disk), volatile.SECTOR_BYTES):
        piece = disk[offset : offset + volatile.SECTOR_BYTES]
        assert piece in candidates.get(offset, {bytes(volatile.SECTOR_BYTES)})


def test_a_block_is_torn_into_its_sectors_and_as_one_atom_never() -> None:
    writes = volatile.by_block([Write(1, 0, b"n" * BLOCK_BYTES)])
    fates = np.tile(np.array([0.2, 0.8], dtype=np.float32), (1, 4))
    luck = Luck(fates=fates, survival=0.5)
    small = volatile.left(writes, 2, Cache(False, 8, atom_bytes=512), luck)
    assert sorted(small) == [0, 1024, 2048, 3072]
    assert {len(piece) for piece in small.values()} == {512}
    assert list(volatile.left(writes, 2, Cache(False, 8), luck)) == [0]


def test_an_atom_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="atom"):
        Cache(True, 8, atom_bytes=1024)


@given(LOGS, st.integers(0, 100), st.integers(0, 120), st.integers(0, 5))
def test_the_worst_instants_risk_as_much_as_any(
    records: list[Record], begin: int, length: int, most: int
) -> None:
    writes = volatile.by_block(records)
    end = begin + length
    found = volatile.worst_instants(writes, begin, end, most)
    honest = Cache(True, 1000)
    flushes = [r.at for r in records if isinstance(r, Flush) and begin < r.at <= end]
    assert len(found) == min(most, len(flushes))
    assert list(found) == sorted(found)
    assert all(begin <= at < end for at in found)
    if found:
        worst = max(len(volatile.at_risk(writes, at - 1, honest)) for at in flushes)
        assert worst == max(len(volatile.at_risk(writes, at, honest)) for at in found)


def test_what_was_refused_is_not_there() -> None:
    records = [Write(1, 0, b"a" * BLOCK_BYTES), Refused(2, 0, BLOCK_BYTES), Flush(3)]
    writes = volatile.by_block(records)
    luck = luck_of(1, writes)
    assert read(volatile.left(writes, 4, Cache(True, 8), luck)) == {0: b"a" * BLOCK_BYTES}


def test_room_that_is_made_with_zeros_is_no_worst_moment() -> None:
    records = [
        Write(1, 0, bytes(3 * BLOCK_BYTES)),
        Flush(5),
        Write(6, 0, b"x" * BLOCK_BYTES),
        Flush(10),
    ]
    assert volatile.worst_instants(volatile.by_block(records), 0, 20, 1) == (9,)
