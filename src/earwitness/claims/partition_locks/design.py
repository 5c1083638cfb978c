"""The experiments on PostgreSQL alone: arms, metrics, gates, and what runs at which depth.

Values only. What the settings of arms and plans mean to the servers stands in ``experiment`` and
the benches; where a number comes from stands beside it.
"""

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
    Sequential,
    Setting,
    sweep,
)

# The tree of most arms. By the rules in ``locking`` its query takes (100 + 1) x (2 + 1) = 303
# locks: far more than the 16 or 64 slots of common settings, and made in a fraction of a second.
PARTITIONS = 100
INDEXES = 2

MANY_SLOTS = 1024
"""More than three times the 303 locks, because each group of 16 slots fills up on its own."""
FEW_SLOTS = 16
"""What every version until 17 has, and the least that 18 can be given."""

TREE: dict[str, Setting] = {"partitions": PARTITIONS, "indexes": INDEXES}

_LOCKS = (
    Metric(name="locks", title="relation locks of one query", unit="locks"),
    Metric(name="fast_path", title="locks in the session's own slots", unit="locks"),
    Metric(name="shared_table", title="locks in the shared lock table", unit="locks"),
)
_PREDICTED = (
    Metric(name="predicted_locks", title="locks, from the catalog", unit="locks"),
    Metric(name="predicted_fast_path", title="fast-path locks, from the catalog", unit="locks"),
    Metric(name="predicted_shared_table", title="shared locks, from the catalog", unit="locks"),
    Metric(name="mispredicted", title="of these three numbers, how many are wrong"),
    Metric(name="planning_ms", title="time to plan the query again", unit="ms"),
)

# How many locks, and where.

LOCKS = Experiment(
    id="locks",
    title="The locks of one query, counted in pg_locks and predicted from the catalog",
    arms=(
        Arm(
            name="keyed",
            title="partitioned, query with the partition key",
            settings={**TREE, "partitioned": True, "query": "keyed"},
        ),
        Arm(
            name="unkeyed",
            title="partitioned, query without the key",
            settings={**TREE, "partitioned": True, "query": "unkeyed"},
        ),
        Arm(
            name="unpartitioned",
            title="the same rows in one table, query without the key",
            settings={**TREE, "partitioned": False, "query": "unkeyed"},
        ),
    ),
    metrics=(*_LOCKS, *_PREDICTED),
    plans={
        Depth.PROOF: Plan(design=Fixed(blocks=3), settings={"rows": 5_000}),
        Depth.STUDY: Plan(design=Fixed(blocks=5), settings={"rows": 20_000}),
    },
)

VERSIONS = Experiment(
    id="versions",
    title="The same query before and after PostgreSQL 18 made the fast path wider",
    arms=(
        Arm(name="pg16", title="PostgreSQL 16", settings={**TREE, "major": 16}),
        Arm(name="pg18", title="PostgreSQL 18, default settings", settings={**TREE, "major": 18}),
        Arm(
            name="pg18-wide",
            title=f"PostgreSQL 18, {MANY_SLOTS} slots",
            settings={**TREE, "major": 18, "max_locks_per_transaction": MANY_SLOTS},
        ),
    ),
    metrics=(*_LOCKS, *_PREDICTED),
    plans={Depth.STUDY: Plan(design=Fixed(blocks=3), settings={"rows": 5_000})},
)

SWEEP = Experiment(
    id="sweep",
    title="Locks and planning time as the table gets more partitions",
    arms=sweep(
        "p{partitions}",
        "{partitions} partitions",
        partitions=(1, 10, 30, 100, 300, 1000),
        indexes=(INDEXES,),
    ),
    metrics=(*_LOCKS, *_PREDICTED),
    gates=(
        Condition(
            id="sweep-predicted",
            statement="in every arm the catalog predicts all three numbers of locks",
            metric="mispredicted",
            criterion=AtMost(0),
            guards=("grows-with-partitions",),
        ),
    ),
    plans={Depth.STUDY: Plan(design=Fixed(blocks=3), settings={"rows": 5_000})},
)

