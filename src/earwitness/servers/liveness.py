"""Which process is which, and whether it still lives.

A process id alone names nobody for long: ids are used again. Here a process is its id together
with the time of its start, within one boot. Nothing here knows a server or a workspace's files.
"""

import contextlib
import os
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import msgspec
import psutil

_POLL_SECONDS = 0.01
_START_TIME_FIELD = 19  # proc_pid_stat(5), field 22, counted after the name in parentheses


class Identity(msgspec.Struct, frozen=True):
    """A process. ``started`` is comparable for equality within one boot and means nothing else."""

    pid: int
    started: float


def identity(pid: int) -> Identity | None:
    """The process that has this id now (a zombie counts); None when there is none."""
    started = _ticks_at_start(pid) if sys.platform == "linux" else _seconds_at_start(pid)
    return None if started is None else Identity(pid, started)


def id_inside(pid: int) -> int:
    """The id that this process has in the innermost process namespace it is in (NSpid)."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("NSpid:"):
                return int(line.split()[-1])
    return pid


def exists(process: Identity) -> bool:
    """Whether that very process still runs; a zombie does not."""
    if identity(process.pid) != process:
        return False
    try:
        return bool(psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def boot() -> str:
    """What distinguishes this boot of the machine from all others."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return str(round(psutil.boot_time()))


def inhabitants(folder: Path) -> tuple[Identity, ...]:
    """Processes that work inside ``folder`` (their current directory) and have no terminal.

    Finds what a killed server leaves: PostgreSQL's backends put themselves into sessions of their
    own, but stay in its data folder. Somebody who looks around there has a terminal.
    """
    home = os.fspath(folder.resolve())
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            cwd = process.cwd()
            inside = cwd == home or cwd.startswith(home + os.sep)
            if not inside or process.pid == os.getpid() or process.terminal() is not None:
                continue
            known = identity(process.pid)
            if known is not None:
                found.append(known)
    return tuple(found)


def descendants(pid: int) -> tuple[Identity, ...]:
    """Children of the process, their children, and so on; empty when it is gone."""
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return ()
    known = (identity(child.pid) for child in children)
    return tuple(process for process in known if process is not None)


def kill(processes: Iterable[Identity], wait_seconds: float = 2.0) -> tuple[Identity, ...]:
    """SIGKILL those that still are who they were; wait for their end; return who was killed."""
    killed = []
    for process in processes:
        if exists(process):
            with contextlib.suppress(psutil.Error):
                psutil.Process(process.pid).kill()
                killed.append(process)
    deadline = time.monotonic() + wait_seconds
    while any(exists(process) for process in killed) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
    return tuple(killed)


def _ticks_at_start(pid: int) -> float | None:
    """Clock ticks from boot to start: unlike seconds of the epoch, no clock change moves them."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    return float(stat.rpartition(b")")[2].split()[_START_TIME_FIELD])


def _seconds_at_start(pid: int) -> float | None:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
