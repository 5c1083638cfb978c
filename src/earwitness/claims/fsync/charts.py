"""The charts on PostgreSQL. Values only, part of ``claim``."""

from earwitness.experiment.design import Bars, Curve

ONE_RECORDING = (
    "The instants of a block belong to one recording: none lost among them bounds what that "
    "recording risks, and says little of others."
)

POSTGRES_CHARTS = (
    Bars(
        experiment="postgres",
        metric="lossy",
        title="Cuts that lost PostgreSQL's acknowledged commits",
        caption="A block device under ext4 and PostgreSQL; a server that does not start again has "
        f"lost all. The worst moments are chosen, the others drawn at random. {ONE_RECORDING}",
    ),
    Bars(
        experiment="postgres",
        metric="damaged",
        title="Cuts that left PostgreSQL damaged",
        caption="It did not start, could not read a page, or contradicts itself.",
    ),
    Curve(
        experiment="postgres-destage",
        metrics=("mean_lost",),
        along="window_ms",
        title="Commits that a cut takes, against how long the lying disk holds a write",
        caption="Milliseconds from the write until the disk has emptied it in the background. A cut "
        "takes about what was committed in that time; with longer ones some leave no file system that "
        "is mounted or no server that starts, and have taken all.",
        logarithmic=True,
    ),
    Bars(
        experiment="postgres-methods",
        metric="flushes",
        title="Flushes per commit of PostgreSQL",
        caption="Counted at the disk. fsync and open_sync flush the file's time as well, which the "
        "file system's journal records; where a flush is quicker than the tick of that time, "
        "several commits share it.",
    ),
    Bars(
        experiment="postgres-methods",
        metric="pace",
        title="Commits per second by wal_sync_method and time of a flush",
        caption="One client. Direct I/O goes round the page cache and still waits for the flush.",
    ),
    Bars(
        experiment="postgres-price",
        metric="pace",
        title="What safety costs in commits per second",
        caption="Four clients, which share flushes. The two that are all safe are one setting.",
    ),
)
