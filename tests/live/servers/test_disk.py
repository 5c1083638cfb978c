"""The disk under a real kernel: what it writes down, what a cut leaves, and that nothing stays.

Needs root, /dev/fuse, loop devices and mkfs.ext4; elsewhere each test is skipped with the reason.
"""

import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from earwitness.servers import liveness, process
from earwitness.servers import workspace as workspaces
from earwitness.servers.disk import disk, file_systems, kernel, log, volatile
from earwitness.servers.disk.disk import Mount, Unmountable
from earwitness.servers.disk.volatile import Cache, Luck, Writes
from earwitness.servers.liveness import Identity
from earwitness.servers.postgres import Binaries, Postgres, running
from earwitness.servers.process import MissingComponent, ServerFailed
from earwitness.servers.program import Program

SIZE = 16 << 20
HONEST, LYING = Cache(honours_flush=True, blocks=4096), Cache(honours_flush=False, blocks=4096)

# In the file system: write a file and flush it and its folder, note the time, write another.
WORK = """
import os, sys, time
folder, told = sys.argv[1:]
def made(name, data, flushed):
    file = os.open(os.path.join(folder, name), os.O_WRONLY | os.O_CREAT)
    os.write(file, data)
    if flushed:
        os.fsync(file)
        os.fsync(os.open(folder, os.O_RDONLY))
    os.close(file)
made("kept", b"k" * 100000, True)
with open(told, "w") as note:
    note.write(str(time.monotonic_ns()))
made("late", b"l" * 100000, False)
"""


@pytest.fixture(scope="module")
def formatter() -> Program:
    try:
        return disk.find()
    except MissingComponent as missing:
        pytest.skip(missing.reason)


@pytest.fixture
def image(formatter: Program, workspace: Path) -> Path:
    """An empty file system; the test is skipped where the kernel does not mount it for us."""
    made = workspace / "image"
    disk.format_image(formatter, made, SIZE)
    try:
        with disk.served(made, workspace, name="trial"):
            return made
    except MissingComponent as missing:
        pytest.skip(missing.reason)


def run_in(mount: Mount, workspace: Path, code: str, *arguments: Path) -> None:
    folder = workspace / "work"
    folder.mkdir()
    command = [sys.executable, "-I", "-c", code, *arguments]
    process.finish(command, folder, name="work", seconds=20, inside=mount.process)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"lost+found"}


@contextmanager
def recorded(image: Path, workspace: Path) -> Iterator[tuple[disk.Disk, Mount]]:
    with disk.served(image, workspace) as served:
        inside = served.process
        with disk.mounted(served.file, workspace, name="fs", inside=inside) as mount:
            yield served, mount


def all_lost(writes: Writes) -> Luck:
    return Luck(fates=np.ones((len(writes), 8), dtype=np.float32), survival=0.5)


def test_what_was_flushed_is_there_after_a_cut_and_on_a_lying_disk_it_is_not(
    image: Path, workspace: Path
) -> None:
    note = workspace / "note"
    before = hashlib.sha256(image.read_bytes()).digest()
    with recorded(image, workspace) as (served, mount):
        run_in(mount, workspace, WORK, mount.folder, note)
        assert names(mount.from_here) == {"kept", "late"}
        assert names(mount.folder) == set(), "others see the mount"
        records = served.records()
    assert hashlib.sha256(image.read_bytes()).digest() == before, "the image was changed"
    writes = volatile.by_block(records)
    flushed_at = int(note.read_text())
    expected = {HONEST: {"kept"}, LYING: set()}
    for cache, found in expected.items():
        left = volatile.left(writes, flushed_at, cache, all_lost(writes))
        with (
            disk.in_memory(image, left) as state,
            disk.mounted(state, workspace, name=f"left-{cache.honours_flush}") as mount,
        ):
            assert names(mount.from_here) == found
            for name in found:
                assert (mount.from_here / name).read_bytes() == b"k" * 100000


