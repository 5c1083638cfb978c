"""How many relation locks a query takes, and where PostgreSQL keeps them; from OIDs and settings.

Pure arithmetic after PostgreSQL's own source, exact and not fitted. No SQL and no connection live
here: what the catalog says is read in ``catalog``, what the server did is read in ``observed``.

Where the rules come from (PostgreSQL's tree, branches 14 to 18):

- Which relations a plan locks: ``get_relation_info`` in ``optimizer/util/plancat.c`` opens every
  index of a table that it plans. From 16 on it does so for partitioned tables too; until 15 only
  for tables that it does not expand: those that hold rows, and a root without any partition, which
  ``subquery_planner`` asks ``has_subclass`` about.
- Fast path: ``EligibleForRelationFastPath`` and ``FastPathGrantRelationLock`` in
  ``storage/lmgr/lock.c``. A weak lock (a SELECT takes AccessShareLock) goes into an array of its
  own backend while there is a free slot, otherwise into the lock table that all backends share.
- Slots: until 17 one group of 16 (``FP_LOCK_SLOTS_PER_BACKEND`` in ``storage/proc.h``). From 18 on
  a power of two of groups of 16, from ``max_locks_per_transaction`` (``InitializeFastPathLocks`` in
  ``utils/init/postinit.c``), and a relation may only go into the group that its OID selects
  (``FAST_PATH_REL_GROUP`` in ``lock.c``): a set-associative array, in which one group can be full
  while others are empty.
- Processes that can hold locks: ``InitializeMaxBackends`` in ``utils/init/postinit.c``. Until 17
  the autovacuum launcher is counted separately from its workers; from 18 on
  ``NUM_SPECIAL_WORKER_PROCS`` counts it and the slot-sync worker.
- Size of the shared table: ``LockManagerShmemInit`` and ``LockManagerShmemSize`` in ``lock.c``
  (``InitLocks`` and ``LockShmemSize`` until 17).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SLOTS_PER_GROUP = 16
"""``FP_LOCK_SLOTS_PER_GROUP`` (18), and all slots of a backend until 17."""
GROUPS_AT_MOST = 1024
"""``FP_LOCK_GROUPS_PER_BACKEND_MAX``."""
GROUP_MULTIPLIER = 49157
"""The prime of ``FAST_PATH_REL_GROUP``."""
FIRST_MAJOR_WITH_GROUPS = 18
FIRST_MAJOR_OPENING_PARENT_INDEXES = 16

SPECIAL_WORKERS_UNTIL_17 = 1
SPECIAL_WORKERS_FROM_18 = 2

PREDICTED_NUMBERS = 3
"""Of a ``LockCount``: locks, those in the fast path, those in the shared table."""

HOLDERS_PER_LOCK = 2
"""``LockManagerShmemInit`` makes the table of holders twice as large as that of locks."""
BYTES_PER_LOCK = 400
"""Of shared memory, for each lock that the table is sized for, with its holders and the tenth for safety.

