"""What PostgreSQL's catalog and settings say about a partition tree.

Reads only ``pg_catalog`` and settings, never a user's table, so it needs no privilege on one. Each
function is one query; what follows from the answers is computed in ``locking``.
"""

from typing import Any

from psycopg import Connection
from psycopg.rows import scalar_row

from earwitness.claims.partition_locks.locking import LockSettings, Relation

# pg_partition_tree is empty for a table without partitions, so the table itself joins the union.
# Only live indexes: the planner's index list leaves out those that are being dropped.
_TREE = """
with tables as (
    select %(table)s::regclass::oid as oid
    union
    select relid::oid from pg_partition_tree(%(table)s::regclass)
)
select c.oid::bigint, c.relkind::text from tables join pg_class c using (oid)
union all
select c.oid::bigint, c.relkind::text
from tables
join pg_index i on i.indrelid = tables.oid and i.indislive
join pg_class c on c.oid = i.indexrelid
"""

_PATH = _TREE.replace(
    "select relid::oid from pg_partition_tree(%(table)s::regclass)",
    "select relid::oid from pg_partition_ancestors(%(table)s::regclass)",
)

# Until 17 the autovacuum launcher is counted separately from its workers (InitializeMaxBackends in
# utils/init/postinit.c); from 18 on NUM_SPECIAL_WORKER_PROCS counts it and the slot-sync worker.
_BACKENDS = """
select sum(setting::int) from pg_settings
where name in ('max_connections', 'max_worker_processes', 'max_wal_senders',
    case when current_setting('server_version_num')::int >= 180000
        then 'autovacuum_worker_slots' else 'autovacuum_max_workers' end)
"""
_SPECIAL_WORKERS_FROM_18 = 2
_SPECIAL_WORKERS_UNTIL_17 = 1


def tree(connection: Connection[Any], table: str) -> tuple[Relation, ...]:
    """A table with all its partitions and all their indexes: what an unpruned query plans.

    Raises psycopg.errors.UndefinedTable when there is no such table.
    """
    return _relations(connection, _TREE, table)


def path(connection: Connection[Any], partition: str) -> tuple[Relation, ...]:
    """A partition with its ancestors and all their indexes: what a query pruned to it plans.

    Raises psycopg.errors.UndefinedTable when there is no such table.
    """
    return _relations(connection, _PATH, partition)


def lock_settings(connection: Connection[Any]) -> LockSettings:
    """The settings of the connected server that decide over locks."""
    major = connection.info.server_version // 10_000
    special = _SPECIAL_WORKERS_FROM_18 if major >= 18 else _SPECIAL_WORKERS_UNTIL_17
    return LockSettings(
        major=major,
        max_locks_per_transaction=_setting(connection, "max_locks_per_transaction"),
        max_backends=_number(connection, _BACKENDS) + special,
        max_prepared_transactions=_setting(connection, "max_prepared_transactions"),
    )


def _relations(connection: Connection[Any], query: str, table: str) -> tuple[Relation, ...]:
    rows = connection.execute(query, {"table": table}).fetchall()
    return tuple(Relation(oid=oid, kind=kind) for oid, kind in rows)


def _setting(connection: Connection[Any], name: str) -> int:
    return _number(connection, f"select current_setting('{name}')::int")


def _number(connection: Connection[Any], query: str) -> int:
    with connection.cursor(row_factory=scalar_row) as cursor:
        return int(cursor.execute(query.encode()).fetchone() or 0)
