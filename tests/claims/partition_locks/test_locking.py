"""The arithmetic of locks and slots, against PostgreSQL's rules and its own published figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.claims.partition_locks.locking import (
    SLOTS_PER_GROUP,
    LockCount,
    LockSettings,
    Relation,
    group_of,
    locked,
    predict,
    sessions_guaranteed,
)

oids = st.sets(st.integers(min_value=16_384, max_value=2**32 - 1), max_size=400)
majors = st.sampled_from((14, 15, 16, 17, 18))
limits = st.integers(min_value=10, max_value=40_000)


def settings(major: int = 18, limit: int = 64, backends: int = 126) -> LockSettings:
    return LockSettings(major=major, max_locks_per_transaction=limit, max_backends=backends)


def tables(oids: set[int] | range) -> tuple[Relation, ...]:
    return tuple(Relation(oid, "r") for oid in oids)


def tree(partitions: int, indexes: int) -> tuple[Relation, ...]:
    """A partitioned table with its indexes, and the same for every partition; OIDs in a row."""
    kinds = ["p", *"I" * indexes] + ["r", *"i" * indexes] * partitions
    return tuple(Relation(20_000 + place, kind) for place, kind in enumerate(kinds))


@given(oids, majors, limits)
def test_every_lock_is_either_fast_or_shared(oids: set[int], major: int, limit: int) -> None:
    count = predict(tables(oids), settings(major, limit))
    assert count.fast_path + count.shared_table == count.locks == len(oids)
    assert 0 <= count.fast_path <= settings(major, limit).slots


@given(majors, limits, st.integers(min_value=0, max_value=5_000))
def test_more_allowed_locks_never_mean_fewer_slots(major: int, limit: int, more: int) -> None:
    assert settings(major, limit + more).slots >= settings(major, limit).slots


@given(oids, limits)
def test_more_slots_never_keep_fewer_locks_fast(oids: set[int], limit: int) -> None:
    few, many = (predict(tables(oids), settings(18, n)) for n in (limit, 2 * limit))
    assert many.fast_path >= few.fast_path


@given(limits)
def test_slots_cover_the_setting_from_18_on_up_to_the_cap(limit: int) -> None:
    slots = settings(18, limit).slots
    assert slots >= min(limit, 16_384)
    assert slots < 2 * limit or slots == SLOTS_PER_GROUP


@given(oids, st.integers(min_value=0, max_value=10))
def test_a_group_never_holds_more_than_16(oids: set[int], power: int) -> None:
    """The shared rest is what the overfull groups cannot hold, group by group."""
    groups = 2**power
    count = predict(tables(oids), settings(18, groups * SLOTS_PER_GROUP))
    sizes = [sum(group_of(oid, groups) == group for oid in oids) for group in range(groups)]
    assert count.shared_table == sum(max(0, size - 16) for size in sizes)


@given(oids, st.integers(min_value=0, max_value=10))
def test_groups_are_those_of_the_source(oids: set[int], power: int) -> None:
    """FAST_PATH_REL_GROUP multiplies in 64 bits and keeps the low ones."""
    groups = 2**power
    for oid in oids:
        assert group_of(oid, groups) == (oid * 49157 % 2**64) % groups


@pytest.mark.parametrize(
    ("major", "limit", "slots"),
    [
        (17, 64, 16),
        (17, 1024, 16),
        (18, 10, 16),
        (18, 16, 16),
        (18, 17, 32),
        (18, 64, 64),
        (18, 100, 128),
        (18, 1024, 1024),
        (18, 100_000, 16_384),
    ],
)
def test_known_numbers_of_slots(major: int, limit: int, slots: int) -> None:
    assert settings(major, limit).slots == slots


@pytest.mark.parametrize(
    ("major", "partitions", "indexes", "locks"),
    [
        (17, 24, 0, 25),
        (17, 24, 1, 50),
        (17, 24, 2, 75),
        (17, 24, 3, 100),
        (18, 100, 2, 303),
        (16, 1000, 2, 3003),
        (15, 100, 2, 301),
        (14, 24, 3, 97),
    ],
)
def test_known_numbers_of_locks(major: int, partitions: int, indexes: int, locks: int) -> None:
    assert predict(tree(partitions, indexes), settings(major)).locks == locks


def test_regular_oids_collide_before_the_slots_are_used_up() -> None:
    """Set-associative: a stride of 8 reaches one of the 8 groups only, seven stay empty."""
    in_steps = tuple(Relation(20_000 + 8 * place, "r") for place in range(100))
    assert predict(in_steps, settings(18, 128)) == LockCount(fast_path=16, shared_table=84)
    in_a_row = tables(range(20_000, 20_100))
    assert predict(in_a_row, settings(18, 128)) == LockCount(fast_path=100, shared_table=0)


def test_indexes_of_a_partitioned_table_are_locked_from_16_on() -> None:
    relations = tree(partitions=1, indexes=2)
    assert len(locked(relations, 15)) == 4
    assert len(locked(relations, 16)) == 6


def test_differences_are_counted_one_by_one() -> None:
    count = LockCount(fast_path=16, shared_table=4)
    assert count.differences(count) == 0
    assert count.differences(LockCount(fast_path=17, shared_table=3)) == 2
    assert count.differences(LockCount(fast_path=16, shared_table=5)) == 2
    assert count.differences(LockCount(fast_path=17, shared_table=4 + 1)) == 3


def test_guaranteed_sessions_of_the_defaults() -> None:
    """64 locks x 126 backends are 8064 locks, and twice as many holdings."""
    assert settings().holdings == 16_128
    count = LockCount(fast_path=64, shared_table=2939)
    assert sessions_guaranteed(count, settings()) == 5
    assert sessions_guaranteed(LockCount(fast_path=6, shared_table=0), settings()) is None


def test_more_locks_than_the_table_is_sized_for_guarantee_nothing() -> None:
    count = LockCount(fast_path=16, shared_table=8_065)
    assert sessions_guaranteed(count, settings()) == 0


@given(st.integers(1, 8_000), st.integers(1, 500))
def test_the_guaranteed_sessions_fit_and_one_more_does_not(shared: int, backends: int) -> None:
    room = settings(backends=backends)
    sessions = sessions_guaranteed(LockCount(fast_path=0, shared_table=shared), room)
    assert sessions is not None
    assert sessions * shared <= room.holdings
    if shared <= room.lockable_objects:
        assert (sessions + 1) * shared > room.holdings