INDEX_SWEEP = Experiment(
    id="indexes",
    title="Locks and planning time as every partition gets more indexes",
    arms=sweep(
        "i{indexes}",
        "{indexes} indexes",
        partitions=(PARTITIONS,),
        indexes=(0, 1, 2, 3, 4),
    ),
    metrics=(*_LOCKS, *_PREDICTED),
    gates=(
        Condition(
            id="indexes-predicted",
            statement="in every arm the catalog predicts all three numbers of locks",
            metric="mispredicted",
            criterion=AtMost(0),
            guards=("grows-with-indexes",),
        ),
    ),
    plans={Depth.STUDY: Plan(design=Fixed(blocks=3), settings={"rows": 5_000})},
)

# What the shared table does when it is full.

EXHAUSTION = Experiment(
    id="exhaustion",
    title="How many sessions can hold the query's locks before the lock table is full",
    arms=(
        Arm(name="unkeyed", title="query without the key", settings={"query": "unkeyed"}),
        Arm(name="keyed", title="query with the partition key", settings={"query": "keyed"}),
    ),
    metrics=(
        Metric(name="sessions", title="sessions that got their locks", unit="sessions"),
        Metric(
            name="connections_share", title="part of max_connections that they use", unit="share"
        ),
        Metric(name="shared_table", title="shared locks of each, from the catalog", unit="locks"),
        Metric(name="guaranteed", title="sessions that PostgreSQL sizes for", unit="sessions"),
        Metric(name="margin", title="sessions beyond the guaranteed ones", unit="sessions"),
    ),
    plans={
        # A small lock table, so that a hundred partitions fill it; the study has the defaults.
        Depth.PROOF: Plan(
            design=Fixed(blocks=3),
            settings={
                **TREE,
                "rows": 1_000,
                "max_connections": 40,
                "max_locks_per_transaction": 10,
            },
        ),
        Depth.STUDY: Plan(
            design=Fixed(blocks=3),
            settings={
                "partitions": 1_000,
                "indexes": INDEXES,
                "rows": 5_000,
                "max_connections": 100,
                "max_locks_per_transaction": 64,
            },
        ),
    },
)

# What it costs under load. Each arm differs from the one it is compared with in one setting.

_PARTITIONED_LOAD: dict[str, Setting] = {**TREE, "partitioned": True}

