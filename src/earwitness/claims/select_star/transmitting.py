"""The bench whose rows travel over a wire of the rate that an arm names.

Server and client are in networks of their own, so the rate is kept by the kernel and not computed,
and TCP's own counter says what was delivered.
"""

import socket
import statistics
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from psycopg import Connection

from earwitness.claims.select_star import forecast, reading, tables
from earwitness.claims.select_star.window import window
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm
from earwitness.experiment.observation import Observation
from earwitness.servers import tcp
from earwitness.servers.postgres import Postgres
from earwitness.servers.wire import Wire


@contextmanager
def connected(server: Postgres, wire: Wire) -> Iterator[Connection]:
    """A connection from the wire's other end."""
    with wire.client.entered():
        connection = server.connect(host=wire.server.address)
    with connection:
        yield connection


class TransmittingBench:
    """Fetches the same rows in every arm of a block, over the wire of the arm."""

    def __init__(
        self,
        connection: Connection,
        wire: Wire,
        environment: Mapping[str, str],
        settings: BenchSettings,
    ) -> None:
        """``connection``: one over the wire."""
        self.environment = environment
        self._connection = connection
        self._wire = wire
        self._window = window(settings)
        self._repetitions = settings.number("repetitions")
        self._first = 1
        for table in sorted({str(arm.settings["table"]) for arm in settings.arms}):
            tables.load(connection, table, self._window.rows)

    def block(self, block: int) -> None:
        """Choose the ids that the arms of this block read."""
        self._first = self._window.first(block)

    def trial(self, arm: Arm) -> Observation:
        """Forecast; count the rows without a limit, which also warms up; then fetch as limited."""
        table, columns = str(arm.settings["table"]), str(arm.settings["columns"])
        count = self._window.fetched
        query = tables.query(table, columns, first=self._first, count=count)
        self._wire.limit(None)
        widths = forecast.measured(self._connection, table, tables.column_names(table, columns))
        expected = forecast.forecast(widths, rows=count)
        sent = reading.sent_bytes(self._connection, query)
        megabits = float(arm.settings["megabits"])
        self._wire.limit(megabits or None)
        before = self._delivered()
        spent = [
            reading.receive_milliseconds(self._connection, query) for _ in range(self._repetitions)
        ]
        carried = (self._delivered() - before) / self._repetitions
        values = {
            "receive_ms": statistics.median(spent),
            "bytes_out": sent,
            "carried_bytes": carried,
            "forecast_error": 100 * abs(expected / carried - 1),
        }
        if megabits:
            computed = reading.wire_milliseconds(carried, megabits)
            values["over_computed"] = values["receive_ms"] / computed
        return Observation(values=values)

    def _delivered(self) -> int:
        with socket.socket(fileno=self._connection.pgconn.socket) as end:
            try:
                return tcp.received_bytes(end)
            finally:
                end.detach()  # it is still the connection's
