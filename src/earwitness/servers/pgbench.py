"""Load on a PostgreSQL server, made by pgbench.

Starting pgbench beside a server, bounded, and handing what it wrote to ``load``. A statement that
fails or a connection that is refused is part of what was seen and counted; a script that pgbench
cannot read, or a server that dies, raises.
"""

import contextlib
import itertools
import math
import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict, Unpack

from earwitness.servers import load, process
from earwitness.servers.component import Component
from earwitness.servers.load import Load
from earwitness.servers.postgres import Postgres, Setting, written
from earwitness.servers.postgres_binaries import Binaries, install, installed, runnable
from earwitness.servers.process import MissingComponent, Process

__all__ = ["Load", "Options", "Program", "Started", "components", "find", "run", "started"]

Mode = Literal["simple", "extended", "prepared"]

_VERSION = re.compile(r"\(PostgreSQL\) ((\d+)\S*)")
_WITH_RETRIES = 15
"""The major version of pgbench that learned --max-tries and --failures-detailed."""
_WHEEL_MAJOR = 18
_LOG_PREFIX = "transactions"
_PATIENCE_SECONDS = 60.0
_VERSION_SECONDS = 20.0
_ENDED_EARLY = (1, 2)
"""Exit statuses of pgbench after a refused connection and after an aborted client."""


@dataclass(frozen=True)
class Program:
    """A pgbench."""

    path: Path
    version: str
    """As in "18.4"."""
    major: int
    source: str


class Started:
    """A load that is running; made by ``started``."""

    def __init__(
        self,
        child: Process,
        server: Postgres,
        program: Program,
        *,
        clients: int,
        rated: bool,
        limit_seconds: float,
    ) -> None:
        self._child = child
        self._server = server
        self._program = program
        self._clients = clients
        self._rated = rated
        self._limit_seconds = limit_seconds
        self._started_at = time.time()

    @property
    def running(self) -> bool:
        """Whether pgbench still runs."""
        return self._child.alive

    def wait(self) -> Load:
        """Wait for the end of the load and read its log, which is deleted then. Once only.

        ServerFailed when the server has died, when pgbench does not end in time, or when it fails
        in another way than by a failing statement or a refused connection.
        """
        status = self._child.wait(self._limit_seconds)
        ran = (self._started_at, time.time())
        self._server.require_alive()
        said = self._child.log.read_text(errors="replace")
        if status not in (0, *_ENDED_EARLY) or (status and not load.messages(said)):
            raise self._child.failure("failed")
        logs = sorted(self._child.folder.glob(f"{_LOG_PREFIX}.*"))
        seen = load.read(
            (log.read_bytes() for log in logs),
            said,
            clients=self._clients,
            rated=self._rated,
            version=self._program.version,
            ran=ran,
        )
        for log in logs:
            log.unlink()
        return seen


class Options(TypedDict, total=False):
    """What else can be said of a load."""

    mode: Mode
    """The protocol: "simple" (default), "extended", "prepared"."""
    variables: Mapping[str, str | int | float]
    """The ``:names`` of the script."""
    session: Mapping[str, Setting]
    """Settings of the server for these sessions only."""
    jobs: int
    """Threads of pgbench; by default one for each core, but not more than clients."""
    rate: float
    """Transactions per second over all clients, due at random times (Poisson) whether or not
    earlier ones have finished; without it each client waits for its own (a closed loop)."""
    seed: int
    """Of pgbench's random numbers; 1 by default."""
    max_tries: int
    """How often a transaction is tried that meets a serialization failure or a deadlock."""
    dbname: str
    patience_seconds: float
    """How much longer than ``seconds`` the whole may take; a minute by default."""


def run(
    server: Postgres, script: str, *, clients: int, seconds: float, **options: Unpack[Options]
) -> Load:
    """A load from begin to end: ``started`` and ``wait`` in one."""
    with started(server, script, clients=clients, seconds=seconds, **options) as running:
        return running.wait()


