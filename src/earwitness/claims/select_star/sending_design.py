"""The experiments of a study on rows that are ready: what goes over the wire, what clients make of it.

Values only, the second half of ``design``.
"""

from earwitness.claims.select_star.design import BYTES_OUT, FULL, SERVER_MS, STUDY, plans
from earwitness.experiment.design import (
    Arm,
    Control,
    Depth,
    Experiment,
    Fixed,
    Metric,
    Plan,
    Sequential,
    Setting,
)

# What goes over the wire.


def _sent(name: str, title: str, columns: str, format: str = "text") -> Arm:
    settings: dict[str, Setting] = {"table": "wide", "columns": columns, "format": format}
    return Arm(name=name, title=title, settings=settings)


forecast = Experiment(
    id="forecast",
    title="Bytes on the wire: forecast from a sample, then counted",
    arms=(
        _sent("named", "two columns", "named"),
        _sent("inline", "all columns stored in the row", "inline"),
        _sent("star", "SELECT *", "star"),
        _sent("star-again", "SELECT *, again", "star"),
        _sent("star-binary", "SELECT *, binary format", "star", "binary"),
    ),
    metrics=(
        BYTES_OUT,
        Metric(name="forecast_bytes", title="Bytes forecast from a sample of the table", unit="B"),
        Metric(name="forecast_error", title="Error of the forecast", unit="%"),
        SERVER_MS,
        Metric(name="wire_1000_ms", title="Time on a link of 1 Gbit/s, computed", unit="ms"),
        Metric(name="wire_100_ms", title="Time on a link of 100 Mbit/s, computed", unit="ms"),
        Metric(
            name="wire_to_server",
            title="Computed time at 100 Mbit/s for each millisecond of the server",
            unit="x",
        ),
    ),
    gates=(
        Control(
            id="same-sending-twice",
            statement="the server makes SELECT * ready as fast as SELECT *",
            metric="server_ms",
            arm="star",
            twin="star-again",
        ),
    ),
    plans={
        Depth.STUDY: Plan(design=Sequential(least=6, most=20), settings=STUDY),
        Depth.FULL: Plan(design=Fixed(blocks=20), settings=FULL),
    },
)


def _over(name: str, title: str, columns: str, megabits: int = 0) -> Arm:
    """A query over a wire of that rate; 0: as fast as the machine."""
    return Arm(
        name=name,
        title=title,
        settings={"table": "wide", "columns": columns, "megabits": megabits},
    )


wire = Experiment(
    id="wire",
    title="The same rows over a wire of a given rate, between two networks of our own",
    arms=(
        _over("named-unlimited", "two columns, no limit", "named"),
        _over("named-1000", "two columns, 1 Gbit/s", "named", 1000),
        _over("named-100", "two columns, 100 Mbit/s", "named", 100),
        _over("inline-unlimited", "28 columns, no limit", "inline"),
        _over("inline-1000", "28 columns, 1 Gbit/s", "inline", 1000),
        _over("inline-100", "28 columns, 100 Mbit/s", "inline", 100),
        _over("star-unlimited", "SELECT *, no limit", "star"),
        _over("star-1000", "SELECT *, 1 Gbit/s", "star", 1000),
        _over("star-100", "SELECT *, 100 Mbit/s", "star", 100),
        _over("star-100-again", "SELECT *, 100 Mbit/s, again", "star", 100),
    ),
    metrics=(
        Metric(name="receive_ms", title="Time until the client has all rows, as bytes", unit="ms"),
        BYTES_OUT,
        Metric(name="carried_bytes", title="Bytes that TCP delivered to the client", unit="B"),
        Metric(name="forecast_error", title="Error of the forecast of these bytes", unit="%"),
        Metric(
            name="over_computed", title="Time over that of the bytes at the wire's rate", unit="x"
        ),
    ),
    gates=(
        Control(
            id="same-wire-twice",
            statement="SELECT * over a wire takes as long as over the same wire",
            metric="receive_ms",
            arm="star-100",
            twin="star-100-again",
        ),
    ),
    # Half of the rows: SELECT * of a thousand occupies 100 Mbit/s for more than a second.
    plans=plans(least=8, most=16, fetched=500, repetitions=1),
)

# What clients make of it.


def _fetched(client: str, columns: str, title: str, *, again: bool = False) -> Arm:
    return Arm(
        name=f"{client}-{columns}" + ("-again" if again else ""),
        title=title + (", again" if again else ""),
        settings={"client": client, "columns": columns},
    )


_CLIENT_METRICS = (
    Metric(name="fetch_ms", title="Time until the client has all values", unit="ms"),
    Metric(name="client_ms", title="Processor time of the client", unit="ms"),
)


def _same_client_twice(id: str, arm: str, metric: str) -> Control:
    return Control(
        id=id,
        statement="a client takes as long as the same client",
        metric=metric,
        arm=arm,
        twin=f"{arm}-again",
    )


decoding = Experiment(
    id="decoding",
    title="What a client makes of the rows: the C library alone, and psycopg",
    arms=(
        _fetched("libpq", "inline", "28 columns, bytes as they came"),
        _fetched("psycopg-text", "inline", "28 columns, psycopg, text"),
        _fetched("psycopg-text", "inline", "28 columns, psycopg, text", again=True),
        _fetched("psycopg-binary", "inline", "28 columns, psycopg, binary"),
        _fetched("libpq", "star", "SELECT *, bytes as they came"),
        _fetched("psycopg-text", "star", "SELECT *, psycopg, text"),
        _fetched("psycopg-binary", "star", "SELECT *, psycopg, binary"),
    ),
    metrics=_CLIENT_METRICS,
    gates=(_same_client_twice("same-psycopg-twice", "psycopg-text-inline", "client_ms"),),
    plans=plans(least=12, most=24),
)


def _other_client(id: str, title: str, client: str, name: str) -> Experiment:
    """A client of the extra beside psycopg, in an experiment that is unavailable without it."""
    return Experiment(
        id=id,
        title=title,
        arms=(
            _fetched("psycopg-binary", "inline", "28 columns, psycopg, binary"),
            _fetched(client, "named", f"two columns, {name}"),
            _fetched(client, "inline", f"28 columns, {name}"),
            _fetched(client, "inline", f"28 columns, {name}", again=True),
            _fetched(client, "star", f"SELECT *, {name}"),
        ),
        metrics=_CLIENT_METRICS,
        gates=(_same_client_twice(f"same-{client}-twice", f"{client}-inline", "fetch_ms"),),
        plans=plans(least=12, most=24),
    )


decoding_asyncpg = _other_client(
    "decoding-asyncpg", "What a client makes of the rows: asyncpg", "asyncpg", "asyncpg"
)
decoding_arrow = _other_client(
    "decoding-arrow", "What a client makes of the rows: Arrow through ADBC", "arrow", "Arrow"
)
