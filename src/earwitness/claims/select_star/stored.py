"""How many bytes are stored for a row of each table, by the catalog alone.

The statements, and the arithmetic on their answers; what it means is judged in ``judge``. No user's
table is read and no privilege on one is needed: sizes are those of files, and asking for one takes
the weakest lock on its table for just that moment. The planner's statistics,
of which a role sees those of columns that it may read, only stand beside it for comparison.
"""

# ruff: noqa: S608 - constants of this module; nothing from outside enters a statement

from collections.abc import Mapping

from earwitness.check import postgresql
from earwitness.check.target import NotSeen
from earwitness.claims.select_star.evidence import StoredRows, StoredTable

MOST = 100
"""Tables that are listed: those with most bytes out of line."""

# From 16384 on objects are those of users (FirstNormalObjectId). Temporary tables belong to one
# session. Partitions are followed from their root, down to what holds rows. What is partitioned is
# asked of pg_partitioned_table: that no table is a partition is what a new database's statistics say.
_LEAVES = """
with recursive tables as (
    select oid as root, oid as relation
    from pg_class
    where relkind in ('r', 'p', 'm') and not relispartition and relpersistence <> 't'
        and oid >= 16384
    union all
    select root, inhrelid
    from tables
    join pg_inherits on inhparent = relation
    join pg_partitioned_table on partrelid = relation
), leaves as (
    select root, leaf.oid, relname, relnamespace, reltuples, reltoastrelid, relpages
    from tables join pg_class leaf on leaf.oid = relation
    where relkind in ('r', 'm')
)"""

_SUMS = """
, sized as (
    select root, reltuples, {table} as in_table, {toast} as out_of_line from leaves
), summed as (
    select root, sum(reltuples) filter (where reltuples > 0) as rows,
        sum(in_table) filter (where reltuples > 0) as in_table,
        coalesce(sum(out_of_line) filter (where reltuples > 0), 0) as out_of_line,
        bool_or(reltuples <= 0 and in_table > 0) as unknown
    from sized group by root
), ranked as (
    select *, row_number() over (order by out_of_line desc, root) as place,
        count(*) filter (where out_of_line > 0) over () as with_out_of_line,
        count(rows) over () as known, count(*) filter (where unknown) over () as unknowns
    from summed
)
select root::bigint, root::regclass::text, rows::float8, in_table::float8, out_of_line::float8,
    with_out_of_line, known, unknowns
from ranked
where place = 1 or (out_of_line > 0 and place <= {most})
order by place"""

_NEEDS = (
    "grant select on pg_catalog.pg_class, pg_catalog.pg_inherits, pg_catalog.pg_partitioned_table"
)

FILES = postgresql.select(
    "stored-bytes",
    "bytes in the files of every table and of its out-of-line storage, and rows by the catalog",
    _LEAVES
    + _SUMS.format(
        table="pg_relation_size(oid)", toast="pg_relation_size(reltoastrelid)", most=MOST
    ),
    needs=_NEEDS,
)

# pg_relation_size() waits for whoever alters a table; the pages of the catalog do not.
_PAGE = "current_setting('block_size')::bigint"
PAGES = postgresql.select(
    "stored-pages",
    "the same by the last VACUUM, where the files could not be asked",
    _LEAVES
    + _SUMS.format(
        table=f"relpages * {_PAGE}",
        toast=f"(select t.relpages from pg_class t where t.oid = leaves.reltoastrelid) * {_PAGE}",
        most=MOST,
    ),
    needs=_NEEDS,
)

WIDTHS = postgresql.select(
    "planned-widths",
    "the width of a row in the planner's statistics, of tables that the role may read",
    _LEAVES
    + """
, planned as (
    select root, reltuples, width, seen,
        (select count(*) from pg_attribute
         where attrelid = leaves.oid and attnum > 0 and not attisdropped) as columns
    from leaves
    join pg_namespace n on n.oid = relnamespace
    cross join lateral (
        select sum(avg_width) as width, count(*) as seen from pg_stats
        where schemaname = nspname and tablename = relname and not inherited
    ) statistics
    where reltuples > 0 and reltoastrelid <> 0
)
select root::bigint, (sum(width * reltuples) / sum(reltuples))::float8
from planned group by root having bool_and(seen = columns)""",
    needs="grant select on pg_catalog.pg_stats, pg_catalog.pg_namespace, pg_catalog.pg_attribute",
)

PLAN = (FILES, PAGES, WIDTHS)


def read(session: postgresql.Session) -> StoredRows:
    """What is stored for a row of each table. Raises NotSeen and Unreachable."""
    try:
        rows, by_files = session.read(FILES), True
    except NotSeen:
        rows, by_files = session.read(PAGES), False
    _, _, _, _, most, *totals = rows[0] if rows else (0, "", 0, 0, 0, 0, 0, 0)
    planned = _planned(session) if most else {}
    with_out_of_line, known, unknown = totals
    return StoredRows(
        sizes="files" if by_files else "last vacuum",
        tables=tuple(
            _table(name, number, in_table, out_of_line, planned.get(root))
            for root, name, number, in_table, out_of_line, *_ in rows
            if out_of_line
        ),
        with_out_of_line=with_out_of_line,
        known=known,
        unknown=unknown,
    )


def _planned(session: postgresql.Session) -> Mapping[int, float]:
    """Widths by the OID of the table; none when they cannot be seen: they are only compared with."""
    try:
        return dict(session.read(WIDTHS))
    except NotSeen:
        return {}


def _table(
    name: str, rows: float, in_table: float, out_of_line: float, planned: float | None
) -> StoredTable:
    return StoredTable(
        relation=name,
        rows=round(rows),
        bytes_per_row=round((in_table + out_of_line) / rows),
        out_of_line_per_row=round(out_of_line / rows),
        planned_bytes_per_row=None if planned is None else round(planned),
    )
