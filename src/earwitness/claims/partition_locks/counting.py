"""The bench on which locks are counted: one query, one session, one transaction.

What an arm is tried on stands in ``target``. Servers and tables are made once, before the first
trial.
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
from earwitness.claims.partition_locks.locking import PREDICTED_NUMBERS
from earwitness.claims.partition_locks.target import ServerKey, Target, target
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.observation import Observation


class CountingBench:
    """Counts the locks of one query, beside what the catalog says they will be."""

    def __init__(
        self, clusters: Mapping[ServerKey, Cluster], targets: Mapping[str, Target]
    ) -> None:
        self._clusters = clusters
        self._targets = targets

    @property
    def environment(self) -> Mapping[str, str]:
        """Version, source and lock settings of every server."""
        return described(self._clusters.values())

    def block(self, block: int) -> None:
        """The arms of a block share nothing that changes."""

    def trial(self, arm: Arm) -> Observation:
        """Predict the locks of the arm's query, run it in a new session, count and time them."""
        chosen = self._targets[arm.name]
        cluster = self._clusters[chosen.server]
        with answering(cluster.server):
            predicted = cluster.predict(chosen.orders, chosen.query, chosen.day)
            with cluster.server.connect() as session:
                counted = observed.locks_held_after(session, chosen.sql)
                spent = observed.spent(session, chosen.sql)
                locking_ms = observed.locking_ms(session, chosen.orders.name)
        return Observation(
            values={
                "locks": counted.locks,
                "fast_path": counted.fast_path,
                "shared_table": counted.shared_table,
                "predicted_locks": predicted.locks,
                "predicted_fast_path": predicted.fast_path,
                "predicted_shared_table": predicted.shared_table,
                "mispredicted": counted.differences(predicted),
                "predicted_numbers": PREDICTED_NUMBERS,
                "planning_ms": spent.planning_ms,
                "execution_ms": spent.execution_ms,
                "locking_ms": locking_ms,
                "locking_share": locking_ms / (spent.planning_ms + spent.execution_ms),
            }
        )


@contextmanager
def opened(experiment: Experiment, settings: BenchSettings) -> Iterator[CountingBench]:
    """The servers and tables that these arms need. Raises Unavailable and ServerFailed."""
    rows = settings.number("rows")
    targets = {arm.name: target(arm, rows) for arm in settings.arms}
    with ExitStack() as stack:
        keys = dict.fromkeys(chosen.server for chosen in targets.values())
        clusters = start_each(stack, experiment, settings, keys)
        for key, orders in dict.fromkeys((t.server, t.orders) for t in targets.values()):
            create(clusters[key], orders, settings.seed)
        yield CountingBench(clusters, targets)
