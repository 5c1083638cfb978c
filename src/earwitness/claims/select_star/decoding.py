"""The bench on which several clients ask one server for the same rows.

What they wait for and what they compute themselves are two numbers: the first holds the server's
time too, the second is the processor time of this process, in which nobody else is at work.
"""

import statistics
import time
from collections.abc import Mapping
from contextlib import ExitStack

from earwitness.claims.select_star import tables
from earwitness.claims.select_star.clients import CLIENTS, Fetch
from earwitness.claims.select_star.window import window
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm
from earwitness.experiment.observation import Observation
from earwitness.servers.postgres import Postgres

_TABLE = "wide"


class DecodingBench:
    """Keeps one connection of each client, and lets it fetch what the arm asks for."""

    def __init__(
        self,
        server: Postgres,
        stack: ExitStack,
        environment: Mapping[str, str],
        settings: BenchSettings,
    ) -> None:
        """``stack`` closes the connections; it has to end before the server does."""
        self.environment = environment
        self._window = window(settings)
        self._repetitions = settings.number("repetitions")
        self._first = 1
        with server.connect() as connection:
            tables.load(connection, _TABLE, self._window.rows)
        names = {str(arm.settings["client"]) for arm in settings.arms}
        self._fetches: Mapping[str, Fetch] = {
            name: stack.enter_context(CLIENTS[name].opened(server)) for name in sorted(names)
        }

    def block(self, block: int) -> None:
        """Choose the ids that the arms of this block read."""
        self._first = self._window.first(block)

    def trial(self, arm: Arm) -> Observation:
        """Fetch once to warm up, then repeatedly to measure; medians."""
        query = tables.query(
            _TABLE, str(arm.settings["columns"]), first=self._first, count=self._window.fetched
        )
        fetch = self._fetches[str(arm.settings["client"])]
        fetch(query)
        waited, computed = zip(
            *(_timed(fetch, query) for _ in range(self._repetitions)), strict=True
        )
        return Observation(
            values={
                "fetch_ms": statistics.median(waited),
                "client_ms": statistics.median(computed),
            }
        )


def _timed(fetch: Fetch, query: str) -> tuple[float, float]:
    """Milliseconds of the clock and of this process's processors, for one fetch."""
    began, busy = time.perf_counter_ns(), time.process_time_ns()
    rows = fetch(query)
    worked, ended = time.process_time_ns(), time.perf_counter_ns()
    # Freeing the rows is not part of waiting for them: they live until the clocks were read.
    del rows
    return (ended - began) / 1e6, (worked - busy) / 1e6
