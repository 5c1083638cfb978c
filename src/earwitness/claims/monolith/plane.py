"""The pipeline on the cloud, running: its functions, its state machines, its object store.

Started once for all arms, and only what one of them names; what is watched is told in each event.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from earwitness.claims.monolith import pipeline, workflow
from earwitness.experiment.design import Arm
from earwitness.servers import cloud, function_host
from earwitness.servers.cloud import Cloud, machines, objects, server
from earwitness.servers.cloud.machines import Execution
from earwitness.servers.cloud.objects import Traffic
from earwitness.servers.function_host import Function, FunctionHost, Runtime, runtimes
from earwitness.servers.process import ServerFailed

_PACKAGE = Path(pipeline.__file__).parent
_TIMEOUT_SECONDS = 60.0
"""Of an invocation, and of all executions for a stream; a busy machine may be slow."""
_NONE = "none"


@dataclass(frozen=True)
class Plane:
    """What runs; made only by ``running``."""

    here: Cloud
    host: FunctionHost
    functions: tuple[str, ...]
    led_by: Mapping[str, str]
    """ARNs of state machines by the word of an arm."""
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def bucket(self) -> str:
        """A new bucket, empty."""
        name = f"windows-{next(self._numbers)}"
        objects.create_bucket(self.here, name)
        return name

    def traffic(self, bucket: str) -> Traffic:
        """What was asked of that bucket."""
        return objects.traffic(self.here, bucket)

    def invocations(self) -> int:
        """Of all functions, so far."""
        return sum(self.host.counts(name).invocations for name in self.functions)

    def invoke(self, events: Sequence[Any]) -> list[Any]:
        """Have the one function answer every event, one after the other."""
        return [self._answer(event) for event in events]

    def run(self, machine: str, events: Sequence[Any]) -> list[Execution]:
        """Have a state machine executed for every event, all at once."""
        return machines.run(self.here, self.led_by[machine], events, seconds=_TIMEOUT_SECONDS)

    def _answer(self, event: Any) -> Any:
        payload = msgspec.json.encode(event)
        answer = self.host.invoke(workflow.WHOLE, payload, seconds=_TIMEOUT_SECONDS)
        if answer.error is not None:
            said = answer.payload.decode(errors="replace")
            raise ServerFailed(f"the function {workflow.WHOLE} failed: {said}")
        return msgspec.json.decode(answer.payload)


@contextmanager
def running(folder: Path, arms: Sequence[Arm]) -> Iterator[Plane]:
    """What these arms need. Raises MissingComponent and ServerFailed."""
    runtime = runtimes.official_python()
    led = {str(a.settings["machine"]) for a in arms if a.settings["work"] == "functions"}
    names = tuple(dict.fromkeys(f for machine in sorted(led) for f in workflow.functions(machine)))
    with function_host.running(folder) as host, cloud.running(folder, functions=host) as here:
        host.start(*(_function(name, runtime, here) for name in names))
        arns = {
            machine: machines.create(here, machine, workflow.MACHINES[machine])
            for machine in sorted(led - {_NONE})
        }
        yield Plane(here, host, names, arns)


def _function(name: str, runtime: Runtime, here: Cloud) -> Function:
    return Function(
        name=name,
        runtime=runtime,
        handler=workflow.handler(name),
        code=(_PACKAGE,),
        timeout_seconds=_TIMEOUT_SECONDS,
        environment={
            **server.CREDENTIALS,
            "AWS_REGION": server.REGION,
            "AWS_DEFAULT_REGION": server.REGION,
            "OBJECT_STORE": here.url,
            "NO_PROXY": "*",
        },
    )
