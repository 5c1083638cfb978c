"""The way to the benches of the claim, for a machine that may lack the wheels that speak TLS.

The claim can be read and listed without them; so they are imported here and not before a bench is
opened.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from earwitness.experiment.bench import Bench, BenchSettings, Unavailable
from earwitness.experiment.design import Experiment

_WHEELS = ("OpenSSL", "cryptography")
_INSTALL = "pip install 'earwitness[tls]'"


@contextmanager
def open_bench(experiment: Experiment, settings: BenchSettings) -> Iterator[Bench]:
    """Start a server for every arm, yield the bench; stop them afterwards.

    Unavailable when a wheel is missing, MissingComponent when a server is; ServerFailed when one
    does not start.
    """
    try:
        from earwitness.claims.mtls_resumption import benches
    except ModuleNotFoundError as missing:
        if missing.name not in _WHEELS:
            raise
        raise Unavailable(f"the Python package {missing.name} is missing", _INSTALL) from missing
    with benches.of(experiment)(experiment, settings) as bench:
        yield bench
