"""What one query costs: as the server counts it, as it travels, as a client waits for it.

Measuring and the arithmetic on it. Nothing here knows an arm, a table or what the numbers are
held against.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.pq.abc import PGresult

from earwitness.claims.select_star.data_row import data_row_bytes


@dataclass(frozen=True, kw_only=True)
class Execution:
    """One execution as EXPLAIN reports it.

    ``pages`` are all buffers that were asked for, by the plan and, with SERIALIZE, for the values
    that it left out of line; ``pages_from_disk`` those of them that were not in shared buffers.
    """

    milliseconds: float
    pages: int
    pages_from_disk: int
    plan: str
    """The scan and the index that it uses."""
    is_index_only: bool
    """Whether the scan is an index-only scan."""
    heap_fetches: int
    """Rows that an index-only scan had to look up in the table nevertheless."""

    @property
    def index_alone(self) -> bool:
        """Whether an index answered alone: an index-only scan that never looked at the table."""
        return self.is_index_only and self.heap_fetches == 0


def execution_of(document: Mapping[str, Any]) -> Execution:
    """Read one element of what EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) returns.

    KeyError when it was made without ANALYZE or BUFFERS.
    """
    plan = document["Plan"]
    counted = [plan, document["Serialization"]] if "Serialization" in document else [plan]
    from_disk = sum(part["Shared Read Blocks"] for part in counted)
    scan = plan["Node Type"]
    return Execution(
        milliseconds=document["Execution Time"],
        pages=from_disk + sum(part["Shared Hit Blocks"] for part in counted),
        pages_from_disk=from_disk,
        plan=f"{scan} using {plan['Index Name']}" if "Index Name" in plan else scan,
        is_index_only=scan == "Index Only Scan",
        heap_fetches=plan.get("Heap Fetches", 0),
    )


def explain(
    connection: Connection, query: str, *, serialize: bool, binary: bool = False
) -> Execution:
    """Execute the query under EXPLAIN ANALYZE.

    With ``serialize`` (PostgreSQL 17 and later) the server also makes every row ready to send, in
    text or binary format, and throws it away; without, it never looks at values stored out of line.
    """
    form = ("binary" if binary else "text") if serialize else "none"
    row = connection.execute(
        f"explain (analyze, buffers, timing, serialize {form}, format json) {query}"
    ).fetchone()
    assert row is not None, "EXPLAIN returns one row"
    return execution_of(row[0][0])


def result_bytes(result: PGresult) -> int:
    """Size on the wire of all rows of a result."""
    columns = range(result.nfields)
    return sum(
        data_row_bytes(result.get_value(row, column) for column in columns)
        for row in range(result.ntuples)
    )


def sent_bytes(connection: Connection, query: str, *, binary: bool = False) -> int:
    """Execute the query and count the bytes of rows that the server sends for it."""
    result = connection.execute(query, binary=binary).pgresult
    assert result is not None, "an executed cursor has a result"
    return result_bytes(result)


def wire_milliseconds(size_bytes: float, megabits_per_second: float) -> float:
    """How long these bytes occupy a link of that rate; computed, and without any protocol below."""
    return 8 * size_bytes / megabits_per_second / 1000


def receive_milliseconds(connection: Connection, query: str, *, binary: bool = False) -> float:
    """Time from sending the query until the C library holds every row, as the bytes that came."""
    began = time.perf_counter_ns()
    result = connection.pgconn.exec_params(query.encode(), None, result_format=int(binary))
    ended = time.perf_counter_ns()
    result.clear()
    return (ended - began) / 1e6


def fetch_milliseconds(connection: Connection, query: str, *, binary: bool = False) -> float:
    """Time from sending the query until the client holds every value as a Python object."""
    began = time.perf_counter_ns()
    rows = connection.execute(query, binary=binary).fetchall()
    ended = time.perf_counter_ns()
    # Freeing the rows is not part of waiting for them: they live until the clock was read.
    del rows
    return (ended - began) / 1e6
