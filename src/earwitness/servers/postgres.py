"""A real PostgreSQL server for an experiment: private, quick to start, gone afterwards.

Starting, settings, readiness, restarting and stopping. Which programs there are stands in
``postgres_binaries``; what is asked of the server is the claims' affair.

Who can connect. There is no TCP port; the socket lies in a folder that only the server's user (and
root) can enter, and whoever enters is trusted as the superuser ``postgres`` of this throw-away
cluster. As root the server runs as ``nobody``: other processes of ``nobody`` could connect, and as
that same user they could do nothing more than before. Only a server that is started in a network of
our own may have an address in it, and trusts whoever is in there.

What could be left. The programs are ended by the kernel with us: SIGQUIT, PostgreSQL's immediate
shutdown, which also ends its backends and removes its System V segment. Should the postmaster
itself be killed, the segment's id is on record for the sweep; one that lives apart with others has memory
that nobody else sees and that ends with them. Dynamic shared memory is kept in files of the data
folder, not in /dev/shm.
"""

import contextlib
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg

from earwitness.servers import cache, folders, process, workspace
from earwitness.servers.component import Component
from earwitness.servers.postgres_binaries import (
    Binaries,
    components,
    find,
    fingerprint,
    install,
    installed,
    runnable,
)
from earwitness.servers.process import MissingComponent, Process, ServerFailed, Stop, User

__all__ = [
    "Binaries",
    "Component",
    "MissingComponent",
    "Postgres",
    "ServerFailed",
    "components",
    "find",
    "install",
    "installed",
    "running",
]

DEFAULTS: Mapping[str, str] = {
    # Nothing here is durable, and nothing runs beside the load: see running().
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    # Off, a VACUUM right after a load cannot set hint bits, and index-only scans are not chosen.
    "synchronous_commit": "on",
}

Setting = str | int | float | bool
"""A value of a setting; True and False become on and off."""

