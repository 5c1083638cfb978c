"""The experiments of a study: where the cost arises, one cause at a time.

Values only: arms, metrics, gates, and what runs at which depth. The three experiments that stand in
``claim`` say whether SELECT * is slow; these say why, and by how much each cause. What the settings
of arms and plans mean to a server stands in the modules of the benches.
"""

from collections.abc import Mapping

from earwitness.experiment.design import (
    Arm,
    AtMost,
    Bars,
    Chart,
    Condition,
    Control,
    Depth,
    Experiment,
    Fixed,
    Metric,
    Plan,
    Sequential,
    Setting,
    Waterfall,
)

_PAGES = Metric(name="pages", title="Pages read (index, table and out-of-line values)")
_FROM_DISK = Metric(name="pages_from_disk", title="Pages that were not in shared buffers")
_BYTES_OUT = Metric(name="bytes_out", title="Bytes of rows sent to the client", unit="B")
_SERVER_MS = Metric(name="server_ms", title="Server time, rows made ready to send", unit="ms")

_STUDY: Mapping[str, Setting] = {"rows": 10_000, "fetched": 1_000, "repetitions": 5}
"""Ten thousand rows of the wide table are 120 MB with indexes, and made in two seconds."""
_FULL: Mapping[str, Setting] = {"rows": 20_000, "fetched": 2_000, "repetitions": 9}

_IN_MEMORY = Condition(
    id="in-memory",
    statement="every page was in shared buffers before it was asked for",
    metric="pages_from_disk",
    criterion=AtMost(0),
)


def _plans(*, least: int, most: int, **more: Setting) -> Mapping[Depth, Plan]:
    """A sequential study, and twice the rows and blocks in full; ``more`` settings for both."""
    return {
        Depth.STUDY: Plan(design=Sequential(least=least, most=most), settings={**_STUDY, **more}),
        Depth.FULL: Plan(
            design=Sequential(least=2 * least, most=2 * most), settings={**_FULL, **more}
        ),
    }


# From the page to the Python object.


def _step(
    name: str,
    title: str,
    columns: str,
    *,
    look: str = "served",
    format: str = "text",
    index_only_scan: bool = False,
) -> Arm:
    """One more step of the way. No index holds more than the first step asks for."""
    settings: dict[str, Setting] = {"table": "wide", "columns": columns, "look": look}
    settings |= {"format": format, "index_only_scan": index_only_scan}
    return Arm(name=name, title=title, settings=settings)


_WAY = (
    _step("index-alone", "two columns, index alone", "named", index_only_scan=True),
    _step("table-pages", "+ the pages of the table", "named"),
    _step("deformed", "+ the whole row walked through", "last"),
    _step("put-out", "+ 28 columns written as text", "inline"),
    _step("unpacked", "+ an 8 kB text, compressed out of line", "plus-text"),
    _step("everything", "+ 4 kB of bytes, out of line", "star"),
    _step("received", "+ received by a client", "star", look="received"),
    _step("decoded", "+ made into Python objects", "star", look="decoded"),
)
WAY = tuple(arm.name for arm in _WAY)
"""The steps, in their order; each adds one thing to the one before it."""

path = Experiment(
    id="path",
    title="The way of a row from the page to the client, one cause at a time",
    arms=(
        *_WAY,
        _step("put-out-binary", "28 columns in binary", "inline", format="binary"),
        _step("everything-binary", "all columns in binary", "star", format="binary"),
        _step(
            "decoded-binary", "all in binary, as objects", "star", look="decoded", format="binary"
        ),
        _step("decoded-again", "all as Python objects, again", "star", look="decoded"),
    ),
    metrics=(
        Metric(name="spent_ms", title="Time up to this step", unit="ms"),
        _BYTES_OUT,
        _PAGES,
        _FROM_DISK,
        Metric(name="heap_fetches", title="Rows an index-only scan looked up in the table"),
        Metric(name="all_visible", title="Table pages marked all-visible", unit="share"),
    ),
    gates=(
        _IN_MEMORY,
        Control(
            id="same-way-twice",
            statement="the whole way takes as long as the whole way",
            metric="spent_ms",
            arm="decoded",
            twin="decoded-again",
        ),
    ),
    plans=_plans(least=12, most=24),
)

# Where and how a long value is stored.


def _stored(name: str, title: str, table: str) -> Arm:
    settings: dict[str, Setting] = {"table": table, "columns": "star", "look": "served"}
    settings |= {"format": "text", "index_only_scan": True}
    return Arm(name=name, title=title, settings=settings)


storage = Experiment(
    id="storage",
    title="One text of 6000 characters, stored in four ways",
    arms=(
        _stored("in-row", "in the row, as it is", "kept"),
        _stored("in-row-compressed", "in the row, compressed", "kept_compressed"),
        _stored("moved", "out of line, as it is", "moved"),
        _stored("moved-compressed", "out of line, compressed", "moved_compressed"),
        _stored("moved-again", "out of line, as it is, again", "moved"),
    ),
    metrics=(
        Metric(name="spent_ms", title="Server time, rows made ready to send", unit="ms"),
        *(_BYTES_OUT, _PAGES, _FROM_DISK),
    ),
    gates=(
        _IN_MEMORY,
        Control(
            id="same-storage-twice",
            statement="reading out of line takes as long as reading out of line",
            metric="spent_ms",
            arm="moved",
            twin="moved-again",
        ),
    ),
    # a query of a millisecond or two, of which a busy machine makes three now and then
    plans=_plans(least=12, most=30, repetitions=15),
)

# When nothing is in memory.


