"""Child processes that cannot outlive us.

Starting, watching and stopping, for every server alike; what a server's readiness or a polite
signal is, its own room says. A child has a session of its own (a terminal's Ctrl-C reaches us, not
it), writes to a log file that errors can quote, is recorded in its workspace, and as root runs as
somebody without privileges unless told otherwise.

On Linux the kernel ends a child when we die, however we die (``child``). The kernel takes the
starting *thread* for the parent, so only the main thread may start one. Elsewhere, and for what a
child leaves behind, the sweep of the next start is responsible (``workspace``). Root can have a child
that leaves nothing behind: it is the first of a process namespace, with which the kernel ends all that
is started in there.
"""

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from earwitness.servers import liveness, namespaces, workspace
from earwitness.servers.liveness import Identity

_UNPRIVILEGED = "nobody"
_CHILD = Path(__file__).with_name("child.py")
_POLL_SECONDS = 0.005
_POLL_GROWTH = 1.1
_POLL_AT_MOST_SECONDS = 0.05
_TAIL_BYTES = 8192
_QUOTED_LINES = 3
_QUOTED_REASONS = 2
_QUOTED_CHARACTERS = 300
"""Of each line."""
_FULL_BYTES = 256 * 1024
"""A file system with less room than this is called full."""
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR", "TZ")
_DISK_FULL = "No space left on device"  # strerror(ENOSPC)
_REASON = re.compile(r"\b(FATAL|PANIC|ERROR|error|cannot start)\b")


class ServerFailed(Exception):
    """A server did not start, or stopped by itself. The message is one line and quotes its log."""


