"""The bench that looks at a query at one point of its way: in the server, on the wire, in a client.

Where ``ReadingBench`` looks at the same query in every way, this one looks in the one way that an
arm names, so that a chain of arms can follow the rows from the page to the Python object.
"""

import statistics
from collections.abc import Callable, Mapping

from psycopg import Connection

from earwitness.claims.select_star import reading, tables
from earwitness.claims.select_star.window import window
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm
from earwitness.experiment.observation import Observation


class LookingBench:
    """Reads the same rows in every arm of a block, and times the part of it that the arm names."""

    def __init__(
        self, connection: Connection, environment: Mapping[str, str], settings: BenchSettings
    ) -> None:
        self.environment = environment
        self._connection = connection
        self._window = window(settings)
        self._repetitions = settings.number("repetitions")
        self._first = 1
        for table in sorted({str(arm.settings["table"]) for arm in settings.arms}):
            tables.load(connection, table, self._window.rows)

    def block(self, block: int) -> None:
        """Choose the ids that the arms of this block read."""
        self._first = self._window.first(block)

    def trial(self, arm: Arm) -> Observation:
        """Count pages and bytes once, which also warms up, then time what the arm looks at."""
        table = str(arm.settings["table"])
        binary = arm.settings.get("format") == "binary"
        alone = "on" if arm.settings["index_only_scan"] else "off"
        self._connection.execute(f"set enable_indexonlyscan = {alone}")
        query = tables.query(
            table, str(arm.settings["columns"]), first=self._first, count=self._window.fetched
        )
        bytes_out = reading.sent_bytes(self._connection, query, binary=binary)
        counted = reading.explain(self._connection, query, serialize=True, binary=binary)
        look = _LOOKS[str(arm.settings["look"])]
        spent = [look(self._connection, query, binary) for _ in range(self._repetitions)]
        return Observation(
            values={
                "spent_ms": statistics.median(spent),
                "bytes_out": bytes_out,
                "pages": counted.pages,
                "pages_from_disk": counted.pages_from_disk,
                "heap_fetches": counted.heap_fetches,
                "all_visible": tables.all_visible(self._connection, table),
            },
            outcomes={"plan": counted.plan},
        )


def _served(connection: Connection, query: str, binary: bool) -> float:
    """The server's own time until the rows are ready to send; they are thrown away."""
    return reading.explain(connection, query, serialize=True, binary=binary).milliseconds


def _received(connection: Connection, query: str, binary: bool) -> float:
    """Until the client library holds every row as bytes."""
    return reading.receive_milliseconds(connection, query, binary=binary)


def _decoded(connection: Connection, query: str, binary: bool) -> float:
    """Until the client holds every value as a Python object."""
    return reading.fetch_milliseconds(connection, query, binary=binary)


_LOOKS: Mapping[str, Callable[[Connection, str, bool], float]] = {
    "served": _served,
    "received": _received,
    "decoded": _decoded,
}
