"""Which bench carries out which experiment of the claim.

Nothing else stands here: what the benches do is in ``counting``,
``exhaustion``, ``load``, ``preparing`` and ``cascade``.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from earwitness.claims.partition_locks import cascade, counting, exhaustion, load, preparing
from earwitness.experiment.bench import Bench, BenchSettings, OpenBench
from earwitness.experiment.design import Experiment


def open_bench(experiment: Experiment, settings: BenchSettings) -> AbstractContextManager[Bench]:
    """The bench of this experiment, with only the servers that the chosen arms need.

    KeyError when it is none of this claim's. Entering it raises Unavailable when PostgreSQL is
    not on this machine, ServerFailed when it does not start.
    """
    benches: Mapping[str, OpenBench] = {
        "locks": counting.opened,
        "versions": counting.opened,
        "sweep": counting.opened,
        "indexes": counting.opened,
        "exhaustion": exhaustion.opened,
        "prepared": preparing.opened,
        "slots": load.opened,
        "grid": load.opened,
        "upgrade": load.opened,
        "cascade": cascade.opened,
    }
    return benches[experiment.id](experiment, settings)
