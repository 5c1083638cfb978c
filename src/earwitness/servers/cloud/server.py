"""moto's server as a child process, and clients for it.

How it is found, started and told to execute state machines; what is asked of it stands beside. It
chooses its port itself and says it in its log, which is also its access log.
"""

import contextlib
import importlib.metadata
import importlib.util
import json
import os
import re
import signal
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from earwitness.servers import folders, process
from earwitness.servers.component import Component
from earwitness.servers.process import MissingComponent, Process

REGION = "us-east-1"
LOOPBACK = "127.0.0.1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
"""Clients want some; nobody checks them."""
INSTALL = "pip install 'earwitness[cloud]'"
_PARTS = ("moto", "flask", "boto3", "antlr4", "jsonpath_ng", "py_partiql_parser")
"""Modules of the wheels without which server, state machines or object store do not work."""
_READY_SECONDS = 30.0
_STOP = (process.Stop(signal.SIGTERM, 0.2),)
"""It holds nothing worth a long goodbye."""
_PORT = re.compile(rb"Running on http://127\.0\.0\.1:(\d+)")
_EXECUTE = json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode()
"""Without it moto only pretends that executions succeed (its documentation of Step Functions)."""


class Functions(Protocol):
    """Where state machines invoke functions."""

    @property
    def port(self) -> int:
        """Of Lambda's invocation API on loopback."""


@dataclass
class Cloud:
    """A running server; made only by ``running``."""

    process: Process
    port: int
    version: str
    ready_seconds: float
    _clients: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The endpoint of every service."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def log(self) -> Path:
        """What it says of itself, a line for each request among it."""
        return self.process.log

    def client(self, service: str) -> Any:
        """A boto3 client, the same one for the same service."""
        if service not in self._clients:
            self._clients[service] = _client(service, self.url)
        return self._clients[service]


def find() -> str:
    """The version of moto; MissingComponent when it or a part of it is not installed."""
    missing = [name for name in _PARTS if importlib.util.find_spec(name) is None]
    if missing:
        raise MissingComponent(
            f"moto's server is not installed whole (without {', '.join(missing)})", INSTALL
        )
    return importlib.metadata.version("moto")


def components() -> tuple[Component, ...]:
    """Its line in the table of components."""
    try:
        version = find()
    except MissingComponent as missing:
        return (Component(name="moto server", missing=missing.reason, install=missing.install),)
    return (Component(name="moto server", version=version, source=f"wheel moto {version}"),)


@contextlib.contextmanager
def running(folder: Path, *, functions: Functions) -> Iterator[Cloud]:
    """A server whose state machines invoke ``functions``; its folder lies in ``folder``.

    ``folder`` lies in a workspace. Main thread only. Raises MissingComponent, and ServerFailed when
    it does not start.
    """
    version = find()
    origin = importlib.util.find_spec("moto")
    assert origin is not None
    assert origin.origin is not None
    user = folders.reaching(Path(sys.executable), Path(origin.origin))
    began = time.perf_counter()
    home = process.private_folder(folder / "cloud", user)
    with process.running(
        [sys.executable, "-B", "-m", "moto.server", "-H", LOOPBACK, "-p", "0"],
        home,
        name="moto server",
        user=user,
        environment={
            **CREDENTIALS,
            "PYTHONPATH": os.fspath(Path(origin.origin).parents[1]),
            # where moto's state machines look for Lambda (moto.settings.moto_server_port)
            "MOTO_PORT": str(functions.port),
            "NO_PROXY": "*",
            "AWS_EC2_METADATA_DISABLED": "true",
        },
        stop=_STOP,
    ) as server:
        server.wait_until(lambda: _port(server) is not None, _READY_SECONDS)
        port = _port(server)
        assert port is not None
        _configure(server, port)
        yield Cloud(server, port, version, time.perf_counter() - began)


def _port(server: Process) -> int | None:
    found = _PORT.search(server.log.read_bytes())
    return int(found[1]) if found else None


def _configure(server: Process, port: int) -> None:
    """Have state machines executed; ServerFailed when the server does not take it."""
    request = urllib.request.Request(
        f"http://{LOOPBACK}:{port}/moto-api/config", data=_EXECUTE, method="POST"
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        direct.open(request, timeout=_READY_SECONDS).close()
    except OSError as error:
        raise server.failure(f"does not take its configuration ({error})") from error


def _client(service: str, url: str) -> Any:
    """A client that reads no profile, no file and no proxy of the user."""
    import boto3
    import botocore.session
    from botocore.config import Config

    nothing = (None, None, os.devnull, None)
    session = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": nothing,
            "credentials_file": nothing,
        }
    )
    return boto3.Session(botocore_session=session).client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(
            request_checksum_calculation="when_required",
            retries={"total_max_attempts": 1},  # what is asked twice would be counted twice
            proxies={},
        ),
    )
