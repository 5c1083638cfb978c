"""The experiments of a study: where the cost arises in the server, one cause at a time.

Values only: arms, metrics, gates, and what runs at which depth. The three experiments that stand in
``claim`` say whether SELECT * is slow; these say why, and by how much each cause. What happens to
the rows once they are ready stands in ``sending_design``, all of them together in ``studies``. What the settings
of arms and plans mean to a server stands in the modules of the benches.
"""

from collections.abc import Mapping

from earwitness.experiment.design import (
    Arm,
    AtMost,
    Condition,
    Control,
    Depth,
    Experiment,
    Metric,
    Plan,
    Sequential,
    Setting,
)

_PAGES = Metric(name="pages", title="Pages read (index, table and out-of-line values)")
_FROM_DISK = Metric(name="pages_from_disk", title="Pages that were not in shared buffers")
BYTES_OUT = Metric(name="bytes_out", title="Bytes of rows sent to the client", unit="B")
SERVER_MS = Metric(name="server_ms", title="Server time, rows made ready to send", unit="ms")

STUDY: Mapping[str, Setting] = {"rows": 10_000, "fetched": 1_000}
"""Ten thousand rows of the wide table are 120 MB with indexes, and made in two seconds."""
FULL: Mapping[str, Setting] = {"rows": 20_000, "fetched": 2_000}
_REPETITIONS = {Depth.STUDY: 5, Depth.FULL: 9}
"""Of which a trial gives the median, where it measures more than once."""

_IN_MEMORY = Condition(
    id="in-memory",
    statement="every page was in shared buffers before it was asked for",
    metric="pages_from_disk",
    criterion=AtMost(0),
)


def plans_once(*, least: int, most: int, **more: Setting) -> Mapping[Depth, Plan]:
    """A sequential study, and twice the rows and blocks in full; ``more`` settings for both."""
    return {
        depth: Plan(
            design=Sequential(least=times * least, most=times * most), settings={**settings, **more}
        )
        for depth, times, settings in ((Depth.STUDY, 1, STUDY), (Depth.FULL, 2, FULL))
    }


def plans(*, least: int, most: int, **more: Setting) -> Mapping[Depth, Plan]:
    """The same, with repetitions in each trial; ``more`` may say how many."""
    return {
        depth: Plan(
            design=plan.design,
            settings={**plan.settings, "repetitions": _REPETITIONS[depth], **more},
        )
        for depth, plan in plans_once(least=least, most=most).items()
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
FORMATS = (
    *("put-out", "put-out-binary"),
    *("everything", "everything-binary"),
    *("decoded", "decoded-binary"),
)
"""The same rows as text and in binary, at three places of the way."""
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
        BYTES_OUT,
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
    plans=plans(least=12, most=24),
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
        *(BYTES_OUT, _PAGES, _FROM_DISK),
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
    plans=plans(least=12, most=30, repetitions=15),
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
        *(SERVER_MS, _PAGES, _FROM_DISK),
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
    plans=plans_once(least=8, most=16),
)
