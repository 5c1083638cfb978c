"""How far a partition tree is from the limits of a server, and which setting would move them.

Pure arithmetic on top of ``locking``: no SQL, no connection, no judgement of what is bad.
"""

import dataclasses
from collections.abc import Sequence

from earwitness.claims.partition_locks.evidence import PartitionTree
from earwitness.claims.partition_locks.locking import (
    FIRST_MAJOR_WITH_GROUPS,
    GROUPS_AT_MOST,
    HOLDERS_PER_LOCK,
    SLOTS_PER_GROUP,
    LockSettings,
    Relation,
    locked,
    predict,
    sessions_guaranteed,
)

_TABLES_WITH_ROWS = ("r", "f")
_INDEXES = ("i", "I")


def partition_tree(
    name: str, relations: Sequence[Relation], settings: LockSettings, max_connections: int
) -> PartitionTree:
    """The locks of a SELECT on the tree that prunes nothing, and what would make room for them.

    ``relations``: the partitioned table, all partitions below it, and all their indexes.
    """
    count = predict(relations, settings)
    sessions = sessions_guaranteed(count, settings)
    short = sessions is not None and sessions < max_connections
    return PartitionTree(
        relation=name,
        partitions=sum(relation.kind in _TABLES_WITH_ROWS for relation in relations),
        indexes=sum(r.kind in _INDEXES for r in locked(relations, settings.major)),
        locks=count.locks,
        fast=count.fast_path,
        slow=count.shared_table,
        slots=settings.slots,
        sessions_until_exhaustion=sessions,
        setting_for_fast_path=setting_for_fast_path(relations, settings),
        setting_for_all_sessions=(
            setting_for_sessions(relations, settings, max_connections) if short else None
        ),
    )


def setting_for_fast_path(relations: Sequence[Relation], settings: LockSettings) -> int | None:
    """The least max_locks_per_transaction with which every lock finds a slot.

    None when every lock finds one already, and when no value gives enough: until 17 the slots do
    not depend on settings.
    """
    if predict(relations, settings).shared_table == 0:
        return None
    for groups in _more_groups(settings):
        limit = _least_limit(groups)
        if predict(relations, _with_limit(settings, limit)).shared_table == 0:
            return limit
    return None


def setting_for_sessions(
    relations: Sequence[Relation], settings: LockSettings, sessions: int
) -> int:
    """The least max_locks_per_transaction with which so many sessions can hold the locks at once.

    Never less than the present one. More of it means more slots as well as a larger lock table, so
    each possible number of slots is tried with the least limit that its remaining locks need.
    """
    holders = settings.max_backends + settings.max_prepared_transactions
    for groups in (settings.groups, *_more_groups(settings)):
        least = max(settings.max_locks_per_transaction, _least_limit(groups))
        slow = predict(relations, _with_limit(settings, least)).shared_table
        lockable = max(slow, -(-sessions * slow // HOLDERS_PER_LOCK))
        limit = max(least, -(-lockable // holders))
        if _with_limit(settings, limit).groups == groups or groups == GROUPS_AT_MOST:
            return limit
    return limit


def _more_groups(settings: LockSettings) -> list[int]:
    """The numbers of groups that larger limits give, ascending; none until 17."""
    if settings.major < FIRST_MAJOR_WITH_GROUPS:
        return []
    powers = (1 << exponent for exponent in range(GROUPS_AT_MOST.bit_length()))
    return [groups for groups in powers if groups > settings.groups]


def _least_limit(groups: int) -> int:
    """The least max_locks_per_transaction with that many groups: just past half their slots."""
    return groups * SLOTS_PER_GROUP // 2 + 1


def _with_limit(settings: LockSettings, limit: int) -> LockSettings:
    return dataclasses.replace(settings, max_locks_per_transaction=limit)
