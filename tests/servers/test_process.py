"""Children: started, watched, ended. No server is needed."""

import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from earwitness.servers import liveness, namespaces, process, workspace
from earwitness.servers.process import MissingComponent, ServerFailed, Stop

SHORT = (Stop(signal.SIGTERM, 0.2),)


@pytest.fixture
def folder(root: Path) -> Iterator[Path]:
    with workspace.workspace("run", root=root) as made:
        yield made


def shell(script: str, folder: Path, **options: object) -> process.Process:
    options = {"name": "sh"} | options
    return process.start(["/bin/sh", "-c", script], folder, **options)


def ready(child: process.Process, text: str = "ready") -> None:
    child.wait_until(lambda: text in child.log.read_text(), 10)


def gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def soon_gone(*pids: int) -> None:
    """The kernel ends them one after the other, and waits for nobody meanwhile."""
    last = time.monotonic() + 10
    while not all(map(gone, pids)):
        assert time.monotonic() < last, pids
        time.sleep(0.01)


def test_a_child_runs_and_stops(folder: Path) -> None:
    child = shell("echo ready; exec sleep 60", folder)
    ready(child)
    assert child.alive
    child.stop()
    assert not child.alive
    assert child.returncode == -signal.SIGTERM
    child.stop()  # again: no error


def test_one_that_ignores_the_polite_signal_is_killed(folder: Path) -> None:
    child = shell("trap '' TERM; echo ready; while :; do sleep 0.1; done", folder)
    ready(child)
    child.stop(SHORT)
    assert child.returncode == -signal.SIGKILL


def test_what_it_started_in_sessions_of_their_own_ends_with_it(folder: Path) -> None:
    script = (
        f'{sys.executable} -c \'import os,time; os.setsid(); print(os.getpid(), "ready", '
        "flush=True); time.sleep(60)' & trap '' TERM; wait"
    )
    child = shell(script, folder)
    ready(child)
    grandchild = int(child.log.read_text().split()[0])
    assert os.getsid(grandchild) != child.pid
    child.stop(SHORT)
    assert gone(grandchild)


@pytest.mark.skipif(os.geteuid() != 0, reason="process namespaces are for root")
def test_what_lives_apart_is_ended_by_the_kernel_and_so_is_who_was_started_inside(
    folder: Path,
) -> None:
    first = shell("(setsid sleep 60 &); echo ready; sleep 60", folder, inside=process.APART)
    ready(first)
    member = shell("echo ready; sleep 60", folder, name="member", inside=first)
    ready(member)
    children = liveness.descendants(first.pid)
    assert len(children) == 2, "who has lost its parent is the first process's"
    assert (first.pid_inside, member.pid_inside) == (1, liveness.id_inside(member.pid))
    assert member.pid_inside != member.pid
    os.kill(first.pid, signal.SIGKILL)  # by nobody's hand but the kernel's
    member.wait(10)
    soon_gone(*(child.pid for child in children))
    first.stop()
    assert (first.returncode, member.returncode) == (-signal.SIGKILL, -signal.SIGKILL)


def test_where_no_process_namespace_is_granted_a_component_is_missing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: int | None) -> None:
        raise PermissionError(errno.EPERM, "unshare(CLONE_NEWPID): not permitted")

    monkeypatch.setattr(namespaces, "children_with", refused)
    with pytest.raises(MissingComponent, match="no process namespace"):
        shell("echo ready", folder, inside=process.APART)


@pytest.mark.skipif(os.geteuid() != 0, reason="process namespaces are for root")
def test_threads_can_be_started_after_a_child_that_lives_apart(folder: Path) -> None:
    child = shell("echo ready; exec sleep 60", folder, inside=process.APART)
    ready(child)
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    child.stop(())
    assert shell("echo $$", folder, name="with us").pid_inside != 1


def test_orphans_of_one_that_died_by_itself_are_ended_too(folder: Path) -> None:
    script = (
        f'{sys.executable} -c \'import os,time; os.setsid(); print(os.getpid(), "ready", '
        "flush=True); time.sleep(60)' & sleep 60"
    )
    child = shell(script, folder)
    ready(child)
    grandchild = int(child.log.read_text().split()[0])
    os.kill(child.pid, signal.SIGKILL)
    child.stop()
    assert gone(grandchild)


def test_death_before_readiness_quotes_the_log(folder: Path) -> None:
    child = shell("echo warming up; echo 'FATAL: no such thing'; exit 1", folder, name="server")
    with pytest.raises(ServerFailed, match=r"server did not start: .*FATAL: no such thing"):
        child.wait_until(lambda: False, 10)
    child.stop()


