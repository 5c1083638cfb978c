"""A real MongoDB server for an experiment: private, quick to start, gone afterwards.

Starting, settings, readiness and stopping. Which program is used stands in ``mongod_binaries``;
what is asked of the server is the claims' affair.

Who can connect. There is no TCP port; the socket lies in a folder that only the server's user (and
root) can enter, and whoever enters may do everything with this throw-away server. As root the
server runs as ``nobody``: other processes of ``nobody`` could connect, and as that same user they
could do nothing more than before.

What could be left. The kernel ends the server with us; its data, log and socket are files of the
workspace.
"""

import contextlib
import json
import os
import shutil
import socket as sockets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

from earwitness.servers import folders, process
from earwitness.servers.component import Component
from earwitness.servers.mongod_binaries import (
    INSTALL,
    Binary,
    components,
    find,
    require_driver,
    runnable,
)
from earwitness.servers.process import MissingComponent, Process, ServerFailed, User

if TYPE_CHECKING:
    from pymongo import MongoClient

__all__ = [
    "INSTALL",
    "Binary",
    "Component",
    "MissingComponent",
    "Mongod",
    "ServerFailed",
    "components",
    "find",
    "running",
]

Setting = str | int | float | bool
"""A value of a setting, as JSON writes it."""

DEFAULTS: Mapping[str, Setting] = {
    # The least cache that the server accepts, and a journal that grows with what is written: by
    # default it takes 300 MB of disk before the first document.
    "storage.wiredTiger.engineConfig.cacheSizeGB": 0.25,
    "storage.wiredTiger.engineConfig.configString": "log=(prealloc=false,file_max=4MB)",
    # Nothing runs beside the load: no samples of the server's own state, no expiry of documents.
    "setParameter.diagnosticDataCollectionEnabled": False,
    "setParameter.ttlMonitorEnabled": False,
}

_PARAMETER = "setParameter."
_PORT = 27017
"""Part of the socket's name; there is no TCP port, and every server has a folder of its own."""
_SOCKET = f"mongodb-{_PORT}.sock"
_READY_SECONDS = 60.0
_ANSWER_MILLISECONDS = 10_000
_COMPLAINT_CHARACTERS = 300
_COMPLAINTS = ("E", "F")  # severities error and fatal, manual, "Log Messages"


