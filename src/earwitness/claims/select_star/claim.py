"""What the episode on ``SELECT *`` says, and how it is put to the test.

Values only: arms, hypotheses, gates and plans, to be read from top to bottom. How a trial is made
stands in ``experiment``, what the tables hold in ``tables``; the hypotheses are long enough for a
module of their own, and so are the experiments that only a study has (``studies``).
"""

from earwitness.claims.select_star.hypotheses import HYPOTHESES
from earwitness.claims.select_star.studies import STUDIES, STUDY_CHARTS
from earwitness.experiment.design import (
    Arm,
    AtLeast,
    AtMost,
    Bars,
    Boundary,
    Claim,
    Condition,
    Control,
    Depth,
    Experiment,
    Gate,
    Metric,
    Plan,
    Remedy,
    Sequential,
    Setting,
    Source,
    Surprise,
    Waterfall,
)

_METRICS = (
    Metric(name="pages", title="Pages read (index, table and out-of-line values)"),
    Metric(name="pages_from_disk", title="Pages that were not in shared buffers"),
    Metric(name="bytes_out", title="Bytes of rows sent to the client", unit="B"),
    Metric(name="index_only", title="Answered by the index alone", unit="yes or no"),
    Metric(name="heap_fetches", title="Rows an index-only scan looked up in the table"),
    Metric(name="all_visible", title="Table pages marked all-visible", unit="share"),
    Metric(name="server_ms", title="Server time, rows made ready to send", unit="ms"),
    Metric(name="plain_ms", title="Server time that plain EXPLAIN ANALYZE shows", unit="ms"),
    Metric(name="shown", title="Part of the server time that plain EXPLAIN shows", unit="%"),
    Metric(name="fetch_ms", title="Time until the client has all values", unit="ms"),
)


def _arm(name: str, title: str, table: str, columns: str, *, index_only_scan: bool = True) -> Arm:
    """An arm of a reading experiment; the words are those of ``tables``."""
    settings: dict[str, Setting] = {"table": table, "columns": columns}
    return Arm(name=name, title=title, settings=settings | {"index_only_scan": index_only_scan})


def _gates(*need_index_only_scans: str) -> tuple[Gate, ...]:
    """What must hold in a reading experiment; the first two guard what is named.

    Two, because the planner decides by the share that VACUUM noted, and a scan by the pages as they
    are: a row that changed since is seen by the second alone.
    """
    return (
        Condition(
            id="all-visible",
            statement="VACUUM has marked every page of the table all-visible",
            metric="all_visible",
            criterion=AtLeast(1),
            guards=need_index_only_scans,
        ),
        Condition(
            id="no-heap-fetches",
            statement="no index-only scan had to look up a row in the table",
            metric="heap_fetches",
            criterion=AtMost(0),
            guards=need_index_only_scans,
        ),
        Condition(
            id="in-memory",
            statement="every page was in shared buffers before it was asked for",
            metric="pages_from_disk",
            criterion=AtMost(0),
        ),
        Control(
            id="same-query-twice",
            statement="SELECT * takes as long as SELECT *",
            metric="fetch_ms",
            arm="star",
            twin="star-again",
        ),
    )


_STEPS = (
    _arm("named-index-only", "two columns, index alone", "wide", "named"),
    _arm("named-heap", "the same, from the table", "wide", "named", index_only_scan=False),
    # From here on no index holds all columns, so that the switch is without effect: it stands as
    # a user has it, and that the index-only scan is lost is then the doing of the columns.
    _arm("inline", "+ all columns stored in the row", "wide", "inline"),
    _arm("plus-text", "+ an 8 kB text, compressed out of line", "wide", "plus-text"),
    _arm("star", "SELECT * (+ 4 kB of bytes, out of line)", "wide", "star"),
)
_STEP_NAMES = tuple(arm.name for arm in _STEPS)

waterfall = Experiment(
    id="waterfall",
    title="Where the cost of SELECT * comes from, one cause at a time",
    arms=(
        *_STEPS,
        _arm("covering-index", "four columns in a covering index", "wide", "needed"),
        _arm("spelled-out", "all thirty columns by name", "wide", "spelled-out"),
        _arm("star-again", "SELECT * once more", "wide", "star"),
    ),
    metrics=_METRICS,
    gates=_gates(
        *("pages", "wide-time", "index-only-lost", "heap-pages", "heap-time"),
        *("covering-index", "covering-time"),
    ),
    plans={
        Depth.PROOF: Plan(
            design=Sequential(least=3, most=12),
            arms=(*_STEP_NAMES, "covering-index"),
            settings={"rows": 5000, "fetched": 1000, "repetitions": 3},
        ),
        Depth.STUDY: Plan(
            design=Sequential(least=12, most=30),
            settings={"rows": 10000, "fetched": 1000, "repetitions": 3},
        ),
    },
)

