"""The bench on which the power of a disk under PostgreSQL is cut: recorded once, judged many times.

The disk is real for the kernel: a block device that gets its flushes, with ext4 on it. What a cut
leaves is worked out from its log (``servers.disk``), mounted, and recovered by PostgreSQL itself.
Arms with the same setting of PostgreSQL share the recording, the instants and the luck of every
block, so that they differ in nothing but the disk. Decides nothing.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg

from earwitness.claims.fsync import postgres_ledger
from earwitness.claims.fsync.loss import Found, Loss, compare
from earwitness.claims.fsync.tally import tally
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Setting
from earwitness.experiment.observation import Observation
from earwitness.servers import postgres
from earwitness.servers.disk import disk, log, volatile
from earwitness.servers.disk.disk import Mount, Unmountable
from earwitness.servers.disk.volatile import Cache, Luck, Writes
from earwitness.servers.postgres import Binaries, Postgres, ServerFailed
from earwitness.servers.program import Program

MAJOR = 18
IMAGE_BYTES = 160 << 20
"""Room for an empty cluster, its log and the commits of a recording."""

_WORKLOAD, _CUTS = 0, 1
"""Independent streams of random numbers of one block."""
_SERVER: Mapping[str, Setting] = {
    "synchronous_commit": True,
    "full_page_writes": True,
    "shared_buffers": "16MB",
    "max_connections": 10,
    "min_wal_size": "32MB",
    "max_wal_size": "64MB",
}


@dataclass(frozen=True)
class Configuration:
    """An arm in the words of this bench: settings of PostgreSQL, and the cache of the disk."""

    fsync: bool
    sync_method: str
    cache: Cache

    @property
    def server(self) -> Mapping[str, Setting]:
        """What PostgreSQL is configured with."""
        return {**_SERVER, "fsync": self.fsync, "wal_sync_method": self.sync_method}

    @property
    def recording(self) -> tuple[bool, str]:
        """Equal for arms that can share a recording."""
        return self.fsync, self.sync_method


def configuration(arm: Arm) -> Configuration:
    """Read an arm's settings; KeyError when one is missing."""
    chosen = arm.settings
    return Configuration(
        fsync=bool(chosen["fsync"]),
        sync_method=str(chosen["wal_sync_method"]),
        cache=Cache(
            honours_flush=bool(chosen["honours_flush"]), blocks=int(chosen["cache_blocks"])
        ),
    )


@dataclass(frozen=True)
class Cut:
    """An instant of a recording, by CLOCK_MONOTONIC in nanoseconds, with the luck it meets."""

    instant: int
    luck: Luck


@dataclass(frozen=True)
class Recording:
    """What the disk wrote down while a client committed, and when the client was answered.

    ``flushes``: of the disk while the client committed, per commit. ``disagreement``: how many
    more or fewer flushes the kernel counted on the device than the disk, from mount to unmount.
    """

    writes: Writes
    acknowledged: tuple[int, ...]
    flushes: float
    disagreement: int

    def acknowledged_by(self, instant: int) -> int:
        """How many commits had been acknowledged before this instant."""
        return sum(time < instant for time in self.acknowledged)


