"""A real nginx for an experiment: without privileges, in a folder of its own, gone afterwards.

Finding, starting, reloading and stopping. What it serves is the text of its ``http`` block, which
the claims write; everything that would let it touch the rest of the machine (log, process id,
temporary files) stands before that text and points into its folder.

The program comes from the system. Its workers end with the master, which the kernel ends with us.
"""

import contextlib
import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

from earwitness.servers import liveness, ports, process
from earwitness.servers.component import Component
from earwitness.servers.liveness import Identity
from earwitness.servers.process import Process, ServerFailed, Stop
from earwitness.servers.program import Program, Wanted

WANTED = Wanted(
    name="nginx",
    file="nginx",
    variable="EARWITNESS_NGINX",
    ask=("-V",),
    version=r"nginx version: \S*?/([0-9.]+)",
    install="apt-get install nginx",
)

_READY_SECONDS = 10.0
_RELOAD_SECONDS = 10.0
_POLL_SECONDS = 0.005
_STARTS = 3
_TAKEN = "Address already in use"  # strerror(EADDRINUSE)
_FAILED = "[emerg]"
"""What nginx writes before a message that ends a start or a reload (ngx_log.c)."""
_RETIRED = "is shutting down"
"""Ends the title of a worker that accepts no more (ngx_process_cycle.c)."""
_TEMPORARY = {
    "client_body": "",
    "proxy": "http_proxy_module",
    "fastcgi": "http_fastcgi_module",
    "uwsgi": "http_uwsgi_module",
    "scgi": "http_scgi_module",
}
"""Directives for temporary files, and the module that a build may leave out with the directive."""
_STOP = (Stop(signal.SIGTERM, 5.0),)  # fast shutdown


class Nginx:
    """A running server; made only by ``running``."""

    def __init__(self, program: Program, folder: Path) -> None:
        self.program = program
        self.folder = folder
        """Its own folder in the workspace."""
        self.log = folder / "nginx.log"
        self.ports: Mapping[str, int] = {}
        """By the names that the configuration gives them."""
        self.ready_seconds = 0.0
        """From the start of the process until it accepted connections."""
        self._process: Process | None = None

    @property
    def version(self) -> str:
        """As in "nginx 1.22.1"."""
        return f"nginx {self.program.version}"

    @property
    def pid(self) -> int:
        """Process id of the master."""
        return self._running.pid

    def require_alive(self) -> None:
        """ServerFailed, quoting the log, when it has ended."""
        self._running.require_alive()

    def reload(self) -> None:
        """Take the configuration and its files anew; return when no earlier worker accepts.

        ServerFailed, quoting the log, when nginx stays with what it has.
        """
        running = self._running
        running.require_alive()
        earlier = self._workers()
        begin = self.log.stat().st_size
        os.kill(running.pid, signal.SIGHUP)
        deadline = time.monotonic() + _RELOAD_SECONDS
        while not self._replaced(earlier):
            running.require_alive()
            if self._failed_since(begin) or time.monotonic() > deadline:
                raise running.failure("did not reload")
            time.sleep(_POLL_SECONDS)

    @property
    def _running(self) -> Process:
        if self._process is None:
            raise ServerFailed(f"{self.version} is not running")
        return self._process

    def _workers(self) -> frozenset[Identity]:
        return frozenset(liveness.descendants(self._running.pid))

    def _replaced(self, earlier: frozenset[Identity]) -> bool:
        remaining = self._workers() & earlier
        return bool(self._workers() - earlier) and all(_is_retired(w) for w in remaining)

    def _failed_since(self, begin: int) -> bool:
        with self.log.open("rb") as file:
            file.seek(begin)
            return _FAILED.encode() in file.read()

    def _start(self, config: str, main: str, user: process.User | None, connections: int) -> None:
        path = self.folder / "nginx.conf"
        for attempt in range(_STARTS):
            filled, self.ports = ports.fill(configuration(config, main, self.program, connections))
            path.write_text(filled)
            path.chmod(0o644)  # its user reads it
            begun = time.perf_counter()
            self._process = process.start(
                [self.program.path, "-p", self.folder, "-c", path],
                self.folder,
                name=self.version,
                user=user,
                death_signal=signal.SIGTERM,
                log=self.log,
            )
            try:
                # sockets are opened before workers are started
                self._process.wait_until(lambda: bool(self._workers()), _READY_SECONDS)
            except ServerFailed as failed:
                self._end()
                if _TAKEN not in str(failed) or attempt == _STARTS - 1:
                    raise
            else:
                self.ready_seconds = time.perf_counter() - begun
                return

    def _end(self) -> None:
        if self._process is not None:
            self._process.stop(_STOP)
            self._process = None


@contextlib.contextmanager
def running(
    program: Program,
    workspace: Path,
    *,
    config: str,
    main: str = "",
    name: str = "nginx",
    connections: int = 512,
) -> Iterator[Nginx]:
    """Nginx in its own folder ``name`` of the workspace, with ``config`` as its ``http`` block.

    Each ``@port:NAME@`` in the texts becomes a free port of 127.0.0.1 (``Nginx.ports``), free with
    UDP as well. ``main`` stands outside the block, for modules and streams. As root it runs as a
    user without privileges, who must be able to read the files that the texts name. One worker;
    nothing is logged but errors. ``connections``: how many it may have open, to both sides.

    ServerFailed, quoting the log, when it does not get ready; FileExistsError when ``name`` is
    taken; ValueError outside a workspace.
    """
    user = process.unprivileged()
    folder = workspace / name
    process.private_folder(folder, user)
    server = Nginx(program, folder)
    try:
        server._start(config, main, user, connections)
        yield server
    finally:
        server._end()


def find() -> Program:
    """The machine's nginx; MissingComponent, with what would help, when there is none."""
    return WANTED.find()


def components() -> tuple[Component, ...]:
    """Its line in the table of components."""
    return (WANTED.component(),)


def configuration(config: str, main: str, program: Program, connections: int = 512) -> str:
    """The text of nginx.conf; ports are still to be filled in."""
    temporary = "".join(
        f"    {directive}_temp_path {directive};\n"
        for directive, module in _TEMPORARY.items()
        if not module or f"--without-{module}" not in program.said
    )
    return (
        "daemon off;\n"
        "worker_processes 1;\n"
        "pid nginx.pid;\n"
        "error_log stderr error;\n"
        f"{main}\n"
        f"events {{\n    worker_connections {connections};\n}}\n"
        f"http {{\n    access_log off;\n{temporary}{config}\n}}\n"
    )


def _is_retired(worker: Identity) -> bool:
    try:
        title = " ".join(psutil.Process(worker.pid).cmdline())
    except psutil.Error:
        return True
    return _RETIRED in title or not liveness.exists(worker)
