"""The bench on which a prepared query is executed again and again, and its locks are counted.

The query names the partition key, as a parameter. What PostgreSQL may know of a parameter when it
plans depends on plan_cache_mode and on how often the statement ran already (plancache.c), and so
do the locks. A trial looks at one execution, in a new session for each mode.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from earwitness.claims.partition_locks import observed
from earwitness.claims.partition_locks.cluster import (
    Cluster,
    answering,
    create,
    described,
    start_each,
)
from earwitness.claims.partition_locks.schema import FIRST_DAY
from earwitness.claims.partition_locks.target import Target, target
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.observation import Observation

MODES: Mapping[str, str] = {
    "auto": "auto",
    "generic": "force_generic_plan",
    "custom": "force_custom_plan",
}
"""plan_cache_mode, by the names of the metrics."""


def prepare(chosen: Target) -> str:
    """SQL that prepares the arm's query with customer and day as parameters."""
    key = "created_at = $2"
    return f"prepare orders_of (int, date) as {chosen.orders.unkeyed('$1')} and {key}"


def execute(chosen: Target) -> str:
    """SQL that executes it."""
    return f"execute orders_of (42, date '{FIRST_DAY.isoformat()}' + {chosen.day})"


class PreparingBench:
    """Counts the locks of one execution of a prepared query."""

    def __init__(self, cluster: Cluster, targets: Mapping[str, Target]) -> None:
        self._cluster = cluster
        self._targets = targets

    @property
    def environment(self) -> Mapping[str, str]:
        """Version, source and lock settings of the server."""
        return described([self._cluster])

    def block(self, block: int) -> None:
        """The arms of a block share nothing that changes."""

    def trial(self, arm: Arm) -> Observation:
        """For each mode, execute as often as the arm says, and count the locks of the last one."""
        chosen, execution = self._targets[arm.name], int(arm.settings["execution"])
        values: dict[str, float] = {}
        with answering(self._cluster.server):
            for name, mode in MODES.items():
                with self._cluster.server.connect() as session:
                    session.execute(f"set plan_cache_mode = {mode}".encode())
                    session.execute(prepare(chosen).encode())
                    for _ in range(execution - 1):
                        session.execute(execute(chosen).encode())
                    counted = observed.locks_held_after(session, execute(chosen))
                values[name] = counted.locks
                values[f"{name}_shared"] = counted.shared_table
        return Observation(values=values)


@contextmanager
def opened(experiment: Experiment, settings: BenchSettings) -> Iterator[PreparingBench]:
    """One server with the table of the arms. Raises Unavailable and ServerFailed."""
    targets = {arm.name: target(arm, settings.number("rows")) for arm in settings.arms}
    with ExitStack() as stack:
        keys = dict.fromkeys(chosen.server for chosen in targets.values())
        (cluster,) = start_each(stack, experiment, settings, keys).values()
        for orders in dict.fromkeys(chosen.orders for chosen in targets.values()):
            create(cluster, orders, settings.seed)
        yield PreparingBench(cluster, targets)
