"""The bench that forecasts the bytes of a query before it sends it, and then counts them.

The times on links of a given rate are arithmetic on the counted bytes. No link is emulated here,
and the metrics say so.
"""

from collections.abc import Mapping

from psycopg import Connection

from earwitness.claims.select_star import forecast, reading, tables
from earwitness.claims.select_star.window import window
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm
from earwitness.experiment.observation import Observation


class ForecastingBench:
    """Measures column widths on a sample of the table, never on the rows that are then read."""

    def __init__(
        self, connection: Connection, environment: Mapping[str, str], settings: BenchSettings
    ) -> None:
        self.environment = environment
        self._connection = connection
        self._window = window(settings)
        self._first = 1
        for table in sorted({str(arm.settings["table"]) for arm in settings.arms}):
            tables.load(connection, table, self._window.rows)

    def block(self, block: int) -> None:
        """Choose the ids that the arms of this block read."""
        self._first = self._window.first(block)

    def trial(self, arm: Arm) -> Observation:
        """Forecast, send, count."""
        table, columns = str(arm.settings["table"]), str(arm.settings["columns"])
        binary = arm.settings["format"] == "binary"
        count = self._window.fetched
        query = tables.query(table, columns, first=self._first, count=count)
        widths = forecast.measured(self._connection, table, tables.column_names(table, columns))
        expected = forecast.forecast(widths, rows=count, binary=binary)
        sent = reading.sent_bytes(self._connection, query, binary=binary)
        served = reading.explain(self._connection, query, serialize=True, binary=binary)
        slow_ms = reading.wire_milliseconds(sent, 100)
        return Observation(
            values={
                "bytes_out": sent,
                "forecast_bytes": expected,
                "forecast_error": 100 * abs(expected / sent - 1),
                "server_ms": served.milliseconds,
                "wire_100_ms": slow_ms,
                "wire_1000_ms": reading.wire_milliseconds(sent, 1000),
                "wire_to_server": slow_ms / served.milliseconds,
            }
        )
