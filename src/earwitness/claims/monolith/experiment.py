"""Which bench carries out the experiments of the claim.

Nothing else stands here: what the bench does is in ``watching``. The wheels that decode and that
stand for the cloud are an extra of their own, so they are looked for before anything imports them.
"""

import importlib.util
from contextlib import AbstractContextManager

from earwitness.experiment.bench import Bench, BenchSettings
from earwitness.experiment.design import Experiment
from earwitness.servers.process import MissingComponent

_INSTALL = "pip install 'earwitness[cloud]'"
_WHEELS = ("av", "awslambdaric", "boto3", "h11", "moto")


def open_bench(experiment: Experiment, settings: BenchSettings) -> AbstractContextManager[Bench]:
    """The bench of this experiment, with only what the chosen arms need.

    MissingComponent when a wheel is not installed, ServerFailed when a part does not start.
    """
    missing = [wheel for wheel in _WHEELS if importlib.util.find_spec(wheel) is None]
    if missing:
        raise MissingComponent(f"Python packages are missing: {', '.join(missing)}", _INSTALL)
    from earwitness.claims.monolith import watching

    return watching.opened(experiment, settings)
