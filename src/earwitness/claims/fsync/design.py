"""The experiments of the claim: arms, metrics, gates, and what runs at which depth.

Values only. What the settings of an arm mean stands in ``configuration`` and ``outage``. With SQLite a
study says all that more of the same could, and is what the full depth runs as well; the full depth
of PostgreSQL is to end within half an hour on two processors.
"""

from earwitness.claims.fsync.metrics import OF_CUTS
from earwitness.claims.fsync.postgres_costs import (
    POSTGRES_FAILED_WRITE,
    POSTGRES_METHODS,
    POSTGRES_PRICE,
    POSTGRES_REPLICA,
)
from earwitness.claims.fsync.postgres_design import POSTGRES, POSTGRES_DESTAGE, POSTGRES_NEVER
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

_METRICS = (
    *OF_CUTS,
    Metric(name="flushes", title="Flushes that SQLite asked for, per commit", unit="flushes"),
    Metric(
        name="broken_promises",
        title="Cuts that cost more than SQLite's documentation allows on a drive that keeps "
        "what it has flushed",
        unit="cuts",
    ),
)

# A recording is long enough for several checkpoints: a commit of the ledger writes four to eight
# pages. The cache is small on purpose: 64 writes of at most a page are 256 KiB, where drives have
# hundreds of megabytes and empty them within fractions of a second.
CACHE_WRITES = 64
_RECORDING: dict[str, Setting] = {"commits": 80, "checkpoint_pages": 50}
_LONG_RECORDING: dict[str, Setting] = {"commits": 200, "checkpoint_pages": 50}

_HONEST: dict[str, Setting] = {
    "journal": "wal",
    "synchronous": "full",
    "honours_flush": True,
    "protected": False,
    "cache_writes": CACHE_WRITES,
    "stop": "power",
}
_LYING = {**_HONEST, "honours_flush": False}
_OFF = {**_HONEST, "synchronous": "off"}
_ROLLBACK: dict[str, Setting] = {"journal": "delete", "synchronous": "extra"}

POWER_CUT = Experiment(
    id="power-cut",
    title="One recording, the same instants, and drives that treat a flush differently",
    arms=(
        Arm(name="lying", title="drive that ignores flushes", settings=_LYING),
        Arm(name="honest", title="drive that flushes", settings=_HONEST),
        Arm(
            name="protected",
            title="ignores flushes, cache protected",
            settings={**_LYING, "protected": True},
        ),
        Arm(
            name="lying-reset",
            title="ignores flushes, only the kernel crashes",
            settings={**_LYING, "stop": "kernel"},
        ),
        Arm(name="off", title="drive that flushes, synchronous off", settings=_OFF),
        Arm(
            name="off-protected",
            title="cache protected, synchronous off",
            settings={**_LYING, "protected": True, "synchronous": "off"},
        ),
        Arm(
            name="off-killed",
            title="synchronous off, only the database is killed",
            settings={**_OFF, "stop": "process"},
        ),
        Arm(
            name="lying-rollback",
            title="ignores flushes, rollback journal",
            settings={**_LYING, **_ROLLBACK},
        ),
        Arm(
            name="honest-rollback",
            title="flushes, rollback journal",
            settings={**_HONEST, **_ROLLBACK},
        ),
    ),
    metrics=_METRICS,
    gates=(
        Condition(
            id="flushes-asked-for",
            statement="SQLite asked for at least one flush per commit, which the drive could "
            "honour or ignore",
            metric="flushes",
            criterion=AtLeast(1),
            arms=("lying", "honest", "protected", "lying-reset"),
            guards=("lying", "lying-damages", "honest", "protected", "reset"),
        ),
        Condition(
            id="control",
            statement="on the drive that flushes, no cut cost more than SQLite's documentation "
            "allows, so that what the lying drive costs is the lie's doing",
            metric="broken_promises",
            criterion=AtMost(0),
            arms=("honest",),
            guards=("lying", "lying-damages"),
        ),
    ),
    plans={
        Depth.PROOF: Plan(design=Fixed(blocks=3), settings={**_RECORDING, "cuts": 100}),
        Depth.STUDY: Plan(design=Fixed(blocks=10), settings={**_LONG_RECORDING, "cuts": 200}),
    },
)

MODES = Experiment(
    id="modes",
    title="Every journal mode with every synchronous setting, on a drive that flushes",
    arms=sweep(
        "{journal}-{synchronous}",
        "{journal}, {synchronous}",
        journal=("delete", "truncate", "persist", "wal"),
        synchronous=("off", "normal", "full", "extra"),
        honours_flush=(True,),
        protected=(False,),
        cache_writes=(CACHE_WRITES,),
        stop=("power",),
    ),
    metrics=_METRICS,
    gates=(
        Condition(
            id="as-documented",
            statement="no cut cost more than SQLite's documentation allows for its mode, so that "
            "the modelled disk does no more harm than a real one may",
            metric="broken_promises",
            criterion=AtMost(0),
            guards=("delete-full", "wal-normal"),
        ),
    ),
    plans={
        Depth.PROOF: Plan(design=Fixed(blocks=3), settings={**_RECORDING, "cuts": 40}),
        Depth.STUDY: Plan(design=Fixed(blocks=10), settings={**_LONG_RECORDING, "cuts": 100}),
    },
)

DESTAGE = Experiment(
    id="destage",
    title="A drive that ignores flushes, with caches of different sizes",
    arms=sweep(
        "cache-{cache_writes}",
        "cache of {cache_writes} writes",
        journal=("wal",),
        synchronous=("full",),
        honours_flush=(False,),
        protected=(False,),
        cache_writes=(0, 1, 4, 16, 64, 256, 1024),
        stop=("power",),
    ),
    metrics=_METRICS,
    plans={
        Depth.STUDY: Plan(design=Fixed(blocks=10), settings={**_LONG_RECORDING, "cuts": 100}),
    },
)

EXPERIMENTS = (
    POWER_CUT,
    MODES,
    DESTAGE,
    POSTGRES,
    POSTGRES_DESTAGE,
    POSTGRES_NEVER,
    POSTGRES_METHODS,
    POSTGRES_PRICE,
    POSTGRES_FAILED_WRITE,
    POSTGRES_REPLICA,
)