@contextlib.contextmanager
def started(
    server: Postgres, script: str, *, clients: int, seconds: float, **options: Unpack[Options]
) -> Iterator[Started]:
    """A load that runs while the caller does something else; stopped on exit if it still runs.

    ``script``: what one transaction does, in pgbench's language. ``seconds``: for how long
    transactions begin, rounded up to whole ones. MissingComponent when there is no pgbench.
    """
    program = find(server.binaries)
    folder = server.folder / f"pgbench-{secrets.token_hex(3)}"
    folder.mkdir()
    folder.chmod(0o711)
    (folder / "script.sql").write_text(script)
    (folder / "script.sql").chmod(0o644)
    logs = process.private_folder(folder / "logs", server.user)
    command = [os.fspath(program.path), *_arguments(server, program, clients, seconds, options)]
    session = written(options.get("session", {}))
    child = process.start(
        [*command, f"--file={folder / 'script.sql'}", options.get("dbname", "postgres")],
        logs,
        name="pgbench",
        user=server.user,
        environment={"PGOPTIONS": " ".join(_session_option(*item) for item in session.items())},
        log=folder / "output",
    )
    limit_seconds = seconds + options.get("patience_seconds", _PATIENCE_SECONDS)
    try:
        yield Started(
            child,
            server,
            program,
            clients=clients,
            rated="rate" in options,
            limit_seconds=limit_seconds,
        )
    finally:
        child.stop()
        shutil.rmtree(folder, ignore_errors=True)


def find(binaries: Binaries) -> Program:
    """The pgbench that belongs to the server's programs, else the newest one there is.

    MissingComponent, with what would help, when there is none that works.
    """
    for candidate in itertools.chain((binaries,), _all_installed()):
        if (candidate.folder / "pgbench").exists():
            here = runnable(candidate)
            if program := _inspect(here.folder / "pgbench", here.source):
                return program
    raise MissingComponent("pgbench is not on this machine", install(_WHEEL_MAJOR))


def components() -> tuple[Component, ...]:
    """The newest pgbench, or how to get one."""
    found = (_inspect(b.folder / "pgbench", b.source) for b in installed())
    for program in found:
        if program is not None:
            return (Component(name="pgbench", version=program.version, source=program.source),)
    return (Component(name="pgbench", missing="not found", install=install(_WHEEL_MAJOR)),)


def _arguments(
    server: Postgres, program: Program, clients: int, seconds: float, options: Options
) -> Iterator[str]:
    yield from ("--no-vacuum", "--log", f"--log-prefix={_LOG_PREFIX}", "--username=postgres")
    yield from (f"--host={server.socket}", f"--port={server.port}")
    yield from (f"--client={clients}", f"--time={math.ceil(seconds)}")
    yield f"--jobs={options.get('jobs', min(clients, os.cpu_count() or 1))}"
    yield f"--protocol={options.get('mode', 'simple')}"
    yield f"--random-seed={options.get('seed', 1)}"
    if "rate" in options:
        yield f"--rate={options['rate']}"
    if program.major >= _WITH_RETRIES:
        yield from ("--failures-detailed", f"--max-tries={options.get('max_tries', 1)}")
    for name, value in options.get("variables", {}).items():
        yield f"--define={name}={value}"


def _session_option(name: str, value: str) -> str:
    """As PGOPTIONS wants it: words parted by spaces, which are escaped inside of a word."""
    return "-c " + re.sub(r"([\\\s])", r"\\\1", f"{name}={value}")


def _all_installed() -> Iterator[Binaries]:
    yield from installed()  # only when asked for: it runs every postgres once


def _inspect(path: Path, source: str) -> Program | None:
    """The pgbench at ``path``; None when there is none or it does not work."""
    try:
        said = subprocess.run(
            [os.fspath(path), "--version"],
            capture_output=True,
            text=True,
            timeout=_VERSION_SECONDS,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.search(said)
    return Program(path, found[1], int(found[2]), source) if found else None
