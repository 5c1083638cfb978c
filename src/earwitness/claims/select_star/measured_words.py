"""How rows that were measured are said, the same in every finding that speaks of them.

Pure. An estimate is called one, with its interval where there is one; a mean over all rows is exact
for the moment in which they were read, and for nothing else.
"""

from collections.abc import Sequence

from earwitness.claims.select_star.data_row import data_row_bytes
from earwitness.claims.select_star.evidence import MeasuredTable, StarStatement

_COLUMNS_SAID = 2


def width(table: MeasuredTable) -> str:
    """``16,620 bytes, exactly (all 1,200 rows)``, and which columns most of them are in."""
    columns = ", ".join(
        f"{column.name} {column.bytes_per_row:,.0f}" for column in table.columns[:_COLUMNS_SAID]
    )
    return f"{table.bytes_per_row:,.0f} bytes, {_certainty(table)}; the widest columns: {columns}"


def width_of(one: StarStatement, tables: Sequence[MeasuredTable]) -> float | None:
    """Bytes of a row that it gives, at least; None where nothing of it was measured.

    Relations count of which every row has one for certain; where older evidence does not say which,
    the narrowest does.
    """
    widths = {table.relation: table.bytes_per_row for table in tables}
    if one.certain:
        known = [widths[relation] for relation in one.certain if relation in widths]
        return sum(known) - (len(known) - 1) * data_row_bytes([]) if known else None
    known = [widths[relation] for relation in one.relations if relation in widths]
    return min(known) if one.complete and known and len(known) == len(one.relations) else None


def _certainty(table: MeasuredTable) -> str:
    rows = f"{table.rows:,} {'row' if table.rows == 1 else 'rows'}"
    if table.exact:
        return f"exactly (all {rows})"
    of = ""
    if table.partitions > 1:
        of = f" in {table.partitions_read:,} of {table.partitions:,} partitions"
    interval = "" if table.error is None else f" ± {table.error:,.0f}"
    return f"estimated{interval} from {rows}{of}"
