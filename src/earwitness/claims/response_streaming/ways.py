"""The ways that an answer can take, from the function to the client's door.

A way is a runtime, the invoke mode of its Function URL, and perhaps a hop in front. Servers are
started once for all arms that share them, and only those that an arm names; what is tried on a way
stands in the benches.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from earwitness.claims.response_streaming import hop, nginx_hop, plain
from earwitness.claims.response_streaming.functions import story
from earwitness.claims.response_streaming.hop import Upstream
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.events import ServerReady
from earwitness.servers import function_host
from earwitness.servers.function_host import (
    Function,
    FunctionHost,
    InvokeMode,
    Runtime,
    node_runtime,
    runtimes,
)

_INSTANCES = 2
"""One for the answer that is watched, one for those that patience is counted in."""
_TIMEOUT_SECONDS = 120.0
"""Of a function: many halts, each as long as patience, on a busy machine."""
_CODE = Path(story.__file__).parent
_PLAIN = "plain"
_FUNCTIONS: Mapping[str, tuple[Callable[[], Runtime], str, str]] = {
    "custom-python": (runtimes.custom_python, "story.streamed", "story.py"),
    "official-python": (runtimes.official_python, "story.buffered", "story.py"),
    "official-node": (node_runtime.official_node, "story.streamed", "story.mjs"),
}
"""By the word of an arm: its runtime, handler and code."""
_HOPS: Mapping[str, tuple[Upstream, bool]] = {
    "http10-store": (Upstream.HTTP_10, True),
    "http11-store": (Upstream.HTTP_11, True),
    "http10-relay": (Upstream.HTTP_10, False),
    "http11-relay": (Upstream.HTTP_11, False),
}


@dataclass
class Ways:
    """URLs by arm, and what runs behind them."""

    host: FunctionHost
    experiment: Experiment
    bench: BenchSettings
    stack: ExitStack
    environment: dict[str, str] = field(default_factory=dict)
    _origins: dict[tuple[str, str], str] = field(default_factory=dict)
    _doors: dict[tuple[str, str], str] = field(default_factory=dict)
    _started: set[str] = field(default_factory=set)

    def url(self, arm: Arm) -> str:
        """Where a client asks for the answer of this arm; its servers run from then on.

        Main thread. MissingComponent when a part is not on this machine, ServerFailed when it does
        not start.
        """
        origin = self._origin(str(arm.settings["runtime"]), str(arm.settings["mode"]))
        name = str(arm.settings["hop"])
        if name == "none":
            return origin
        if (name, origin) not in self._doors:
            self._doors[name, origin] = self._hop(name, origin)
        return self._doors[name, origin]

    def require_alive(self) -> None:
        """ServerFailed, quoting its log, when a function's process has ended."""
        self.host.require_alive()

    def _origin(self, runtime: str, mode: str) -> str:
        if (runtime, mode) not in self._origins:
            if runtime == _PLAIN:
                self._origins[runtime, mode] = self.stack.enter_context(plain.running())
            else:
                if runtime not in self._started:
                    self._start(runtime)
                self._origins[runtime, mode] = self.host.open_url(runtime, InvokeMode(mode))
        return self._origins[runtime, mode]

    def _start(self, name: str) -> None:
        find, handler, code = _FUNCTIONS[name]
        runtime, began = find(), time.perf_counter()
        self.host.start(
            Function(
                name=name,
                runtime=runtime,
                handler=handler,
                code=(_CODE / code,),
                timeout_seconds=_TIMEOUT_SECONDS,
                instances=_INSTANCES,
            )
        )
        self._started.add(name)
        self._announce(name, runtime.name, runtime.source, time.perf_counter() - began)

    def _hop(self, name: str, origin: str) -> str:
        if name in _HOPS:
            upstream, stores = _HOPS[name]
            return self.stack.enter_context(hop.running(origin, upstream, stores=stores))
        server, url = self.stack.enter_context(
            nginx_hop.running(self.bench.workspace, name, origin)
        )
        self._announce(name, server.version, server.program.source, server.ready_seconds)
        return url

    def _announce(self, name: str, server: str, source: str, seconds: float) -> None:
        self.environment[name] = f"{server} ({source})"
        self.bench.announce(
            ServerReady(
                experiment=self.experiment.id, server=server, source=source, seconds=seconds
            )
        )


def opened(stack: ExitStack, experiment: Experiment, bench: BenchSettings) -> Ways:
    """The ways of the bench's arms, all of them open; they last as long as the stack."""
    folder = bench.workspace / experiment.id
    folder.mkdir(mode=0o711)
    host = stack.enter_context(function_host.running(folder))
    ways = Ways(host, experiment, bench, stack)
    for arm in bench.arms:
        ways.url(arm)
    return ways
