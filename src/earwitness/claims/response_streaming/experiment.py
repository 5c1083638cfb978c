"""Which bench carries out which experiment of the claim.

Nothing else stands here: what the benches do is in ``stepping`` and ``timing``.
"""

from contextlib import AbstractContextManager

from earwitness.claims.response_streaming import stepping, timing
from earwitness.experiment.bench import Bench, BenchSettings
from earwitness.experiment.design import Experiment


def open_bench(experiment: Experiment, settings: BenchSettings) -> AbstractContextManager[Bench]:
    """The bench of this experiment, with only the servers that the chosen arms need.

    Entering it raises MissingComponent when a part is not on this machine, ServerFailed when one
    does not start.
    """
    if experiment.id == "pace":
        return timing.opened(experiment, settings)
    return stepping.opened(experiment, settings)
