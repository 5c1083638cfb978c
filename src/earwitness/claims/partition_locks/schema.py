"""The table of the experiments, partitioned or not, and the queries on it.

Pure: texts of SQL from frozen values. The columns have fixed widths, so that no partition gets a
TOAST table, whose own relations would be created and dropped beside the ones that are counted.
"""

import datetime as dt
import re
from dataclasses import dataclass

FIRST_DAY = dt.date(2023, 1, 1)
CUSTOMERS = 500

INDEXED = ("customer_id", "created_at", "status", "region")
"""Columns in the order in which they get an index."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")
"""Needs no quotes, and leaves room for the name of a partition in 63 bytes."""

_COLUMNS = "(id bigint, customer_id int, status int, region int, created_at date, total bigint)"

# One round trip: a table of a thousand partitions would otherwise cost a thousand of them.
_PARTITIONS = """
do $$
begin
    for day in 0 .. {last} loop
        execute format('create table %I partition of {name} for values from (%L) to (%L)',
            '{name}_d' || day, date '{first}' + day, date '{first}' + day + 1);
    end loop;
end
$$;
"""

# Knuth's multiplicative hash spreads the customers over the days; the seed moves them.
_ROWS = """
insert into {name}
select i, ((i * 2654435761 + {seed}) >> 7) % {customers}, i % 5, i % 7,
    date '{first}' + (i % {days})::int, i % 1000
from generate_series(1::bigint, {rows}) as i;
"""


@dataclass(frozen=True, kw_only=True)
class Orders:
    """A table of orders over so many days; with ``partitioned``, one partition for each day.

    Two tables that differ only in ``partitioned`` hold the same rows under the same indexes.
    """

    name: str
    days: int
    indexes: int
    rows: int
    partitioned: bool = True

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"not a plain name of a table: {self.name!r}")
        if not 0 <= self.indexes <= len(INDEXED):
            raise ValueError(f"{self.indexes} indexes: there can be 0 to {len(INDEXED)}")
        if self.days < 1:
            raise ValueError(f"{self.days} days: there must be one at least")

    def creation(self, seed: int) -> str:
        """SQL that makes, fills, indexes and analyses the table, as one string of statements.

        Run in one transaction it locks every new relation, so the lock table must have room for
        ``days * (indexes + 1)`` locks.
        """
        first = FIRST_DAY.isoformat()
        name = self.name
        partitions = _PARTITIONS.format(last=self.days - 1, name=name, first=first)
        rows = _ROWS.format(
            name=name,
            seed=seed % 1_000_003,  # small enough that no sum leaves bigint
            customers=CUSTOMERS,
            first=first,
            days=self.days,
            rows=self.rows,
        )
        # indexes come after the rows: one sort each instead of a row at a time
        indexes = "".join(f"create index on {name} ({column});" for column in self._indexed)
        by_range = " partition by range (created_at)" if self.partitioned else ""
        return (
            f"create table {name} {_COLUMNS}{by_range};"
            f"{partitions if self.partitioned else ''}{rows}{indexes}analyze {name};"
        )

    def unkeyed(self, customer: int | str = 42) -> str:
        """One customer's orders, on whatever day: nothing says which partition."""
        where = f"customer_id = {customer}"
        return f"select count(*), sum(total) from {self.name} where {where}"  # noqa: S608 - ours

    def keyed(self, customer: int | str = 42, day: int | str = 0) -> str:
        """The same for one day; ``day`` counts from the first one.

        A date plus a number is folded while the query is planned, so partitions are pruned then.
        """
        key = f"created_at = date '{FIRST_DAY.isoformat()}' + {day}"
        return f"{self.unkeyed(customer)} and {key}"

    def partition(self, day: int) -> str:
        """The table that holds the rows of that day."""
        return f"{self.name}_d{day}" if self.partitioned else self.name

    @property
    def _indexed(self) -> tuple[str, ...]:
        return INDEXED[: self.indexes]