SLOTS = Experiment(
    id="slots",
    title="64 busy clients on one PostgreSQL 18, with and without enough fast-path slots",
    arms=(
        Arm(
            name="slots-16",
            title="16 slots",
            settings={
                **_PARTITIONED_LOAD,
                "query": "unkeyed",
                "max_locks_per_transaction": FEW_SLOTS,
            },
        ),
        Arm(
            name="slots-1024",
            title="1024 slots",
            settings={
                **_PARTITIONED_LOAD,
                "query": "unkeyed",
                "max_locks_per_transaction": MANY_SLOTS,
            },
        ),
        Arm(
            name="slots-1024-again",
            title="1024 slots, again",
            settings={
                **_PARTITIONED_LOAD,
                "query": "unkeyed",
                "max_locks_per_transaction": MANY_SLOTS,
            },
        ),
        Arm(
            name="keyed",
            title="16 slots, query with the partition key",
            settings={
                **_PARTITIONED_LOAD,
                "query": "keyed",
                "max_locks_per_transaction": FEW_SLOTS,
            },
        ),
        Arm(
            name="unpartitioned",
            title="16 slots, the same rows in one table",
            settings={
                **TREE,
                "partitioned": False,
                "query": "unkeyed",
                "max_locks_per_transaction": FEW_SLOTS,
            },
        ),
    ),
    metrics=(
        Metric(name="tps", title="throughput", unit="transactions/s"),
        Metric(name="p50_ms", title="median latency", unit="ms"),
        Metric(name="p99_ms", title="p99 latency", unit="ms"),
        Metric(
            name="lock_manager_share",
            title="active sessions waiting for the lock manager",
            unit="share",
        ),
        Metric(name="shared_table", title="locks in the shared lock table", unit="locks"),
        Metric(name="sampler_hz", title="samples of waits taken", unit="Hz"),
        Metric(name="warm_transactions", title="least transactions of a client before measuring"),
        Metric(name="measured_seconds", title="time measured", unit="s"),
        Metric(name="errors", title="failed transactions"),
    ),
    gates=(
        Control(
            id="same-server-twice",
            statement="A/A control: the p99 latency of 1024 slots equals that of its repetition",
            metric="p99_ms",
            arm="slots-1024",
            twin="slots-1024-again",
        ),
        Condition(
            id="warm",
            statement="every client had finished three transactions before measuring began",
            metric="warm_transactions",
            criterion=AtLeast(3),
        ),
        Condition(
            id="long-enough",
            statement="at least one second was measured after that",
            metric="measured_seconds",
            criterion=AtLeast(1),
        ),
        Condition(
            id="no-errors",
            statement="no transaction failed",
            metric="errors",
            criterion=AtMost(0),
        ),
        Condition(
            id="slots-cover",
            statement="with 1024 slots no lock is in the shared table",
            metric="shared_table",
            criterion=AtMost(0),
            arms=("slots-1024", "slots-1024-again"),
            guards=("tail", "waits", "lock-manager-alone"),
        ),
        Condition(
            id="slots-spill",
            statement="with 16 slots at least half of the query's locks are in the shared table",
            metric="shared_table",
            criterion=AtLeast(PARTITIONS * (INDEXES + 1) / 2),
            arms=("slots-16",),
            guards=("tail", "waits", "lock-manager-alone"),
        ),
        Condition(
            id="sampled",
            statement="the waits were sampled at least five times a second",
            metric="sampler_hz",
            criterion=AtLeast(5),
            guards=("waits",),
        ),
    ),
    plans={
        Depth.STUDY: Plan(
            design=Sequential(least=6, most=12),
            settings={
                "rows": 20_000,
                "clients": 64,
                "seconds": 3,
                "warm_seconds": 1,
                # Room in the shared table for all clients with 16 slots: 64 x 303 holdings are
                # fewer than 2 x 16 x 700.
                "max_connections": 700,
            },
        ),
        Depth.FULL: Plan(
            design=Sequential(least=8, most=24),
            settings={
                "rows": 20_000,
                "clients": 64,
                "seconds": 6,
                "warm_seconds": 2,
                "max_connections": 700,
            },
        ),
    },
)

# What a prepared statement locks, execution after execution.

PREPARED = Experiment(
    id="prepared",
    title="The locks of a prepared query with the key as parameter, execution after execution",
    arms=sweep(
        "execution-{execution}",
        "execution {execution}",
        execution=tuple(range(1, 9)),
        partitions=(PARTITIONS,),
        indexes=(INDEXES,),
        query=("keyed",),
    ),
    metrics=(
        Metric(name="auto", title="locks, plan_cache_mode auto", unit="locks"),
        Metric(name="generic", title="locks, always a generic plan", unit="locks"),
        Metric(name="custom", title="locks, always a custom plan", unit="locks"),
        Metric(name="auto_shared", title="shared locks, plan_cache_mode auto", unit="locks"),
        Metric(name="generic_shared", title="shared locks, always a generic plan", unit="locks"),
        Metric(name="custom_shared", title="shared locks, always a custom plan", unit="locks"),
    ),
    plans={Depth.STUDY: Plan(design=Fixed(blocks=3), settings={"rows": 5_000})},
)

EXPERIMENTS = (LOCKS, EXHAUSTION, VERSIONS, SWEEP, INDEX_SWEEP, PREPARED, SLOTS)
