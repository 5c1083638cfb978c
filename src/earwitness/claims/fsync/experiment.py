"""How a bench of this claim is opened: which one, with what, and what a missing part means.

Two kinds of disk. SQLite has a file system of ours underneath, which the apsw package makes
possible and which needs no rights; PostgreSQL has a block device of ours, which needs root. What
happens on the benches stands in ``cutting``, ``postgres_cutting``, ``postgres_pace``,
``postgres_failing`` and ``postgres_replica``.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from earwitness.claims.fsync.postgres_costs import (
    POSTGRES_FAILED_WRITE,
    POSTGRES_METHODS,
    POSTGRES_PRICE,
    POSTGRES_REPLICA,
)
from earwitness.claims.fsync.postgres_design import POSTGRES, POSTGRES_DESTAGE, POSTGRES_NEVER
from earwitness.experiment.bench import Bench, BenchSettings, Unavailable
from earwitness.experiment.design import Experiment
from earwitness.experiment.events import ServerReady

if TYPE_CHECKING:
    from earwitness.claims.fsync.postgres_rig import Rig

INSTALL = "pip install 'earwitness[sqlite]'"
_CUT = (POSTGRES.id, POSTGRES_DESTAGE.id, POSTGRES_NEVER.id)
_TIMED = (POSTGRES_METHODS.id, POSTGRES_PRICE.id)
ON_A_DISK = (*_CUT, *_TIMED, POSTGRES_FAILED_WRITE.id, POSTGRES_REPLICA.id)
"""The experiments that need a block device."""


@contextmanager
def open_bench(experiment: Experiment, settings: BenchSettings) -> Iterator[Bench]:
    """Announce the database and yield the bench; Unavailable, with the reason, without a part."""
    opened = _postgres if experiment.id in ON_A_DISK else _sqlite
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
    from earwitness.claims.fsync import postgres_rig
    from earwitness.servers import folders, postgres, process
    from earwitness.servers.disk import disk

    began = time.monotonic()
    try:
        formatter = disk.find()
        binaries = postgres.find(postgres_rig.MAJOR)
        folder = folders.reachable(settings.workspace / experiment.id, process.unprivileged())
        rig = postgres_rig.Rig(folder, binaries, formatter)
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
    yield _bench(experiment, settings, rig)


def _bench(experiment: Experiment, settings: BenchSettings, rig: "Rig") -> Bench:
    from earwitness.claims.fsync import (
        postgres_cutting,
        postgres_failing,
        postgres_pace,
        postgres_replica,
    )

    if experiment.id in _CUT:
        return postgres_cutting.CuttingBench(settings, rig)
    if experiment.id in _TIMED:
        return postgres_pace.PaceBench(settings, rig)
    if experiment.id == POSTGRES_REPLICA.id:
        return postgres_replica.ReplicaBench(settings, rig)
    return postgres_failing.FailingBench(settings, rig)