def test_readiness_has_a_limit(folder: Path) -> None:
    child = shell("echo still here; exec sleep 60", folder)
    with pytest.raises(ServerFailed, match=r"was not ready after 0.2 s: still here"):
        child.wait_until(lambda: False, 0.2)
    child.stop()


def test_an_unexpected_death_is_noticed(folder: Path) -> None:
    child = shell("echo ready; exec sleep 60", folder)
    ready(child)
    child.require_alive()
    os.kill(child.pid, signal.SIGKILL)
    with pytest.raises(ServerFailed, match="stopped unexpectedly"):
        for _ in range(1000):
            child.require_alive()
            time.sleep(0.01)
    child.stop()
    assert child.returncode == -signal.SIGKILL


def test_only_what_this_start_wrote_is_quoted(folder: Path) -> None:
    log = folder / "log"
    log.write_text("ERROR: of an earlier start\n")
    child = shell("echo 'ERROR: of this one'; exit 1", folder, log=log)
    with pytest.raises(ServerFailed) as caught:
        child.wait_until(lambda: False, 10)
    assert str(caught.value) == "sh did not start: ERROR: of this one"
    child.stop()


def test_a_command_that_is_not_there(folder: Path) -> None:
    child = process.start(["/no/such/program"], folder, name="it")
    with pytest.raises(ServerFailed, match=r"cannot start /no/such/program: .*No such file"):
        child.wait_until(lambda: False, 10)
    child.stop()


def test_run_to_the_end(folder: Path) -> None:
    process.finish(["/bin/sh", "-c", "echo done"], folder, name="good", seconds=10)
    assert (folder / "good.log").read_text() == "done\n"
    with pytest.raises(ServerFailed, match="bad failed: oh no"):
        process.finish(["/bin/sh", "-c", "echo oh no; exit 3"], folder, name="bad", seconds=10)
    with pytest.raises(ServerFailed, match=r"slow did not finish within 0.2 s"):
        process.finish(["/bin/sleep", "60"], folder, name="slow", seconds=0.2)


def test_variables_of_client_libraries_do_not_reach_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGDATA", "/elsewhere")
    command = ["/bin/sh", "-c", "env"]
    with process.running(command, folder, name="env", environment={"ASKED": "1"}) as child:
        child.wait(10)
    lines = child.log.read_text().splitlines()
    assert "ASKED=1" in lines
    assert "LC_ALL=C" in lines
    assert not [line for line in lines if line.startswith("PG")]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_signal_is_ignored_and_the_session_is_its_own(folder: Path) -> None:
    child = shell("echo ready; exec sleep 60", folder)
    ready(child)
    child.wait_until(lambda: b"sleep" in Path(f"/proc/{child.pid}/cmdline").read_bytes(), 10)
    status = Path(f"/proc/{child.pid}/status").read_text()
    ignored = int(next(x for x in status.splitlines() if x.startswith("SigIgn")).split()[1], 16)
    assert not ignored & 1 << (signal.SIGPIPE - 1)
    assert os.getsid(child.pid) == os.getpgid(child.pid) == child.pid
    child.stop()


def test_only_the_main_thread_may_start_one(folder: Path) -> None:
    caught = []

    def attempt() -> None:
        try:
            shell("true", folder)
        except RuntimeError as error:
            caught.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    assert len(caught) == 1


def test_outside_a_workspace_none_is_left_running(tmp_path: Path) -> None:
    before = {p.pid for p in psutil.Process().children()}
    with pytest.raises(ValueError, match="in no workspace"):
        shell("exec sleep 60", tmp_path)
    assert {p.pid for p in psutil.Process().children()} <= before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has privileges to drop")
def test_as_root_a_child_can_have_no_privileges(folder: Path) -> None:
    user = process.unprivileged()
    assert user is not None
    with process.running(["/usr/bin/id"], folder, name="id", user=user) as child:
        child.wait(10)
    said = child.log.read_text()
    assert said.startswith(f"uid={user.uid}(nobody)")
    assert "root" not in said


@pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user")
def test_an_ordinary_user_runs_servers_as_itself() -> None:
    assert process.unprivileged() is None


def test_the_end_of_a_log_and_earlier_reasons_are_quoted() -> None:
    text = "LOG: a\nFATAL:  b\nLOG: c\nHINT: d\nLOG: e\nLOG: f\n"
    assert process.telling(text) == "FATAL:  b | HINT: d | LOG: e | LOG: f"
    assert process.telling("one\ntwo\n") == "one | two"
    assert process.telling("\n \n") == "it said nothing"
    full = "PANIC: could not write: No space left on device\n" + "ERROR: later\n" * 50
    assert process.telling(full) == "PANIC: could not write: No space left on device | ERROR: later"
    assert len(process.telling("ERROR: x" * 10_000)) <= 300
