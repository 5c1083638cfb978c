"""What the episode on drives and fsync says, and how it is put to the test.

A value: no I/O, nothing but the vocabulary of experiments. Its hypotheses and experiments are
values too, in ``hypotheses`` and ``design``; what is run stands in ``experiment``.
"""

from earwitness.claims.fsync.charts import ONE_RECORDING, POSTGRES_CHARTS
from earwitness.claims.fsync.design import EXPERIMENTS
from earwitness.claims.fsync.hypotheses import HYPOTHESES
from earwitness.experiment.design import (
    Bars,
    Boundary,
    Claim,
    Remedy,
    Source,
    Surprise,
)

_CHARTS = (
    Bars(
        experiment="power-cut",
        metric="lossy",
        title="Cuts that lost acknowledged commits",
        caption=f"Same recording, same instants; only what keeps its contents differs. "
        f"{ONE_RECORDING}",
    ),
    Bars(
        experiment="power-cut",
        metric="damaged",
        title="Cuts that left a damaged database",
        caption="SQLite's own integrity check, and sums that only whole commits satisfy.",
    ),
    Bars(
        experiment="modes",
        metric="lossy",
        title="Cuts that lost acknowledged commits, on a drive that flushes",
        caption=f"What is lost here is lost by the setting and not by the drive. {ONE_RECORDING}",
    ),
    Bars(
        experiment="modes",
        metric="most_lost",
        title="Commits lost by the worst cut, on a drive that flushes",
        caption="A journal that comes back takes one commit with it; WAL with NORMAL loses all since "
        "the last checkpoint at worst. A database that cannot be read has lost all.",
    ),
    Bars(
        experiment="modes",
        metric="flushes",
        title="Flushes per commit",
        caption="Counted where SQLite asks its file system for them, folders included.",
    ),
    Bars(
        experiment="destage",
        metric="lossy",
        title="Cuts that lost acknowledged commits, against the size of the lying drive's cache",
        caption="The more writes the drive holds back, the more a cut costs; with none it is as "
        "good as honest.",
    ),
    Bars(
        experiment="destage",
        metric="damaged",
        title="Cuts that left a damaged database, against the size of that cache",
        caption="To lose a few of the last writes leaves most databases whole; to lose any of "
        "hundreds leaves few.",
    ),
    *POSTGRES_CHARTS,
)

CLAIM = Claim(
    id="fsync",
    title="A drive that lies about flushes loses commits that the database had confirmed",
    said="A write is not on the drive when the call returns: it waits in the kernel's page cache "
    "until fsync, and then in the drive's own cache, which some drives call flushed when it is "
    "not. Whether a power cut then costs anything depends on the drive, and on which of its sync "
    "settings the database uses.",
    source=Source(
        show="backend-engineering-show",
        episode="ssd-fsync",
        chapter="SSD ignores the flush",
        seconds=560,
    ),
    headline="lying",
    hypotheses=HYPOTHESES,
    experiments=EXPERIMENTS,
    boundary=Boundary(
        true_when="power fails while the drive holds writes in a volatile cache that it has called "
        "flushed; a database that is told not to flush loses as much on any drive.",
        false_when="the drive does its flushes or saves its cache when power fails, or when only "
        "the database or the kernel dies and the drive keeps its power.",
    ),
    remedy=Remedy(
        text="No setting of a database holds on a drive that lies. Use drives with power-loss "
        "protection, or ones that do what a flush asks, and let the database flush at each commit: "
        "in SQLite synchronous FULL with WAL, or EXTRA with a deleted rollback journal. A synchronous "
        "replica that keeps its power has what the drive lost.",
        hypothesis="protected",
    ),
    charts=_CHARTS,
    surprises=(
        Surprise(
            hypothesis="protected",
            text="The drive with a protected cache ignored every flush too, and {effect} in a "
            "block cost anything: a lie, and no harm done.",
        ),
        Surprise(
            hypothesis="delete-full",
            text="Without any lie, DELETE with synchronous FULL lost its last commit in {effect} "
            "of a block: SQLite deletes the journal and does not flush the folder, and a journal "
            "that comes back is rolled back.",
        ),
        Surprise(
            hypothesis="reset",
            text="Where the kernel crashed at the same instants and the lying drive kept its "
            "power, {effect} in a block cost anything: all that it had only pretended to write was "
            "still there.",
        ),
        Surprise(
            hypothesis="postgres-flushes",
            text="Under PostgreSQL, the disk and the kernel counted the same flushes: on a real "
            "machine, too, they can be counted from outside, in the device's statistic.",
        ),
        Surprise(
            hypothesis="failed-write-retried",
            text="One failed write, an fsync that was tried again and succeeded, a checkpoint that "
            "succeeded: {effect} in a block left PostgreSQL contradicting itself, with every "
            "checksum right.",
        ),
    ),
)
