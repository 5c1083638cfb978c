"""The bench on which many clients run the query of an arm, while their waits are sampled.

A server for each version and value of max_locks_per_transaction, with the same tables and the same
number of connections. Clients are closed-loop: each sends its next query when the last
one is answered, so that every arm has the same number of busy sessions.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

import numpy as np

from earwitness.claims.partition_locks import observed, waits
from earwitness.claims.partition_locks.cluster import (
    Cluster,
    answering,
    create,
    described,
    start_each,
)
from earwitness.claims.partition_locks.load_design import (
    LEAST_MEASURED_SECONDS,
    LEAST_WARM_TRANSACTIONS,
)
from earwitness.claims.partition_locks.locking import LockCount
from earwitness.claims.partition_locks.schema import CUSTOMERS
from earwitness.claims.partition_locks.target import ServerKey, Target, target
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.observation import Observation
from earwitness.servers import pgbench
from earwitness.servers.pgbench import Load
from earwitness.servers.postgres import MissingComponent, Postgres

_LENGTHS = (1, 3, 9)
"""Times the planned length: how long a load runs, and runs again when it was warm too late."""

_KEEP_PLANS: Mapping[str, str] = {"plan_cache_mode": "force_generic_plan"}
"""With prepared statements: one plan for every value, made once in each session."""


def script(chosen: Target) -> str:
    """The arm's query as a pgbench script: a random customer, and for the keyed query a day."""
    orders = chosen.orders
    customer = f"\\set customer random(1, {CUSTOMERS})\n"
    if chosen.query == "keyed":
        day = f"\\set day random(0, {orders.days - 1})\n"
        return f"{customer}{day}{orders.keyed(':customer', ':day')};\n"
    return f"{customer}{orders.unkeyed(':customer')};\n"


def measured(load: Load, samples: Iterable[waits.Sample], warm_seconds: float) -> dict[str, float]:
    """The metrics of a load from when it was warm, with the waits of that same window.

    Warm is when ``warm_seconds`` have passed and every client has finished three transactions: new
    sessions wait for the lock manager while they fill their caches, whatever their slots. Where
    that never was, the window begins after ``warm_seconds``, and ``warm_transactions`` says it.
    """
    moment = load.began_at + warm_seconds
    moment = max(moment, load.warm_at() or moment)
    window = load.after(moment)
    before = np.bincount(load.client[load.finished_at <= moment], minlength=load.clients)
    values = {
        "tps": window.tps,
        "warm_transactions": float(before.min()),
        "measured_seconds": window.seconds,
        "errors": float(load.failures),
    }
    if window.transactions:
        values |= {"p50_ms": window.quantile(0.5), "p99_ms": window.quantile(0.99)}
        values["mean_ms"] = float(window.latencies_ms.mean())
    if window.seconds > 0:
        seen = waits.summary(samples, moment, window.ended_at)
        values["sampler_hz"] = seen.hz
        if seen.lock_manager_share is not None:
            values["lock_manager_share"] = seen.lock_manager_share
    return values


def warm_in_time(loads: Iterable[dict[str, float]]) -> dict[str, float]:
    """The first of these loads that was warm with enough of it left to measure; else the last.

    How long sessions take to get warm depends on how busy the machine is. Whether a load counts is
    decided by that alone, and a load with errors is not repeated to be rid of them.
    """
    values: dict[str, float] = {}
    for values in loads:
        warm = values["warm_transactions"] >= LEAST_WARM_TRANSACTIONS
        if (warm and values["measured_seconds"] >= LEAST_MEASURED_SECONDS) or values["errors"]:
            break
    return values


class LoadBench:
    """Loads a server with the query of an arm."""

    def __init__(
        self,
        clusters: Mapping[ServerKey, Cluster],
        targets: Mapping[str, Target],
        settings: BenchSettings,
    ) -> None:
        self._clusters = clusters
        self._targets = targets
        self._settings = settings
        self._seconds = settings.number("seconds")
        self._warm_seconds = settings.number("warm_seconds")

    @property
    def environment(self) -> Mapping[str, str]:
        """Version, source and lock settings of every server."""
        return described(self._clusters.values())

    def block(self, block: int) -> None:
        """The arms of a block share nothing that changes."""

    def trial(self, arm: Arm) -> Observation:
        """Load the arm's server with its query, then count the locks of that query once."""
        chosen = self._targets[arm.name]
        server = self._clusters[chosen.server].server
        kept = arm.settings.get("plan") == "kept"
        options: pgbench.Options = {"mode": "prepared", "session": _KEEP_PLANS} if kept else {}
        with answering(server):
            values = warm_in_time(self._loads(server, script(chosen), self._clients(arm), options))
            counted = _counted(server, chosen, kept=kept)
        return Observation(values={**values, "shared_table": counted.shared_table})

    def _loads(
        self, server: Postgres, asked: str, clients: int, options: pgbench.Options
    ) -> Iterator[dict[str, float]]:
        """The metrics of one load after the other, each longer than the one before it."""
        for times in _LENGTHS:
            seconds = times * (self._warm_seconds + self._seconds)
            with waits.sampling(server.connect) as recording:
                load = pgbench.run(server, asked, clients=clients, seconds=seconds, **options)
            values = measured(load, recording.samples, self._warm_seconds)
            yield {**values, "load_seconds": seconds}

    def _clients(self, arm: Arm) -> int:
        """As many as the arm says, else as many as the plan does."""
        named = arm.settings.get("clients")
        return self._settings.number("clients") if named is None else int(named)


def _counted(server: Postgres, chosen: Target, *, kept: bool) -> LockCount:
    """The locks of the arm's query; with a kept plan, those of an execution that plans nothing."""
    with server.connect() as session:
        if not kept:
            return observed.locks_held_after(session, chosen.sql)
        for name, value in _KEEP_PLANS.items():
            session.execute(f"set {name} = {value}".encode())
        session.execute(f"prepare asked as {chosen.sql}".encode())
        session.execute("execute asked")
        return observed.locks_held_after(session, "execute asked")


@contextmanager
def opened(experiment: Experiment, settings: BenchSettings) -> Iterator[LoadBench]:
    """A server for each number of slots, with the same tables. Raises Unavailable, ServerFailed."""
    rows = settings.number("rows")
    targets = {arm.name: target(arm, rows) for arm in settings.arms}
    with ExitStack() as stack:
        keys = dict.fromkeys(chosen.server for chosen in targets.values())
        connections = {"max_connections": settings.number("max_connections")}
        clusters = start_each(stack, experiment, settings, keys, connections)
        require_pgbench(clusters)
        for cluster in clusters.values():
            for orders in dict.fromkeys(chosen.orders for chosen in targets.values()):
                create(cluster, orders, settings.seed)
        yield LoadBench(clusters, targets, settings)


def require_pgbench(clusters: Mapping[ServerKey, Cluster]) -> None:
    """Unavailable when there is no load generator, before anything is filled."""
    try:
        for cluster in clusters.values():
            pgbench.find(cluster.server.binaries)
    except MissingComponent as missing:
        raise Unavailable(missing.reason, missing.install) from missing