def _cooled(name: str, title: str, columns: str, *, cold: bool, alone: bool = True) -> Arm:
    settings: dict[str, Setting] = {"table": "wide", "columns": columns}
    return Arm(
        name=name, title=title, settings={**settings, "cold": cold, "index_only_scan": alone}
    )


_COLD = ("index-alone-cold", "table-pages-cold", "everything-cold", "everything-cold-again")

cold = Experiment(
    id="cold",
    title="The first query after a restart, with nothing of the database in memory",
    arms=(
        _cooled(_COLD[0], "two columns, index alone, cold", "named", cold=True),
        _cooled(_COLD[1], "the same, from the table, cold", "named", cold=True, alone=False),
        _cooled(_COLD[2], "SELECT *, cold", "star", cold=True),
        _cooled(_COLD[3], "SELECT *, cold, again", "star", cold=True),
        _cooled("index-alone-warm", "two columns, index alone, warm", "named", cold=False),
        _cooled("everything-warm", "SELECT *, warm", "star", cold=False),
    ),
    metrics=(
        *(_SERVER_MS, _PAGES, _FROM_DISK),
        Metric(name="cached", title="Database files in the page cache before", unit="share"),
    ),
    gates=(
        Condition(
            id="out-of-memory",
            statement="before a cold query at most a hundredth of the files was in the page cache",
            metric="cached",
            criterion=AtMost(0.01),
            arms=_COLD,
            guards=("cold-pages", "cold-time", "cold-heap", "cold-star"),
        ),
        Condition(
            id="warm-in-memory",
            statement="before a warm query every page was in shared buffers",
            metric="pages_from_disk",
            criterion=AtMost(0),
            arms=("index-alone-warm", "everything-warm"),
        ),
        Control(
            id="same-cold-twice",
            statement="a cold SELECT * takes as long as a cold SELECT *",
            metric="server_ms",
            arm="everything-cold",
            twin="everything-cold-again",
        ),
    ),
    plans=_plans(least=8, most=16),
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
        _sent("star-binary", "SELECT *, binary format", "star", "binary"),
    ),
    metrics=(
        _BYTES_OUT,
        Metric(name="forecast_bytes", title="Bytes forecast from a sample of the table", unit="B"),
        Metric(name="forecast_error", title="Error of the forecast", unit="%"),
        _SERVER_MS,
        Metric(name="wire_1000_ms", title="Time on a link of 1 Gbit/s, computed", unit="ms"),
        Metric(name="wire_100_ms", title="Time on a link of 100 Mbit/s, computed", unit="ms"),
        Metric(
            name="wire_to_server",
            title="Computed time at 100 Mbit/s for each millisecond of the server",
        ),
    ),
    plans={
        Depth.STUDY: Plan(design=Sequential(least=6, most=20), settings=_STUDY),
        Depth.FULL: Plan(design=Fixed(blocks=20), settings=_FULL),
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
        _BYTES_OUT,
        Metric(name="carried_bytes", title="Bytes that TCP delivered to the client", unit="B"),
        Metric(name="forecast_error", title="Error of the forecast of these bytes", unit="%"),
        Metric(name="over_computed", title="Time over that of the bytes at the wire's rate"),
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
    plans=_plans(least=8, most=16, fetched=500, repetitions=1),
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
    plans=_plans(least=12, most=24),
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
        plans=_plans(least=12, most=24),
    )


decoding_asyncpg = _other_client(
    "decoding-asyncpg", "What a client makes of the rows: asyncpg", "asyncpg", "asyncpg"
)
decoding_arrow = _other_client(
    "decoding-arrow", "What a client makes of the rows: Arrow through ADBC", "arrow", "Arrow"
)

STUDIES = (path, storage, cold, forecast, wire, decoding, decoding_asyncpg, decoding_arrow)

STUDY_CHARTS: tuple[Chart, ...] = (
    Waterfall(
        experiment="path",
        metric="spent_ms",
        title="From the page to the Python object, one cause at a time",
        caption="Six steps in the server, then a client on the same machine receives the rows and "
        "makes objects of them.",
        arms=WAY,
    ),
    Bars(
        experiment="storage",
        metric="spent_ms",
        title="One text, stored in four ways: server time",
        caption="The same 6000 characters in every row, and the same bytes on the wire.",
    ),
    Bars(
        experiment="storage",
        metric="pages",
        title="One text, stored in four ways: pages read",
        caption="Out of line, every value is looked up in an index of its own.",
    ),
    Bars(
        experiment="cold",
        metric="server_ms",
        title="Server time, cold and warm",
        caption="Cold: after a restart, with no file of the database in the page cache.",
        logarithmic=True,
    ),
    Bars(
        experiment="forecast",
        metric="wire_1000_ms",
        title="Time on a link of 1 Gbit/s, computed",
        caption="Computed from the counted bytes of the rows; no link was emulated.",
        logarithmic=True,
    ),
    Bars(
        experiment="wire",
        metric="receive_ms",
        title="Time until the client has all rows, over wires of several rates",
        caption="Measured: server and client in networks of their own, joined by a wire whose rate "
        "the kernel keeps.",
        logarithmic=True,
    ),
    Bars(
        experiment="decoding",
        metric="client_ms",
        title="Processor time of the client",
        caption="The C library leaves bytes as they came; psycopg makes Python objects.",
        logarithmic=True,
    ),
    *(
        Bars(
            experiment=experiment,
            metric="fetch_ms",
            title=f"Time until the client has all values: {name}",
            caption="The same rows, with psycopg beside it.",
            logarithmic=True,
        )
        for experiment, name in (("decoding-asyncpg", "asyncpg"), ("decoding-arrow", "Arrow"))
    ),
)
