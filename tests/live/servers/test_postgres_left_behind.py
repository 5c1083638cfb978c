"""Killed runs and full disks: what remains, what the sweep makes of it, what is said."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from earwitness.servers import postgres, workspace
from earwitness.servers.postgres import Binaries

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the sweep ends servers")

WORKER = """
import os, pathlib, sys, threading, time
from earwitness.servers import postgres, workspace
found = postgres.Binaries(pathlib.Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), "test")
with (
    workspace.workspace("killed", root=pathlib.Path(sys.argv[1])) as folder,
    postgres.running(found, folder) as server,
    server.connect() as connection,
    server.connect() as busy,
):
    query = "select count(*) from (select generate_series(1, 1000000000000)) as endless"
    threading.Thread(target=busy.execute, args=(query,), daemon=True).start()
    time.sleep(0.3)
    print(server.pid, busy.info.backend_pid, connection.info.backend_pid, flush=True)
    time.sleep(60)
"""


def start_worker(root: Path, binaries: Binaries) -> tuple["subprocess.Popen[str]", list[int]]:
    facts = (binaries.folder, binaries.version, binaries.major)
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(root), *map(str, facts)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert worker.stdout is not None
    postmaster, *clients = map(int, worker.stdout.readline().split())
    children = psutil.Process(postmaster).children(recursive=True)
    return worker, [postmaster, *{*clients, *(child.pid for child in children)}]


def alive(pids: list[int]) -> list[int]:
    return [pid for pid in pids if psutil.pid_exists(pid)]


def segments_of(pid: int) -> list[str]:
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return [line for line in lines if int(line.split()[4]) == pid]


def wait_until_gone(pids: list[int], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while alive(pids) and time.monotonic() < deadline:
        time.sleep(0.02)


@LINUX
def test_a_killed_worker_takes_its_server_along_within_two_seconds(
    binaries: Binaries, root: Path
) -> None:
    worker, pids = start_worker(root, binaries)
    shared = set(Path("/dev/shm").iterdir())
    worker.kill()
    worker.communicate()
    wait_until_gone(pids, 2)
    assert alive(pids) == []
    assert segments_of(pids[0]) == []
    with workspace.workspace("living", root=root) as ours:
        [swept] = workspace.sweep(root)
        assert swept.folder == root / "killed"
        assert (swept.killed, swept.segments) == ((), ())
        assert ours.is_dir()
    assert not (root / "killed").exists()
    assert set(Path("/dev/shm").iterdir()) <= shared


@LINUX
def test_worker_and_postmaster_killed_at_once_leave_what_the_sweep_ends(
    newest: Binaries, root: Path
) -> None:
    """The busy backend does not notice that its postmaster died; the segment stays."""
    worker, pids = start_worker(root, newest)
    postmaster, *others = pids
    worker.send_signal(signal.SIGSTOP)  # so that it cannot clear up in between
    os.kill(postmaster, signal.SIGKILL)
    wait_until_gone([postmaster], 2)
    worker.kill()
    worker.communicate()
    assert alive(others)
    assert len(segments_of(postmaster)) == 1
    [swept] = workspace.sweep(root)
    assert set(swept.killed) <= set(others)
    assert swept.killed
    wait_until_gone(pids, 2)
    assert alive(pids) == []
    assert len(swept.segments) == 1
    assert segments_of(postmaster) == []


@LINUX
def test_the_sweep_does_not_touch_a_live_server(newest: Binaries, root: Path) -> None:
    worker, pids = start_worker(root, newest)
    try:
        assert workspace.sweep(root) == ()
        time.sleep(0.1)
        assert alive(pids) == pids
    finally:
        worker.kill()
        worker.communicate()
    wait_until_gone(pids, 2)
    assert len(workspace.sweep(root)) == 1


FULL = """
import pathlib, sys
from earwitness.servers import postgres, workspace
found = postgres.Binaries(pathlib.Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), "test")
root = pathlib.Path(sys.argv[1]) / "root"
try:
    with workspace.workspace("full", root=root) as folder, postgres.running(found, folder):
        print("started")
except postgres.ServerFailed as error:
    print("failed:", error)
print("left:", [p.name for p in root.iterdir() if p.name != ".lock"])
"""


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="needs root to mount a small file system"
)
@pytest.mark.parametrize("kilobytes", [64, 8_192, 36_000])
def test_a_full_disk_is_called_by_its_name(newest: Binaries, root: Path, kilobytes: int) -> None:
    with workspace.workspace("warm", root=root) as folder, postgres.running(newest, folder):
        pass  # the empty cluster is in the cache now, which is on another file system
    small = root.parent / "small"
    small.mkdir()
    facts = (newest.folder, newest.version, str(newest.major))
    mount = f'mount -t tmpfs -o size={kilobytes}k,mode=711 none {small} && exec "$@"'
    command = [sys.executable, "-c", FULL, str(small), *map(str, facts)]
    done = subprocess.run(
        ["unshare", "--mount", "/bin/sh", "-c", mount, "sh", *command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    failed, left = done.stdout.splitlines() or [done.stderr, ""]
    assert failed.startswith("failed: ")
    assert "No space left on device" in failed
    assert left == "left: []"
