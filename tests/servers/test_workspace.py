"""Workspaces: whose they are, and what the sweep does about the dead. No server is needed."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import psutil
import pytest

from earwitness.servers import liveness, workspace

IPC_CREAT = 0o1000

OWNER = """
import os, pathlib, sys, time
from earwitness.servers import process, workspace
with workspace.workspace("owned", root=pathlib.Path(sys.argv[1])) as folder:
    for command in sys.argv[2:]:
        child = process.start(["/bin/sh", "-c", command], folder, name="child", log=folder / "log")
        print(child.pid, flush=True)
    print("ready", flush=True)
    time.sleep(60)
"""


@contextlib.contextmanager
def owner(root: Path, *commands: str) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """Another process with a workspace and children that run these shell commands."""
    command = [sys.executable, "-c", OWNER, str(root), *commands]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pids = []
    for line in process.stdout:
        if line == "ready\n":
            break
        pids.append(int(line))
    try:
        yield process, pids
    finally:
        process.kill()
        process.communicate()


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def within_two_seconds(condition) -> bool:
    deadline = time.monotonic() + 2
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return bool(condition())


def test_a_workspace_is_there_and_then_it_is_not(root: Path) -> None:
    with workspace.workspace("run-1", root=root) as folder:
        assert folder.is_dir()
        assert workspace.home_of(folder / "deep" / "deeper") == folder
        (folder / "data").write_text("x")
    assert not folder.exists()


def test_its_folders_are_closed_to_others(root: Path) -> None:
    before = os.umask(0)
    try:
        with workspace.workspace("run-1", root=root) as folder:
            modes = {path.stat().st_mode & 0o777 for path in (root, folder)}
    finally:
        os.umask(before)
    assert modes == {0o711 if os.geteuid() == 0 else 0o700}


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", ".hidden", "x" * 41, "a b", "a\n"])
def test_a_name_that_could_lead_elsewhere_is_refused(root: Path, name: str) -> None:
    with pytest.raises(ValueError, match="not a run id"), workspace.workspace(name, root=root):
        pass


def test_a_name_is_taken_once(root: Path) -> None:
    with workspace.workspace("run-1", root=root) as folder:
        with pytest.raises(FileExistsError), workspace.workspace("run-1", root=root):
            pass
        assert folder.is_dir()


def test_a_root_that_is_a_link_is_refused(root: Path, tmp_path: Path) -> None:
    root.symlink_to(tmp_path)
    with pytest.raises(PermissionError), workspace.workspace("run-1", root=root):
        pass
    with pytest.raises(PermissionError):
        workspace.sweep(root)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_root_of_somebody_else_is_refused(root: Path) -> None:
    root.mkdir()
    os.chown(root, 1, 1)
    with pytest.raises(PermissionError), workspace.workspace("run-1", root=root):
        pass


def test_outside_a_workspace_nothing_can_be_recorded(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="in no workspace"):
        workspace.home_of(tmp_path)


def test_sweep_without_any_run_before(root: Path) -> None:
    assert workspace.sweep(root) == ()


def test_sweep_leaves_our_own_run_alone(root: Path) -> None:
    with workspace.workspace("run-1", root=root) as folder:
        assert workspace.sweep(root) == ()
        assert folder.is_dir()


def test_sweep_leaves_the_run_of_a_living_process_alone(root: Path) -> None:
    with owner(root, "sleep 60") as (_, [child]):
        assert workspace.sweep(root) == ()
        assert (root / "owned").is_dir()
        assert not gone(child)


def test_sweep_removes_the_run_of_a_killed_process(root: Path) -> None:
    with owner(root) as (process, _):
        process.kill()
        process.wait()
        assert [swept.folder for swept in workspace.sweep(root)] == [root / "owned"]
        assert not (root / "owned").exists()
        assert workspace.sweep(root) == ()


def test_an_owner_that_cannot_be_seen_but_holds_its_lock_is_alive(root: Path) -> None:
    """As in a container with process ids of its own that shares the folder."""
    with workspace.workspace("run-1", root=root) as folder:
        file = folder / "owner.json"
        pid = str(os.getpid())
        with file.open("r+") as opened:  # the same file: its lock is still held
            text = opened.read().replace(f'"pid":{pid}', f'"pid":{2**22 + 1}')
            opened.seek(0)
            opened.write(text)
        assert workspace.sweep(root) == ()
        assert folder.is_dir()


def test_a_process_that_got_the_id_of_a_dead_owner_does_not_keep_its_run(root: Path) -> None:
    with owner(root) as (process, _):
        process.kill()
        process.wait()
    file = root / "owned" / "owner.json"
    file.write_text(file.read_text().replace(f'"pid":{process.pid}', f'"pid":{os.getpid()}'))
    assert len(workspace.sweep(root)) == 1


def test_a_folder_whose_maker_died_at_once_is_removed(root: Path) -> None:
    with workspace.workspace("run-1", root=root):
        (root / "run-2").mkdir()
        (root / "run-3").mkdir()
        (root / "run-3" / "owner.json").write_text("{")
        assert {s.folder.name for s in workspace.sweep(root)} == {"run-2", "run-3"}


def test_a_link_in_the_root_is_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    with workspace.workspace("run-1", root=root):
        (root / "run-2").symlink_to(tmp_path)
        workspace.sweep(root)
    assert (tmp_path / "precious").exists()


def test_only_the_very_process_on_record_is_killed(root: Path) -> None:
    """One has the id of a recorded child, but started at another time; one is on record."""
    bystander = subprocess.Popen(["/bin/sleep", "60"])
    child = subprocess.Popen(["/bin/sleep", "60"])
    try:
        with owner(root) as (process, _):
            process.kill()
            process.wait()
        known = [liveness.identity(p.pid) for p in (bystander, child)]
        assert known[0] is not None
        assert known[1] is not None
        impostor = liveness.Identity(bystander.pid, known[0].started - 1)
        workspace.record(root / "owned", workspace.Child(process=impostor))
        workspace.record(root / "owned", workspace.Child(process=known[1]))
        [swept] = workspace.sweep(root)
        assert swept.killed == (child.pid,)
        assert bystander.poll() is None
        assert child.wait() == -signal.SIGKILL
    finally:
        for started in (bystander, child):
            started.kill()
            started.wait()


def test_after_another_boot_no_process_is_killed(root: Path) -> None:
    child = subprocess.Popen(["/bin/sleep", "60"])
    try:
        with owner(root) as (process, _):
            process.kill()
            process.wait()
        known = liveness.identity(child.pid)
        assert known is not None
        workspace.record(root / "owned", workspace.Child(process=known))
        file = root / "owned" / "owner.json"
        file.write_text(file.read_text().replace(liveness.boot(), "another"))
        [swept] = workspace.sweep(root)
        assert swept.killed == ()
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def test_what_works_in_a_dead_folder_without_a_terminal_is_killed(root: Path) -> None:
    with owner(root) as (process, _):
        process.kill()
        process.wait()
    orphan = subprocess.Popen(["/bin/sleep", "60"], cwd=root / "owned", start_new_session=True)
    try:
        [swept] = workspace.sweep(root)
        assert swept.killed == (orphan.pid,)
    finally:
        orphan.kill()
        orphan.wait()


def test_a_record_that_was_cut_off_does_not_stop_the_sweep(root: Path) -> None:
    with owner(root) as (process, _):
        process.kill()
        process.wait()
    with (root / "owned" / "debts.jsonl").open("ab") as file:
        file.write(b'{"type":"chi')
    assert len(workspace.sweep(root)) == 1


def test_two_sweeps_at_once_share_the_work(root: Path) -> None:
    for name in ("a", "b", "c"):
        with owner(root) as (process, _):
            process.kill()
            process.wait()
        (root / "owned").rename(root / name)
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        swept = [s for part in pool.map(workspace.sweep, [root] * 4) for s in part]
    assert sorted(s.folder.name for s in swept) == ["a", "b", "c"]


@pytest.mark.skipif(sys.platform != "linux", reason="segments are listed in /proc on Linux")
def test_only_the_very_segment_on_record_is_removed(root: Path) -> None:
    libc = ctypes.CDLL(None)
    keys = [0x45570000 + os.getpid() % 60000 + n for n in (0, 1)]
    ids = [libc.shmget(key, 64, IPC_CREAT | 0o600) for key in keys]
    try:
        with owner(root) as (process, _):
            process.kill()
            process.wait()
        record = workspace.SharedMemory
        pid = os.getpid()
        workspace.record(root / "owned", record(id=ids[0], key=keys[0], creator_pid=pid))
        workspace.record(root / "owned", record(id=ids[1], key=keys[1], creator_pid=pid + 1))
        [swept] = workspace.sweep(root)
        assert swept.segments == (ids[0],)
        left = [
            int(line.split()[1]) for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
        ]
        assert ids[0] not in left
        assert ids[1] in left
    finally:
        for id in ids:
            libc.shmctl(id, 0, None)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the sweep ends children")
def test_children_of_a_killed_owner_are_gone_within_two_seconds(root: Path) -> None:
    stubborn = "trap '' TERM INT QUIT HUP; while :; do sleep 1; done"
    with owner(root, "exec sleep 60", stubborn) as (process, pids):
        process.kill()
        process.wait()
        assert within_two_seconds(lambda: all(map(gone, pids)))
        [swept] = workspace.sweep(root)
        assert not swept.folder.exists()
