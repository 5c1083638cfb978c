"""A real server that one program and a few files make: started, told to read them again, restarted.

For servers of which an experiment wants nothing but that: no commands, no protocol of their own.
What the files say and which signal asks for a reload, the claims write. A restart keeps ports and
files, so what survives it is what the server keeps on disk.
"""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from earwitness.servers import liveness, ports, process
from earwitness.servers.process import POLITE, Process, ServerFailed, Stop, User

FOLDER = "@folder@"
"""In commands and files: the server's own folder."""

_READY_SECONDS = 20.0
_STARTS = 3
_TAKEN = "ddress already in use"  # strerror(EADDRINUSE), however it is capitalised
_HEARD_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a server is made of; ``@port:NAME@`` and ``@folder@`` in its texts are filled in."""

    name: str
    """Product and version, as in "Apache 2.4.62"."""
    command: Sequence[str]
    """An absolute path and arguments; it has to stay in the foreground."""
    files: Mapping[str, str] = field(default_factory=dict)
    """Texts by name, readable by whom the server runs as."""
    folders: Sequence[str] = ()
    """Folders of the server's own, inside of its folder."""
    reload: signal.Signals | None = None
    """What makes it read its files again; None where no signal does."""
    watched: str = ""
    """A folder of its own, where a file that is moved in makes it read its files again."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables beside the usual small environment of a child."""
    stop: Sequence[Stop] = POLITE
    death_signal: signal.Signals = signal.SIGKILL


class Configured:
    """A running server; made only by ``running``."""

    def __init__(self, recipe: Recipe, folder: Path, user: User | None) -> None:
        self.recipe = recipe
        self.folder = folder
        """Its own folder in the workspace."""
        self.ports: Mapping[str, int] = {}
        """By the names that the texts give them."""
        self.ready_seconds = 0.0
        """From the first start of the process until it accepted connections."""
        self._user = user
        self._command: list[str] = []
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """Process id of what was started."""
        return self._running.pid

    def require_alive(self) -> None:
        """ServerFailed, quoting the log, when it has ended."""
        self._running.require_alive()

    def reload(self) -> None:
        """Ask it to read its files again; it does so a moment later."""
        self.require_alive()
        if self.recipe.reload is not None:
            os.kill(self.pid, self.recipe.reload)
        if self.recipe.watched:
            (moved := self.folder / "moved").touch()
            moved.replace(self.folder / self.recipe.watched / moved.name)

    def restart(self) -> None:
        """Stop it and start it again on the same ports and files; it is ready a moment later."""
        self._end()
        self._launch()

    def await_ready(self) -> None:
        """Return when it accepts connections; ServerFailed, quoting the log, when it does not."""
        self._running.wait_until(self._listens, _READY_SECONDS)

    def cpu_seconds(self) -> float:
        """Processor time that it and its children have used until now, the ended ones left out."""
        return cpu_seconds(self.pid)

    @property
    def _running(self) -> Process:
        if self._process is None:
            raise ServerFailed(f"{self.recipe.name} is not running")
        return self._process

    def _start(self) -> None:
        for attempt in range(_STARTS):
            self._fill()
            begun = time.perf_counter()
            try:
                self._launch()
                self.await_ready()
            except ServerFailed as failed:
                self._end()
                if _TAKEN not in str(failed) or attempt == _STARTS - 1:
                    raise
            else:
                self.ready_seconds = time.perf_counter() - begun
                return

    def _fill(self) -> None:
        """Write the files, with ports that are free now."""
        texts = ["\0".join(self.recipe.command), *self.recipe.files.values()]
        joined, self.ports = ports.fill("\1".join(texts).replace(FOLDER, os.fspath(self.folder)))
        command, *filled = joined.split("\1")
        self._command = command.split("\0")
        for name, text in zip(self.recipe.files, filled, strict=True):
            path = self.folder / name
            path.write_text(text)
            path.chmod(0o644)  # its user reads it

    def _launch(self) -> None:
        self._process = process.start(
            self._command,
            self.folder,
            name=self.recipe.name,
            user=self._user,
            death_signal=self.recipe.death_signal,
            environment=self.recipe.environment,
        )

    def _listens(self) -> bool:
        return all(map(_accepts, self.ports.values()))

    def _end(self) -> None:
        if self._process is not None:
            self._process.stop(self.recipe.stop)
            self._process = None


@contextlib.contextmanager
def running(
    recipe: Recipe, workspace: Path, *, name: str, user: User | None
) -> Iterator[Configured]:
    """A server made by ``recipe`` in its own folder ``name`` of the workspace.

    ``user``: whom it runs as, None for ourselves; its files must be readable by it.

    ServerFailed, quoting the log, when it does not get ready; FileExistsError when ``name`` is
    taken; ValueError outside a workspace.
    """
    folder = process.private_folder(workspace / name, user)
    for inner in recipe.folders:
        process.private_folder(folder / inner, user)
    server = Configured(recipe, folder, user)
    try:
        server._start()
        yield server
    finally:
        server._end()


def cpu_seconds(pid: int) -> float:
    """Processor time of a process and its children until now, the ended ones left out."""
    members = [pid, *(child.pid for child in liveness.descendants(pid))]
    return sum(map(_cpu_seconds, members))


def _accepts(port: int) -> bool:
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", port), _HEARD_SECONDS).close()
        return True
    return False


def _cpu_seconds(pid: int) -> float:
    """Of all threads: in nanoseconds where the kernel tells (sched-stats.rst), else as ticks."""
    tasks = Path(f"/proc/{pid}/task")
    try:
        spent = [int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()]
    except (OSError, IndexError):
        return _ticks(pid)
    return sum(spent) / 1e9


def _ticks(pid: int) -> float:
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return 0.0
    return float(times.user + times.system)
