"""Which bench carries out which experiment, on a PostgreSQL of our own.

The server is started here. The benches of the two experiments that every depth has, and that of a
changed table, stand here as well; those of the study have modules of their own. What is read stands
in ``tables``, what is measured in ``reading``. Nothing here decides anything.
"""

import statistics
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext

import psycopg
from psycopg import Connection, errors

from earwitness.claims.select_star import clients, reading, tables, transmitting
from earwitness.claims.select_star.cooling import CoolingBench
from earwitness.claims.select_star.decoding import DecodingBench
from earwitness.claims.select_star.forecasting import ForecastingBench
from earwitness.claims.select_star.looking import LookingBench
from earwitness.claims.select_star.transmitting import TransmittingBench
from earwitness.claims.select_star.window import window
from earwitness.experiment.bench import Bench, BenchSettings, Unavailable
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.events import ServerReady
from earwitness.experiment.observation import Observation
from earwitness.servers import postgres, wire
from earwitness.servers.wire import Wire

_MAJOR = 18
_FIRST_MAJOR_THAT_SERIALIZES = 17
_SERVER_SETTINGS: Mapping[str, str | int] = {"shared_buffers": "512MB"}
"""More than the largest table of a plan with its indexes (20000 rows: 240 MB)."""
_WITHOUT_EXPLAIN = ("schema-change", "wire", "decoding", "decoding-asyncpg", "decoding-arrow")
"""Experiments that never ask the server what a query cost it."""


@contextmanager
def open_bench(experiment: Experiment, settings: BenchSettings) -> Iterator[Bench]:
    """Start PostgreSQL, load what the arms read, yield the bench; stop the server afterwards.

    The plan may set ``postgresql`` (a major version). Raises Unavailable when there is none, when
    it is too old for EXPLAIN (SERIALIZE) and the experiment needs that, when a client that an arm
    names is not installed, and when it takes a wire that cannot be had here.
    """
    asked = clients.versions(
        {str(arm.settings["client"]) for arm in settings.arms if "client" in arm.settings}
    )
    reads = experiment.id not in _WITHOUT_EXPLAIN
    major = int(settings.setting("postgresql", _MAJOR))
    if reads and major < _FIRST_MAJOR_THAT_SERIALIZES:
        raise Unavailable(
            f"EXPLAIN (SERIALIZE) came with PostgreSQL {_FIRST_MAJOR_THAT_SERIALIZES}; "
            f"this plan asks for {major}"
        )
    with ExitStack() as stack:
        over = stack.enter_context(_wire(settings)) if experiment.id == "wire" else None
        server = stack.enter_context(_server(major, settings, over))
        settings.announce(
            ServerReady(
                experiment=experiment.id,
                server=server.version,
                source=server.binaries.source,
                seconds=server.ready_seconds,
                settings=server.settings,
            )
        )
        between = "unix socket" if over is None else f"veth, tbf of {over.version}"
        environment = {
            "server": server.version,
            "client": f"psycopg {psycopg.__version__} ({psycopg.pq.__impl__}), {between}",
            **asked,
        }
        if over is not None:
            connection = stack.enter_context(transmitting.connected(server, over))
            yield TransmittingBench(connection, over, environment, settings)
        else:
            yield _bench(experiment, server, stack, environment, settings)


def _bench(
    experiment: Experiment,
    server: postgres.Postgres,
    stack: ExitStack,
    environment: Mapping[str, str],
    settings: BenchSettings,
) -> Bench:
    """The bench of an experiment; ``stack`` closes its connections."""
    if experiment.id.startswith("decoding"):
        return DecodingBench(server, stack, environment, settings)
    if experiment.id == "cold":  # it restarts the server, which no connection would survive
        return CoolingBench(server, environment, settings)
    connection = stack.enter_context(server.connect())
    match experiment.id:
        case "path" | "storage":
            return LookingBench(connection, environment, settings)
        case "forecast":
            return ForecastingBench(connection, environment, settings)
        case "schema-change":
            return SchemaChangeBench(connection, environment, settings)
        case _:
            return ReadingBench(connection, environment, settings)


