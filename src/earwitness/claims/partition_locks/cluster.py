"""Servers with the table of the experiments, as all benches of this claim need them.

Starting, announcing and filling a server, and telling a lost server from a failed query. What is
tried on it stands in the benches.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg

from earwitness.claims.partition_locks import catalog
from earwitness.claims.partition_locks.locking import (
    LockCount,
    LockSettings,
    Relation,
    predict,
)
from earwitness.claims.partition_locks.schema import Orders
from earwitness.claims.partition_locks.target import ServerKey
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.design import Experiment, Setting
from earwitness.experiment.events import ServerReady
from earwitness.servers import postgres
from earwitness.servers.postgres import Postgres


@dataclass(frozen=True)
class Cluster:
    """A running server, and what of its settings decides over locks."""

    server: Postgres
    locks: LockSettings

    def predict(self, orders: Orders, query: str, day: int) -> LockCount:
        """The locks that the query ``keyed`` (on that day) or ``unkeyed`` will take."""
        return predict(self._planned(orders, query, day), self.locks)

    def _planned(self, orders: Orders, query: str, day: int) -> tuple[Relation, ...]:
        with self.server.connect() as connection:
            if query == "keyed":
                return catalog.path(connection, orders.partition(day))
            return catalog.tree(connection, orders.name)

    @property
    def description(self) -> str:
        """Version, source and the settings that matter, in one line for the record."""
        settings = self.locks
        return (
            f"{self.server.version} ({self.server.binaries.source}), max_locks_per_transaction "
            f"{settings.max_locks_per_transaction}, {settings.slots} fast-path slots, at most "
            f"{settings.max_backends} backends"
        )


def start(
    stack: ExitStack,
    experiment: Experiment,
    bench: BenchSettings,
    major: int,
    settings: Mapping[str, Setting],
) -> Cluster:
    """Start a server that lives as long as the stack, and announce it.

    Unavailable when this machine has no such PostgreSQL; ServerFailed when it does not start.
    """
    chosen = "-".join(str(value) for value in settings.values())
    name = "-".join(filter(None, (experiment.id, f"pg{major}", chosen)))
    try:
        binaries = postgres.find(major)
        server = stack.enter_context(
            postgres.running(binaries, bench.workspace, name=name, settings=settings)
        )
    except postgres.MissingComponent as missing:
        raise Unavailable(missing.reason, missing.install) from missing
    bench.announce(
        ServerReady(
            experiment=experiment.id,
            server=server.version,
            source=server.binaries.source,
            seconds=server.ready_seconds,
            settings=server.settings,
        )
    )
    with answering(server), server.connect() as connection:
        return Cluster(server, catalog.lock_settings(connection))


def start_each(
    stack: ExitStack,
    experiment: Experiment,
    bench: BenchSettings,
    keys: Iterable[ServerKey],
    settings: Mapping[str, Setting] = {},
) -> Mapping[ServerKey, Cluster]:
    """``start`` for every key, all with these settings beside their own."""
    clusters = {}
    for major, limit in keys:
        own = {} if limit is None else {"max_locks_per_transaction": limit}
        clusters[major, limit] = start(stack, experiment, bench, major, {**settings, **own})
    return clusters


def described(clusters: Iterable[Cluster]) -> Mapping[str, str]:
    """The environment that they make, by the name of each."""
    return {cluster.server.folder.name: cluster.description for cluster in clusters}


def create(cluster: Cluster, orders: Orders, seed: int) -> None:
    """Make and fill the table; the whole of it in one round trip."""
    with answering(cluster.server), cluster.server.connect() as connection:
        connection.execute(orders.creation(seed).encode())


@contextmanager
def answering(server: Postgres) -> Iterator[None]:
    """Turn a connection that broke or was refused into ServerFailed, which quotes the log."""
    try:
        yield
    except psycopg.OperationalError as broken:
        server.require_alive()
        said = str(broken).strip().splitlines()[0]
        raise postgres.ServerFailed(f"{server.version} failed: {said}") from broken
