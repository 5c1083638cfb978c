"""How many bytes a query will send, forecast from a few hundred rows that are not sent.

The forecast is arithmetic on means of columns; the statement that takes the means is built here
too, and reads a sample of the table's pages. It never reads what is stored out of line in columns
of text or bytes: PostgreSQL knows how long those are from the row alone. Sending and counting stand
in ``reading``, what the forecast is held against in ``forecasting``.

A width from the planner's statistics cannot do this. It is the width of what the row holds, and a
value that is stored out of line is a pointer of eighteen bytes there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from psycopg import Connection, sql

from earwitness.claims.select_star.data_row import data_row_bytes

SAMPLED_ROWS = 1000
"""What a sample aims at; a mean over that many is within 2 % for values that vary by half."""

_VALUE_LENGTH_BYTES = data_row_bytes([None]) - data_row_bytes([])


@dataclass(frozen=True, kw_only=True)
class ColumnWidth:
    """The mean value of a column, in bytes on the wire without its length field."""

    name: str
    present: float
    """Part of the values that are not NULL, from 0 to 1."""
    text_bytes: float
    """Mean of those that are present, as the server writes them for people."""
    binary_bytes: float
    """The same in the binary format of the type."""


def row_bytes(columns: Iterable[ColumnWidth], *, binary: bool = False) -> float:
    """Bytes of one DataRow message with a mean value of each of the columns."""
    values = sum(
        _VALUE_LENGTH_BYTES + c.present * (c.binary_bytes if binary else c.text_bytes)
        for c in columns
    )
    return data_row_bytes([]) + values


def forecast(columns: Iterable[ColumnWidth], *, rows: int, binary: bool = False) -> float:
    """Bytes of all DataRow messages of a query that returns ``rows`` rows of these columns.

    Exact when the means are those of the rows that it returns.
    """
    return rows * row_bytes(columns, binary=binary)


# The type is that below any domains: functions for a domain are those of what it is made from.
_COLUMNS = """
with recursive types as (
    select attnum, attname, atttypid as type from pg_attribute
    where attrelid = %(table)s::regclass and attnum > 0 and not attisdropped
    union all
    select attnum, attname, typbasetype from types join pg_type on oid = type where typtype = 'd'
)
select attname, typname, typsend::text
from types join pg_type on oid = type
where typtype <> 'd'
order by attnum"""

_ESTIMATED_ROWS = "select greatest(reltuples, 1) from pg_class where oid = %(table)s::regclass"

_TEXTS = ("text", "varchar", "bpchar")


def measured(
    connection: Connection, table: str, names: Sequence[str] = (), *, rows: int = SAMPLED_ROWS
) -> tuple[ColumnWidth, ...]:
    """The mean values of columns (all when ``names`` is empty), from about ``rows`` rows.

    Which pages are sampled is the same at every call. ValueError when the sample has no row;
    KeyError for a column that the table lacks.
    """
    with connection.cursor() as cursor:
        known = {c[0]: c[1:] for c in cursor.execute(_COLUMNS, {"table": table}).fetchall()}
        estimated = cursor.execute(_ESTIMATED_ROWS, {"table": table}).fetchone()
        assert estimated is not None, "regclass would have failed"
        chosen = tuple(names) or tuple(known)
        percent = min(100.0, 100.0 * rows / estimated[0])
        row = cursor.execute(
            _statement(table, [(n, *known[n]) for n in chosen], percent)
        ).fetchone()
    assert row is not None, "an aggregate has one row"
    count, *means = row
    if not count:
        raise ValueError(f"no row of {table} was sampled")
    return tuple(
        ColumnWidth(
            name=name,
            present=means[3 * place] / count,
            text_bytes=float(means[3 * place + 1] or 0),
            binary_bytes=float(means[3 * place + 2] or 0),
        )
        for place, name in enumerate(chosen)
    )


def _statement(table: str, columns: Iterable[tuple[str, str, str]], percent: float) -> sql.Composed:
    """SELECT the number of sampled rows and for each column: present, mean text, mean binary."""
    aggregates: list[sql.Composable] = [sql.SQL("count(*)::float8")]
    for name, type_name, send in columns:
        column = sql.Identifier(name)
        text, binary = lengths(type_name, send)
        aggregates += [
            sql.SQL("count({c})").format(c=column),
            sql.SQL("avg({l})").format(l=sql.SQL(text).format(c=column)),
            sql.SQL("avg({l})").format(l=sql.SQL(binary).format(c=column)),
        ]
    return sql.SQL(
        "select {means} from {table} tablesample system ({percent}) repeatable (1)"
    ).format(
        means=sql.SQL(", ").join(aggregates),
        table=sql.Identifier(*table.split(".")),
        percent=sql.Literal(percent),
    )


def lengths(type_name: str, send: str) -> tuple[str, str]:
    """SQL for the length of a value of ``{c}`` on the wire: as text, and in binary.

    octet_length() of text and bytes reads the length from the row or from the pointer in it.
    format() writes a value as the wire does, where a cast to text may not: that of a boolean
    says "true" for "t".
    """
    if type_name in _TEXTS:
        return "octet_length({c})", "octet_length({c})"
    if type_name == "bytea":
        return "2 + 2 * octet_length({c})", "octet_length({c})"
    text = "case when {c} is not null then octet_length(format('%s', {c})) end"
    return text, f"octet_length({send}({{c}}))"
