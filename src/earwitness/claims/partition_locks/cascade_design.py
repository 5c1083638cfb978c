"""The cascade as an experiment: what users see when the database cannot keep up.

Values only, as in ``design``. The rates are not here: they depend on the machine, and ``burst``
says how they are chosen. Its shares of failed requests are robust; how much the slots contribute
to them, and whether failures outlast the burst, is not, and is asked only as what it is.
"""

from earwitness.claims.partition_locks.design import FEW_SLOTS, MANY_SLOTS
from earwitness.experiment.design import (
    Arm,
    AtLeast,
    AtMost,
    Condition,
    Control,
    Depth,
    Experiment,
    Fixed,
    Metric,
    Plan,
    Setting,
)

LATE_MS = 100.0
"""How late requests may leave: a tenth of the time after which the proxy gives up."""

_OUTCOMES = (
    "fails-in-the-burst",
    "holds-unpartitioned",
    "remedy-key-burst",
    "remedy-partitions-burst",
    "slots-prevent",
    "victims",
    "outlasts",
    "time-out-alone",
    "fails-sooner",
)
"""Every hypothesis of the experiment: all are counted, and a gate guards those only by name."""
_HOLD = ("holds-unpartitioned", "remedy-key-burst", "remedy-partitions-burst")

_GATES = (
    Control(
        id="cascade-same-twice",
        statement="A/A control: the p99 latency in the burst equals that of the arm's repetition",
        # at least six blocks, as at depth full, can fail it; the next gate can fail at once
        metric="p99_ms",
        arm="unkeyed",
        twin="unkeyed-again",
        guards=_OUTCOMES,
    ),
    Condition(
        id="cascade-same-outcome",
        statement="the repetition of the arm without the key failed in every burst as well",
        metric="burst_failed",
        criterion=AtLeast(0.05),
        arms=("unkeyed-again",),
        guards=("fails-in-the-burst", "slots-prevent"),
    ),
    Condition(
        id="calm-before",
        statement="before the burst at most two in a hundred requests failed, in every arm",
        metric="calm_failed",
        criterion=AtMost(0.02),
        guards=_OUTCOMES,
    ),
    Condition(
        id="room",
        statement="the burst is less than what these arms could answer beforehand",
        metric="burst_over_capacity",
        criterion=AtMost(1),
        arms=("unpartitioned", "keyed", "few-partitions"),
        guards=_HOLD,
    ),
    Condition(
        id="too-much",
        statement="the burst is more than what the arm without the key could answer beforehand, by "
        "two in five",
        metric="burst_over_capacity",
        criterion=AtLeast(1.4),
        arms=("unkeyed",),
        guards=_OUTCOMES,
    ),
    Condition(
        id="all-sent",
        statement="the generator sent every request",
        metric="not_sent",
        criterion=AtMost(0),
        guards=_OUTCOMES,
    ),
    Condition(
        id="all-answered",
        statement="every request was answered with a status",
        metric="unanswered",
        criterion=AtMost(0),
        guards=_OUTCOMES,
    ),
    Condition(
        id="on-time",
        statement="99 in 100 requests left within 100 ms of when they were due",
        metric="late_p99_ms",
        criterion=AtMost(LATE_MS),
        guards=_OUTCOMES,
    ),
    Condition(
        id="generator-free",
        statement="the generator used less than 0.7 of a core",
        metric="generator_cpu",
        criterion=AtMost(0.7),
        guards=_OUTCOMES,
    ),
)

_SETTINGS: dict[str, Setting] = {
    "rows": 20_000,
    # 24 x 802 holdings are fewer than the 2 x 16 x 700 that fit into the lock table.
    "max_connections": 700,
    "pool": 24,
    "rated_by": "unkeyed",
    "rated_within": "unpartitioned",
    "capacity_ms": 1_800,
    "calm_ms": 1_000,
    "burst_ms": 3_500,
    "after_ms": 2_000,
    "settled_ms": 1_000,
    "in_flight": 1_000,
    # What people set in seconds, shortened with the burst: how they compare is what matters.
    "acquire_ms": 800,
    "proxy_ms": 1_000,
    "fast_acquire_ms": 100,
    "fast_statement_ms": 400,
    # longer than the two above together, shorter than the patience of the other arms
    "prompt_ms": 700,
}

