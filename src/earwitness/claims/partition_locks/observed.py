"""What PostgreSQL really did: the locks that a query holds, and how long it was planned.

Each function runs one query of the experiment on its own connection and reads the server's own
account of it. Nothing is predicted or judged here.
"""

import json
from typing import Any

from psycopg import Connection
from psycopg.rows import scalar_row

from earwitness.claims.partition_locks.locking import LockCount

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


def planning_ms(connection: Connection[Any], query: str) -> float:
    """Milliseconds that the server takes to plan the query, as its EXPLAIN reports."""
    explain = f"explain (summary, format json) {query}"
    with connection.cursor(row_factory=scalar_row) as cursor:
        answer: Any = cursor.execute(explain.encode()).fetchone()
    document = json.loads(answer) if isinstance(answer, str) else answer
    return float(document[0]["Planning Time"])