class Mongod:
    """A running server; made only by ``running``."""

    def __init__(self, binary: Binary, folder: Path, socket: Path, user: User | None) -> None:
        self.binary = binary
        self.folder = folder
        """Its own folder in the workspace: data, configuration, log."""
        self.socket = socket
        """The folder of its Unix socket."""
        self.data = folder / "data"
        self.log = folder / "mongod.log"
        self.user = user
        """Whom it runs as; None: as we do."""
        self.settings: Mapping[str, Setting] = {}
        """What was configured, ``DEFAULTS`` included."""
        self.ready_seconds = 0.0
        """From the start of the process until it accepted connections."""
        self._process: Process | None = None

    @property
    def version(self) -> str:
        """As in "MongoDB 6.0.5"."""
        return f"MongoDB {self.binary.version}"

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._running.pid

    @property
    def uri(self) -> str:
        """Connection string, for this server alone."""
        return f"mongodb://{quote_plus(os.fspath(self.socket / _SOCKET))}/?directConnection=true"

    @contextlib.contextmanager
    def connect(self) -> Iterator["MongoClient[dict[str, Any]]"]:
        """A client, closed on exit. It gives up after 10 s without an answer."""
        from pymongo import MongoClient

        client: MongoClient[dict[str, Any]] = MongoClient(
            self.uri, serverSelectionTimeoutMS=_ANSWER_MILLISECONDS, appname="earwitness"
        )
        with client:
            yield client

    def require_alive(self) -> None:
        """ServerFailed, quoting the log, when the server has ended."""
        self._running.require_alive()

    @property
    def _running(self) -> Process:
        if self._process is None:
            raise ServerFailed(f"{self.version} is not running")
        return self._process

    def _start(self, program: Path) -> None:
        config = self.folder / "mongod.conf"
        config.write_text(config_file(self.settings, self.data, self.socket))
        config.chmod(0o644)  # its user reads it
        begun = time.perf_counter()
        self._process = process.start(
            [program, "--config", config],
            self.data,
            name=self.version,
            user=self.user,
            log=self.log,
        )
        try:
            self._process.wait_until(self._listens, _READY_SECONDS)
        except ServerFailed as failed:
            if (said := complaint(self.log.read_text(errors="replace"))) is None:
                raise
            raise ServerFailed(f"{self.version} did not start: {said}") from failed
        self.ready_seconds = time.perf_counter() - begun

    def _listens(self) -> bool:
        """The server listens last of all, so that the first connection is already served."""
        with sockets.socket(sockets.AF_UNIX) as knock:
            try:
                knock.connect(os.fspath(self.socket / _SOCKET))
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            return True

    def _end(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None
        for folder in (self.socket, self.folder):
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running(
    binary: Binary,
    workspace: Path,
    *,
    name: str = "mongod",
    settings: Mapping[str, Setting] = {},
) -> Iterator[Mongod]:
    """A server in its own folder ``name`` of the workspace; it and its data are gone on exit.

    ``settings`` go into its configuration file over ``DEFAULTS``, by the full names of the manual
    ("storage.syncPeriodSecs", "setParameter.ttlMonitorSleepSecs"). Several servers run side by
    side.

    MissingComponent when server or driver cannot be used here; ServerFailed, quoting the log, when
    it does not get ready; FileExistsError when ``name`` is taken; ValueError outside a workspace.
    """
    require_driver()
    user = process.unprivileged()
    with _errors_named(binary):
        program = runnable(binary)
        folder = folders.reachable(workspace / name, user)
        server = Mongod(binary, folder, folders.for_socket(folder, _SOCKET, user), user)
    server.settings = {**DEFAULTS, **settings}
    try:
        with _errors_named(binary):
            process.private_folder(server.data, user)
            server._start(program)
        yield server
    finally:
        server._end()


def config_file(settings: Mapping[str, Setting], data: Path, socket: Path) -> str:
    """The text of the configuration file; what keeps the server private comes last and wins.

    JSON, which is YAML as well. Names of options may be dotted there, those of parameters not.
    """
    names = settings.keys()
    parameters = {n.removeprefix(_PARAMETER): settings[n] for n in names if _is_parameter(n)}
    document: dict[str, Any] = {n: settings[n] for n in names if not _is_parameter(n)}
    document |= {
        "setParameter": {name: _written(value) for name, value in parameters.items()},
        "storage.dbPath": os.fspath(data),
        "net.port": _PORT,
        "net.bindIp": os.fspath(socket / _SOCKET),
        "net.unixDomainSocket.pathPrefix": os.fspath(socket),
    }
    return json.dumps(document, indent=2)


def complaint(log: str) -> str | None:
    """What the first line of the server's log with severity error or fatal says; None without."""
    for line in log.splitlines():
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict) and entry.get("s") in _COMPLAINTS:
            return _said(entry)[:_COMPLAINT_CHARACTERS]
    return None


def _said(entry: Mapping[str, Any]) -> str:
    detail = entry.get("attr", {})
    error = detail.get("error")
    if isinstance(error, dict):
        error = error.get("errmsg")
    parts = (entry.get("msg"), detail.get("message"), error if isinstance(error, str) else None)
    return ": ".join(" ".join(part.split()) for part in parts if isinstance(part, str))


def _is_parameter(name: str) -> bool:
    return name.startswith(_PARAMETER)


def _written(value: Setting) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


@contextlib.contextmanager
def _errors_named(binary: Binary) -> Iterator[None]:
    """A full disk or a missing right becomes an error that says what could not be set up."""
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        raise ServerFailed(f"MongoDB {binary.version} cannot be set up: {error}") from error
