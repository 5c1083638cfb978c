"""The backend of the cascade as a child process, and the nginx in front of it.

Finding the wheels, starting, and the text of nginx's configuration. What the backend does with a
request is ``backend_program``; what is sent to it is the bench's affair (``cascade``).
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import platform
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from earwitness.servers import folders, process
from earwitness.servers.postgres import Postgres
from earwitness.servers.process import MissingComponent, Process

WHEELS = ("uvicorn", "asyncpg")
INSTALL = "pip install 'earwitness[backend]'"

_PROGRAM = Path(__file__).with_name("backend_program.py")
_READY_SECONDS = 60.0
"""A pool runs its first query on every connection, and the first one reads the whole catalog."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a backend waits before it answers with 500."""

    acquire_ms: int
    """For a free connection of its pool."""
    statement_ms: int
    """For the database; 0 is without limit."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """A query that the backend can be asked for."""

    sql: str
    """With ``$1`` and so on for ``parameters``, in that order."""
    parameters: tuple[str, ...]


class Backend:
    """A running backend; made only by ``running``."""

    def __init__(self, process: Process, port: int, ready_seconds: float) -> None:
        self.port = port
        self.ready_seconds = ready_seconds
        """From the start of the process until its pool was warm and it listened."""
        self.require_alive = process.require_alive


def find() -> str:
    """What backends run on, as in "uvicorn 1.2, asyncpg 3.4 on Python 3.11.7".

    MissingComponent, with what would help, without the wheels.
    """
    for wheel in WHEELS:
        if importlib.util.find_spec(wheel) is None:
            raise MissingComponent(f"the Python package {wheel} is missing", INSTALL)
    versions = ", ".join(f"{wheel} {importlib.metadata.version(wheel)}" for wheel in WHEELS)
    return f"{versions} on Python {platform.python_version()}"


@contextlib.contextmanager
def running(
    server: Postgres,
    workspace: Path,
    *,
    name: str,
    queries: Mapping[str, Query],
    pool: int,
    patience: Patience,
) -> Iterator[Backend]:
    """A backend with ``pool`` connections to the server, in its own folder of the workspace.

    ServerFailed, quoting its output, when it does not get ready.
    """
    site = Path(str(importlib.util.find_spec("asyncpg").origin)).parents[1]  # type: ignore[union-attr]
    user = folders.reaching(Path(sys.executable), site, _PROGRAM)
    folder = process.private_folder(workspace / name, user)
    texts = folder / "queries.json"
    texts.write_bytes(msgspec.json.encode(queries))
    texts.chmod(0o644)  # its user reads it
    options = {
        "socket": server.socket,
        "port": server.port,
        "queries": texts,
        "pool": pool,
        "acquire-timeout-ms": patience.acquire_ms,
        "statement-timeout-ms": patience.statement_ms,
    }
    began = time.perf_counter()
    with process.running(
        [sys.executable, "-P", "-B", _PROGRAM, *(f"--{k}={v}" for k, v in options.items())],
        folder,
        name=f"backend {name}",
        user=user,
        # the same wheels as ours, however we came by them
        environment={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as child:
        port = folder / "port"
        child.wait_until(port.exists, _READY_SECONDS)
        yield Backend(child, int(port.read_text()), time.perf_counter() - began)


def front(ports: Mapping[str, int], read_timeout_ms: int) -> str:
    """Nginx's ``http`` block: ``/NAME/...`` goes to the backend of that name, or becomes 504."""
    upstreams = "".join(
        f"upstream {name} {{ server 127.0.0.1:{port}; keepalive 64; }}\n"
        for name, port in ports.items()
    )
    locations = "".join(f"location /{name}/ {{ proxy_pass http://{name}/; }}\n" for name in ports)
    return (
        f"{upstreams}server {{\nlisten 127.0.0.1:@port:front@ backlog=2048;\n"
        "keepalive_requests 1000000;\n"
        'proxy_http_version 1.1;\nproxy_set_header Connection "";\n'
        f"proxy_read_timeout {read_timeout_ms}ms;\n{locations}}}\n"
    )
