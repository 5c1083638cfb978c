"""How a bench of this claim is opened: which one, with what, and what a missing part means.

Two kinds of disk. SQLite has a file system of ours underneath, which the apsw package makes
possible and which needs no rights; PostgreSQL has a block device of ours, which needs root. What
happens on the benches stands in ``cutting`` and ``postgres_cutting``.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from earwitness.claims.fsync.postgres_design import POSTGRES, POSTGRES_METHODS
from earwitness.experiment.bench import Bench, BenchSettings, Unavailable
from earwitness.experiment.design import Experiment
from earwitness.experiment.events import ServerReady

INSTALL = "pip install 'earwitness[sqlite]'"


@contextmanager
def open_bench(experiment: Experiment, settings: BenchSettings) -> Iterator[Bench]:
    """Announce the database and yield the bench; Unavailable, with the reason, without a part."""
    on_disk = experiment.id in (POSTGRES.id, POSTGRES_METHODS.id)
    opened = _postgres if on_disk else _sqlite
    with opened(experiment, settings) as bench:
        yield bench


@contextmanager
def _sqlite(experiment: Experiment, settings: BenchSettings) -> Iterator[Bench]:
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


@contextmanager
def _postgres(experiment: Experiment, settings: BenchSettings) -> Iterator[Bench]:
    from earwitness.claims.fsync import postgres_cutting
    from earwitness.servers import folders, postgres, process
    from earwitness.servers.disk import disk

    began = time.monotonic()
    try:
        formatter = disk.find()
        binaries = postgres.find(postgres_cutting.MAJOR)
        folder = folders.reachable(settings.workspace / experiment.id, process.unprivileged())
        bench = postgres_cutting.PostgresCuttingBench(settings, folder, binaries, formatter)
    except process.MissingComponent as missing:
        raise Unavailable(missing.reason, missing.install) from missing
    settings.announce(
        ServerReady(
            experiment=experiment.id,
            server=f"PostgreSQL {binaries.version}",
            source=binaries.source,
            seconds=time.monotonic() - began,
        )
    )
    yield bench
