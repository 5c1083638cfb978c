"""The experiments with PostgreSQL in which the power stays on: flushes, pace, and a failed write.

Values only. The last two end with one cut: to see what became of the write that failed, and of what
a replica has.
"""

from earwitness.claims.fsync.metrics import DISAGREEMENT, OF_CUTS, OF_FLUSHES
from earwitness.claims.fsync.postgres_design import (
    CLIENTS,
    HONEST,
    ROOMY_BLOCKS,
    accounting,
)
from earwitness.experiment.design import (
    Arm,
    AtLeast,
    Condition,
    Control,
    Depth,
    Experiment,
    Fixed,
    Metric,
    Plan,
    Setting,
    sweep,
)

_PACE = Metric(name="pace", title="Commits per second, all clients together", unit="commits/s")

_ALONE: dict[str, tuple[Setting, ...]] = {name: (value,) for name, value in HONEST.items()}

# Above 4 ms a flush takes longer than the tick by which the kernel stamps files: each commit changes
# the time of the log, and whoever flushes that too has the file system's journal written.
POSTGRES_METHODS = Experiment(
    id="postgres-methods",
    title="What a commit costs in flushes, by PostgreSQL's wal_sync_method",
    arms=(
        *sweep(
            "{wal_sync_method}-{flush_ms}ms",
            "{wal_sync_method}, flushes of {flush_ms} ms",
            **{
                **_ALONE,
                "wal_sync_method": ("fdatasync", "open_datasync", "fsync", "open_sync"),
                "flush_ms": (0, 1, 10),
            },
        ),
        *sweep(
            "direct-{flush_ms}ms",
            "open_datasync by direct I/O, flushes of {flush_ms} ms",
            **{
                **_ALONE,
                "wal_sync_method": ("open_datasync",),
                "debug_io_direct": ("data,wal",),
                "flush_ms": (0, 1, 10),
            },
        ),
    ),
    metrics=(*OF_FLUSHES, _PACE),
    gates=(accounting("every wal_sync_method", "postgres-methods"),),
    plans={
        Depth.STUDY: Plan(
            design=Fixed(blocks=3),
            settings={"clients": 1, "commits": 30, "checkpoint_commits": 100},
        ),
        Depth.FULL: Plan(
            design=Fixed(blocks=5),
            settings={"clients": 1, "commits": 100, "checkpoint_commits": 400},
        ),
    },
)

_UNSAFE: dict[str, tuple[str, dict[str, Setting]]] = {
    "safe": ("all safe", {}),
    "twin": ("all safe, again", {}),
    "async": ("synchronous_commit off", {"synchronous_commit": False}),
    "torn": ("full_page_writes off", {"full_page_writes": False}),
    "unsynced": ("fsync off", {"fsync": False}),
}


def _priced(flush_ms: float) -> tuple[Arm, ...]:
    return tuple(
        Arm(
            name=f"{name}-{flush_ms:g}ms",
            title=f"{title}, flushes of {flush_ms:g} ms",
            settings={**HONEST, **changed, "flush_ms": flush_ms},
        )
        for name, (title, changed) in _UNSAFE.items()
    )


POSTGRES_PRICE = Experiment(
    id="postgres-price",
    title="What each setting that keeps commits safe costs in commits per second",
    arms=(*_priced(0.5), *_priced(2), *_priced(8)),
    metrics=(*OF_FLUSHES, _PACE),
    gates=(
        accounting("the settings that keep commits safe", "price-async"),
        Control(
            id="price-control",
            statement="a server with the same settings as another keeps the same pace",
            metric="pace",
            arm="safe-2ms",
            twin="twin-2ms",
        ),
    ),
    plans={
        Depth.STUDY: Plan(
            design=Fixed(blocks=6),
            arms=tuple(f"{name}-2ms" for name in _UNSAFE),
            settings={"clients": CLIENTS, "commits": 150, "checkpoint_commits": 75},
        ),
        Depth.FULL: Plan(
            design=Fixed(blocks=8),
            settings={"clients": CLIENTS, "commits": 150, "checkpoint_commits": 75},
        ),
    },
)

POSTGRES_FAILED_WRITE = Experiment(
    id="postgres-failed-write",
    title="One write of a table fails, and PostgreSQL tries again or does not",
    arms=(
        Arm(
            name="stops",
            title="data_sync_retry off",
            settings={**HONEST, "data_sync_retry": False},
        ),
        Arm(
            name="retries",
            title="data_sync_retry on",
            settings={**HONEST, "data_sync_retry": True},
        ),
    ),
    metrics=(
        *OF_CUTS,
        Metric(name="refused", title="Writes that the disk refused", unit="writes"),
        Metric(name="stopped", title="The server stopped itself", unit="yes or no"),
        Metric(name="then_fine", title="The next checkpoint succeeded", unit="yes or no"),
        DISAGREEMENT,
    ),
    gates=(
        accounting("the write that fails", "failed-write-retried", "failed-write-stopped"),
        Condition(
            id="write-refused",
            statement="the disk refused a write",
            metric="refused",
            criterion=AtLeast(1),
            guards=("failed-write-retried", "failed-write-stopped"),
        ),
        Condition(
            id="server-stopped",
            statement="with data_sync_retry off the server stopped itself",
            metric="stopped",
            criterion=AtLeast(1),
            arms=("stops",),
            guards=("failed-write-stopped",),
        ),
        Condition(
            id="checkpoint-succeeded",
            statement="with data_sync_retry on the next checkpoint succeeded",
            metric="then_fine",
            criterion=AtLeast(1),
            arms=("retries",),
            guards=("failed-write-retried",),
        ),
    ),
    plans={
        Depth.STUDY: Plan(design=Fixed(blocks=3), settings={"commits": 100}),
        Depth.FULL: Plan(design=Fixed(blocks=5), settings={"commits": 300}),
    },
)

_LYING_ROOMY: dict[str, Setting] = {
    **HONEST,
    "honours_flush": False,
    "cache_blocks": ROOMY_BLOCKS,
    "window_ms": 100,
}

POSTGRES_REPLICA = Experiment(
    id="postgres-replica",
    title="A disk that ignores flushes, with and without a synchronous replica that keeps its power",
    arms=(
        Arm(name="alone", title="alone", settings={**_LYING_ROOMY, "replica": False}),
        Arm(
            name="replicated",
            title="with a synchronous replica",
            settings={**_LYING_ROOMY, "replica": True},
        ),
    ),
    metrics=(*OF_CUTS, DISAGREEMENT),
    gates=(accounting("the disk with a replica beside it", "postgres-replicated"),),
    plans={
        Depth.STUDY: Plan(design=Fixed(blocks=3), settings={"commits": 200}),
        Depth.FULL: Plan(design=Fixed(blocks=8), settings={"commits": 400}),
    },
)
