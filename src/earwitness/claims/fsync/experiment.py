"""How a bench of this claim is opened: SQLite with a file system of ours, and a folder to recover in.

SQLite comes with the apsw package, which can put a file system under it; without the package the
experiments are unavailable. What happens on the bench stands in ``cutting``.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from earwitness.experiment.bench import Bench, BenchSettings, Unavailable
from earwitness.experiment.design import Experiment
from earwitness.experiment.events import ServerReady

INSTALL = "pip install 'earwitness[sqlite]'"


@contextmanager
def open_bench(experiment: Experiment, settings: BenchSettings) -> Iterator[Bench]:
    """Announce SQLite and yield the bench; Unavailable when there is no apsw package."""
    began = time.monotonic()
    try:
        from earwitness.claims.fsync import cutting
    except ModuleNotFoundError as missing:
        if missing.name != "apsw":
            raise
        raise Unavailable(
            "the apsw package, which brings SQLite, is not installed", INSTALL
        ) from missing
    folder = settings.workspace / experiment.id
    folder.mkdir()
    settings.announce(
        ServerReady(
            experiment=experiment.id,
            server=cutting.SQLITE,
            source=cutting.BINDING,
            seconds=time.monotonic() - began,
        )
    )
    yield cutting.CuttingBench(settings, folder)
