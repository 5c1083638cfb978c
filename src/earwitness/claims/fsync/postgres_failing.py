"""The bench on which one write of a table fails, and PostgreSQL has to make something of it.

The disk answers a single write by an error. fsync reports that once; asked again, it reports
success, although the data are gone (lwn.net/Articles/752063). What PostgreSQL does about it is the
setting data_sync_retry. Afterwards the power is cut, with every flush honoured. Decides nothing.
"""

import os
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import psycopg

from earwitness.claims.fsync import loss, postgres_ledger
from earwitness.claims.fsync.postgres_configuration import configuration
from earwitness.claims.fsync.postgres_rig import Rig, disagreement
from earwitness.claims.fsync.tally import tally
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm
from earwitness.experiment.observation import Observation
from earwitness.servers.disk import kernel, log
from earwitness.servers.disk.disk import Disk, Mount
from earwitness.servers.postgres import Postgres

_ALONE = postgres_ledger.Client(0, 1)
_BACK_SECONDS = 30.0
"""How long PostgreSQL may take to recover from a crash of its own."""
_POLL_SECONDS = 0.05


class FailingBench:
    """PostgreSQL, and a disk that refuses one write."""

    def __init__(self, settings: BenchSettings, rig: Rig) -> None:
        self._seed = settings.seed
        self._commits = settings.number("commits")
        self._rig = rig
        self._block = 0

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions, and the size of the work."""
        return {
            **self._rig.environment,
            "workload": f"{self._commits} commits, a checkpoint, {self._commits} more, a checkpoint "
            "of which one write of a table fails, and another checkpoint",
        }

    def block(self, block: int) -> None:
        """The block decides what is committed."""
        self._block = block

    def trial(self, arm: Arm) -> Observation:
        """Fail one write, checkpoint again, cut the power, and count what is missing."""
        chosen = configuration(arm)
        generator = np.random.default_rng([self._seed, self._block])
        with self._rig.disk() as disk:
            with (
                self._rig.mount(disk) as mount,
                self._rig.server(mount, chosen.recorded.settings) as server,
            ):
                acknowledged, stopped, then_fine = self._fail(server, mount, disk, generator)
                cut = time.monotonic_ns()
            records = disk.records()
        found = self._rig.found_after(records, cut, chosen.cache, generator)
        return Observation(
            values={
                **tally([loss.compare_clients((acknowledged,), found)]),
                "refused": sum(isinstance(record, log.Refused) for record in records),
                "stopped": int(stopped),
                "then_fine": int(then_fine),
                "flush_disagreement": disagreement(mount, records),
            }
        )

    def _fail(
        self, server: Postgres, mount: Mount, disk: Disk, generator: np.random.Generator
    ) -> tuple[int, bool, bool]:
        """Commits acknowledged; whether PostgreSQL stopped itself; whether all was fine then."""
        with server.connect() as connection:
            numbers = postgres_ledger.commits(
                connection, _ALONE, 2 * self._commits, self._commits, generator, last=False
            )
            acknowledged = len(tuple(numbers))
            begin, end = _place(mount.from_here / "data" / _file_of(connection))
            disk.faults.refuse(begin, end, 1)
            stopped = not _checkpoint(connection) and connection.closed
        _wait_until_back(server)
        with server.connect() as connection:
            return acknowledged, stopped, _checkpoint(connection)


def _file_of(connection: postgres_ledger.Connection) -> str:
    """The accounts' file: no page of it is new, so that it is overwritten where it lies."""
    ((path,),) = connection.execute("select pg_relation_filepath('account')").fetchall()
    return str(path)


def _place(path: Path) -> tuple[int, int]:
    """Where the first piece of the file lies on the disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        (begin, length), *_ = kernel.extents(file)
    finally:
        os.close(file)
    return begin, begin + length


def _checkpoint(connection: postgres_ledger.Connection) -> bool:
    try:
        connection.execute("checkpoint")
    except psycopg.Error:
        return False
    return True


def _wait_until_back(server: Postgres) -> None:
    """Until it takes connections again; psycopg.OperationalError when it does not in time."""
    deadline = time.monotonic() + _BACK_SECONDS
    while True:
        server.require_alive()
        try:
            server.connect().close()
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)
        else:
            return
