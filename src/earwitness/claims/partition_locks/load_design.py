"""The experiments under load: what the locks cost, and what the rest of the query does.

Values only, as in ``design``. Each arm differs from the one it is compared with in one setting.
"""

from earwitness.claims.partition_locks.design import (
    FEW_SLOTS,
    INDEXES,
    MANY_SLOTS,
    PARTITIONS,
    TREE,
)
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

_CONNECTIONS = 700
"""Room in the shared table for the locks of 64 clients with 16 slots: 64 x 303 holdings are fewer
than 2 x 16 x 700."""

_CROWD = 256
"""Clients that wait for the lock manager on ten partitions too; fewer do so only at times."""

LEAST_WARM_TRANSACTIONS = 3
"""Of every client: the first fills the caches of its session, which waits for the lock manager
meanwhile; the others are margin."""
LEAST_MEASURED_SECONDS = 1.0
"""What has to be left of a load once it is warm, before anything is measured."""


_OF_THE_GRID = ("waits-with-clients", "share-is-damage")
"""Every hypothesis of ``GRID``: all are counted, and a gate guards those only by name."""


def _measured_once_warm(prefix: str = "", guards: tuple[str, ...] = ()) -> tuple[Condition, ...]:
    """That every client was warm, and that enough was measured after that."""
    return (
        Condition(
            id=f"{prefix}warm",
            statement="every client had finished three transactions before measuring began",
            metric="warm_transactions",
            criterion=AtLeast(LEAST_WARM_TRANSACTIONS),
            guards=guards,
        ),
        Condition(
            id=f"{prefix}long-enough",
            statement="at least one second was measured once every client was warm",
            metric="measured_seconds",
            criterion=AtLeast(LEAST_MEASURED_SECONDS),
            guards=guards,
        ),
    )


def _without_errors(prefix: str = "", guards: tuple[str, ...] = ()) -> Condition:
    return Condition(
        id=f"{prefix}no-errors",
        statement="no transaction failed",
        metric="errors",
        criterion=AtMost(0),
        guards=guards,
    )


def _sampled(prefix: str = "", guards: tuple[str, ...] = ()) -> Condition:
    return Condition(
        id=f"{prefix}sampled",
        statement="the waits were sampled at least five times a second",
        metric="sampler_hz",
        criterion=AtLeast(5),
        guards=guards,
    )


def _loaded(name: str, title: str, **changed: Setting) -> Arm:
    """An arm in which clients send the query without the key, but for what is changed."""
    settings = {**TREE, "partitioned": True, "query": "unkeyed"}
    return Arm(name=name, title=title, settings={**settings, **changed})


_METRICS = (
    Metric(name="tps", title="throughput", unit="transactions/s"),
    Metric(name="mean_ms", title="mean latency", unit="ms"),
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
    Metric(name="load_seconds", title="length of the load, warm-up included", unit="s"),
    Metric(name="errors", title="failed transactions"),
)

SLOTS = Experiment(
    id="slots",
    title="64 busy clients on one PostgreSQL 18, with and without enough fast-path slots",
    arms=(
        _loaded("slots-16", "planned anew, 16 slots", max_locks_per_transaction=FEW_SLOTS),
        _loaded("slots-1024", "planned anew, 1024 slots", max_locks_per_transaction=MANY_SLOTS),
        _loaded("slots-1024-again", "the same, again", max_locks_per_transaction=MANY_SLOTS),
        _loaded(
            "keyed",
            "16 slots, query with the partition key",
            query="keyed",
            max_locks_per_transaction=FEW_SLOTS,
        ),
        _loaded(
            "unpartitioned",
            "16 slots, the same rows in one table",
            partitioned=False,
            max_locks_per_transaction=FEW_SLOTS,
        ),
        _loaded(
            "kept-plan",
            "100 partitions, plan kept, 1024 slots",
            plan="kept",
            max_locks_per_transaction=MANY_SLOTS,
        ),
        _loaded(
            "unpartitioned-kept",
            "the same rows in one table, plan kept",
            plan="kept",
            partitioned=False,
            max_locks_per_transaction=MANY_SLOTS,
        ),
    ),
    metrics=_METRICS,
    gates=(
        Control(
            id="same-server-twice",
            statement="A/A control: the p99 latency of 1024 slots equals that of its repetition",
            metric="p99_ms",
            arm="slots-1024",
            twin="slots-1024-again",
        ),
        *_measured_once_warm(),
        _without_errors(),
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
        _sampled(guards=("waits",)),
    ),
    plans={
        Depth.STUDY: Plan(
            design=Sequential(least=6, most=12),
            settings={
                "rows": 20_000,
                "clients": 64,
                "seconds": 2,
                "warm_seconds": 1,
                "max_connections": _CONNECTIONS,
            },
        ),
        Depth.FULL: Plan(
            design=Sequential(least=8, most=24),
            settings={
                "rows": 20_000,
                "clients": 64,
                "seconds": 6,
                "warm_seconds": 2,
                "max_connections": _CONNECTIONS,
            },
        ),
    },
)

