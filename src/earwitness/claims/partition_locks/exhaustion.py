"""The bench on which the shared lock table is filled, one session after the other.

Every session runs the query of the arm in a transaction and stays in it, as sessions under load
do at the same instant. That the table is full is an outcome; any other error is one.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import psycopg
from psycopg.rows import scalar_row

from earwitness.claims.partition_locks.cluster import (
    Cluster,
    answering,
    create,
    start,
)
from earwitness.claims.partition_locks.locking import sessions_guaranteed
from earwitness.claims.partition_locks.schema import Orders
from earwitness.claims.partition_locks.target import NEWEST_MAJOR
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.observation import Observation
from earwitness.servers.postgres import Postgres, ServerFailed

OUT_OF_SHARED_MEMORY = "out of shared memory"
"""What PostgreSQL says when the lock table is full, to a query or to a new connection."""
NO_FAILURE = "none"

CONNECTIONS_KEPT_FREE = 3
"""One for the bench itself, and room for sessions that are still on their way out."""

_QUIET_SECONDS = 20.0
_POLL_SECONDS = 0.01
_OTHERS = """
select count(*) from pg_stat_activity
where backend_type = 'client backend' and pid <> pg_backend_pid()
"""


class ExhaustionBench:
    """Opens sessions until one fails, or until the connections are used up."""

    def __init__(
        self, cluster: Cluster, orders: Orders, max_connections: int, watcher: Any
    ) -> None:
        self._cluster = cluster
        self._orders = orders
        self._max_connections = max_connections
        self._watcher: psycopg.Connection[Any] = watcher

    @property
    def environment(self) -> Mapping[str, str]:
        """Version, source and lock settings of the server."""
        server = self._cluster.server
        sized = f"lock table sized for {self._cluster.locks.holdings} holdings"
        return {server.folder.name: f"{self._cluster.description}, {sized}"}

    def block(self, block: int) -> None:
        """The arms of a block share nothing that changes."""

    def trial(self, arm: Arm) -> Observation:
        """Count the sessions that get the arm's locks, beside the number that is guaranteed."""
        server, orders, day = self._cluster.server, self._orders, self._orders.days // 2
        query = str(arm.settings["query"])
        with answering(server):
            wait_until_alone(self._watcher, server)
            each = self._cluster.predict(orders, query, day)
            sql = orders.keyed(day=day) if query == "keyed" else orders.unkeyed()
            limit = self._max_connections - CONNECTIONS_KEPT_FREE
            sessions, failure = hold(server, sql, limit)
        guaranteed = sessions_guaranteed(each, self._cluster.locks)
        values: dict[str, float] = {
            "sessions": sessions,
            "connections_share": sessions / self._max_connections,
            "shared_table": each.shared_table,
        }
        if guaranteed is not None:  # locks that are all fast-path exhaust nothing
            values |= {"guaranteed": guaranteed, "margin": sessions - guaranteed}
        return Observation(values=values, outcomes={"failure": failure})


def hold(server: Postgres, query: str, limit: int) -> tuple[int, str]:
    """Open up to ``limit`` sessions that hold the query's locks; how many did, and what ended it.

    All are closed on return. An error other than a full lock table is raised as it came.
    """
    with ExitStack() as sessions:
        for held in range(limit):
            try:
                session = sessions.enter_context(closing(server.connect(autocommit=False)))
                session.execute(query.encode())
            except psycopg.OperationalError as refused:
                if OUT_OF_SHARED_MEMORY not in str(refused):
                    raise
                return held, OUT_OF_SHARED_MEMORY
    return limit, NO_FAILURE


def wait_until_alone(watcher: psycopg.Connection[Any], server: Postgres) -> None:
    """Return when the sessions of the trial before are gone; ServerFailed when they stay.

    A client that closes its connection does not wait for the server to release its locks.
    """
    deadline = time.monotonic() + _QUIET_SECONDS
    while _others(watcher) > 0:
        if time.monotonic() > deadline:
            raise ServerFailed(f"{server.version} still has sessions after {_QUIET_SECONDS:g} s")
        time.sleep(_POLL_SECONDS)


def _others(watcher: psycopg.Connection[Any]) -> int:
    try:
        with watcher.cursor(row_factory=scalar_row) as cursor:
            return int(cursor.execute(_OTHERS).fetchone() or 0)
    except psycopg.errors.OutOfMemory:  # so full that even this query got no locks
        return 1


@contextmanager
def opened(experiment: Experiment, settings: BenchSettings) -> Iterator[ExhaustionBench]:
    """One server with the lock table of the plan. Raises Unavailable and ServerFailed."""
    max_connections = settings.number("max_connections")
    configured = {
        "max_connections": max_connections,
        "max_locks_per_transaction": settings.number("max_locks_per_transaction"),
    }
    orders = Orders(
        name="orders",
        days=settings.number("partitions"),
        indexes=settings.number("indexes"),
        rows=settings.number("rows"),
    )
    with ExitStack() as stack:
        cluster = start(stack, experiment, settings, NEWEST_MAJOR, configured)
        create(cluster, orders, settings.seed)
        with answering(cluster.server):
            watcher = stack.enter_context(closing(cluster.server.connect()))
        yield ExhaustionBench(cluster, orders, max_connections, watcher)
