"""Which settings would fit: compared with trying every one of them."""

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from earwitness.claims.partition_locks.headroom import (
    partition_tree,
    setting_for_fast_path,
    setting_for_sessions,
)
from earwitness.claims.partition_locks.locking import (
    LockSettings,
    Relation,
    lock_settings,
    predict,
    sessions_guaranteed,
    setting_names,
)

relations = st.sets(st.integers(16_384, 40_000), min_size=1, max_size=300).map(
    lambda oids: tuple(Relation(oid, "r") for oid in sorted(oids))
)
servers = st.builds(
    LockSettings,
    major=st.sampled_from((14, 16, 17, 18)),
    max_locks_per_transaction=st.integers(10, 400),
    max_backends=st.integers(5, 60),
    max_prepared_transactions=st.integers(0, 5),
)


def limited(settings: LockSettings, limit: int) -> LockSettings:
    return dataclasses.replace(settings, max_locks_per_transaction=limit)


def fits(relations: tuple[Relation, ...], settings: LockSettings, sessions: int) -> bool:
    enough = sessions_guaranteed(predict(relations, settings), settings)
    return enough is None or enough >= sessions


@given(relations, servers)
def test_the_setting_for_the_fast_path_is_the_least(
    relations: tuple[Relation, ...], settings: LockSettings
) -> None:
    found = setting_for_fast_path(relations, settings)
    tried = range(settings.max_locks_per_transaction, 4_100)
    slow = {n: predict(relations, limited(settings, n)).shared_table for n in tried}
    if found is None:
        first = settings.max_locks_per_transaction
        assert slow[first] == 0 or all(slow.values())
    else:
        assert found == next(n for n in tried if slow[n] == 0)


@given(relations, servers, st.integers(1, 500))
def test_the_setting_for_all_sessions_is_the_least(
    relations: tuple[Relation, ...], settings: LockSettings, sessions: int
) -> None:
    found = setting_for_sessions(relations, settings, sessions)
    now = settings.max_locks_per_transaction
    assert found >= now
    assert fits(relations, limited(settings, found), sessions)
    assert found == now or not fits(relations, limited(settings, found - 1), sessions)


@given(relations, servers, st.integers(1, 500))
def test_a_tree_names_settings_only_where_they_are_needed(
    relations: tuple[Relation, ...], settings: LockSettings, connections: int
) -> None:
    tree = partition_tree("public.t", relations, settings, connections)
    assert tree.locks == tree.fast + tree.slow
    assert (tree.sessions_until_exhaustion is None) == (tree.slow == 0)
    short = tree.sessions_until_exhaustion is not None
    short = short and tree.sessions_until_exhaustion < connections
    assert (tree.setting_for_all_sessions is not None) == short


def test_leaves_and_locked_indexes_are_counted() -> None:
    kinds = "pIIriipIIriifii"  # a sub-partitioned and a foreign partition among them
    tree_of = tuple(Relation(20_000 + place, kind) for place, kind in enumerate(kinds))
    new, old = (LockSettings(major, 64, 100) for major in (16, 15))
    assert partition_tree("t", tree_of, new, 100).indexes == 10
    assert partition_tree("t", tree_of, old, 100).indexes == 6
    assert partition_tree("t", tree_of, new, 100).partitions == 3


def test_settings_are_read_as_the_server_writes_them() -> None:
    values = dict.fromkeys({*setting_names(14), *setting_names(18)}, "10")
    values |= {"max_locks_per_transaction": "64", "max_prepared_transactions": "5"}
    values |= {"autovacuum_max_workers": "3", "autovacuum_worker_slots": "16"}
    old, new = lock_settings(17, values), lock_settings(18, values)
    assert (old.max_backends, new.max_backends) == (10 + 10 + 10 + 3 + 1, 10 + 10 + 10 + 16 + 2)
    assert old.max_prepared_transactions == new.max_prepared_transactions == 5
    assert old.max_locks_per_transaction == new.max_locks_per_transaction == 64