def test_the_kernel_counts_the_same_flushes(image: Path, workspace: Path) -> None:
    code = "import os,sys\nf=os.open(sys.argv[1]+'/f',65)\n"
    code += "for i in range(50): os.pwrite(f, bytes([i])*4096, 0); os.fdatasync(f)"
    with disk.served(image, workspace) as served:
        with disk.mounted(served.file, workspace, name="fs", inside=served.process) as mount:
            with pytest.raises(KeyError):
                _ = mount.flushes  # not before it is over
            run_in(mount, workspace, code, mount.folder)
        records = served.records()
    assert mount.flushes >= 50
    assert log.flushes(records, mount.attached_at) == mount.flushes


def test_a_flush_takes_as_long_as_it_is_told(image: Path, workspace: Path) -> None:
    with disk.served(image, workspace, flush_seconds=0.01) as served:
        with disk.mounted(served.file, workspace, name="fs", inside=served.process) as mount:
            run_in(mount, workspace, WORK, mount.folder, workspace / "note")
        times = [record.at for record in served.records() if isinstance(record, log.Flush)]
    assert len(times) > 2
    assert min(np.diff(times)) >= 10_000_000


def test_a_disk_that_is_nonsense_cannot_be_mounted(image: Path, workspace: Path) -> None:
    block = memoryview(b"\xa5" * log.BLOCK_BYTES)
    nonsense = {number * log.BLOCK_BYTES: block for number in range(64)}
    with (
        disk.in_memory(image, nonsense) as state,
        pytest.raises(Unmountable),
        disk.mounted(state, workspace, name="nonsense"),
    ):
        pytest.fail("it was mounted")


REFUSED = """
import os, sys
file = os.open(sys.argv[1] + "/f", os.O_RDWR)
os.pwrite(file, b"new!" * 1024, 0)
try:
    os.fsync(file)
except OSError as error:
    print(error.errno, os.pread(file, 4, 0).decode(), flush=True)
"""


def test_a_refused_write_fails_one_fsync_and_the_next_says_nothing(
    image: Path, workspace: Path
) -> None:
    """What a database that tries again believes: the second fsync succeeds, and nothing is there."""
    with disk.served(image, workspace) as served:
        with disk.mounted(served.file, workspace, name="fs", inside=served.process) as mount:
            file = os.open(mount.from_here / "f", os.O_RDWR | os.O_CREAT)
            os.pwrite(file, b"old." * 1024, 0)
            os.fsync(file)
            ((begin, length),) = kernel.extents(file)
            os.close(file)
            served.faults.refuse(begin, begin + length, 1)
            folder = workspace / "work"
            folder.mkdir()
            command = [sys.executable, "-I", "-c", REFUSED, mount.folder]
            with process.running(command, folder, name="first", inside=mount.process) as first:
                assert first.wait(20) == 0
                assert first.log.read_text().split() == [str(errno.EIO), "new!"]
            again = os.open(mount.from_here / "f", os.O_RDWR)
            os.fsync(again)
            os.close(again)
        records = served.records()
    assert [record.offset for record in records if isinstance(record, log.Refused)] == [begin]
    writes = volatile.by_block(records)
    left = volatile.left(writes, 2**62, HONEST, all_lost(writes))
    assert bytes(left[begin][:4]) == b"old."


@pytest.mark.parametrize("name", ["xfs", "btrfs"])
def test_other_file_systems_flush_as_well_and_are_sound_after_a_cut(
    name: str, formatter: Program, workspace: Path
) -> None:
    kind = file_systems.FILE_SYSTEMS[name]
    try:
        image = workspace / "other"
        disk.format_image(disk.find(kind), image, kind.least_bytes, kind)
        with disk.served(image, workspace) as served:
            note = workspace / "note"
            inside = served.process
            with disk.mounted(served.file, workspace, name="fs", inside=inside, kind=kind) as mount:
                run_in(mount, workspace, WORK, mount.folder, note)
            records = served.records()
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    assert log.flushes(records, mount.attached_at) == mount.flushes > 0
    writes = volatile.by_block(records)
    left = volatile.left(writes, int(note.read_text()), HONEST, all_lost(writes))
    with disk.in_memory(image, left) as state:
        with disk.mounted(state, workspace, name="left", kind=kind) as mount:
            assert names(mount.from_here) == {"kept"}
        assert disk.is_sound(state, workspace, name="checked", kind=kind)


