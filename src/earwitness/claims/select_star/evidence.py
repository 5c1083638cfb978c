"""What the probe of a PostgreSQL server sees of its tables' rows; what the judge judges.

Plain values that are saved as JSON; adding a field keeps older evidence readable when the field
has a default. Read by ``stored``.
"""

from typing import Literal

import msgspec


class StoredTable(msgspec.Struct, frozen=True, kw_only=True):
    """A table whose rows have values out of line. A partitioned one is one table, leaves together."""

    relation: str
    """Name with schema, quoted where SQL needs it."""
    rows: int
    """As of the last VACUUM or ANALYZE."""
    bytes_per_row: int
    """Stored in all, headers included: the files' sizes, without free space that is known of, by the rows."""
    out_of_line_per_row: int
    """Of those, in the TOAST table: compressed where compression helped."""
    planned_bytes_per_row: int | None = None
    """Width of a row in the planner's statistics, where a value out of line is a pointer.

    None when the role may not see the statistics of every column, or there are none.
    """


class StarStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement of pg_stat_statements that fetches all columns of at least one relation."""

    queryid: str
    """PostgreSQL's number for it, as text."""
    text: str
    """Without literals and comments, shortened."""
    calls: int
    """Since the counters were reset, or since it was first seen."""
    rows: int
    """Given to clients, all calls together."""
    relations: tuple[str, ...]
    """Those whose columns it fetches all; without views, and names that were not found."""
    bytes: int | None
    """Stored bytes of so many mean rows, TOAST counted; None where the size of none is known.

    Only ``certain`` relations count; in evidence without them, the smallest of several.
    """
    complete: bool = False
    """Whether every row given has a row of each of ``relations``' kind: no view, no UNION."""
    views: tuple[str, ...] = ()
    """Views whose columns it fetches all; how wide their rows are is not known."""
    certain: tuple[str, ...] = ()
    """Those of which every row given has a row: no outer join, no UNION, nothing gathered."""
    inline: bool = False
    """Whether ``bytes`` are of tables that have nothing out of line."""


class MeasuredColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column and what its values come to."""

    name: str
    bytes_per_row: float
    """On the wire as text, with the length in front; NULL counts as none."""


class MeasuredTable(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of a table as a client would get them with all columns; only aggregates are kept."""

    relation: str
    rows: int
    """That were looked at."""
    exact: bool
    """Whether these were all rows there were; else the widths are an estimate from some pages."""
    share: float
    """Of the table's stored bytes that were to be looked at, from 0 to 1."""
    bytes_per_row: float
    """Of one message on the wire with all columns as text; values out of line and unpacked."""
    error: float | None = None
    """Half of the 95 % interval of ``bytes_per_row``, between pages; None: exact, or too few pages."""
    columns: tuple[MeasuredColumn, ...]
    """The widest, at most ``measured.COLUMNS_KEPT``."""
    partitions: int = 1
    """Tables that hold its rows; 1 for a table that is not partitioned."""
    partitions_read: int = 1
    """Those of them that were looked at: the largest."""


class StoredRows(msgspec.Struct, frozen=True, kw_only=True):
    """The tables of one database, by what is stored for a row of them."""

    sizes: Literal["files", "last vacuum"]
    """Where sizes are from: the files now, or the pages that VACUUM or ANALYZE last counted."""
    tables: tuple[StoredTable, ...]
    """Those with values out of line, the most bytes first; at most ``stored.MOST``."""
    with_out_of_line: int
    """How many have values out of line, those beyond ``tables`` included."""
    known: int
    """Tables with rows whose number the catalog knows."""
    unknown: int
    """Tables that hold something, of which the catalog does not know how many rows."""
    statements: tuple[StarStatement, ...] | None = None
    """Those that fetch all columns, most stored bytes first; None: not seen."""
    statements_seconds: float | None = None
    """For how long the server has been counting them; None: it does not say."""
    measured: tuple[MeasuredTable, ...] | None = None
    """Tables whose rows were read; None: nobody asked."""
