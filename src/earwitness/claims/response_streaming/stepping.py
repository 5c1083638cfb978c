"""The bench on which function and client go in step, and the order of events is what is seen."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from earwitness.claims.response_streaming import lockstep, ways
from earwitness.claims.response_streaming.functions import story
from earwitness.claims.response_streaming.lockstep import Gate, Patience
from earwitness.claims.response_streaming.reading import Reading, ask
from earwitness.claims.response_streaming.ways import Ways
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.observation import Observation
from earwitness.servers.process import ServerFailed

_OTHER = "sizes=8"
"""The answer in which patience is counted: one write, without a halt."""


class SteppingBench:
    """Lets a function write one step after the other, and looks what the client has after each."""

    def __init__(self, open_ways: Ways, gate: Gate, sizes: str, patience: Patience) -> None:
        self._ways = open_ways
        self._gate = gate
        self._sizes = sizes
        self._total = sum(map(int, sizes.split(",")))
        self._patience = patience
        self.environment: Mapping[str, str] = {
            **open_ways.environment,
            "writes": f"{sizes} bytes",
            "patience": f"{patience.answers} other answers and {patience.seconds:g} s",
        }

    def block(self, block: int) -> None:
        """The arms of a block share nothing that changes."""

    def trial(self, arm: Arm) -> Observation:
        """One answer over the arm's way; ServerFailed when the function does not write it."""
        url = self._ways.url(arm)
        query = f"sizes={self._sizes}&gate={self._gate.port}"
        reading = Reading(url, query, fill_bytes=int(arm.settings["client_buffer"]))
        try:
            seen = lockstep.watch(
                self._gate, reading, self._total, self._patience, lambda: ask(url, _OTHER)
            )
            body = reading.finish()
        except (lockstep.Stuck, OSError) as stuck:
            self._ways.require_alive()
            raise ServerFailed(f"no answer over {arm.name}: {reading.problem or stuck}") from stuck
        return Observation(
            values={
                "first_before_last": int(seen.before_last),
                "written_at_first": seen.written_at_first,
                "held_bytes": seen.held_bytes,
                "wrong_bytes": lockstep.wrong_bytes(body, story.text(self._total)),
            },
            outcomes={"answer": reading.problem or f"status {reading.status}"},
        )


@contextmanager
def opened(experiment: Experiment, settings: BenchSettings) -> Iterator[SteppingBench]:
    """The ways of the arms, and the gate. Raises MissingComponent and ServerFailed."""
    patience = Patience(
        answers=settings.number("patience_answers"),
        seconds=settings.number("patience_ms") / 1000,
    )
    with ExitStack() as stack:
        open_ways = ways.opened(stack, experiment, settings)
        gate = stack.enter_context(lockstep.opened())
        yield SteppingBench(open_ways, gate, str(settings.plan.settings["sizes"]), patience)
