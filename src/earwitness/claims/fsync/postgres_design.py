"""The experiment with PostgreSQL on a recorded disk: arms, metrics, gates, plans.

Values only. What the settings of an arm mean stands in ``postgres_cutting``. It needs root, so that
no hypothesis on it decides the claim.
"""

from earwitness.claims.fsync.metrics import OF_CUTS
from earwitness.experiment.design import (
    Arm,
    AtLeast,
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

# 256 blocks of 4 KiB are 1 MiB, a small part of what drives have: they empty it in the meantime.
CACHE_BLOCKS = 256

_HONEST: dict[str, Setting] = {
    "fsync": True,
    "wal_sync_method": "fdatasync",
    "honours_flush": True,
    "cache_blocks": CACHE_BLOCKS,
}

_FLUSHES = (
    Metric(name="flushes", title="Flushes that reached the disk, per commit", unit="flushes"),
    Metric(
        name="flush_disagreement",
        title="Difference between the disk's count of flushes and the kernel's",
        unit="flushes",
    ),
)

POSTGRES = Experiment(
    id="postgres",
    title="PostgreSQL on a block device that is recorded and cut off, lying and honest",
    arms=(
        Arm(
            name="postgres-lying",
            title="PostgreSQL, disk that ignores flushes",
            settings={**_HONEST, "honours_flush": False},
        ),
        Arm(name="postgres-honest", title="PostgreSQL, disk that flushes", settings=_HONEST),
        Arm(
            name="postgres-fsync-off",
            title="PostgreSQL with fsync off, disk that flushes",
            settings={**_HONEST, "fsync": False},
        ),
    ),
    metrics=(*OF_CUTS, *_FLUSHES),
    gates=(
        Condition(
            id="flushes-arrive",
            statement="at least one flush per commit reached the disk, which it could do or ignore",
            metric="flushes",
            criterion=AtLeast(1),
            arms=("postgres-lying", "postgres-honest"),
            guards=("postgres-lying", "postgres-honest"),
        ),
        Condition(
            id="postgres-control",
            statement="on the disk that flushes no cut lost or damaged anything, so that what the "
            "lying disk costs is the lie's doing",
            metric="harmed_cuts",
            criterion=AtMost(0),
            arms=("postgres-honest",),
            guards=("postgres-lying",),
        ),
    ),
    plans={
        Depth.PROOF: Plan(
            design=Fixed(blocks=3),
            settings={"commits": 300, "checkpoint_commits": 100, "cuts": 5},
        ),
        Depth.STUDY: Plan(
            design=Fixed(blocks=10),
            settings={"commits": 1000, "checkpoint_commits": 250, "cuts": 20},
        ),
    },
)

# A flush takes longer than the tick by which the kernel stamps files: each commit changes the time
# of the log, and whoever flushes that too has the file system's journal written.
POSTGRES_METHODS = Experiment(
    id="postgres-methods",
    title="What a commit costs in flushes, by PostgreSQL's wal_sync_method",
    arms=sweep(
        "{wal_sync_method}",
        "{wal_sync_method}",
        fsync=(True,),
        wal_sync_method=("fdatasync", "open_datasync", "fsync", "open_sync"),
        honours_flush=(True,),
        cache_blocks=(CACHE_BLOCKS,),
    ),
    metrics=_FLUSHES,
    plans={
        Depth.STUDY: Plan(
            design=Fixed(blocks=5),
            settings={
                "commits": 100,
                "checkpoint_commits": 200,
                "cuts": 0,
                "flush_milliseconds": 10,
            },
        ),
    },
)
