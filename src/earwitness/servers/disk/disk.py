"""A disk that writes down what it is asked, and file systems that only some processes see.

Finding out whether it can be had here, and starting and ending the two programs of this room. What
is put on the disk, and what is made of the log, is the caller's affair.

What could be left: nothing. A disk's program is the first of a process namespace, and who mounts its
file system or works on it is started inside; a file system without such a disk has a namespace of its
own. When that first process dies, by whatever, the kernel kills the others; it dies itself when we do
(``servers.process``). Every mount is in a mount namespace, which vanishes with the last of them, and
every loop device detaches itself when its file system is gone.
"""

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from earwitness.servers import folders, process
from earwitness.servers.component import Component
from earwitness.servers.disk import fuse, kernel, log, status
from earwitness.servers.disk.faults import Faults
from earwitness.servers.disk.file_systems import EXT4, FileSystem
from earwitness.servers.disk.log import BLOCK_BYTES
from earwitness.servers.process import MissingComponent, Process, ServerFailed
from earwitness.servers.program import Program

NAME = "disk with a volatile cache"
LARGEST_BYTES = 512 << 20
"""Of an image. It may be held in memory more than once."""

_DEVICES = (Path("/dev/fuse"), Path("/dev/loop-control"))
_FORMAT_SECONDS = 30.0
_CHECK_SECONDS = 60.0
_READY_SECONDS = 20.0
_UNMOUNT = (process.Stop(signal.SIGTERM, 10.0),)
_AT_ONCE = ()
"""By SIGKILL: what a disk has been told stands in its log."""


class Unmountable(Exception):
    """The file system is so damaged that the kernel does not mount it. The message says why."""


def find(kind: FileSystem = EXT4) -> Program:
    """The program that formats; MissingComponent, with the reason, where no disk can be had.

    Rights and devices are looked at here; whether the kernel goes along shows at the first mount.
    """
    if sys.platform != "linux":
        raise MissingComponent(f"the {NAME} needs Linux")
    if os.geteuid() != 0 or not kernel.capable(kernel.SYS_ADMIN):
        raise MissingComponent(f"the {NAME} needs root (CAP_SYS_ADMIN) to mount it")
    for device in _DEVICES:
        if not os.access(device, os.R_OK | os.W_OK):
            raise MissingComponent(f"the {NAME} needs {device}, which is not granted here")
    return kind.formatter.find()


def components() -> tuple[Component, ...]:
    """Its line in the table of components."""
    try:
        found = find()
    except MissingComponent as missing:
        return (Component(name=NAME, missing=missing.reason, install=missing.install),)
    version = f"FUSE, loop, ext4 (mke2fs {found.version})"
    return (Component(name=NAME, version=version, source=found.source),)


def format_image(program: Program, image: Path, size: int, kind: FileSystem = EXT4) -> None:
    """Make a file of ``size`` bytes with an empty file system; as ``process.finish``.

    ``program``: what ``find`` gave for this kind. ValueError when the size is not of whole blocks,
    or not between ``kind.least_bytes`` and ``LARGEST_BYTES``.
    """
    if size % BLOCK_BYTES or not kind.least_bytes <= size <= LARGEST_BYTES:
        raise ValueError(
            f"an image for {kind.name} has whole blocks and from {kind.least_bytes} to "
            f"{LARGEST_BYTES} bytes, not {size}"
        )
    with image.open("xb") as file:
        file.truncate(size)
    folder = image.with_name(f"{image.name}-formatting")  # what ends by itself clears its folder
    folder.mkdir()
    command: list[str | Path] = [program.path, *kind.format, image]
    process.finish(command, folder, name=kind.formatter.name, seconds=_FORMAT_SECONDS)
    shutil.rmtree(folder)


def is_sound(image: Path, workspace: Path, *, name: str, kind: FileSystem = EXT4) -> bool:
    """Whether the file system's own checker finds nothing wrong with an image that is not mounted.

    It changes nothing. MissingComponent when the checker is not there; ServerFailed when it does
    not finish; FileExistsError when ``name`` is taken.
    """
    folder = folders.reachable(workspace / name, None)
    command: list[str | Path] = [kind.checker.find().path, *kind.check, image]
    with process.running(command, folder, name=kind.checker.name) as checker:
        sound = checker.wait(_CHECK_SECONDS) == 0
    shutil.rmtree(folder)
    return sound


class Disk:
    """A disk that is served; made by ``served``."""

    def __init__(self, server: Process, file: Path, log_file: Path, faults: Faults) -> None:
        self.process = server
        """Sees the disk; others see it when they are started inside."""
        self.file = file
        """The disk, as a file."""
        self.faults = faults
        """Which writes it is to answer by EIO."""
        self._log = log_file

    def records(self) -> tuple[log.Record, ...]:
        """What it has been asked so far, in order."""
        self.process.require_alive()
        return log.decoded(self._log.read_bytes())


