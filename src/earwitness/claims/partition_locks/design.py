"""The experiments that count locks: arms, metrics, gates, and what runs at which depth.

Values only; those under load stand in ``load_design``. What the settings of arms and plans mean to the servers stands in ``experiment`` and
the benches; where a number comes from stands beside it.
"""

from earwitness.experiment.design import (
    Arm,
    AtMost,
    Condition,
    Depth,
    Experiment,
    Fixed,
    Metric,
    Plan,
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
    Metric(name="fast_path", title="locks in the session's own slots", unit="locks", of="locks"),
    Metric(name="shared_table", title="locks in the shared lock table", unit="locks", of="locks"),
)
_PREDICTED = (
    Metric(name="predicted_locks", title="locks, from the catalog", unit="locks"),
    Metric(name="predicted_fast_path", title="fast-path locks, from the catalog", unit="locks"),
    Metric(name="predicted_shared_table", title="shared locks, from the catalog", unit="locks"),
    Metric(
        name="mispredicted",
        title="of these three numbers, how many are wrong",
        unit="numbers",
        of="predicted_numbers",
    ),
    Metric(name="predicted_numbers", title="numbers that are predicted", unit="numbers"),
    Metric(name="planning_ms", title="time to plan the query again", unit="ms"),
    Metric(name="execution_ms", title="time to execute it, once planned", unit="ms"),
    Metric(name="locking_ms", title="time to lock all of its tables and do no more", unit="ms"),
    Metric(name="locking_share", title="locking, of planning and executing together", unit="share"),
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
        "partitions: {partitions}",
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
    plans={Depth.STUDY: Plan(design=Fixed(blocks=6), settings={"rows": 5_000})},
)

INDEX_SWEEP = Experiment(
    id="indexes",
    title="Locks and planning time as every partition gets more indexes",
    arms=sweep(
        "i{indexes}",
        "indexes: {indexes}",
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
        Metric(
            name="margin",
            title="sessions beyond the guaranteed ones",
            unit="sessions more than that",
        ),
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

EXPERIMENTS = (LOCKS, EXHAUSTION, VERSIONS, SWEEP, INDEX_SWEEP, PREPARED)