Measured: ``shared_memory_size`` grows by 389 to 429 bytes on 15 to 18 (x86-64).
"""


@dataclass(frozen=True)
class Relation:
    """A table or an index of the catalog: its OID and ``pg_class.relkind``.

    For an index, the kind says of what: ``i`` of a table that holds rows, or that is planned like
    one because it never had a partition; ``I`` of a partitioned one; ``r`` and ``p`` are these tables
    themselves.
    """

    oid: int
    kind: str


@dataclass(frozen=True)
class LockSettings:
    """What of a server decides over locks. All are fixed while it runs."""

    major: int
    max_locks_per_transaction: int
    max_backends: int
    """Processes that can hold locks; see ``backends_at_most``."""
    max_prepared_transactions: int = 0

    @property
    def groups(self) -> int:
        """Fast-path groups of each backend; a power of two."""
        if self.major < FIRST_MAJOR_WITH_GROUPS:
            return 1
        next_power_of_two = 1 << (self.max_locks_per_transaction - 1).bit_length()
        return max(1, min(next_power_of_two // SLOTS_PER_GROUP, GROUPS_AT_MOST))

    @property
    def slots(self) -> int:
        """Fast-path slots of each backend."""
        return self.groups * SLOTS_PER_GROUP

    @property
    def lockable_objects(self) -> int:
        """``NLOCKENTS()``: how many different locks the shared table is sized for."""
        return self.max_locks_per_transaction * (self.max_backends + self.max_prepared_transactions)

    @property
    def holdings(self) -> int:
        """How many pairs of lock and holder the shared table is sized for."""
        return HOLDERS_PER_LOCK * self.lockable_objects


def setting_names(major: int) -> tuple[str, ...]:
    """The settings of the server from which ``lock_settings`` is computed."""
    workers = (
        "autovacuum_worker_slots"
        if major >= FIRST_MAJOR_WITH_GROUPS
        else ("autovacuum_max_workers")
    )
    return (
        "max_locks_per_transaction",
        "max_prepared_transactions",
        "max_connections",
        "max_worker_processes",
        "max_wal_senders",
        workers,
    )


def lock_settings(major: int, settings: Mapping[str, str]) -> LockSettings:
    """What settings of the server, as it writes them, mean for locks. KeyError without one."""
    values = {name: int(settings[name]) for name in setting_names(major)}
    limit, prepared, *processes = values.values()
    special = SPECIAL_WORKERS_FROM_18 if major >= 18 else SPECIAL_WORKERS_UNTIL_17
    return LockSettings(
        major=major,
        max_locks_per_transaction=limit,
        max_backends=sum(processes) + special,
        max_prepared_transactions=prepared,
    )


@dataclass(frozen=True)
class LockCount:
    """Relation locks of one backend; ``locks == fast_path + shared_table``."""

    fast_path: int
    """Kept in the backend's own slots, out of everybody's way."""
    shared_table: int
    """Kept in the lock table that all backends share."""

    @property
    def locks(self) -> int:
        """All of them."""
        return self.fast_path + self.shared_table

    def differences(self, other: "LockCount") -> int:
        """How many of the ``PREDICTED_NUMBERS`` (locks, fast path, shared table) differ."""
        return (
            int(self.locks != other.locks)
            + int(self.fast_path != other.fast_path)
            + int(self.shared_table != other.shared_table)
        )


def locked(relations: Iterable[Relation], major: int) -> tuple[Relation, ...]:
    """Those of a query's tables and their indexes that its plan locks."""
    if major >= FIRST_MAJOR_OPENING_PARENT_INDEXES:
        return tuple(relations)
    return tuple(relation for relation in relations if relation.kind != "I")


def group_of(oid: int, groups: int) -> int:
    """The only fast-path group into which a lock on this relation can go."""
    return (oid * GROUP_MULTIPLIER) & (groups - 1)


def predict(relations: Iterable[Relation], settings: LockSettings) -> LockCount:
    """The locks of a SELECT that plans these relations, in a transaction without other locks.

    Holds while nobody has a strong lock (DDL, VACUUM FULL and the like) on one of them or on a
    relation that shares its hash partition: PostgreSQL then moves weak locks to the shared table.
    """
    members = Counter(
        group_of(relation.oid, settings.groups) for relation in locked(relations, settings.major)
    )
    fast_path = sum(min(count, SLOTS_PER_GROUP) for count in members.values())
    return LockCount(fast_path=fast_path, shared_table=members.total() - fast_path)


def sessions_guaranteed(count: LockCount, settings: LockSettings) -> int | None:
    """How many sessions can hold such locks at once, for certain; None when nothing limits them.

    A lower bound: PostgreSQL reserves memory for ``lockable_objects`` different locks with two
    holders each, then adds a tenth for safety, and lets either table grow into whatever shared
    memory is left. So the error comes at this number at the earliest, in practice later. Assumes
    that all sessions lock the same relations. 0 when these are more than the table is sized for.

    A worker of a parallel query takes the locks of what it scans once more, for itself
    (``ExecGetRangeTableRelation`` in ``executor/execUtils.c``), so each counts as a session.
    """
    if count.shared_table == 0:
        return None
    if count.shared_table > settings.lockable_objects:
        return 0
    return settings.holdings // count.shared_table
