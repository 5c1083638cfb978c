"""What the episode on PostgreSQL partitioning says, and how it is put to the test.

A value: no I/O, nothing but the vocabulary of experiments. Its hypotheses and experiments are
values too, in ``hypotheses``, ``design``, ``load_design`` and ``cascade_design``; the real servers are in ``experiment``.
"""

from earwitness.claims.partition_locks.cascade_design import CASCADE
from earwitness.claims.partition_locks.design import EXPERIMENTS
from earwitness.claims.partition_locks.hypotheses import HYPOTHESES
from earwitness.claims.partition_locks.load_design import LOADS, WHERE_TIME_GOES
from earwitness.experiment.design import (
    Bars,
    Boundary,
    Claim,
    Curve,
    HeatMap,
    Remedy,
    Source,
    Surprise,
    Waterfall,
)

_CHARTS = (
    Bars(
        experiment="locks",
        metric="locks",
        title="Locks of one query",
        caption="Without the partition key the query locks the whole tree.",
    ),
    Bars(
        experiment="locks",
        metric="shared_table",
        title="Locks in the table that all sessions share",
        caption="What a session's own slots cannot hold, every other session has to queue for.",
    ),
    Bars(
        experiment="exhaustion",
        metric="sessions",
        title="Sessions that got their locks",
        caption="Without the key the lock table is full first, with it the connections are.",
    ),
    Curve(
        experiment="sweep",
        metrics=("locks", "fast_path", "shared_table"),
        along="partitions",
        title="Locks of one query against partitions",
        caption="The slots are soon used up; every further partition goes into the shared table.",
        logarithmic=True,
    ),
    Curve(
        experiment="sweep",
        metrics=("planning_ms", "execution_ms", "locking_ms"),
        along="partitions",
        title="Planning, executing and locking against partitions, one session alone",
        caption="Every partition is planned and looked into. Locking is a part of both; alone, and "
        "with nobody in the way, it is the least.",
        logarithmic=True,
    ),
    Curve(
        experiment="indexes",
        metrics=("locks", "fast_path", "shared_table"),
        along="indexes",
        title="Locks of one query against indexes",
        caption="Each index of the table is one more lock for every partition.",
    ),
    Bars(
        experiment="versions",
        metric="shared_table",
        title="Locks in the shared table, by version and settings",
        caption="PostgreSQL 18 helps as far as its slots reach.",
    ),
    Waterfall(
        experiment="slots",
        metric="mean_ms",
        title="Where the time of a query goes with 64 clients",
        caption="One table, then a hundred partitions to look into, then to plan anew for every "
        "query, then too few slots for their locks.",
        arms=WHERE_TIME_GOES,
    ),
    Bars(
        experiment="slots",
        metric="p99_ms",
        title="p99 latency with 64 clients",
        caption="What the lock manager adds is the step from 1024 slots to 16.",
        logarithmic=True,
    ),
    Bars(
        experiment="slots",
        metric="tps",
        title="Throughput with 64 clients",
        caption="Most of the loss is there even with enough slots: an unpruned query plans and "
        "scans every partition.",
        logarithmic=True,
    ),
    Bars(
        experiment="slots",
        metric="lock_manager_share",
        title="Active sessions waiting for the lock manager",
        caption="A symptom; what it costs stands in the charts of latency and throughput.",
    ),
    Bars(
        experiment="grid",
        metric="lock_manager_share",
        title="Waiting for the lock manager, by partitions and clients",
        caption="A symptom: the next chart has what it costs.",
    ),
    Bars(
        experiment="grid",
        metric="tps",
        title="Throughput, by partitions and clients",
        caption="Ten partitions show many waits and little loss.",
        logarithmic=True,
    ),
    Bars(
        experiment="upgrade",
        metric="p99_ms",
        title="p99 latency with 64 clients, by version and settings",
        caption="Versions differ in more than slots; the same binary with other slots says more.",
        logarithmic=True,
    ),
    Curve(
        experiment="prepared",
        metrics=("auto", "generic", "custom"),
        along="execution",
        title="Locks of a prepared query with the key, execution after execution",
        caption="The sixth execution tries a plan for any key, and locks the whole tree for it.",
        logarithmic=True,
    ),
    Bars(
        experiment="cascade",
        metric="burst_failed",
        title="Requests answered with 5xx in a burst",
        caption="The same requests for every arm. More slots do not prevent the errors: queries "
        "without the key are too much work.",
    ),
    HeatMap(
        experiments=("cascade",),
        metrics=("burst_500", "burst_502", "burst_504"),
        title="Errors in the burst, by status",
        caption="Of the requests that were due in the burst. 500: no connection of the pool came free "
        "in time, or a statement took too long. 502 and 504: the proxy got no answer, or gave up "
        "waiting for one.",
    ),
    HeatMap(
        experiments=("cascade",),
        metrics=("victims_failed", "offenders_failed"),
        title="Errors in the burst, with the key and without it",
        caption="Requests that name the key share the pool with those that leave it out, and fail "
        "like them.",
    ),
    Bars(
        experiment="cascade",
        metric="p99_ms",
        title="p99 latency in the burst, from when requests were due",
        caption="Errors included: a backend that says no early has everybody answered early.",
        logarithmic=True,
    ),
    Bars(
        experiment="cascade",
        metric="settled_failed",
        title="Requests answered with 5xx a second after the burst and later",
        caption="Whether an overload outlasts its cause depends on the processors to spare.",
    ),
)