class MissingComponent(Exception):
    """A real component is not on this machine, or a right it needs is not granted.

    ``install`` is the command that would help, where there is one.
    """

    def __init__(self, reason: str, install: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.install = install


@dataclass(frozen=True)
class User:
    """Whom a child runs as."""

    name: str
    uid: int
    gid: int


def unprivileged() -> User | None:
    """``nobody`` when we are root; None (the child runs as we do) when we are not.

    Looked up by name, because servers want an entry in the password file for their user.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_UNPRIVILEGED)
    except KeyError:
        raise MissingComponent(
            f"running as root, but there is no user {_UNPRIVILEGED!r} to run servers as"
        ) from None
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid)


def private_folder(path: Path, user: User | None) -> Path:
    """Make a folder that only ``user`` (None: we) may enter."""
    path.mkdir(mode=0o700)
    if user is not None:
        os.chown(path, user.uid, user.gid)
    return path


@dataclass(frozen=True)
class Stop:
    """A signal that asks a process to end, and how long it may take."""

    signal: signal.Signals
    patience_seconds: float


POLITE = (Stop(signal.SIGTERM, 5.0),)

APART: Final = "apart"
"""Where a process lives that is the first of a process namespace. The kernel shields it from signals
that it does not handle itself, except for SIGKILL."""


class Process:
    """A running child; made by ``start``."""

    def __init__(
        self,
        name: str,
        popen: subprocess.Popen[bytes],
        *,
        folder: Path,
        log: Path,
        log_begin: int,
    ) -> None:
        self.name = name
        self.log = log
        self.folder = folder
        self._popen = popen
        self._log_begin = log_begin
        identity = liveness.identity(popen.pid)  # there until we reap it
        assert identity is not None
        self.identity: Identity = identity

    @property
    def pid(self) -> int:
        """Its process id, which is also that of its group and session."""
        return self._popen.pid

    @property
    def pid_inside(self) -> int:
        """The id by which it knows itself; another one where it is in a process namespace."""
        return liveness.id_inside(self.pid)

    @property
    def alive(self) -> bool:
        """Whether it still runs. Looking does not reap it: its id stays ours until ``stop``."""
        return self._popen.returncode is None and liveness.exists(self.identity)

    @property
    def returncode(self) -> int | None:
        """Exit status, negative for a signal; None before ``stop`` or ``wait``."""
        return self._popen.returncode

    def require_alive(self) -> None:
        """ServerFailed, quoting the log, when it has ended."""
        if not self.alive:
            raise self.failure("stopped unexpectedly")

    def failure(self, what: str) -> ServerFailed:
        """The error that says ``what`` happened and quotes the log; for the caller to raise."""
        return ServerFailed(f"{self.name} {what}: {quote(self.log, self._log_begin)}")

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Return when ``ready()``; ServerFailed when it ends or ``seconds`` pass before that."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.alive:
                raise self.failure("did not start")
            if time.monotonic() > deadline:
                raise self.failure(f"was not ready after {seconds:g} s")
            time.sleep(_POLL_SECONDS)

    def wait(self, seconds: float) -> int:
        """Its exit status; ServerFailed when it still runs after ``seconds``."""
        if not self._ended_within(seconds):
            raise self.failure(f"did not finish within {seconds:g} s")
        return self._popen.wait()

    def stop(self, steps: Sequence[Stop] = POLITE) -> None:
        """End it and everything it started: politely, in the order of ``steps``, then by SIGKILL.

        Returns when it is gone; that it already was is no error.
        """
        family = liveness.descendants(self.pid)
        ended_by_itself = not self.alive  # if it lived until here, the family is complete
        for step in steps:
            if not self.alive:
                break
            with contextlib.suppress(ProcessLookupError):
                self._popen.send_signal(step.signal)
            self._ended_within(step.patience_seconds)
        if self._popen.returncode is None:  # not reaped: the group is still ours
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()
        liveness.kill(family)
        if ended_by_itself:  # orphans have no parent to be found by, only their folder
            liveness.kill(liveness.inhabitants(self.folder))

    def _ended_within(self, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        pause = _POLL_SECONDS
        while self.alive:
            if time.monotonic() > deadline:
                return False
            time.sleep(pause)
            # what lasts is not looked at so often that the looking competes with it
            pause = min(pause * _POLL_GROWTH, _POLL_AT_MOST_SECONDS)
        return True


def start(
    command: Sequence[str | os.PathLike[str]],
    folder: Path,
    *,
    name: str,
    user: User | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    environment: Mapping[str, str] = {},
    log: Path | None = None,
    inside: Process | Literal["apart"] | None = None,
) -> Process:
    """Start ``command`` (an absolute path and its arguments) in ``folder``, which is in a workspace.

    ``user``: whom it runs as, None for ourselves; ``death_signal``: what the kernel sends it when
    we die; ``environment``: added to a small one (no variable of a client library reaches it);
    ``log``: where its output goes, ``<folder>/<name>.log`` by default; ``inside``: who is there
    besides it (Linux, root): ``APART``, nobody but what it starts; or a process whose mounts, other
    processes and System V memory it sees in place of ours, ``folder`` and the command as well. It
    ends with the first of those processes, and has to be stopped before that one can be.
    RuntimeError outside the main thread; ValueError outside a workspace; MissingComponent when there
    can be no such namespace; ServerFailed when no process can be made. A command that cannot be
    executed shows as a process that ended, with the reason in its log.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("children are tied to the thread that starts them: use the main one")
    workspace.home_of(folder)  # before anything runs that could not be recorded
    log = log or folder / f"{name.replace(' ', '-')}.log"
    shim = _shim(death_signal, user, inside, folder)
    try:
        with log.open("ab") as output, _births(inside):
            log_begin = output.tell()
            popen = subprocess.Popen(
                [*shim, *(os.fspath(part) for part in command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env=_environment(folder) | dict(environment),
                start_new_session=True,
            )
    except OSError as error:
        raise ServerFailed(f"{name} cannot be started: {error}") from error
    return _recorded(Process(name, popen, folder=folder, log=log, log_begin=log_begin))


@contextlib.contextmanager
def running(
    command: Sequence[str | os.PathLike[str]],
    folder: Path,
    *,
    name: str,
    user: User | None = None,
    death_signal: signal.Signals = signal.SIGKILL,
    environment: Mapping[str, str] = {},
    log: Path | None = None,
    inside: Process | Literal["apart"] | None = None,
    stop: Sequence[Stop] = POLITE,
) -> Iterator[Process]:
    """``start``, and ``stop`` on the way out."""
    process = start(
        command,
        folder,
        name=name,
        user=user,
        death_signal=death_signal,
        environment=environment,
        log=log,
        inside=inside,
    )
    try:
        yield process
    finally:
        process.stop(stop)


def finish(
    command: Sequence[str | os.PathLike[str]],
    folder: Path,
    *,
    name: str,
    seconds: float,
    user: User | None = None,
    inside: Process | None = None,
) -> None:
    """Run a command to its end; ServerFailed, quoting its output, when that is no success."""
    with running(command, folder, name=name, user=user, inside=inside) as process:
        if process.wait(seconds) != 0:
            raise process.failure("failed")


def _shim(
    death_signal: signal.Signals,
    user: User | None,
    inside: Process | Literal["apart"] | None,
    folder: Path,
) -> list[str]:
    """What becomes the command, and what it is to do before (``child``)."""
    identity = "-" if user is None else f"{user.uid}:{user.gid}"
    where = str(inside.pid) if isinstance(inside, Process) else inside or "-"
    order = [str(os.getpid()), str(int(death_signal)), identity, where, os.fspath(folder)]
    return [sys.executable, "-I", "-S", os.fspath(_CHILD), *order]


@contextlib.contextmanager
def _births(inside: Process | Literal["apart"] | None) -> Iterator[None]:
    """Within it, a child is born in the process namespace that it is to live in."""
    if inside is None:
        yield
        return
    with contextlib.ExitStack() as stack:
        member = None if inside == APART else inside.pid
        try:
            stack.enter_context(namespaces.children_with(member))
        except FileNotFoundError:  # whom it was to join has ended
            raise
        except OSError as error:
            raise MissingComponent(f"no process namespace can be had: {error}") from error
        yield


def _recorded(process: Process) -> Process:
    """Put the process on the record of its workspace; it ends if that cannot be done."""
    try:
        workspace.record(process.folder, workspace.Child(process=process.identity))
    except BaseException as error:  # what is not on record could outlive us
        process.stop()
        if isinstance(error, OSError):
            raise ServerFailed(f"{process.name} cannot be recorded: {error}") from error
        raise
    return process


def quote(log: Path, begin: int = 0) -> str:
    """What the end of a log says in one line, bytes before ``begin`` not counted.

    A full disk is named even when the log could not be written because of it.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(begin, log.stat().st_size - _TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError as error:
        text = str(error)
    said = telling(text)
    if _DISK_FULL not in said and _is_full(log.parent):
        said = f"{_DISK_FULL} ({log.parent}); {said}"
    return said


def telling(text: str) -> str:
    """The end of a log in one line, after earlier lines that look like reasons."""
    lines = [line.strip()[:_QUOTED_CHARACTERS] for line in text.splitlines() if line.strip()]
    full = [line for line in lines if _DISK_FULL in line][:1]
    reasons = [line for line in lines[:-_QUOTED_LINES] if _REASON.search(line)]
    chosen = dict.fromkeys([*full, *reasons[-_QUOTED_REASONS:], *lines[-_QUOTED_LINES:]])
    return " | ".join(chosen) or "it said nothing"


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _FULL_BYTES
    except OSError:
        return False


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {"PATH": os.defpath, **kept, "LC_ALL": "C", "HOME": os.fspath(folder)}
