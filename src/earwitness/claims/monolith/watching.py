"""The bench: streams with known defects, watched in the way of an arm, and counted.

How a way works stands in ``clones`` and ``plane``; how counts become values, in ``observed``.
"""

import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import av

from earwitness.claims.monolith import clones, observed, plane, pricing
from earwitness.claims.monolith.observed import Seen, Watched
from earwitness.claims.monolith.origin import Origin, serving
from earwitness.claims.monolith.pipeline.detectors import DETECTORS, joined
from earwitness.claims.monolith.pipeline.service import Order
from earwitness.claims.monolith.plane import Plane
from earwitness.claims.monolith.stream import Shape, Stream, generate
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.events import ServerReady
from earwitness.experiment.observation import Observation
from earwitness.servers.function_host import runtimes


class WatchingBench:
    """Has the same streams watched, again and again."""

    def __init__(
        self,
        settings: BenchSettings,
        folder: Path,
        streams: Sequence[Stream],
        origin: Origin,
        cloud: Plane,
    ) -> None:
        self._shape = _shape(settings)
        self._per_second = settings.number("samples_per_second")
        self._streams = streams
        self._origin = origin
        self._cloud = cloud
        self._prices = pricing.sheet()
        self._folders = (folder / f"clones-{number}" for number in count(1))
        shape = self._shape
        self.environment: Mapping[str, str] = {
            "prices": self._prices.label,
            "stream": f"{shape.seconds:g} s of {shape.width}x{shape.height} in windows of "
            f"{shape.window_seconds:g} s, {self._per_second} pictures sampled per second; counts "
            "are divided by its minutes",
            "decoder": f"PyAV {av.__version__} on Python {platform.python_version()}",
            "functions": runtimes.official_python().name,
            "object store and state machines": f"moto server {cloud.here.version}",
        }

    def block(self, block: int) -> None:
        """The arms of a block share the streams, which do not change."""

    def trial(self, arm: Arm) -> Observation:
        """Watch the arm's streams once. ServerFailed when a part does not do its work."""
        streams = self._streams[: int(arm.settings["streams"])]
        bucket = self._cloud.bucket()
        fetched, invoked = self._origin.fetched, self._cloud.invocations()
        ways: Mapping[str, Callable[[Arm, str], Seen]] = {
            "process": self._by_processes,
            "functions": self._by_functions,
        }
        seen = ways[str(arm.settings["work"])](arm, bucket)
        watched = Watched(
            seen=seen,
            fetched=self._origin.fetched - fetched,
            invocations=self._cloud.invocations() - invoked,
            traffic=self._cloud.traffic(bucket),
        )
        defects = tuple(stream.defects for stream in streams)
        return observed.observation(arm, watched, defects, self._shape.seconds, self._prices)

    def _by_processes(self, arm: Arm, _bucket: str) -> Seen:
        number = int(arm.settings["clones"])
        shares = [list(DETECTORS)[clone::number] for clone in range(number)]
        streams = range(int(arm.settings["streams"]))
        orders = [self._order(stream, share) for stream in streams for share in shares]
        results = clones.watch(orders, next(self._folders))
        found = (
            joined(
                finding for result in results[first : first + number] for finding in result["found"]
            )
            for first in range(0, len(results), number)
        )
        return Seen(
            found=tuple(tuple(stream) for stream in found),
            decoded=sum(result["decoded"] for result in results),
            cpu_seconds=sum(result["cpu_seconds"] for result in results),
        )

    def _by_functions(self, arm: Arm, bucket: str) -> Seen:
        machine = str(arm.settings["machine"])
        events = [self._event(window, bucket, arm) for window in range(self._shape.windows)]
        if machine == "none":
            answers, transitions = self._cloud.invoke(events), 0
        else:
            executions = self._cloud.run(machine, events)
            answers = [execution.output for execution in executions]
            transitions = sum(execution.transitions for execution in executions)
        found = joined(tuple(finding) for answer in answers for finding in answer["found"])
        return Seen(
            found=(tuple(found),),
            decoded=sum(answer["decoded"] for answer in answers),
            cpu_seconds=sum(answer["cpu_seconds"] for answer in answers),
            transitions=transitions,
        )

    def _order(self, stream: int, detectors: list[str]) -> Order:
        return Order(
            address=self._origin.address(stream),
            windows=self._shape.windows,
            seconds=self._shape.window_seconds,
            per_second=self._per_second,
            detectors=detectors,
        )

    def _event(self, window: int, bucket: str, arm: Arm) -> dict[str, Any]:
        return {
            "address": self._origin.address(0),
            "number": window,
            "seconds": self._shape.window_seconds,
            "per_second": self._per_second,
            "bucket": bucket,
            "prefix": f"{window:04d}",
            "together": arm.settings["objects"] == "window",
        }


@contextmanager
def opened(experiment: Experiment, settings: BenchSettings) -> Iterator[WatchingBench]:
    """Streams, their origin and the cloud. Raises MissingComponent and ServerFailed."""
    most = max(int(arm.settings["streams"]) for arm in settings.arms)
    shape = _shape(settings)
    streams = [generate(shape, settings.seed + number) for number in range(most)]
    folder = settings.workspace / experiment.id
    folder.mkdir()
    folder.chmod(0o711)  # mkdir obeys the umask; functions run as another user than root
    began = time.perf_counter()
    with serving(streams) as origin, plane.running(folder, settings.arms) as cloud:
        _announce(experiment, settings, cloud, time.perf_counter() - began)
        yield WatchingBench(settings, folder, streams, origin, cloud)


def _announce(
    experiment: Experiment, settings: BenchSettings, cloud: Plane, seconds: float
) -> None:
    settings.announce(
        ServerReady(
            experiment=experiment.id,
            server=f"moto server {cloud.here.version}",
            source=f"wheel moto {cloud.here.version}",
            seconds=cloud.here.ready_seconds,
            settings={"stepfunctions.execute_state_machine": "true"},
        )
    )
    runtime = runtimes.official_python()
    settings.announce(
        ServerReady(
            experiment=experiment.id,
            server=runtime.name,
            source=runtime.source,
            seconds=seconds - cloud.here.ready_seconds,
            settings={"functions": ", ".join(cloud.functions)},
        )
    )


def _shape(settings: BenchSettings) -> Shape:
    return Shape(
        width=settings.number("width"),
        height=settings.number("height"),
        windows=settings.number("windows"),
        window_seconds=float(settings.number("window_seconds")),
    )
