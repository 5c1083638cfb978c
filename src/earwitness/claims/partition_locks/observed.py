"""What PostgreSQL really did: the locks that a query holds, and how long its parts took.

Each function runs one query of the experiment on its own connection and reads the server's own
account of it. Nothing is predicted or judged here.
"""

import json
import statistics
import time
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import scalar_row

from earwitness.claims.partition_locks.locking import LockCount

_EXECUTIONS = 3

# The view pg_locks locks itself, after the query under test has its locks; it is left out.
_OWN_LOCKS = """
select count(*) filter (where fastpath), count(*) filter (where not fastpath)
from pg_locks
where pid = pg_backend_pid() and locktype = 'relation' and relation <> 'pg_locks'::regclass
"""


def locks_held_after(connection: Connection[Any], query: str) -> LockCount:
    """Run the query in a transaction and count the relation locks that it left in it.

    The transaction is rolled back. pg_locks takes every partition of the lock table for as long
    as it reads: for benches, not for busy servers.
    """
    with connection.transaction(force_rollback=True):
        connection.execute(query.encode())
        row = connection.execute(_OWN_LOCKS).fetchone()
    assert row is not None, "an aggregate has a row"
    return LockCount(fast_path=row[0], shared_table=row[1])


@dataclass(frozen=True)
class Spent:
    """Milliseconds of one session alone, as the server tells them; medians of some executions."""

    planning_ms: float
    execution_ms: float


def spent(connection: Connection[Any], query: str) -> Spent:
    """How long the server plans and executes the query, by its EXPLAIN, without a clock in nodes."""
    explain = f"explain (analyze, timing off, summary, format json) {query}".encode()
    documents = [_document(connection, explain) for _ in range(_EXECUTIONS)]
    return Spent(
        planning_ms=statistics.median(float(seen["Planning Time"]) for seen in documents),
        execution_ms=statistics.median(float(seen["Execution Time"]) for seen in documents),
    )


def locking_ms(connection: Connection[Any], table: str) -> float:
    """Milliseconds of LOCK TABLE in the mode of a SELECT, which takes every partition with it.

    The median of some transactions, by our clock: one round trip is in it. Indexes are not locked.
    """
    lock = f"lock table {table} in access share mode".encode()
    seen = []
    for _ in range(_EXECUTIONS):
        with connection.transaction(force_rollback=True):
            began = time.perf_counter_ns()
            connection.execute(lock)
            seen.append((time.perf_counter_ns() - began) / 1e6)
    return statistics.median(seen)


def _document(connection: Connection[Any], explain: bytes) -> dict[str, Any]:
    with connection.cursor(row_factory=scalar_row) as cursor:
        answer: Any = cursor.execute(explain).fetchone()
    documents = json.loads(answer) if isinstance(answer, str) else answer
    found: dict[str, Any] = documents[0]
    return found
