"""The host itself: a thread with the listeners, and functions that are children of this process.

Callers see plain blocking methods. Everything that concerns requests happens in one event loop in
a thread; processes are started, watched and stopped through ``servers.process``, which wants the
main thread for starting.
"""

import asyncio
import contextlib
import functools
import http.client
import os
import shutil
import signal
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from earwitness.servers import process
from earwitness.servers.function_host import function_url, invoke_api
from earwitness.servers.function_host.function_url import InvokeMode
from earwitness.servers.function_host.http import LOOPBACK, Connection, Request, listen, port_of
from earwitness.servers.function_host.invocation import (
    EXITED,
    Inbox,
    Invocation,
    error_body,
    invocation,
)
from earwitness.servers.function_host.runtime_api import Environment
from earwitness.servers.function_host.runtimes import Runtime
from earwitness.servers.process import Process, ServerFailed

T = TypeVar("T")

_READY_SECONDS = 30.0
_CALL_SECONDS = 10.0
"""For the loop to answer one of our own calls; it never works that long."""
_WATCH_SECONDS = 0.05
_REGION = "local-1"
_ACCOUNT = "000000000000"
_GOODBYE_SECONDS = 0.2
"""For all functions together: they hold nothing, and a runtime client may ignore SIGTERM."""
_POLL_SECONDS = 0.01


@dataclass(frozen=True, kw_only=True)
class Function:
    """What is started: code, handler and the runtime client that runs them."""

    name: str
    runtime: Runtime
    handler: str
    code: tuple[Path, ...] = ()
    """Files and folders that are copied into each process's own folder, its task root."""
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_seconds: float = 30.0
    memory_mb: int = 128
    """Told to the function; not enforced."""
    instances: int = 1
    """Processes; each handles one invocation at a time."""


@dataclass(frozen=True)
class Answer:
    """What a buffered invocation gave. ``error``: the function failed, and payload says how."""

    payload: bytes
    error: str | None


@dataclass(frozen=True)
class Counts:
    """What a function has done so far. Bytes are payloads of events and of answers."""

    invocations: int = 0
    errors: int = 0
    request_bytes: int = 0
    response_bytes: int = 0


@dataclass
class _Deployed:
    """A function on the host; touched only in the loop."""

    function: Function
    inbox: Inbox = field(default_factory=Inbox)
    environments: list[Environment] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    invocations: int = 0
    request_bytes: int = 0
    dead: bool = False

    async def invoke(self, payload: bytes, client_context: str | None) -> Invocation:
        self.invocations += 1
        self.request_bytes += len(payload)
        made = invocation(payload, self.function.timeout_seconds, client_context)
        if self.dead:
            await _refuse(made)
        else:
            await self.inbox.put(made)
        return made

    def counts(self) -> Counts:
        return Counts(
            invocations=self.invocations,
            errors=sum(environment.errors for environment in self.environments),
            request_bytes=self.request_bytes,
            response_bytes=sum(environment.response_bytes for environment in self.environments),
        )


