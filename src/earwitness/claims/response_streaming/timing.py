"""The bench on which a function writes at its own pace, and a clock says when the client has what."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from earwitness.claims.response_streaming import lockstep, ways
from earwitness.claims.response_streaming.functions import story
from earwitness.claims.response_streaming.reading import Reading, ask
from earwitness.claims.response_streaming.ways import Ways
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.observation import Observation
from earwitness.servers.process import ServerFailed

_WARM = "sizes=8"


class TimingBench:
    """Times one answer for each trial."""

    def __init__(self, open_ways: Ways, writes: int, size: int, pause_ms: int) -> None:
        self._ways = open_ways
        self._query = f"sizes={','.join([str(size)] * writes)}&pause_ms={pause_ms}"
        self._expected = story.text(size * writes)
        self.environment: Mapping[str, str] = {
            **open_ways.environment,
            "answer": f"{writes} writes of {size} bytes, {pause_ms} ms after each",
        }

    def block(self, block: int) -> None:
        """The arms of a block share nothing that changes."""

    def trial(self, arm: Arm) -> Observation:
        """One answer at its own pace, after one that warms the way up."""
        url = self._ways.url(arm)
        try:
            ask(url, _WARM)
            reading = Reading(url, self._query)
            body = reading.finish()
        except OSError as problem:
            self._ways.require_alive()
            raise ServerFailed(f"no answer over {arm.name}: {problem}") from problem
        if reading.first_seconds is None:
            raise ServerFailed(f"no answer over {arm.name}: {reading.problem or reading.status}")
        return Observation(
            values={
                "first_ms": reading.first_seconds * 1000,
                "whole_ms": reading.seconds * 1000,
                "wrong_bytes": lockstep.wrong_bytes(body, self._expected),
            },
        )


@contextmanager
def opened(experiment: Experiment, settings: BenchSettings) -> Iterator[TimingBench]:
    """The ways of the arms. Raises MissingComponent and ServerFailed."""
    with ExitStack() as stack:
        open_ways = ways.opened(stack, experiment, settings)
        yield TimingBench(
            open_ways,
            settings.number("writes"),
            settings.number("size"),
            settings.number("pause_ms"),
        )
