"""The bench on which a lying disk has a synchronous replica beside it, on a machine with power.

Each trial has a primary on a disk of its own. After a random number of commits it is gone, with its
power. Alone, it comes back from what its disk has left; with a replica, the replica takes over, and
nobody asks the disk. Decides nothing.
"""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from earwitness.claims.fsync import loss, postgres_ledger
from earwitness.claims.fsync.loss import Found
from earwitness.claims.fsync.postgres_configuration import RECOVERING, configuration
from earwitness.claims.fsync.postgres_rig import Rig, disagreement
from earwitness.claims.fsync.tally import tally
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Setting
from earwitness.experiment.observation import Observation
from earwitness.servers import folders, postgres, process
from earwitness.servers.postgres import Postgres, ServerFailed

_ALONE = postgres_ledger.Client(0, 1)
_IN_STEP = "select count(*) from pg_stat_replication where sync_state = 'sync'"
_IN_STEP_SECONDS = 30.0
_POLL_SECONDS = 0.02

_Outcome = tuple[int, Found, int]
"""Commits acknowledged, what is found of them, and how differently flushes were counted."""


class ReplicaBench:
    """PostgreSQL on a disk that is cut off, alone or followed by another one."""

    def __init__(self, settings: BenchSettings, rig: Rig) -> None:
        self._seed = settings.seed
        self._commits = settings.number("commits")
        self._rig = rig
        self._block = 0
        self._replicas = 0

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions, and the size of the work."""
        return {
            **self._rig.environment,
            "workload": f"up to {self._commits} commits in a row, one client; then the primary and "
            "its disk lose their power",
        }

    def block(self, block: int) -> None:
        """The block decides what is committed, and how much of it."""
        self._block = block

    def trial(self, arm: Arm) -> Observation:
        """Commit, lose the primary, and count what is missing in what goes on."""
        generator = np.random.default_rng([self._seed, self._block])
        replicated = bool(arm.settings["replica"])
        survivor = self._replicated if replicated else self._alone
        acknowledged, found, difference = survivor(arm, generator)
        counted = tally([loss.compare_clients((acknowledged,), found)])
        return Observation(values={**counted, "flush_disagreement": difference})

    def _alone(self, arm: Arm, generator: np.random.Generator) -> _Outcome:
        """What comes back from the disk."""
        chosen = configuration(arm)
        with self._rig.disk() as disk:
            with (
                self._rig.mount(disk) as mount,
                self._rig.server(mount, chosen.recorded.settings) as primary,
            ):
                acknowledged = self._commit(primary, generator)
                cut = time.monotonic_ns()
            records = disk.records()
        found = self._rig.found_after(records, cut, chosen.cache, generator)
        return acknowledged, found, disagreement(mount, records)

    def _replicated(self, arm: Arm, generator: np.random.Generator) -> _Outcome:
        """What the replica has when it takes over."""
        settings = {**configuration(arm).recorded.settings, "synchronous_standby_names": "*"}
        with contextlib.ExitStack() as survives, self._rig.disk() as disk:
            with self._rig.mount(disk) as mount:
                data = self._copied(mount.from_here / "data")
                with self._rig.server(mount, settings) as primary:
                    replica = survives.enter_context(self._following(primary, data))
                    _wait_until_in_step(primary)
                    acknowledged = self._commit(primary, generator)
            difference = disagreement(mount, disk.records())
            with replica.connect() as connection:
                connection.execute("select pg_promote()")
                return acknowledged, postgres_ledger.read(connection), difference

    def _commit(self, primary: Postgres, generator: np.random.Generator) -> int:
        count = int(generator.integers(self._commits // 2, self._commits + 1))
        with primary.connect() as connection:
            times = postgres_ledger.commits(
                connection, _ALONE, count, self._commits // 4, generator, last=False
            )
            return len(tuple(times))

    def _copied(self, data: Path) -> Path:
        """A copy of a data folder at rest, for a server that is to follow."""
        self._replicas += 1
        user = process.unprivileged()
        home = folders.reachable(self._rig.folder / f"replica-{self._replicas}-data", user)
        copy = home / "data"
        shutil.copytree(data, copy)
        (copy / "standby.signal").touch()
        if user is not None:
            for path in (copy, *copy.rglob("*")):
                os.chown(path, user.uid, user.gid)
        return copy

    @contextlib.contextmanager
    def _following(self, primary: Postgres, data: Path) -> Iterator[Postgres]:
        """A server on our own disk that follows the primary; it keeps its power."""
        settings: dict[str, Setting] = {
            **RECOVERING,
            "primary_conninfo": f"host={primary.socket} port={primary.port} user=postgres",
        }
        name = f"replica-{self._replicas}"
        with postgres.running(
            primary.binaries, self._rig.folder, name=name, settings=settings, data=data
        ) as replica:
            yield replica
        shutil.rmtree(data.parent)


def _wait_until_in_step(primary: Postgres) -> None:
    """Until commits wait for the replica; ServerFailed when it does not come."""
    deadline = time.monotonic() + _IN_STEP_SECONDS
    with primary.connect() as connection:
        while connection.execute(_IN_STEP).fetchall() != [(1,)]:
            if time.monotonic() > deadline:
                raise ServerFailed("the replica did not get in step with its primary")
            time.sleep(_POLL_SECONDS)