@contextmanager
def _server(major: int, settings: BenchSettings, over: Wire | None) -> Iterator[postgres.Postgres]:
    """A server; at the end of the wire when there is one."""
    network = nullcontext() if over is None else over.server.entered()
    address = None if over is None else over.server.address
    with _unavailable(), ExitStack() as stack:
        binaries = postgres.find(major)
        with network:
            server = stack.enter_context(
                postgres.running(
                    binaries, settings.workspace, settings=_SERVER_SETTINGS, address=address
                )
            )
        yield server


@contextmanager
def _wire(settings: BenchSettings) -> Iterator[Wire]:
    with _unavailable(), wire.opened(settings.workspace) as over:
        yield over


@contextmanager
def _unavailable() -> Iterator[None]:
    """What is missing on this machine makes an experiment unavailable."""
    try:
        yield
    except postgres.MissingComponent as missing:
        raise Unavailable(missing.reason, missing.install) from missing


class ReadingBench:
    """Reads the same rows in every arm of a block, and other rows in every block."""

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
        """Choose the ids that the arms of this block read: consecutive, at a random place."""
        self._first = self._window.first(block)

    def trial(self, arm: Arm) -> Observation:
        """Read the rows as the arm says: once to warm up and count, then repeatedly to measure.

        Times are medians of the repetitions, in which the three ways to look take turns.
        """
        table, columns = str(arm.settings["table"]), str(arm.settings["columns"])
        alone = "on" if arm.settings["index_only_scan"] else "off"
        self._connection.execute(f"set enable_indexonlyscan = {alone}")
        query = tables.query(table, columns, first=self._first, count=self._window.fetched)
        bytes_out = reading.sent_bytes(self._connection, query)
        serialized, plain, fetched = zip(*self._repeat(query), strict=True)
        server_ms = statistics.median(execution.milliseconds for execution in serialized)
        plain_ms = statistics.median(execution.milliseconds for execution in plain)
        last = serialized[-1]
        return Observation(
            values={
                "pages": last.pages,
                "pages_from_disk": max(execution.pages_from_disk for execution in serialized),
                "bytes_out": bytes_out,
                "index_only": int(last.index_alone),
                "heap_fetches": last.heap_fetches,
                "all_visible": tables.all_visible(self._connection, table),
                "server_ms": server_ms,
                "plain_ms": plain_ms,
                "shown": 100 * plain_ms / server_ms,
                "fetch_ms": statistics.median(fetched),
            },
            outcomes={"plan": last.plan},
        )

    def _repeat(self, query: str) -> Iterator[tuple[reading.Execution, reading.Execution, float]]:
        for _ in range(self._repetitions):
            yield (
                reading.explain(self._connection, query, serialize=True),
                reading.explain(self._connection, query, serialize=False),
                reading.fetch_milliseconds(self._connection, query),
            )


class SchemaChangeBench:
    """Adds a column between two executions of a prepared statement."""

    def __init__(
        self, connection: Connection, environment: Mapping[str, str], settings: BenchSettings
    ) -> None:
        self.environment = environment
        self._connection = connection
        self._executions = settings.number("executions")

    def block(self, block: int) -> None:
        """Nothing: every trial has a table of its own."""

    def trial(self, arm: Arm) -> Observation:
        """Prepare, execute, add a column, execute again; count the executions that fail."""
        run = self._connection.execute
        run("create table growing (id integer, grade integer)")
        run("insert into growing values (1, 100)")
        if arm.settings["columns"] == "star":
            run("prepare reading as select * from growing")
        else:
            run("prepare reading as select id, grade from growing")
        run("execute reading")
        run("alter table growing add column extra integer")
        messages = [self._failure() for _ in range(self._executions)]
        run("deallocate reading")
        run("drop table growing")
        failures = [message for message in messages if message is not None]
        return Observation(
            values={"executions": len(messages), "failures": len(failures)},
            outcomes={"after_change": failures[0] if failures else "rows"},
        )

    def _failure(self) -> str | None:
        """The server's message when it refuses to execute the changed query; None: rows came."""
        try:
            self._connection.execute("execute reading")
        except errors.FeatureNotSupported as refused:
            return refused.diag.message_primary or str(refused)
        return None