CLAIM = Claim(
    id="partition-locks",
    title="Partitioning a table floods PostgreSQL's lock manager",
    said="A start-up switched on partitioning in its PostgreSQL database. Sessions began to wait "
    "for the lock manager, the backend could no longer keep up, and the proxy in front of it "
    "answered with 5xx errors.",
    source=Source(show="backend-engineering-show", episode="postgres-partitioning"),
    headline="locks",
    hypotheses=HYPOTHESES,
    experiments=(*EXPERIMENTS, *LOADS, CASCADE),
    boundary=Boundary(
        true_when="queries leave out the partition key and the tables and indexes "
        "of the tree are more than a session's fast-path slots: 16 until PostgreSQL 17, from 18 on "
        "max_locks_per_transaction rounded up to a power of two.",
        false_when="every query names the partition key, or when the slots of "
        "PostgreSQL 18 cover the tree, although a query without the key then still has to plan and "
        "scan every partition.",
    ),
    remedy=Remedy(
        text="Put the partition key into every query on the table; for those that cannot name it, "
        "drop unused indexes, make fewer partitions, and on PostgreSQL 18 raise "
        "max_locks_per_transaction until the slots cover the tree.",
        hypothesis="remedy-key",
    ),
    charts=_CHARTS,
    surprises=(
        Surprise(
            hypothesis="lock-manager-alone",
            text="The lock manager got the blame, but with all its waits the server still reached "
            "{effect} the throughput that it has without them: most of the collapse is planning "
            "and scanning a hundred partitions.",
            verdicts=("refuted",),
        ),
        Surprise(
            hypothesis="share-is-damage",
            text="Waits are a symptom: on ten partitions, with sessions queueing for the lock "
            "manager, throughput was still {effect} of that without a queue.",
            verdicts=("refuted",),
        ),
        Surprise(
            hypothesis="locks",
            text="The same SELECT took {effect} the locks once the partition key was left out.",
        ),
        Surprise(
            hypothesis="sixth-execution",
            text="Even with the partition key: the sixth execution of a prepared query took "
            "{effect} the locks of the fifth.",
        ),
        Surprise(
            hypothesis="slots-prevent",
            text="Slots for every lock did not save the burst: {effect} of its requests still "
            "failed.",
            verdicts=("refuted",),
        ),
    ),
)