_PORT = 5432
"""Part of the socket's name, of which every server has its own; of TCP only where it has an address."""
_SETTING_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_INITDB = ("--username=postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
_INITDB_SECONDS = 120.0
_COPY_SECONDS = 120.0
_READY_SECONDS = 60.0
_FAST = Stop(signal.SIGINT, 60.0)
_IMMEDIATE = Stop(signal.SIGQUIT, 7.0)
"""The postmaster itself gives its children 5 s before it kills them (postmaster.c)."""


class Postgres:
    """A running server; made only by ``running``."""

    def __init__(
        self,
        binaries: Binaries,
        folder: Path,
        socket: Path,
        user: User | None,
        *,
        data: Path | None = None,
        inside: Process | None = None,
        address: str | None = None,
    ) -> None:
        self.binaries = binaries
        self.folder = folder
        """Its own folder in the workspace: data, configuration, log."""
        self.socket = socket
        """The folder of its Unix socket."""
        self.port = _PORT
        self.data = data or folder / "data"
        """Its data folder, as it sees it."""
        self.inside = inside
        """Whose mounts, processes and memory it shares; None: ours."""
        self.address = address
        """Where it listens for TCP; None: nowhere."""
        self.log = folder / "postgres.log"
        self.user = user
        """Whom it runs as; None: as we do."""
        self.settings: Mapping[str, str] = {}
        """What was configured, ``DEFAULTS`` included."""
        self.ready_seconds = 0.0
        """From the start of the process until it accepted connections."""
        self._process: Process | None = None

    @property
    def version(self) -> str:
        """As in "PostgreSQL 18.4"."""
        return f"PostgreSQL {self.binaries.version}"

    @property
    def data_from_here(self) -> Path:
        """Its data folder, as we see it: through whose mounts it sees (proc_pid_root(5))."""
        if self.inside is None:
            return self.data
        return Path(f"/proc/{self.inside.pid}/root") / self.data.relative_to("/")

    @property
    def pid(self) -> int:
        """Process id of the postmaster."""
        return self._running.pid

    def connect(self, dbname: str = "postgres", **options: Any) -> psycopg.Connection[Any]:
        """A connection as ``postgres``: autocommit, never preparing by itself.

        ``options`` go to ``psycopg.connect`` and win over these. psycopg.OperationalError when it
        is refused.
        """
        chosen: dict[str, Any] = {
            "host": os.fspath(self.socket),
            "port": self.port,
            "user": "postgres",
            "dbname": dbname,
            "options": "",  # else the variable PGOPTIONS would speak
            "autocommit": True,
            "prepare_threshold": None,
        }
        return psycopg.connect(**(chosen | options))

    def require_alive(self) -> None:
        """ServerFailed, quoting the log, when the server has ended."""
        self._running.require_alive()

    def restart(self, settings: Mapping[str, Setting] = {}) -> None:
        """Shut down cleanly and start again with ``settings`` on top of the present ones.

        ServerFailed, quoting the log, when it does not get ready.
        """
        self.shut_down()
        self._start({**self.settings, **written(settings)})

    def shut_down(self) -> None:
        """Shut down cleanly, so that nothing is left to recover; it does not run any more."""
        self._running.stop((_FAST, _IMMEDIATE))
        self._process = None

    @property
    def _running(self) -> Process:
        if self._process is None:
            raise ServerFailed(f"{self.version} is not running")
        return self._process

    def _start(self, settings: Mapping[str, str]) -> None:
        self.settings = settings
        config = self.folder / "postgresql.conf"
        config.write_text(config_file(settings, self.socket, self.port, self.address))
        config.chmod(0o644)  # its user reads it
        begun = time.perf_counter()
        self._process = process.start(
            [self.binaries.folder / "postgres", "-D", self.data, "-c", f"config_file={config}"],
            self.data,
            name=self.version,
            user=self.user,
            death_signal=signal.SIGQUIT,
            log=self.log,
            inside=self.inside,
        )
        self._process.wait_until(self._is_ready, _READY_SECONDS)
        self.ready_seconds = time.perf_counter() - begun
        if self.inside is None:
            self._record_memory()

    def _is_ready(self) -> bool:
        lines = self._lock_file()
        # one that a cut has left may have the same process id, which in a namespace is a small number
        own = (str(self._running.pid_inside), os.fspath(self.socket))
        return len(lines) >= 8 and (lines[0], lines[4]) == own and lines[7].strip() == "ready"

    def _record_memory(self) -> None:
        key, id = (int(part) for part in self._lock_file()[6].split())
        segment = workspace.SharedMemory(id=id, key=key, creator_pid=self.pid)
        workspace.record(self.folder, segment)

    def _lock_file(self) -> list[str]:
        """postmaster.pid: line 1 process id, 5 socket's folder, 7 memory, 8 state (pidfile.h)."""
        try:
            return (self.data_from_here / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _end(self) -> None:
        if self._process is not None:
            self._process.stop((_IMMEDIATE,))
            self._process = None
        for folder in (self.socket, self.folder):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running(
    binaries: Binaries,
    workspace: Path,
    *,
    name: str = "postgres",
    settings: Mapping[str, Setting] = {},
    data: Path | None = None,
    inside: Process | None = None,
    address: str | None = None,
) -> Iterator[Postgres]:
    """A server in its own folder ``name`` of the workspace; it and its data are gone on exit.

    ``settings`` go into its configuration file, over ``DEFAULTS``: what is measured here is not
    durability, so nothing is forced to disk, and nothing (autovacuum, JIT, parallel workers) runs
    beside the load unless it is asked for. Several servers run side by side.

    ``data``: a data folder elsewhere, made if it is not there, and left there on exit; below a
    workspace and within the user's reach. ``inside``: the process among whose mounts it is, and
    with whom the server then lives.
    ``address``: one of a network of our own (``wire``), entered by the caller, where the server
    listens as well and trusts everybody; never one that others can reach.

    MissingComponent when the programs cannot be run here; ServerFailed, quoting the log, when it
    does not get ready; FileExistsError when ``name`` is taken; ValueError outside a workspace.
    """
    configured = {**DEFAULTS, **written(settings)}
    with _errors_named(binaries):
        server = _placed(binaries, workspace / name, data, inside, address)
    try:
        with _errors_named(binaries):
            _fill(server)
            server._start(configured)
        yield server
    finally:
        server._end()


def written(settings: Mapping[str, Setting]) -> dict[str, str]:
    """Settings as PostgreSQL writes them; ValueError when a name or value cannot be one."""
    texts = {}
    for name, value in settings.items():
        text = ("on" if value else "off") if isinstance(value, bool) else str(value)
        if not _SETTING_NAME.fullmatch(name) or set("\r\n\0") & set(text):
            raise ValueError(f"not a setting: {name!r} = {text!r}")
        texts[name] = text
    return texts


def config_file(
    settings: Mapping[str, str], socket: Path, port: int, address: str | None = None
) -> str:
    """The text of postgresql.conf; what keeps the server private comes last and wins."""
    private = {
        "listen_addresses": address or "",
        "port": str(port),
        "unix_socket_directories": f'"{socket}"',
        "dynamic_shared_memory_type": "mmap",
        "logging_collector": "off",
        "log_destination": "stderr",
    }
    lines = []
    for name, value in {**settings, **private}.items():
        quoted = value.replace("\\", "\\\\").replace("'", "''")
        lines.append(f"{name} = '{quoted}'\n")
    return "".join(lines)


@contextlib.contextmanager
def _errors_named(binaries: Binaries) -> Iterator[None]:
    """A full disk or a missing right becomes an error that says what could not be set up."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise ServerFailed(f"PostgreSQL {binaries.version} cannot be set up: {error}") from error


def _placed(
    binaries: Binaries,
    folder: Path,
    data: Path | None,
    inside: Process | None,
    address: str | None,
) -> Postgres:
    """A server that does not run yet, with a folder of its own and one for its socket."""
    user = process.unprivileged()
    found = runnable(binaries)
    own = folders.reachable(folder, user)
    socket = folders.for_socket(own, f".s.PGSQL.{_PORT}", user)
    return Postgres(found, own, socket, user, data=data, inside=inside, address=address)


def _fill(server: Postgres) -> None:
    """Give it a data folder that it can start on, unless it has one."""
    if not server.data_from_here.exists():
        _copy_empty_cluster(server)
    if server.address is not None:
        _trust_neighbours(server)


def _copy_empty_cluster(server: Postgres) -> None:
    """Fill the data folder from a cached cluster, which costs a tenth of making one."""
    key = f"{server.binaries.version}-{fingerprint(server.binaries)}"
    template = cache.keep("postgres-clusters", key, lambda target: _initialise(server, target))
    process.private_folder(server.data_from_here, server.user)
    _copy(template / "data", server.data, server)


def _trust_neighbours(server: Postgres) -> None:
    """Let in whoever shares a network with it (samenet, pg_hba.conf)."""
    with (server.data_from_here / "pg_hba.conf").open("a") as rules:
        rules.write("host all all samenet trust\n")


def _initialise(server: Postgres, target: Path) -> None:
    """Make an empty cluster in ``target/data``; initdb works in the workspace, as the user."""
    made = server.folder / "initdb"
    process.private_folder(made, server.user)
    process.finish(
        [server.binaries.folder / "initdb", "--pgdata", made, *_INITDB],
        made.parent,
        name="initdb",
        seconds=_INITDB_SECONDS,
        user=server.user,
    )
    shutil.copytree(made, target / "data")
    shutil.rmtree(made)


def _copy(source: Path, target: Path, server: Postgres) -> None:
    program = shutil.which("cp") or "/bin/cp"
    process.finish(
        [program, "-R", f"{source}/.", target],
        server.folder,
        name="copying the empty cluster",
        seconds=_COPY_SECONDS,
        user=server.user,
        inside=server.inside,
    )