WHERE_TIME_GOES = ("unpartitioned-kept", "kept-plan", "slots-1024", "slots-16")
"""Arms of ``SLOTS`` that each add one thing: partitions, planning, too few slots."""


def _grid(**axes: tuple[Setting, ...]) -> tuple[Arm, ...]:
    """Every combination, each with too few slots and with enough."""
    return sweep(
        "p{partitions}-i{indexes}-c{clients}-s{max_locks_per_transaction}",
        "{partitions} partitions, {indexes} indexes, {clients} clients, "
        "{max_locks_per_transaction} slots",
        **axes,
        max_locks_per_transaction=(FEW_SLOTS, MANY_SLOTS),
    )


GRID = Experiment(
    id="grid",
    title="Partitions, indexes and clients, each with 16 and with 1024 slots",
    arms=(
        *_grid(partitions=(10, PARTITIONS), indexes=(0, INDEXES), clients=(8, 32, 64)),
        *_grid(partitions=(10,), indexes=(INDEXES,), clients=(_CROWD,)),
    ),
    metrics=_METRICS,
    gates=(
        *_measured_once_warm("grid-", _OF_THE_GRID),
        _sampled("grid-", _OF_THE_GRID),
        _without_errors("grid-", _OF_THE_GRID),
        Condition(
            id="waiting-there",
            statement="with ten partitions and 16 slots at least a tenth of the active sessions "
            "waited for the lock manager",
            metric="lock_manager_share",
            criterion=AtLeast(0.1),
            arms=("p10-i2-c256-s16",),
            guards=("share-is-damage",),
        ),
    ),
    plans={
        Depth.STUDY: Plan(
            design=Fixed(blocks=3),
            arms=tuple(
                f"{point}-s{slots}"
                for point in ("p100-i2-c8", "p100-i2-c64", "p10-i2-c256")
                for slots in (FEW_SLOTS, MANY_SLOTS)
            ),
            settings={
                "rows": 20_000,
                "seconds": 2,
                "warm_seconds": 1,
                "max_connections": _CONNECTIONS,
            },
        ),
        Depth.FULL: Plan(
            design=Fixed(blocks=5),
            settings={
                "rows": 20_000,
                "seconds": 3,
                "warm_seconds": 2,
                "max_connections": _CONNECTIONS,
            },
        ),
    },
)

UPGRADE = Experiment(
    id="upgrade",
    title="PostgreSQL 16 and 18 under load: a comparison of versions, not of slots alone",
    arms=(
        # to 16 the setting is the size of the shared table alone: it has 16 slots whatever it says
        _loaded(
            "pg16",
            "PostgreSQL 16, with the setting of 1024",
            major=16,
            max_locks_per_transaction=MANY_SLOTS,
        ),
        _loaded(
            "pg16-again",
            "PostgreSQL 16, again",
            major=16,
            max_locks_per_transaction=MANY_SLOTS,
        ),
        _loaded(
            "pg18",
            "PostgreSQL 18, with the same setting",
            max_locks_per_transaction=MANY_SLOTS,
        ),
        _loaded("pg18-default", "PostgreSQL 18, default settings"),
    ),
    metrics=_METRICS,
    gates=(
        Control(
            id="same-version-twice",
            statement="A/A control: the p99 latency of PostgreSQL 16 equals that of its repetition",
            metric="p99_ms",
            arm="pg16",
            twin="pg16-again",
        ),
        *_measured_once_warm("upgrade-"),
    ),
    plans={
        Depth.FULL: Plan(
            design=Sequential(least=8, most=16),
            settings={
                "rows": 20_000,
                "clients": 64,
                "seconds": 4,
                "warm_seconds": 2,
                "max_connections": _CONNECTIONS,
            },
        ),
    },
)

LOADS = (SLOTS, GRID, UPGRADE)
