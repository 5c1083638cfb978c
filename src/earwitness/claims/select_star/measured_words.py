"""How rows that were measured are said, the same in every finding that speaks of them.

Pure. An estimate is called one, with its interval where there is one; a mean over all rows is exact
for the moment in which they were read, and for nothing else.
"""

from collections.abc import Sequence

from earwitness.claims.select_star.evidence import MeasuredTable

_COLUMNS_SAID = 2


def width(table: MeasuredTable) -> str:
    """``16,620 bytes, exactly (all 1,200 rows)``, and which columns most of them are in."""
    columns = ", ".join(
        f"{column.name} {column.bytes_per_row:,.0f}" for column in table.columns[:_COLUMNS_SAID]
    )
    return f"{table.bytes_per_row:,.0f} bytes, {_certainty(table)}; the widest columns: {columns}"


def least_width(relations: Sequence[str], tables: Sequence[MeasuredTable]) -> float | None:
    """Bytes of the narrowest mean row of several relations; None where one was not measured."""
    widths = {table.relation: table.bytes_per_row for table in tables}
    known = [widths[relation] for relation in relations if relation in widths]
    return min(known) if known and len(known) == len(relations) else None


def _certainty(table: MeasuredTable) -> str:
    rows = f"{table.rows:,} {'row' if table.rows == 1 else 'rows'}"
    if table.exact:
        return f"exactly (all {rows})"
    of = ""
    if table.partitions > 1:
        of = f" in {table.partitions_read:,} of {table.partitions:,} partitions"
    interval = "" if table.error is None else f" ± {table.error:,.0f}"
    return f"estimated{interval} from {rows}{of}"
