"""A real HAProxy for an experiment: without privileges, in a folder of its own, gone afterwards.

Finding, starting, commanding and stopping. What it proxies is the text of its configuration, which
the claims write; the section before that text opens the socket on which it takes commands, in a
folder that only its user (and root) can enter. One process, one thread.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from earwitness.servers import ports, process, workspace
from earwitness.servers.component import Component
from earwitness.servers.process import Process, ServerFailed, Stop
from earwitness.servers.program import Program, Wanted

WANTED = Wanted(
    name="HAProxy",
    file="haproxy",
    variable="EARWITNESS_HAPROXY",
    ask=("-vv",),
    version=r"HAProxy version ([0-9.]+)",
    install="apt-get install haproxy",
)

_READY_SECONDS = 10.0
_COMMAND_SECONDS = 5.0
_LONGEST_SOCKET_PATH = 85
"""Characters: sun_path of macOS has 104, and HAProxy binds a longer name first (sock_unix.c)."""
_STARTS = 3
_TAKEN = "cannot bind socket"
"""What HAProxy says of a port that is in use (proto_tcp.c)."""
_STOP = (Stop(signal.SIGTERM, 5.0),)  # stops at once (management guide, "Stopping")


class HAProxy:
    """A running proxy; made only by ``running``."""

    def __init__(self, program: Program, folder: Path, socket_folder: Path) -> None:
        self.program = program
        self.folder = folder
        """Its own folder in the workspace."""
        self.log = folder / "haproxy.log"
        self.ports: Mapping[str, int] = {}
        """By the names that the configuration gives them."""
        self.ready_seconds = 0.0
        """From the start of the process until it took commands."""
        self._socket = socket_folder / "a"
        self._process: Process | None = None

    @property
    def version(self) -> str:
        """As in "HAProxy 2.6.12"."""
        return f"HAProxy {self.program.version}"

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running.pid

    def require_alive(self) -> None:
        """ServerFailed, quoting the log, when it has ended."""
        self._running.require_alive()

    def command(self, text: str) -> str:
        """Its answer to a command of the Runtime API; ServerFailed when it gives none.

        A payload follows ``<<`` and a line break and must have no empty line.
        """
        self.require_alive()
        try:
            return self._ask(text)
        except OSError as error:
            raise self._running.failure(f"does not answer ({error})") from error

    def _ask(self, text: str) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_COMMAND_SECONDS)
            connection.connect(os.fspath(self._socket))
            connection.sendall(f"{text.rstrip()}\n\n".encode())
            answer = b""
            while received := connection.recv(65_536):
                answer += received
            return answer.decode(errors="replace").strip()

    @property
    def _running(self) -> Process:
        if self._process is None:
            raise ServerFailed(f"{self.version} is not running")
        return self._process

    def _start(self, config: str, user: process.User | None) -> None:
        path = self.folder / "haproxy.cfg"
        for attempt in range(_STARTS):
            filled, self.ports = ports.fill(configuration(config, self._socket))
            path.write_text(filled)
            path.chmod(0o644)  # its user reads it
            begun = time.perf_counter()
            self._process = process.start(
                [self.program.path, "-db", "-f", path],
                self.folder,
                name=self.version,
                user=user,
                log=self.log,
            )
            try:
                self._process.wait_until(self._is_ready, _READY_SECONDS)
            except ServerFailed as failed:
                self._end()
                if _TAKEN not in str(failed) or attempt == _STARTS - 1:
                    raise
            else:
                self.ready_seconds = time.perf_counter() - begun
                return

    def _is_ready(self) -> bool:
        try:
            return "Uptime" in self._ask("show info")
        except OSError:
            return False

    def _end(self) -> None:
        if self._process is not None:
            self._process.stop(_STOP)
            self._process = None


@contextlib.contextmanager
def running(
    program: Program, workspace_: Path, *, config: str, name: str = "haproxy"
) -> Iterator[HAProxy]:
    """HAProxy in its own folder ``name`` of the workspace, with ``config`` after our ``global``.

    Each ``@port:NAME@`` in the text becomes a free port of 127.0.0.1 (``HAProxy.ports``). As root
    it runs as a user without privileges, who must be able to read the files that the text names.

    ServerFailed, quoting the log, when it does not get ready; FileExistsError when ``name`` is
    taken; ValueError outside a workspace.
    """
    user = process.unprivileged()
    folder = workspace_ / name
    sockets = workspace.home_of(workspace_) / f".{secrets.token_hex(3)}"
    if len(os.fspath(sockets)) > _LONGEST_SOCKET_PATH:
        raise ServerFailed(f"{sockets} is too long for a Unix socket: set TMPDIR to a shorter path")
    process.private_folder(folder, user)
    process.private_folder(sockets, user)
    server = HAProxy(program, folder, sockets)
    try:
        server._start(config, user)
        yield server
    finally:
        server._end()
        shutil.rmtree(sockets, ignore_errors=True)


def find() -> Program:
    """The machine's HAProxy; MissingComponent, with what would help, when there is none."""
    return WANTED.find()


def components() -> tuple[Component, ...]:
    """Its line in the table of components."""
    return (WANTED.component(),)


def configuration(config: str, admin: Path | None = None) -> str:
    """The text of haproxy.cfg; ports are still to be filled in. ``admin``: where it takes commands."""
    commands = "" if admin is None else f"    stats socket {admin} mode 600 level admin\n"
    return (
        "global\n"
        f"{commands}"
        "    nbthread 1\n"
        "    maxconn 512\n"
        "    log stderr format raw daemon err\n"
        f"{config}\n"
    )