def test_the_checker_sees_what_is_damaged(image: Path, workspace: Path) -> None:
    assert disk.is_sound(image, workspace, name="whole")
    block = memoryview(b"\xa5" * log.BLOCK_BYTES)
    with disk.in_memory(image, {2 * log.BLOCK_BYTES: block}) as state:
        assert not disk.is_sound(state, workspace, name="damaged")


def test_who_has_ended_cannot_be_joined(image: Path, workspace: Path) -> None:
    with recorded(image, workspace) as (_, mount):
        pass
    with pytest.raises(ServerFailed, match="cannot be started"):
        run_in(mount, workspace, "print('here')")


def test_postgresql_finds_its_data_again_where_only_it_sees_them(
    image: Path, workspace: Path, newest: Binaries
) -> None:
    roomy = workspace / "roomy"
    disk.format_image(disk.find(), roomy, 128 << 20)

    def server(mount: Mount, name: str) -> AbstractContextManager[Postgres]:
        data = mount.folder / "data"
        return running(newest, workspace, name=name, data=data, inside=mount.process)

    with disk.mounted(roomy, workspace, name="fs") as mount:
        with server(mount, "first") as first, first.connect() as connection:
            connection.execute("create table kept as select 7 as number")
            connection.close()
            first.shut_down()
            with pytest.raises(ServerFailed, match="not running"):
                first.require_alive()
            assert not first.data.exists()
            assert "shut down" in first.log.read_text()
        with server(mount, "second") as second, second.connect() as connection:
            assert "not properly shut down" not in second.log.read_text()
            assert connection.execute("select number from kept").fetchall() == [(7,)]


def attached(device: Path) -> str | None:
    """What distinguishes what is attached there from all that was before; None: nothing is."""
    facts = Path("/sys/block") / device.name
    return (facts / "diskseq").read_text() if (facts / "loop").exists() else None