@contextlib.contextmanager
def served(
    image: Path, workspace: Path, *, name: str = "disk", flush_seconds: float = 0.0
) -> Iterator[Disk]:
    """A disk with the content of ``image``, which stays as it is, in a folder of its own.

    ``flush_seconds``: how long it takes to answer a flush, at least.
    MissingComponent when the kernel does not let us; ServerFailed when the program fails;
    FileExistsError when ``name`` is taken; ValueError outside a workspace.
    """
    folder = folders.reachable(workspace / name, None)
    point = folder / "fuse"
    point.mkdir()
    log_file, ready = folder / "log", folder / "ready"
    faults = folder / "faults"
    shared = Faults(faults)
    command = _program("server_program", image, log_file, point, ready, faults, str(flush_seconds))
    with process.running(command, folder, name=name, inside=process.APART, stop=_AT_ONCE) as server:
        _wait_for(server, ready)
        yield Disk(server, point / fuse.NAME, log_file, shared)


class Mount:
    """A mounted file system; made by ``mounted``."""

    def __init__(self, keeper: Process, folder: Path, told: Path) -> None:
        self.process = keeper
        """Sees the file system; others see it when they are started inside."""
        self.folder = folder
        """Where it is, for those who see it."""
        self._told = told

    @property
    def from_here(self) -> Path:
        """The same folder through the eyes of who sees it (proc_pid_root(5)); for root."""
        return Path(f"/proc/{self.process.pid}/root") / self.folder.relative_to("/")

    @property
    def device(self) -> Path:
        """Its loop device."""
        return Path(str(status.read(self._told)["device"]))

    @property
    def attached_at(self) -> int:
        """When its device was made, by CLOCK_MONOTONIC in nanoseconds."""
        return int(status.read(self._told)["attached_at"])

    @property
    def flushes(self) -> int:
        """How many flushes the kernel counted on its device since; KeyError before it is over."""
        return int(status.read(self._told)["flushes"])


@contextlib.contextmanager
def mounted(
    file: Path,
    workspace: Path,
    *,
    name: str,
    inside: Process | None = None,
    kind: FileSystem = EXT4,
) -> Iterator[Mount]:
    """The file system of that kind on ``file``, in a folder of its own, unmounted on the way out.

    ``inside``: who sees ``file``; None: we do. Whoever was started inside must have ended before.
    Unmountable when it is damaged; else as ``served``, and ServerFailed when it cannot be unmounted.
    """
    folder = folders.reachable(workspace / name, process.unprivileged())
    point = folder / "mnt"
    point.mkdir(mode=0o755)
    point.chmod(0o755)  # mkdir obeys the umask
    told = folder / "status"
    facts = (kind.name, kind.options, str(BLOCK_BYTES))
    command = _program("mount_program", file, point, told, *facts)
    keeper = process.start(command, folder, name=name, inside=inside or process.APART)
    try:
        _wait_for(keeper, told)
        yield Mount(keeper, point, told)
    finally:
        keeper.stop(_UNMOUNT)
    if keeper.returncode != 0:
        raise keeper.failure("could not be unmounted")


@contextlib.contextmanager
def in_memory(image: Path, pieces: Mapping[int, memoryview]) -> Iterator[Path]:
    """A copy of the image with these bytes, by offset, in place of its own; a file in memory.

    It exists as long as it is open here or attached to a device, and has no name but this path.
    """
    copy = os.memfd_create("earwitness")
    try:
        with image.open("rb") as base:
            os.ftruncate(copy, os.fstat(base.fileno()).st_size)
            _copy_data(base.fileno(), copy)
        for offset, piece in pieces.items():
            os.pwrite(copy, piece, offset)
        yield Path(f"/proc/{os.getpid()}/fd/{copy}")
    finally:
        os.close(copy)


def _copy_data(base: int, copy: int) -> None:
    """Copy what is there; holes stay holes."""
    size = os.fstat(base).st_size
    end = 0
    while end < size:
        try:
            begin = os.lseek(base, end, os.SEEK_DATA)
        except OSError:  # ENXIO: only a hole is left
            return
        end = os.lseek(base, begin, os.SEEK_HOLE)
        os.lseek(copy, begin, os.SEEK_SET)
        while begin < end:
            begin += os.sendfile(copy, base, begin, end - begin)


def _program(module: str, *arguments: str | Path) -> list[str | Path]:
    return [sys.executable, "-I", "-m", f"earwitness.servers.disk.{module}", *arguments]


def _wait_for(program: Process, told: Path) -> None:
    """Until it is ready; its exit status says what kind of failure it is."""
    try:
        program.wait_until(told.exists, _READY_SECONDS)
    except ServerFailed:
        if program.alive:
            raise
        number = program.wait(0)
        said = process.quote(program.log)
        if number == status.NOT_GRANTED:
            raise MissingComponent(f"the {NAME} is not granted here: {said}") from None
        if number == status.DAMAGED:
            raise Unmountable(said) from None
        raise
