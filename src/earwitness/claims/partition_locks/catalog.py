"""What PostgreSQL's catalog and settings say about a partition tree.

Reads only ``pg_catalog`` and settings, never a user's table, so it needs no privilege on one. Each
function is one query; what follows from the answers is computed in ``locking``.
"""

from typing import Any

from psycopg import Connection

from earwitness.claims.partition_locks.locking import LockSettings, Relation, setting_names
from earwitness.claims.partition_locks.locking import lock_settings as computed

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

_SETTINGS = "select name, setting from pg_settings where name = any(%(names)s)"


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
    names = list(setting_names(major))
    return computed(major, dict(connection.execute(_SETTINGS, {"names": names}).fetchall()))


def _relations(connection: Connection[Any], query: str, table: str) -> tuple[Relation, ...]:
    rows = connection.execute(query, {"table": table}).fetchall()
    return tuple(Relation(oid=oid, kind=kind) for oid, kind in rows)