def eventually(holds: Callable[[], bool], seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def mounts_below(folder: Path) -> list[str]:
    """Lines of any process's mounts that have to do with this folder."""
    found = []
    for other in Path("/proc").glob("[0-9]*/mountinfo"):
        try:
            text = other.read_text()
        except OSError:
            continue
        found += [line for line in text.splitlines() if str(folder) in line]
    return found


def connections() -> int:
    """FUSE connections that the kernel has, looked at through a mount of our own."""
    folder = "/sys/fs/fuse/connections"
    unshare = shutil.which("unshare")
    assert unshare is not None
    command = f"mount -t fusectl none {folder}; ls {folder}"
    done = subprocess.run(
        [unshare, "--mount", "sh", "-c", command], capture_output=True, text=True, check=True
    )
    return len(done.stdout.split())


def test_when_it_is_over_nothing_is_left(image: Path, workspace: Path) -> None:
    before = connections()
    with recorded(image, workspace) as (served, mount):
        device, sequence = mount.device, attached(mount.device)
        assert sequence is not None
        assert connections() == before + 1
        assert mounts_below(workspace)
    assert eventually(lambda: attached(device) != sequence)
    assert eventually(lambda: connections() == before)
    assert eventually(lambda: mounts_below(workspace) == [])
    assert not served.process.alive


@pytest.mark.parametrize("victim", ["disk", "mount"])
def test_whichever_of_the_two_is_killed_the_other_ends_and_nothing_is_left(
    victim: str, image: Path, workspace: Path
) -> None:
    with disk.served(image, workspace) as served:
        try:
            inside = served.process
            with disk.mounted(served.file, workspace, name="fs", inside=inside) as mount:
                run_in(mount, workspace, WORK, mount.folder, workspace / "note")
                device, sequence = mount.device, attached(mount.device)
                killed = served.process if victim == "disk" else mount.process
                os.kill(killed.pid, signal.SIGKILL)
                assert eventually(lambda: not mount.process.alive)
        except ServerFailed as failure:
            assert "could not be unmounted" in str(failure)
    assert eventually(lambda: attached(device) != sequence)
    assert eventually(lambda: mounts_below(workspace) == [])


WORKER = """
import pathlib, sys
from earwitness.servers import postgres, workspace
from earwitness.servers.disk import disk
root, folder, version, major = sys.argv[1:]
binaries = postgres.Binaries(pathlib.Path(folder), version, int(major), "test")
with workspace.workspace("killed", root=pathlib.Path(root)) as home:
    image = home / "image"
    disk.format_image(disk.find(), image, 128 << 20)
    with (
        disk.served(image, home) as served,
        disk.mounted(served.file, home, name="fs", inside=served.process) as mount,
        postgres.running(
            binaries, home, settings={"fsync": True},
            data=mount.folder / "data", inside=mount.process,
        ) as server,
        server.connect() as connection,
    ):
        connection.execute("create table entry (payload text)")
        print(served.process.pid, mount.process.pid, server.pid, mount.device, flush=True)
        while True:
            connection.execute("insert into entry values (repeat('x', 5000))")
"""


@dataclass(frozen=True)
class Committing:
    """A process that has PostgreSQL commit on a disk, and what it started."""

    worker: subprocess.Popen[str]
    disk: int
    started: tuple[Identity, ...]

    def kill_worker(self) -> None:
        self.worker.kill()
        self.worker.wait()

    @property
    def all_gone(self) -> bool:
        return not any(liveness.exists(member) for member in self.started)


@pytest.fixture
def committing(image: Path, root: Path, newest: Binaries) -> Iterator[Committing]:
    """It is ended by the test; nothing of it may be left then."""
    before = connections()
    facts = (newest.folder, newest.version, newest.major)
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(root), *map(str, facts)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    with worker.stdout as said:
        *pids, device_path = said.readline().split()
    device = Path(device_path)
    sequence = attached(device)
    assert sequence is not None
    time.sleep(0.2)
    started = liveness.descendants(worker.pid)
    assert {int(pid) for pid in pids} < {member.pid for member in started}
    yield Committing(worker, int(pids[0]), started)
    assert eventually(lambda: attached(device) != sequence)
    assert eventually(lambda: connections() == before)
    assert eventually(lambda: mounts_below(root / "killed") == [])
    worker.kill()
    worker.wait()
    swept = workspaces.sweep(root)
    assert [found.folder.name for found in swept] == ["killed"]


def test_a_run_that_is_killed_while_postgresql_commits_leaves_nothing(
    committing: Committing,
) -> None:
    committing.kill_worker()
    assert eventually(lambda: committing.all_gone)


def test_all_that_lives_on_a_disk_is_ended_by_the_kernel_when_its_program_is_killed(
    committing: Committing,
) -> None:
    """Although whoever started them is stopped, and does nothing about it."""
    committing.worker.send_signal(signal.SIGSTOP)
    first, *others = sorted(committing.started, key=lambda member: member.pid != committing.disk)
    assert first.pid == committing.disk
    assert liveness.id_inside(first.pid) == 1
    for kind in ("pid", "ipc"):
        spaces = {Path(f"/proc/{one.pid}/ns/{kind}").readlink() for one in committing.started}
        assert len(spaces) == 1
        assert Path(f"/proc/self/ns/{kind}").readlink() not in spaces
    os.kill(first.pid, signal.SIGKILL)
    assert eventually(lambda: not any(liveness.exists(other) for other in others))
    committing.kill_worker()
    assert eventually(lambda: committing.all_gone)
