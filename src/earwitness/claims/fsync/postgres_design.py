"""The experiments with PostgreSQL on a recorded disk that is cut off: arms, metrics, gates, plans.

Values only. What the settings of an arm mean stands in ``postgres_configuration``; experiments in
which nothing is cut stand in ``postgres_costs``. They need root, so that no hypothesis on them
decides the claim.
"""

from earwitness.claims.fsync.metrics import OF_CUTS, OF_FLUSHES
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
# Where the window is what counts, the cache has room for all that is written in it: 256 MiB.
ROOMY_BLOCKS = 65_536
CLIENTS = 4

HONEST: dict[str, Setting] = {
    "fsync": True,
    "synchronous_commit": True,
    "full_page_writes": True,
    "wal_sync_method": "fdatasync",
    "debug_io_direct": "",
    "flush_ms": 0,
    "writes_back": False,
    "honours_flush": True,
    "cache_blocks": CACHE_BLOCKS,
    "window_ms": 0,
    "protected": False,
    "atom_bytes": 4096,
    "moments": "random",
}
_LYING = {**HONEST, "honours_flush": False}

_OF_DISK_CUTS = (
    *OF_CUTS,
    Metric(name="not_mounted", title="Cuts whose file system was not mounted again", unit="cuts"),
    Metric(name="not_started", title="Cuts after which the server did not start", unit="cuts"),
    Metric(
        name="unsound",
        title="Cuts after whose recovery the file system's checker found damage",
        unit="cuts",
    ),
    *OF_FLUSHES,
)


def accounting(of: str, *guards: str) -> Condition:
    """The gate before these hypotheses: nothing is said of flushes that are counted differently."""
    return Condition(
        id="flush-accounting",
        statement=f"{of}: the disk and the kernel's statistic of its device counted the same flushes",
        metric="flush_disagreement",
        criterion=AtMost(0),
        guards=guards,
    )


def _arm(name: str, title: str, **changed: Setting) -> Arm:
    return Arm(name=f"postgres-{name}", title=title, settings={**HONEST, **changed})


POSTGRES = Experiment(
    id="postgres",
    title="PostgreSQL on a block device that is recorded and cut off, lying and honest",
    arms=(
        _arm("lying", "disk that ignores flushes", honours_flush=False),
        _arm("honest", "disk that flushes"),
        _arm("honest-worst", "disk that flushes, cut at the worst moments", moments="worst"),
        _arm(
            "sectors",
            "the same, where only 512 bytes are written whole",
            moments="worst",
            atom_bytes=512,
        ),
        _arm(
            "protected",
            "ignores flushes, cache protected",
            honours_flush=False,
            protected=True,
        ),
        _arm("fsync-off", "disk that flushes, fsync off", fsync=False),
        _arm(
            "fsync-off-written",
            "fsync off, the kernel writes back meanwhile",
            fsync=False,
            writes_back=True,
        ),
        _arm("async", "disk that flushes, synchronous_commit off", synchronous_commit=False),
        _arm("torn", "disk that flushes, full_page_writes off", full_page_writes=False),
        _arm(
            "torn-worst",
            "full_page_writes off, cut at the worst moments",
            full_page_writes=False,
            moments="worst",
        ),
        _arm(
            "direct",
            "direct I/O, cut at the worst moments",
            debug_io_direct="data,wal",
            moments="worst",
        ),
    ),
    metrics=_OF_DISK_CUTS,
    gates=(
        Condition(
            id="flushes-arrive",
            # one flush can be waited for by one commit of each client
            statement=f"at least one flush for every {CLIENTS} commits reached the disk, which it "
            "could do or ignore",
            metric="flushes",
            criterion=AtLeast(1 / CLIENTS),
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
        accounting(
            "PostgreSQL on disks that are cut off",
            "postgres-lying",
            "postgres-honest",
            "postgres-worst",
            "postgres-sectors",
            "postgres-torn",
            "postgres-async",
            "postgres-async-sound",
            "postgres-direct",
            "postgres-fsync-off",
            "postgres-fsync-off-whole",
            "postgres-fsync-off-written",
            "postgres-protected",
        ),
    ),
    plans={
        Depth.PROOF: Plan(
            design=Fixed(blocks=3),
            arms=("postgres-lying", "postgres-honest", "postgres-fsync-off"),
            settings={
                "clients": CLIENTS,
                "commits": 75,
                "checkpoint_commits": 25,
                "cuts": 5,
            },
        ),
        Depth.STUDY: Plan(
            design=Fixed(blocks=8),
            settings={
                "clients": CLIENTS,
                "commits": 400,
                "checkpoint_commits": 100,
                "cuts": 6,
                "check_file_system": True,
            },
        ),
        Depth.FULL: Plan(
            design=Fixed(blocks=10),
            settings={
                "clients": CLIENTS,
                "commits": 500,
                "checkpoint_commits": 125,
                "cuts": 10,
                "check_file_system": True,
            },
        ),
    },
)

POSTGRES_DESTAGE = Experiment(
    id="postgres-destage",
    title="PostgreSQL on a disk that ignores flushes and empties its cache after a while",
    arms=sweep(
        "window-{window_ms}ms",
        "ignores flushes, window of {window_ms} ms",
        **{
            **{name: (value,) for name, value in _LYING.items()},
            "cache_blocks": (ROOMY_BLOCKS,),
            "window_ms": (5, 20, 100, 500),
        },
    ),
    metrics=_OF_DISK_CUTS,
    gates=(accounting("disks that empty their cache after a while", "postgres-window"),),
    plans={
        Depth.STUDY: Plan(
            design=Fixed(blocks=3),
            settings={
                "clients": CLIENTS,
                "commits": 500,
                "checkpoint_commits": 125,
                "cuts": 5,
            },
        ),
        Depth.FULL: Plan(
            design=Fixed(blocks=5),
            settings={
                "clients": CLIENTS,
                "commits": 1000,
                "checkpoint_commits": 250,
                "cuts": 10,
            },
        ),
    },
)

POSTGRES_NEVER = Experiment(
    id="postgres-never",
    title="How rarely a disk that flushes can have lost a commit, by the number of cuts",
    arms=(_arm("never", "disk that flushes, many cuts"),),
    metrics=_OF_DISK_CUTS,
    gates=(accounting("the disk that is cut most often", "postgres-bound"),),
    plans={
        Depth.FULL: Plan(
            design=Fixed(blocks=3),
            settings={
                "clients": CLIENTS,
                "commits": 500,
                "checkpoint_commits": 125,
                "cuts": 200,
            },
        ),
    },
)
