"""What the check of a PostgreSQL server reads for this claim: settings, the catalog, the traffic.

Trees take two statements, whatever their number. Neither touches a user's table, so no privilege on
one is needed, and neither locks a partition: functions such as pg_partition_tree would. Where there
are trees, the statements that were counted are read as well (``traffic``), and waits are sampled
when that was asked for; both can be missing without the trees being so. What follows from the
answers is computed in ``headroom`` and ``statements``; what it means is judged in ``judge``.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from earwitness.check import postgresql
from earwitness.check.evidence import Partly, Unseen
from earwitness.check.plan import Step
from earwitness.check.postgresql_options import SAMPLE_WAITS
from earwitness.check.target import NotSeen
from earwitness.claims.partition_locks import traffic
from earwitness.claims.partition_locks.evidence import PartitionLocks, PartitionTree
from earwitness.claims.partition_locks.headroom import partition_tree
from earwitness.claims.partition_locks.locking import (
    LockSettings,
    Relation,
    lock_settings,
    setting_names,
)
from earwitness.experiment import budget

KIND = "postgresql"

OLDEST_MAJOR, NEWEST_MAJOR = 14, 18
"""Versions whose rules are known and were compared with what the server does."""
_LONGEST_SAMPLING = 300.0
"""Seconds; a transaction stays open for as long."""

SETTINGS = postgresql.settings(
    "lock-settings",
    "the settings from which fast-path slots and the size of the lock table follow",
    sorted({*setting_names(OLDEST_MAJOR), *setting_names(NEWEST_MAJOR)}),
)

# A partition that is being detached is no longer planned; an index that is being dropped neither.
# Temporary tables belong to one session and are gone with it. A table that never had a partition is
# planned as one that holds rows; below the root, PostgreSQL does not ask. Of tables that others
# inherit from, those that inherit from none are roots, and one below may be reached on several ways.
TREES = postgresql.select(
    "partition-trees",
    "OIDs of every partitioned table and every table that others inherit from, of those below, and of "
    "their indexes",
    """
with recursive tables as (
    select oid as root, oid as relation, relkind, relhassubclass as has_partitions
    from pg_class
    where not relispartition and relpersistence <> 't' and (
        relkind = 'p'
        or relkind in ('r', 'f') and relhassubclass
            and oid in (select inhparent from pg_inherits)
            and oid not in (select inhrelid from pg_inherits)
    )
    union
    select tables.root, child.oid, child.relkind, true
    from tables
    join pg_inherits on inhparent = tables.relation and not inhdetachpending
    join pg_class child on child.oid = inhrelid and child.relpersistence <> 't'
)
select root::bigint, relation::bigint, relkind::text,
    case when root = relation then root::regclass::text end
from tables
union all
select root::bigint, indexrelid::bigint,
    case when relkind = 'p' and has_partitions then 'I' else 'i' end, null
from tables
join pg_index on indrelid = relation and indislive""",
    needs="grant select on pg_catalog.pg_class, pg_catalog.pg_inherits, pg_catalog.pg_index",
)

PLAN = (SETTINGS, TREES, *traffic.PLAN)


def asked(options: Mapping[str, str]) -> tuple[Step, ...]:
    """The step that samples waits; ValueError when that cannot be for so long."""
    if SAMPLE_WAITS.name not in options:
        return ()
    seconds = budget.seconds_of(options[SAMPLE_WAITS.name])
    if not 1 <= seconds <= _LONGEST_SAMPLING:
        raise ValueError("from 1s to 5m")
    return (traffic.sampling(seconds),)


def probe(session: postgresql.Session) -> Partly:
    """Settings, every partition tree of the database, and what is sent to them.

    Raises NotSeen and Unreachable.
    """
    if not OLDEST_MAJOR <= session.major <= NEWEST_MAJOR:
        raise NotSeen(
            f"how PostgreSQL {session.major} counts locks is not known here, "
            f"only that of {OLDEST_MAJOR} to {NEWEST_MAJOR}"
        )
    values = session.read_settings(SETTINGS)
    missing = [name for name in setting_names(session.major) if name not in values]
    if missing:
        raise NotSeen(f"the server does not show {', '.join(missing)}")
    limits = lock_settings(session.major, values)
    names: dict[int, str] = {}
    relations: defaultdict[int, list[Relation]] = defaultdict(list)
    inherited: dict[int, str] = {}
    for root, oid, kind, name in session.read(TREES):
        relations[root].append(Relation(oid=oid, kind=kind))
        if name is not None:
            (names if kind == "p" else inherited)[root] = name
    connections = int(values["max_connections"])
    missed: list[Unseen] = []
    partitioned = {root: relations[root] for root in names}
    statements, age = traffic.statements(session, names, partitioned, limits, missed)
    evidence = PartitionLocks(
        major=session.major,
        max_locks_per_transaction=limits.max_locks_per_transaction,
        max_connections=connections,
        lockable_objects=limits.lockable_objects,
        partition_trees=_trees(names, relations, limits, connections),
        inheritance_trees=_trees(inherited, relations, limits, connections),
        statements=statements,
        statements_seconds=age,
        waits=traffic.waits(session, missed),
    )
    return Partly(evidence, tuple(missed))


def _trees(
    names: Mapping[int, str],
    relations: Mapping[int, Sequence[Relation]],
    limits: LockSettings,
    connections: int,
) -> tuple[PartitionTree, ...]:
    """The trees of these roots, by name."""
    return tuple(
        partition_tree(name, relations[root], limits, connections)
        for root, name in sorted(names.items(), key=lambda one: one[1])
    )
