"""PostgreSQL on a recorded disk: one recording, and one look at what a cut left.

The disk is real for the kernel: a block device that gets its flushes, with ext4 on it
(``servers.disk``). What a cut leaves is mounted, and recovered by PostgreSQL itself. The only place
of this claim where servers run; what is recorded and what is made of it, the benches say.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psycopg

from earwitness.claims.fsync import postgres_ledger, write_back
from earwitness.claims.fsync.loss import Found, Obstacle
from earwitness.claims.fsync.postgres_configuration import RECOVERING, Recorded
from earwitness.experiment.design import Setting
from earwitness.servers import postgres
from earwitness.servers.disk import disk, log, volatile
from earwitness.servers.disk.disk import Disk, Mount, Unmountable
from earwitness.servers.disk.volatile import Cache, Writes
from earwitness.servers.postgres import Binaries, Postgres, ServerFailed
from earwitness.servers.program import Program

MAJOR = 18
IMAGE_BYTES = 192 << 20
"""Room for an empty cluster, its log and the commits of a recording."""


@dataclass(frozen=True)
class Work:
    """What clients do while the disk writes down.

    ``commits``: of each client. ``checkpoint_commits``: after how many of the first client's.
    """

    clients: int
    commits: int
    checkpoint_commits: int


@dataclass(frozen=True)
class Recording:
    """What the disk wrote down while clients committed, and when each was answered.

    ``acknowledged``: for each client the times of its answers, in ns of CLOCK_MONOTONIC. ``flushes``:
    of the disk meanwhile, per commit. ``seconds``: from the first statement to the last answer.
    ``disagreement``: how many more or fewer flushes the kernel counted on the device than the disk,
    from mount to unmount.
    """

    writes: Writes
    acknowledged: tuple[tuple[int, ...], ...]
    flushes: float
    seconds: float
    disagreement: int

    @property
    def commits(self) -> int:
        """Of all clients together."""
        return sum(map(len, self.acknowledged))

    @property
    def span(self) -> tuple[int, int]:
        """The first answer and the last, of any client."""
        times = [time for client in self.acknowledged for time in client]
        return min(times), max(times)

    def acknowledged_by(self, instant: int) -> tuple[int, ...]:
        """How many commits each client had been told of before this instant."""
        return tuple(
            int(np.searchsorted(client, instant, side="left")) for client in self.acknowledged
        )


@dataclass(frozen=True)
class Left:
    """What was found where a cut left its blocks.

    ``sound``: what the file system's checker says; None when it was not asked.
    """

    found: Found
    sound: bool | None


class Rig:
    """An image with an empty ledger, and servers on disks that begin with it."""

    def __init__(self, folder: Path, binaries: Binaries, formatter: Program) -> None:
        self.folder = folder
        self.image = folder / "image"
        self._binaries = binaries
        self._formatter = formatter
        self._started = 0
        self.oracles = self._prepare()
        """What examines the database besides reading it."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions, and what the disk is made of."""
        return {
            "database": f"PostgreSQL {self._binaries.version} ({self._binaries.source})",
            "disk": f"{IMAGE_BYTES >> 20} MiB served through FUSE, a loop device on it, ext4 "
            f"(mke2fs {self._formatter.version})",
            "oracles": self.oracles,
        }

    def record(self, chosen: Recorded, work: Work, generator: np.random.Generator) -> Recording:
        """Let clients commit on a fresh copy of the disk, and write down what it is asked."""
        with self.disk(chosen.flush_seconds) as recorded:
            with self.mount(recorded) as mount:
                began, acknowledged = self._commit(mount, chosen, work, generator)
            records = recorded.records()
        ended = max(client[-1] for client in acknowledged)
        window = log.flushes(records, began) - log.flushes(records, ended)
        return Recording(
            writes=volatile.by_block(records),
            acknowledged=acknowledged,
            flushes=window / (work.clients * work.commits),
            seconds=(ended - began) / 1e9,
            disagreement=disagreement(mount, records),
        )

    def examine(self, pieces: Mapping[int, memoryview], *, check: bool) -> Left:
        """Put the disk back with these bytes, let ext4 and PostgreSQL recover, and look.

        ``check``: whether the file system's checker looks as well, once it has recovered.
        """
        with disk.in_memory(self.image, pieces) as image:
            found = self._found(image)
            if not check or found.obstacle is Obstacle.FILE_SYSTEM:
                return Left(found, None)
            return Left(found, disk.is_sound(image, self.folder, name=self._name("checked")))

    def found_after(
        self, records: Sequence[log.Record], cut: int, cache: Cache, generator: np.random.Generator
    ) -> Found:
        """What is found when power failed at this instant, with luck from the generator."""
        writes = volatile.by_block(records)
        luck = volatile.draw(generator, len(writes))
        return self.examine(volatile.left(writes, cut, cache, luck), check=False).found

    @contextlib.contextmanager
    def disk(self, flush_seconds: float = 0.0) -> Iterator[Disk]:
        """A fresh disk with the empty ledger on it."""
        name = self._name("disk")
        with disk.served(self.image, self.folder, name=name, flush_seconds=flush_seconds) as made:
            yield made

    @contextlib.contextmanager
    def mount(self, on: Disk) -> Iterator[Mount]:
        """Its file system."""
        name = self._name("fs")
        with disk.mounted(on.file, self.folder, name=name, inside=on.process) as mount:
            yield mount

    @contextlib.contextmanager
    def server(self, mount: Mount, settings: Mapping[str, Setting]) -> Iterator[Postgres]:
        """PostgreSQL on the data folder of that file system."""
        with postgres.running(
            self._binaries,
            self.folder,
            name=self._name("postgres"),
            settings=settings,
            data=mount.folder / "data",
            inside=mount.process,
        ) as server:
            yield server

    def _prepare(self) -> str:
        """Make the image with the empty ledger; which oracles there are."""
        disk.format_image(self._formatter, self.image, IMAGE_BYTES)
        with (
            disk.mounted(self.image, self.folder, name="prepared") as mount,
            # unmounting brings all to the image
            self.server(mount, RECOVERING) as server,
            server.connect() as connection,
        ):
            oracles = postgres_ledger.create(connection)
            connection.close()
            server.shut_down()
        return oracles

    def _commit(
        self, mount: Mount, chosen: Recorded, work: Work, generator: np.random.Generator
    ) -> tuple[int, tuple[tuple[int, ...], ...]]:
        """When the clients began, and when each commit was acknowledged."""
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(self.server(mount, chosen.settings))
            if chosen.writes_back:
                stack.enter_context(write_back.going_on(mount.from_here / "data", generator))
            connections = [stack.enter_context(server.connect()) for _ in range(work.clients)]
            began = time.monotonic_ns()
            return began, _together(connections, work, generator)

    def _found(self, image: Path) -> Found:
        try:
            mounting = disk.mounted(image, self.folder, name=self._name("left"))
            with mounting as mount:
                return self._read(mount)
        except Unmountable as error:
            return Found(numbers=frozenset(), problem=str(error), obstacle=Obstacle.FILE_SYSTEM)

    def _read(self, mount: Mount) -> Found:
        try:
            with self.server(mount, RECOVERING) as server, server.connect() as connection:
                return postgres_ledger.read(connection)
        except (ServerFailed, psycopg.Error) as error:
            return Found(numbers=frozenset(), problem=str(error), obstacle=Obstacle.SERVER)

    def _name(self, kind: str) -> str:
        """A folder name that was not there before."""
        self._started += 1
        return f"{kind}-{self._started}"


def disagreement(mount: Mount, records: Sequence[log.Record]) -> int:
    """How many more or fewer flushes the kernel counted than the disk, once it is unmounted."""
    return abs(mount.flushes - log.flushes(records, mount.attached_at))


def _together(
    connections: list[postgres_ledger.Connection], work: Work, generator: np.random.Generator
) -> tuple[tuple[int, ...], ...]:
    """All clients commit at once, each in a thread of its own; the first failure is raised."""
    generators = generator.spawn(work.clients)

    def client(number: int) -> tuple[int, ...]:
        return tuple(
            postgres_ledger.commits(
                connections[number],
                postgres_ledger.Client(number, work.clients),
                work.commits,
                work.checkpoint_commits if number == 0 else None,
                generators[number],
            )
        )

    with ThreadPoolExecutor(work.clients) as pool:
        return tuple(pool.map(client, range(work.clients)))
