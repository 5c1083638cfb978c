"""How many bytes are stored for a row of each table, by the catalog alone.

The statements, and the arithmetic on their answers; what it means is judged in ``judge``. No user's
table is read and no privilege on one is needed: sizes are those of files, and asking for one takes
the weakest lock on its table for just that moment. The planner's statistics,
of which a role sees those of columns that it may read, only stand beside it for comparison.
"""

# ruff: noqa: S608 - constants of this module; nothing from outside enters a statement

from collections.abc import Collection, Mapping

from psycopg import sql

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
        and oid >= 16384{only}
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

# A TOAST table's file holds the room of what was deleted. When it was vacuumed last, its rows were
# counted; they fill no more than so many bytes of its pages.
_CHUNK_BYTES = 1996 + 12 + 24 + 4
"""TOAST_MAX_CHUNK_SIZE, two columns and a length, header, line pointer (heaptoast.h, PostgreSQL 18)."""
_PAGE = "current_setting('block_size')::bigint"
_FILLED = f"""coalesce((
    select least(1, t.reltuples * {_CHUNK_BYTES} / (t.relpages * {_PAGE})) from pg_class t
    where t.oid = leaves.reltoastrelid and t.relpages > 0 and t.reltuples >= 0
), 1)"""

_SUMS = """
, sized as (
    select root, reltuples, {table} as in_table, {toast} * {filled} as out_of_line from leaves
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
where {which}
order by place"""
_MOST_STORED = f"place = 1 or (out_of_line > 0 and place <= {MOST})"

_NEEDS = (
    "grant select on pg_catalog.pg_class, pg_catalog.pg_inherits, pg_catalog.pg_partitioned_table"
)

FILES = postgresql.select(
    "stored-bytes",
    "bytes in the files of every table and of its out-of-line storage, and rows by the catalog",
    _LEAVES.format(only="")
    + _SUMS.format(
        table="pg_relation_size(oid)",
        toast="pg_relation_size(reltoastrelid)",
        filled=_FILLED,
        which=_MOST_STORED,
    ),
    needs=_NEEDS,
)

# pg_relation_size() waits for whoever alters a table; the pages of the catalog do not.
_BY_CATALOG = {
    "table": f"relpages * {_PAGE}",
    "toast": f"(select t.relpages from pg_class t where t.oid = leaves.reltoastrelid) * {_PAGE}",
    "filled": _FILLED,
}
PAGES = postgresql.select(
    "stored-pages",
    "the same by the last VACUUM, where the files could not be asked",
    _LEAVES.format(only="") + _SUMS.format(**_BY_CATALOG, which=_MOST_STORED),
    needs=_NEEDS,
)
SIZES = postgresql.select(
    "fetched-pages",
    "the same of tables without values out of line that statements fetch all columns of",
    _LEAVES.format(only=" and oid::regclass::text = any(<names>)")
    + _SUMS.format(**_BY_CATALOG, which="rows > 0"),
    needs=_NEEDS,
)

WIDTHS = postgresql.select(
    "planned-widths",
    "the width of a row in the planner's statistics, of tables that the role may read",
    _LEAVES.format(only="")
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
    where reltuples > 0
)
select root::bigint, (sum(width * reltuples) / sum(reltuples))::float8
from planned group by root having bool_and(seen = columns)""",
    needs="grant select on pg_catalog.pg_stats, pg_catalog.pg_namespace, pg_catalog.pg_attribute",
)

PLAN = (FILES, PAGES, WIDTHS)
_TUPLE_BYTES = 24 + 4
"""The least that a row takes in a page beside its values: header and line pointer."""


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


def sizes(session: postgresql.Session, relations: Collection[str]) -> Mapping[str, int]:
    """Stored bytes of a mean row by the pages of the catalog. Raises NotSeen and Unreachable."""
    names = sql.Literal(sorted(relations)) + sql.SQL("::text[]")
    rows = session.read_rows(SIZES, {"names": names})
    planned = _planned(session) if rows else {}
    tables = (
        _table(name, number, in_table, out_of_line, planned.get(root))
        for root, name, number, in_table, out_of_line, *_ in rows
    )
    return {table.relation: table.bytes_per_row for table in tables}


def _planned(session: postgresql.Session) -> Mapping[int, float]:
    """Widths by the OID of the table; none when they cannot be seen: they are only compared with."""
    try:
        return dict(session.read(WIDTHS))
    except NotSeen:
        return {}


def _table(
    name: str, rows: float, in_table: float, out_of_line: float, planned: float | None
) -> StoredTable:
    here = in_table / rows
    if planned is not None:
        here = min(here, planned + _TUPLE_BYTES)  # pages hold free space as well
    return StoredTable(
        relation=name,
        rows=round(rows),
        bytes_per_row=round(here + out_of_line / rows),
        out_of_line_per_row=round(out_of_line / rows),
        planned_bytes_per_row=None if planned is None else round(planned),
    )