class FunctionHost:
    """Running functions and the interfaces to them; made only by ``running``."""

    def __init__(self, folder: Path, loop: asyncio.AbstractEventLoop) -> None:
        self._folder = folder
        self._loop = loop
        self._deployed: dict[str, _Deployed] = {}
        self._servers: list[asyncio.Server] = []
        self._watching: list[asyncio.Task[None]] = []
        self.port = self._call(self._listen(self._respond))

    @property
    def url(self) -> str:
        """Of the invocation API, as an SDK wants it for its endpoint."""
        return f"http://{LOOPBACK}:{self.port}"

    def start(self, *functions: Function) -> None:
        """Start the functions' processes, all at once, and return when all of them ask for events.

        Main thread only. ServerFailed, quoting the log, when one ends, reports that it cannot be
        initialised, or is not ready after half a minute; ValueError when a name is taken.
        """
        for deployed in [self._begin(function) for function in functions]:
            for started, environment in zip(deployed.processes, deployed.environments, strict=True):
                started.wait_until(functools.partial(_ready, environment, started), _READY_SECONDS)
            self._call(self._watch_all(deployed))

    def invoke(self, name: str, payload: bytes, *, seconds: float = 60.0) -> Answer:
        """Invoke a function over the invocation API and wait for its whole answer; any thread.

        ServerFailed when the host does not know the function, TimeoutError after ``seconds``.
        """
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=seconds)
        with contextlib.closing(connection):
            connection.request("POST", f"/2015-03-31/functions/{name}/invocations", payload)
            answered = connection.getresponse()
            body = answered.read()
        if answered.status != 200:
            raise ServerFailed(f"invoking {name} failed: {body.decode(errors='replace')}")
        return Answer(body, answered.headers.get("X-Amz-Function-Error"))

    def open_url(self, name: str, mode: InvokeMode) -> str:
        """A new Function URL of a started function: ``http://127.0.0.1:<port>/``."""
        deployed = self._deployed[name]

        async def respond(connection: Connection, request: Request) -> None:
            await function_url.respond(deployed.invoke, mode, connection, request)

        return f"http://{LOOPBACK}:{self._call(self._listen(respond))}/"

    def counts(self, name: str) -> Counts:
        """What the function has done since it was started; KeyError when there is none."""
        deployed = self._deployed[name]

        async def read() -> Counts:
            return deployed.counts()

        return self._call(read())

    def require_alive(self) -> None:
        """ServerFailed, quoting its log, when a function's process has ended."""
        for deployed in self._deployed.values():
            for started in deployed.processes:
                started.require_alive()

    def close(self) -> None:
        """Stop all functions, then the listeners."""
        started = [p for deployed in self._deployed.values() for p in deployed.processes]
        for each in started:
            _signal(each, signal.SIGTERM)
        deadline = time.monotonic() + _GOODBYE_SECONDS
        while any(each.alive for each in started) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        for each in started:
            each.stop(())
        self._call(self._shut())

    def _begin(self, function: Function) -> _Deployed:
        """Start the processes of a function, and do not wait."""
        if function.name in self._deployed:
            raise ValueError(f"there is a function {function.name!r} already")
        deployed = self._deployed[function.name] = _Deployed(function)
        for number in range(1, function.instances + 1):
            self._start_environment(deployed, number)
        return deployed

    def _start_environment(self, deployed: _Deployed, number: int) -> None:
        function = deployed.function
        environment = Environment(
            arn=f"arn:aws:lambda:{_REGION}:{_ACCOUNT}:function:{function.name}",
            inbox=deployed.inbox,
            kill=lambda: _signal(deployed.processes[number - 1], signal.SIGKILL),
        )
        port = self._call(self._listen(environment.respond))
        folder = process.private_folder(
            self._folder / f"{function.name}-{number}", function.runtime.user
        )
        for path in function.code:
            _copy(path, folder / path.name)
        started = process.start(
            (*function.runtime.command, function.handler),
            folder,
            name=f"function {function.name}",
            user=function.runtime.user,
            environment=_environment(function, folder, port),
        )
        deployed.environments.append(environment)
        deployed.processes.append(started)

    # In the loop.

    def named(self, name: str) -> invoke_api.Invoke | None:
        """How the invocation API finds a function."""
        deployed = self._deployed.get(name)
        return deployed.invoke if deployed else None

    async def _respond(self, connection: Connection, request: Request) -> None:
        await invoke_api.respond(self, connection, request)

    async def _listen(self, respond: Callable[[Connection, Request], Awaitable[None]]) -> int:
        server = await listen(respond)
        self._servers.append(server)
        return port_of(server)

    async def _watch_all(self, deployed: _Deployed) -> None:
        self._watching.append(asyncio.ensure_future(_watch(deployed)))

    async def _shut(self) -> None:
        for watcher in self._watching:
            watcher.cancel()
        for server in self._servers:
            server.close()

    def _call(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_CALL_SECONDS)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[FunctionHost]:
    """A host whose functions have their folders in ``folder``, which lies in a workspace.

    All functions and listeners are gone on return.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=_run, args=(loop,), name="function host", daemon=True)
    thread.start()
    try:
        host = FunctionHost(folder, loop)
        try:
            yield host
        finally:
            host.close()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CALL_SECONDS)


def _run(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.close()


async def _watch(deployed: _Deployed) -> None:
    """Fail what a process that ended was working on, and all that waits once none is left."""
    living = list(zip(deployed.environments, deployed.processes, strict=True))
    while living:
        await asyncio.sleep(_WATCH_SECONDS)
        for environment, started in tuple(living):
            if not started.alive:
                living.remove((environment, started))
                await environment.ended("unexpectedly")
    deployed.dead = True
    for waiting in deployed.inbox.empty_out():
        await _refuse(waiting)


async def _refuse(waiting: Invocation) -> None:
    message = f"RequestId: {waiting.id} Error: no process of the function is left"
    await waiting.response.fail(EXITED, error_body(EXITED, message))


def _ready(environment: Environment, started: Process) -> bool:
    if environment.init_error is not None:
        raise started.failure(f"cannot be initialised ({environment.init_error})")
    return environment.ready


def _signal(started: Process, number: signal.Signals) -> None:
    if started.alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(started.pid, number)


def _environment(function: Function, folder: Path, port: int) -> dict[str, str]:
    """The variables that AWS defines for a runtime ("Defined runtime environment variables")."""
    return {
        **function.runtime.environment,
        "AWS_LAMBDA_RUNTIME_API": f"{LOOPBACK}:{port}",
        "LAMBDA_TASK_ROOT": os.fspath(folder),
        "_HANDLER": function.handler,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": folder.name,
        "AWS_REGION": _REGION,
        **function.environment,
    }


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
        target.chmod(0o755)
    else:
        shutil.copyfile(source, target)
        target.chmod(0o644)