# A tree that costs more than the one above, so that a burst which is too much for it is little
# work for proxy, backend and load generator, which share the processors with it. One index, so
# that 1024 slots still cover the (400 + 1) x (1 + 1) = 802 locks.
_BUSY_TREE: dict[str, Setting] = {
    "partitions": 400,
    "indexes": 1,
    "partitioned": True,
    "query": "unkeyed",
    "max_locks_per_transaction": FEW_SLOTS,
}

CASCADE = Experiment(
    id="cascade",
    title="A burst of requests on nginx, a backend with a bounded pool, and PostgreSQL",
    arms=(
        Arm(name="unkeyed", title="partitioned, query without the key", settings=_BUSY_TREE),
        Arm(name="unkeyed-again", title="the same, again", settings=_BUSY_TREE),
        Arm(
            name="unpartitioned",
            title="the same rows in one table",
            settings={**_BUSY_TREE, "partitioned": False},
        ),
        Arm(
            name="keyed",
            title="partitioned, query with the key",
            settings={**_BUSY_TREE, "query": "keyed"},
        ),
        Arm(
            name="few-partitions",
            title="10 partitions, query without the key",
            settings={**_BUSY_TREE, "partitions": 10},
        ),
        Arm(
            name="slots-1024",
            title="without the key, 1024 slots",
            settings={**_BUSY_TREE, "max_locks_per_transaction": MANY_SLOTS},
        ),
        Arm(
            name="time-out",
            title="without the key, time-out of statements",
            settings={**_BUSY_TREE, "time_out": True},
        ),
        Arm(
            name="fail-fast",
            title="the same, and an early no without a connection",
            settings={**_BUSY_TREE, "time_out": True, "fail_fast": True},
        ),
        Arm(
            name="mixed",
            title="without the key, one in five requests with it",
            settings={**_BUSY_TREE, "victims": 0.2},
        ),
    ),
    metrics=(
        Metric(name="calm_failed", title="5xx before the burst", unit="share"),
        Metric(name="burst_failed", title="5xx in the burst", unit="share"),
        Metric(name="after_failed", title="5xx after the burst", unit="share"),
        Metric(name="settled_failed", title="5xx a second after the burst and later", unit="share"),
        Metric(
            name="prompt", title="answers within 0.7 s in the burst, errors included", unit="share"
        ),
        Metric(name="completed", title="requests answered well, of all", unit="share"),
        Metric(name="burst_500", title="500, backend", unit="share"),
        Metric(name="burst_502", title="502, proxy", unit="share"),
        Metric(name="burst_504", title="504, proxy", unit="share"),
        Metric(name="status_500", title="answers 500, from the backend"),
        Metric(name="status_502", title="answers 502, from the proxy"),
        Metric(name="status_504", title="answers 504, from the proxy"),
        Metric(name="p99_ms", title="p99 latency in the burst, errors included", unit="ms"),
        Metric(
            name="victims_failed", title="5xx in the burst, requests with the key", unit="share"
        ),
        Metric(
            name="offenders_failed", title="5xx in the burst, requests without it", unit="share"
        ),
        Metric(
            name="lock_manager_share",
            title="active sessions waiting for the lock manager in the burst",
            unit="share",
        ),
        Metric(
            name="burst_over_capacity",
            title="rate of the burst, of what the arm could answer",
            unit="x",
        ),
        Metric(name="unanswered", title="requests without an answer"),
        Metric(name="not_sent", title="requests that the generator could not send"),
        Metric(name="late_p99_ms", title="p99 of how late requests left", unit="ms"),
        Metric(name="bursts_sent", title="times the burst was sent until it left on time"),
        Metric(name="generator_cpu", title="processor time of the load generator", unit="cores"),
    ),
    gates=_GATES,
    plans={
        Depth.STUDY: Plan(design=Fixed(blocks=3), settings=_SETTINGS),
        Depth.FULL: Plan(design=Fixed(blocks=8), settings=_SETTINGS),
    },
)