narrow = Experiment(
    id="narrow",
    title="SELECT * where rows are narrow and no index holds the named columns",
    arms=(
        _arm("named", "two columns of six", "narrow", "named"),
        _arm("star", "SELECT * (six numbers)", "narrow", "star"),
        _arm("star-covered", "SELECT *, all six in an index", "narrow_covered", "star"),
        _arm("star-again", "SELECT * once more", "narrow", "star"),
    ),
    metrics=_METRICS,
    gates=_gates("covered-star"),
    plans={
        Depth.PROOF: Plan(
            design=Sequential(least=3, most=30),
            arms=("named", "star", "star-covered"),
            settings={"rows": 20000, "fetched": 1000, "repetitions": 9},
        ),
        Depth.STUDY: Plan(
            design=Sequential(least=12, most=60),
            settings={"rows": 100000, "fetched": 2000, "repetitions": 15},
        ),
    },
)

schema_change = Experiment(
    id="schema-change",
    title="A prepared statement before and after a column is added",
    arms=(
        Arm(name="named", title="two named columns", settings={"columns": "named"}),
        Arm(name="star", title="SELECT *", settings={"columns": "star"}),
    ),
    metrics=(
        Metric(name="executions", title="Executions after the column was added", unit="executions"),
        Metric(name="failures", title="Executions that failed", unit="executions", of="executions"),
    ),
    plans={
        Depth.STUDY: Plan(design=Sequential(least=3, most=3), settings={"executions": 3}),
    },
)

CLAIM = Claim(
    id="select-star",
    title="SELECT * is slow",
    said="A row that is already in memory still has its price when every column is asked for: no "
    "index can answer alone, long values have to be collected from elsewhere, and server, network "
    "and client all handle bytes that nobody reads.",
    source=Source(show="backend-engineering-show", episode="select-star"),
    headline="pages",
    hypotheses=HYPOTHESES,
    experiments=(waterfall, narrow, schema_change, *STUDIES),
    boundary=Boundary(
        true_when="rows are wide, above all with values stored out of line: each is "
        "collected, unpacked and sent, whether anybody reads it or not.",
        false_when="rows are narrow and stored inline: SELECT * then reads the pages of "
        "two named columns, and even a lost index-only scan costs more pages than time in memory.",
    ),
    remedy=Remedy(
        text="Name the columns that you use, leave long values out until somebody opens them, and "
        "let an index INCLUDE the few that a hot query needs. Look at the cost with "
        "EXPLAIN (ANALYZE, BUFFERS, SERIALIZE), which makes the rows ready to send as the query "
        "itself would.",
        hypothesis="covering-index",
    ),
    charts=(
        Waterfall(
            experiment="waterfall",
            metric="server_ms",
            title="Server time, one cause at a time",
            caption="Each bar adds one thing to the bar before it; rows are made ready to send.",
            arms=_STEP_NAMES,
        ),
        Waterfall(
            experiment="waterfall",
            metric="bytes_out",
            title="Bytes sent to the client, one cause at a time",
            caption="Exact size of the rows on the wire, for the same ids.",
            arms=_STEP_NAMES,
        ),
        Bars(
            experiment="waterfall",
            metric="pages",
            title="Pages read",
            caption="Pages of index, table and out-of-line storage, as the server counts them.",
            logarithmic=True,
        ),
        Bars(
            experiment="waterfall",
            metric="shown",
            title="What plain EXPLAIN ANALYZE shows",
            caption="Its time as a part of the time with SERIALIZE, which also makes rows ready.",
        ),
        Bars(
            experiment="narrow",
            metric="fetch_ms",
            title="Narrow rows: time until the client has all values",
            caption="Six whole numbers in a row, nothing out of line.",
        ),
        *STUDY_CHARTS,
    ),
    surprises=(
        Surprise(
            hypothesis="explain-hides",
            text="Plain EXPLAIN ANALYZE showed only {effect} of what SELECT * cost the server: it "
            "never makes the rows ready to send, so values stored out of line are not even read.",
        ),
        Surprise(
            hypothesis="narrow-time",
            text="On a narrow table SELECT * took {effect} as long as two columns. What is slow is "
            "the width of the row, not the star.",
            verdicts=("refuted",),
        ),
        Surprise(
            hypothesis="heap-time",
            text="The lost index-only scan is the best known reason against SELECT *; with all "
            "pages in memory it took the server only {effect} as long.",
            verdicts=("refuted",),
        ),
        Surprise(
            hypothesis="deforming",
            text="To find the last of 28 columns in a row took the server only {effect} as long as "
            "the second: what costs is to write the columns out, not to walk past them.",
            verdicts=("refuted",),
        ),
        Surprise(
            hypothesis="binary-output",
            text="The binary format was no bargain: for rows that are mostly text it took the "
            "server {effect} the time of text.",
            verdicts=("refuted",),
        ),
        Surprise(
            hypothesis="schema-change",
            text="SELECT * broke where named columns went on: its prepared statement failed as "
            "soon as somebody added a column.",
        ),
    ),
)
