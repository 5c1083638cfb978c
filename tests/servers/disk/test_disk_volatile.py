"""What a cut leaves: sentences that hold for every log, instant, cache and luck."""

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.servers.disk import volatile
from earwitness.servers.disk.log import BLOCK_BYTES, Flush, Record, Write
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
    return {place: bytes(block) for place, block in left.items()}


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
    luck = Luck(fates=np.array([0.5]), survival=survival)
    assert bool(volatile.left(writes, 3, Cache(False, 8), luck)) is kept
    assert volatile.left(writes, 3, Cache(True, 8), luck), "an honest disk has flushed it"
    assert not volatile.left(writes, 0, Cache(True, 8), luck), "it had not come yet"
