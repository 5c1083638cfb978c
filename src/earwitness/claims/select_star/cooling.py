"""The bench whose server has to begin from the disk, or from memory, as the arm says.

Cold is a server that has just started, with none of its own files in the page cache of the machine;
warm is the same server after it has answered the same query. What lies below, the cache of a disk
or of a host of virtual machines, is out of reach and stays as it is.
"""

from collections.abc import Mapping
from contextlib import closing

from psycopg import Connection

from earwitness.claims.select_star import page_cache, reading, tables
from earwitness.claims.select_star.window import window
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.design import Arm
from earwitness.experiment.observation import Observation
from earwitness.servers.postgres import Postgres

_WARM_UPS = 2
"""Executions before a warm one: the first fills the buffers, the second the caches of its plan."""


class CoolingBench:
    """Restarts its server for every trial, and executes one query once."""

    def __init__(
        self, server: Postgres, environment: Mapping[str, str], settings: BenchSettings
    ) -> None:
        if not page_cache.supported():
            raise Unavailable("this operating system does not let go of a file's pages on request")
        self.environment = environment
        self._server = server
        self._window = window(settings)
        self._first = 1
        with closing(server.connect()) as connection:
            for table in sorted({str(arm.settings["table"]) for arm in settings.arms}):
                tables.load(connection, table, self._window.rows)

    def block(self, block: int) -> None:
        """Choose the ids that the arms of this block read."""
        self._first = self._window.first(block)

    def trial(self, arm: Arm) -> Observation:
        """Restart the server; when cold, drop its files first, when warm, ask twice before."""
        table = str(arm.settings["table"])
        query = tables.query(
            table, str(arm.settings["columns"]), first=self._first, count=self._window.fetched
        )
        self._server.restart()
        with closing(self._server.connect()) as connection:
            alone = "on" if arm.settings["index_only_scan"] else "off"
            connection.execute(f"set enable_indexonlyscan = {alone}")
            if not arm.settings["cold"]:
                for _ in range(_WARM_UPS):
                    reading.explain(connection, query, serialize=True)
                return _observed(connection, query, {})
            # What planning needs is read now, so that the execution alone meets a cold table.
            connection.execute(f"explain {query}")
            page_cache.evict(self._server.data_from_here)
            cached = page_cache.resident(self._server.data_from_here / "base")
            return _observed(connection, query, {"cached": cached})


def _observed(connection: Connection, query: str, more: Mapping[str, float]) -> Observation:
    execution = reading.explain(connection, query, serialize=True)
    return Observation(
        values={
            "server_ms": execution.milliseconds,
            "pages": execution.pages,
            "pages_from_disk": execution.pages_from_disk,
            **more,
        },
        outcomes={"plan": execution.plan},
    )
