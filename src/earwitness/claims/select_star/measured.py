"""How many bytes the rows of tables are for a client, by reading some of them in the server.

The only part of a check that reads rows, and only when it was asked to. Whole pages are sampled,
within a budget of bytes and rows for each table; the server adds up lengths, and nothing but sums
leaves it: no value, no length of a single one. Of a partitioned table the largest partitions are
read one by one, because a query on all of them would take all of their locks. What is read runs no
function of a user: tables whose row security applies to the role are left alone.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import msgspec
from psycopg import sql

from earwitness.check import postgresql
from earwitness.check.evidence import Unseen
from earwitness.check.target import NotSeen
from earwitness.claims.select_star.data_row import data_row_bytes
from earwitness.claims.select_star.evidence import MeasuredColumn, MeasuredTable
from earwitness.claims.select_star.forecast import lengths

CLAIM = "select-star"

MOST = 10
"""Tables that are measured: first those from which statements fetch all columns."""
PARTITIONS_READ = 5
"""Of each partitioned table."""
BYTES_AT_MOST = 32 * 1024 * 1024
"""Stored bytes of each table, its values out of line included, that reading may touch."""
ROWS_AT_MOST = 20_000
"""Rows of each table that reading is to touch."""
COLUMNS_KEPT = 5
_LEAST_ROW_BYTES = 64
"""A guess from below, for tables whose rows nothing has counted."""
_Z = 1.96
"""Half of a 95 % interval in standard errors."""

_TABLES = postgresql.select(
    "measured-tables",
    "which tables hold the rows of one that is to be measured, their sizes, and whether the role may "
    "read them",
    f"""
with recursive tables as (
    select to_regclass(<name>)::oid as relation
    union all
    select inhrelid
    from tables
    join pg_inherits on inhparent = relation
    join pg_partitioned_table on partrelid = relation
), leaves as (
    select c.oid, nspname, relname, relkind, reltuples,
        pg_relation_size(c.oid) as heap, coalesce(pg_relation_size(nullif(reltoastrelid, 0)), 0) as toast,
        has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as readable,
        row_security_active(c.oid) as secured
    from tables
    join pg_class c on c.oid = relation
    join pg_namespace n on n.oid = relnamespace
    where relkind in ('r', 'm', 'f')
), ranked as (
    select *, count(*) over () as leaves,
        row_number() over (order by relkind = 'f', heap + toast desc, oid) as place
    from leaves
)
select oid::bigint, nspname::text, relname::text, reltuples::float8, heap, heap + toast,
    readable, secured, leaves
from ranked
where relkind <> 'f' and place <= {PARTITIONS_READ}
order by place""",  # noqa: S608 - a number of this module
    needs="grant select on pg_catalog.pg_class, pg_catalog.pg_inherits, pg_catalog.pg_namespace, "
    "pg_catalog.pg_partitioned_table",
)

# The type is that below any domains: functions for a domain are those of what it is made from.
_COLUMNS = postgresql.select(
    "measured-columns",
    "names and types of the columns of these tables",
    """
with recursive types as (
    select attrelid, attnum, attname, atttypid as type from pg_attribute
    where attrelid = any(<oids>) and attnum > 0 and not attisdropped
    union all
    select attrelid, attnum, attname, typbasetype from types join pg_type on oid = type
    where typtype = 'd'
)
select attrelid::bigint, attname::text, typname::text, typsend::text
from types join pg_type on oid = type
where typtype <> 'd'
order by attrelid, attnum""",
    needs="grant select on pg_catalog.pg_attribute, pg_catalog.pg_type",
)

# This one reads rows. Their lengths are added up by page, because a sample of pages varies between pages.
_ROWS = postgresql.select(
    "row-widths",
    f"how many bytes the values of its rows are as text: lengths only, added up by page and column. "
    f"Reads rows: of {MOST} tables at the most, of each at most about {ROWS_AT_MOST:,} rows or "
    f"{BYTES_AT_MOST // 1024 // 1024} MB of stored bytes, as a sample of its pages",
    """
select count(*)::float8, sum(rows)::float8, sum(bytes)::float8, sum(bytes * bytes)::float8,
    sum(rows * rows)::float8, sum(rows * bytes)::float8, array[<totals>]::float8[]
