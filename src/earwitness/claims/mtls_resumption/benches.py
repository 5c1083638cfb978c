"""Which bench an experiment is conducted on."""

from collections.abc import Mapping

from earwitness.claims.mtls_resumption import cost, dwell, hosts, matrix, returning
from earwitness.experiment.bench import OpenBench
from earwitness.experiment.design import Experiment

_BY_FAMILY: Mapping[str, OpenBench] = {
    "matrix": matrix.bench,
    "dwell": dwell.bench,
    "cost": cost.bench,
    "hosts": hosts.bench,
}
"""By the first word of an experiment's name; those of single servers have no family."""


def of(experiment: Experiment) -> OpenBench:
    """What opens the bench of an experiment."""
    return _BY_FAMILY.get(experiment.id.partition("-")[0], returning.bench)