class PostgresCuttingBench:
    """PostgreSQL on a recorded disk, and crash states of it that PostgreSQL recovers."""

    def __init__(
        self, settings: BenchSettings, folder: Path, binaries: Binaries, formatter: Program
    ) -> None:
        self._seed = settings.seed
        self._commits = settings.number("commits")
        self._checkpoint_commits = settings.number("checkpoint_commits")
        self._cuts = settings.number("cuts")
        self._flush_seconds = float(settings.setting("flush_milliseconds", 0)) / 1000
        self._arms = tuple(configuration(arm) for arm in settings.arms)
        self._folder = folder
        self._binaries = binaries
        self._image = self._folder / "image"
        self._recordings: Mapping[tuple[bool, str], tuple[Recording, Sequence[Cut]]] = {}
        self._started = 0
        self._prepare(formatter)
        self._environment = {
            "database": f"PostgreSQL {binaries.version} ({binaries.source})",
            "disk": f"{IMAGE_BYTES >> 20} MiB served through FUSE, a flush takes "
            f"{self._flush_seconds * 1000:g} ms and its way there; a loop device on it, ext4 "
            f"(mke2fs {formatter.version}); a cut loses blocks of {log.BLOCK_BYTES} bytes",
            "workload": f"{self._commits} commits in a row, one client, a checkpoint every "
            f"{self._checkpoint_commits} commits",
            "cuts": f"{self._cuts} random instants of each recording",
        }

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions, the size of the work, and what the disk is made of."""
        return self._environment

    def block(self, block: int) -> None:
        """Record every setting of PostgreSQL that the arms name, and draw the cuts."""
        configurations = {chosen.recording: chosen for chosen in self._arms}
        self._recordings = {
            key: self._with_cuts(self._record(chosen, block), block)
            for key, chosen in configurations.items()
        }

    def trial(self, arm: Arm) -> Observation:
        """Cut the recording at every instant, let PostgreSQL recover, count what is missing."""
        chosen = configuration(arm)
        recording, cuts = self._recordings[chosen.recording]
        counters: dict[str, float] = {
            "flushes": recording.flushes,
            "flush_disagreement": recording.disagreement,
        }
        if not cuts:
            return Observation(values=counters)
        losses = tuple(self._losses(chosen, recording, cuts))
        return Observation(values={**tally(losses), **counters})

    def _prepare(self, formatter: Program) -> None:
        """An image with an empty ledger, which every recording begins with."""
        disk.format_image(formatter, self._image, IMAGE_BYTES)
        settings = {**_SERVER, "fsync": False}  # unmounting brings all to the image
        with (
            disk.mounted(self._image, self._folder, name="prepared") as mount,
            self._server(mount, settings) as server,
            server.connect() as connection,
        ):
            postgres_ledger.create(connection)
            connection.close()
            server.shut_down()

    def _record(self, chosen: Configuration, block: int) -> Recording:
        generator = np.random.default_rng([self._seed, block, _WORKLOAD])
        name = self._name("disk")
        with disk.served(
            self._image, self._folder, name=name, flush_seconds=self._flush_seconds
        ) as recorded:
            with disk.mounted(
                recorded.file, self._folder, name=f"{name}-fs", mounts_of=recorded.process
            ) as mount:
                began, acknowledged = self._commit(mount, chosen, generator)
            records = recorded.records()
        window = log.flushes(records, began) - log.flushes(records, acknowledged[-1])
        return Recording(
            writes=volatile.by_block(records),
            acknowledged=acknowledged,
            flushes=window / self._commits,
            disagreement=abs(mount.flushes - log.flushes(records, mount.attached_at)),
        )

    def _commit(
        self, mount: Mount, chosen: Configuration, generator: np.random.Generator
    ) -> tuple[int, tuple[int, ...]]:
        """When the client began, and when each commit was acknowledged."""
        with self._server(mount, chosen.server) as server, server.connect() as connection:
            began = time.monotonic_ns()
            acknowledged = postgres_ledger.commits(
                connection, self._commits, self._checkpoint_commits, generator
            )
            return began, tuple(acknowledged)

    def _with_cuts(self, recording: Recording, block: int) -> tuple[Recording, Sequence[Cut]]:
        """Cuts at instants from the first acknowledgement to the last."""
        generator = np.random.default_rng([self._seed, block, _CUTS])
        first, *_, last = recording.acknowledged
        instants = generator.uniform(first, last, self._cuts)
        blocks = len(recording.writes)
        cuts = [Cut(int(instant), volatile.draw(generator, blocks)) for instant in instants]
        return recording, cuts

    def _losses(
        self, chosen: Configuration, recording: Recording, cuts: Sequence[Cut]
    ) -> Iterator[Loss]:
        for cut in cuts:
            found = self._examine(
                volatile.left(recording.writes, cut.instant, chosen.cache, cut.luck)
            )
            yield compare(recording.acknowledged_by(cut.instant), found)

    def _examine(self, blocks: Mapping[int, memoryview]) -> Found:
        """Put the disk back with these blocks, let ext4 and PostgreSQL recover, and look."""
        # recovery flushes too; nobody cuts the power of this machine, so that it need not
        settings = {**_SERVER, "fsync": False}
        try:
            with (
                disk.in_memory(self._image, blocks) as image,
                disk.mounted(image, self._folder, name=self._name("left")) as mount,
                self._server(mount, settings) as server,
                server.connect() as connection,
            ):
                return postgres_ledger.read(connection)
        except (Unmountable, ServerFailed, psycopg.Error) as error:
            return Found(numbers=frozenset(), problem=str(error))

    @contextmanager
    def _server(self, mount: Mount, settings: Mapping[str, Setting]) -> Iterator[Postgres]:
        with postgres.running(
            self._binaries,
            self._folder,
            name=self._name("postgres"),
            settings=settings,
            data=mount.folder / "data",
            mounts_of=mount.process,
        ) as server:
            yield server

    def _name(self, kind: str) -> str:
        """A folder name that was not there before."""
        self._started += 1
        return f"{kind}-{self._started}"