from (
    select count(*)::float8 as rows, sum(<width>)::float8 as bytes, <sums>
    from (select ctid, <lengths> from only <table> tablesample system (<percent>) repeatable (1)) as sampled
    group by (ctid::text::point)[0]
) as pages""",
    needs="grant select on the table, or pg_read_all_data",
)
TABLES = msgspec.structs.replace(_TABLES, times=MOST)
COLUMNS = msgspec.structs.replace(_COLUMNS, times=MOST)
ROWS = msgspec.structs.replace(_ROWS, times=MOST * PARTITIONS_READ)
MEASURING = (TABLES, COLUMNS, ROWS)


@dataclass(frozen=True)
class Leaf:
    """A table that holds rows of a relation that is to be measured."""

    relation: str
    oid: int
    schema: str
    name: str
    rows: float
    """By the catalog; not above 0 where nothing has counted them."""
    heap: int
    stored: int
    """Bytes of its files, values out of line included."""
    readable: bool
    secured: bool
    leaves: int
    """How many there are of this relation."""

    @property
    def likely_rows(self) -> float:
        """By the catalog, else no fewer than there can be, for tables of any width worth measuring."""
        return self.rows if self.rows > 0 else self.heap / _LEAST_ROW_BYTES

    @property
    def percent(self) -> float:
        """How many of its pages are sampled."""
        by_bytes = BYTES_AT_MOST / self.stored if self.stored else 1.0
        by_rows = ROWS_AT_MOST / self.likely_rows if self.likely_rows else 1.0
        return 100.0 * min(1.0, by_bytes, by_rows)


@dataclass(frozen=True)
class Sums:
    """What the server added up over the sampled pages of one table; ``columns`` by name."""

    pages: float
    rows: float
    bytes: float
    bytes_squared: float
    rows_squared: float
    rows_by_bytes: float
    columns: Mapping[str, float]

    @property
    def mean(self) -> float:
        """Bytes of a row."""
        return self.bytes / self.rows

    def standard_error(self, share: float) -> float | None:
        """Of the mean, as a ratio of sums over a sample of ``share`` of the pages; None: too few."""
        if self.pages < 2:
            return None
        residual = (
            self.bytes_squared
            - 2 * self.mean * self.rows_by_bytes
            + self.mean**2 * self.rows_squared
        )
        spread = max(0.0, residual) / (self.pages - 1)
        return sqrt((1 - share) * spread * self.pages) / self.rows


def read(
    session: postgresql.Session, relations: Iterable[str], missed: list[Unseen]
) -> tuple[MeasuredTable, ...] | None:
    """The relations measured, as many as the budget allows; None when nobody asked.

    What could not be measured is added to ``missed``. Raises Unreachable.
    """
    if session.announced(ROWS.name) is None:
        return None
    if session.standby:
        reason = "rows of a standby are not read: that can hold back its recovery, or be cancelled"
        missed.append(_unseen("widths of rows", reason, "the same check of its primary"))
        return ()
    found: list[MeasuredTable] = []
    for relation in list(dict.fromkeys(relations))[:MOST]:
        try:
            measured = _measured(session, relation)
        except NotSeen as problem:
            missed.append(_unseen(f"widths of rows of {relation}", str(problem), problem.needs))
        else:
            found += [measured] if measured is not None else []
    return tuple(found)


def _measured(session: postgresql.Session, relation: str) -> MeasuredTable | None:
    """One relation from its largest tables; None when it has no row. Raises NotSeen."""
    _require_time(session)
    rows = session.read_rows(TABLES, {"name": sql.Literal(relation)})
    leaves = [leaf for row in rows if (leaf := Leaf(relation, *row)).heap]
    for leaf in leaves:
        _require_rights(leaf)
    columns = _columns(session, [leaf.oid for leaf in leaves])
    parts = [
        (leaf, _sums(session, leaf, columns[leaf.oid])) for leaf in leaves if columns[leaf.oid]
    ]
    filled = [(leaf, sums) for leaf, sums in parts if sums.rows]
    if not filled:
        if any(leaf.percent < 100 for leaf, _ in parts):
            raise NotSeen("no page with a row was sampled")
        return None
    return combined(filled, whole=all(sums.rows or leaf.percent == 100 for leaf, sums in parts))


def _columns(
    session: postgresql.Session, oids: Sequence[int]
) -> Mapping[int, list[tuple[str, str, str]]]:
    """Name, type and sending function of every column, by the OID of the table."""
    found: dict[int, list[tuple[str, str, str]]] = {oid: [] for oid in oids}
    parts = {"oids": sql.Literal(list(oids)) + sql.SQL("::oid[]")}
    for oid, name, kind, send in session.read_rows(COLUMNS, parts) if oids else ():
        found[oid].append((name, kind, send))
    return found


def _require_rights(leaf: Leaf) -> None:
    """Raises NotSeen, with the grant, where rows of the table may not be read."""
    name = sql.Identifier(leaf.schema, leaf.name).as_string()
    if not leaf.readable:
        raise NotSeen(
            f"permission denied for {name}", f"grant select on {name}, or pg_read_all_data"
        )
    if leaf.secured:
        raise NotSeen(
            f"row security of {name} applies to this role, and its policies would be run",
            "a role that they do not apply to: with bypassrls",
        )


def _require_time(session: postgresql.Session) -> None:
    """Raises NotSeen where a read that takes all its time would end the session."""
    if session.seconds_left < session.step_seconds + 1:
        raise NotSeen("the budget of time is used up")


def _sums(session: postgresql.Session, leaf: Leaf, columns: Sequence[tuple[str, str, str]]) -> Sums:
    numbered = [sql.Identifier(f"c{place}") for place in range(len(columns))]
    _require_time(session)
    parts: dict[str, sql.Composable] = {
        "table": sql.Identifier(leaf.schema, leaf.name),
        "percent": sql.Literal(leaf.percent),
        "lengths": sql.SQL(", ").join(
            sql.SQL("{empty} + coalesce({length}, 0)::float8 as {number}").format(
                empty=sql.Literal(_VALUE_BYTES),
                length=sql.SQL(lengths(kind, send)[0]).format(c=sql.Identifier(name)),
                number=number,
            )
            for number, (name, kind, send) in zip(numbered, columns, strict=True)
        ),
        "width": sql.SQL(" + ").join([sql.Literal(_ROW_BYTES), *numbered]),
        "sums": sql.SQL(", ").join(
            sql.SQL("sum({c}) as {c}").format(c=number) for number in numbered
        ),
        "totals": sql.SQL(", ").join(sql.SQL("sum({c})").format(c=number) for number in numbered),
    }
    ((pages, rows, in_all, squared, rows_squared, product, each),) = session.read_rows(ROWS, parts)
    return Sums(
        pages=pages or 0.0,
        rows=rows or 0.0,
        bytes=in_all or 0.0,
        bytes_squared=squared or 0.0,
        rows_squared=rows_squared or 0.0,
        rows_by_bytes=product or 0.0,
        columns={name: total or 0.0 for (name, _, _), total in zip(columns, each, strict=True)},
    )


_ROW_BYTES = data_row_bytes([])
_VALUE_BYTES = data_row_bytes([None]) - _ROW_BYTES


def combined(parts: Sequence[tuple[Leaf, Sums]], *, whole: bool) -> MeasuredTable:
    """The mean row over tables that were sampled, each weighing as many rows as it has.

    ``whole``: whether every table that was looked at and gave no row is known to have none.
    """
    weights = [sums.rows if leaf.percent == 100 else leaf.likely_rows for leaf, sums in parts]
    shares = [weight / sum(weights) for weight in weights]
    first, leaves = parts[0][0], parts[0][0].leaves
    exact = whole and leaves <= PARTITIONS_READ and all(leaf.percent == 100 for leaf, _ in parts)
    errors = [sums.standard_error(leaf.percent / 100) for leaf, sums in parts]
    known = [error for error in errors if error is not None]
    by_column: defaultdict[str, float] = defaultdict(float)
    for share, (_, sums) in zip(shares, parts, strict=True):
        for name, value in sums.columns.items():
            by_column[name] += share * value / sums.rows
    widest = sorted(by_column.items(), key=lambda column: -column[1])[:COLUMNS_KEPT]
    stored = sum(leaf.stored for leaf, _ in parts)
    looked_at = sum(leaf.stored * leaf.percent / 100 for leaf, _ in parts)
    error = None
    if not exact and len(known) == len(errors):
        error = _Z * sqrt(sum((s * e) ** 2 for s, e in zip(shares, known, strict=True)))
    return MeasuredTable(
        relation=first.relation,
        rows=round(sum(sums.rows for _, sums in parts)),
        exact=exact,
        share=round(looked_at / stored, 6) if stored else 1.0,
        bytes_per_row=round(sum(s * p[1].mean for s, p in zip(shares, parts, strict=True)), 3),
        error=None if error is None else round(error, 3),
        columns=tuple(
            MeasuredColumn(name=name, bytes_per_row=round(value, 3)) for name, value in widest
        ),
        partitions=leaves,
        partitions_read=len(parts),
    )


def _unseen(what: str, reason: str, needs: str = "") -> Unseen:
    return Unseen(claim=CLAIM, what=what, reason=reason, needs=needs, essential=False)
