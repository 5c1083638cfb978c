"""Which bench an experiment is conducted on."""

from earwitness.claims.mtls_resumption import matrix, returning
from earwitness.experiment.bench import OpenBench
from earwitness.experiment.design import Experiment


def of(experiment: Experiment) -> OpenBench:
    """What opens the bench of an experiment, by how its name begins."""
    if experiment.id.startswith("matrix-"):
        return matrix.bench
    return returning.bench
