"""Which bench carries out which experiment of the claim.

Nothing else stands here: what the benches do is in ``operations``, ``storage`` and ``rows``.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from earwitness.claims.clustered_collections import operations, rows, storage
from earwitness.experiment.bench import Bench, BenchSettings, OpenBench
from earwitness.experiment.design import Experiment


def open_bench(experiment: Experiment, settings: BenchSettings) -> AbstractContextManager[Bench]:
    """The bench of this experiment; KeyError when it is none of this claim's.

    Entering it raises Unavailable when a component is not on this machine, ServerFailed when the
    server does not start.
    """
    benches: Mapping[str, OpenBench] = {
        "operations": operations.opened,
        "small-cache": operations.opened,
        "storage": storage.opened,
        "sqlite": rows.opened,
    }
    return benches[experiment.id](experiment, settings)
