"""What is counted over one recording and its cuts, whatever the database. Values only."""

from earwitness.experiment.design import Metric

OF_CUTS = (
    Metric(name="cuts", title="Instants at which everything stopped", unit="cuts"),
    Metric(name="acknowledged", title="Commits acknowledged before, over all cuts", unit="commits"),
    Metric(name="lossy_cuts", title="Cuts that lost acknowledged commits", unit="cuts"),
    Metric(name="lossy", title="Cuts that lost acknowledged commits", unit="%"),
    Metric(
        name="lossy_bound",
        title="Upper end of the 95 % interval of that share, for this one recording",
        unit="%",
    ),
    Metric(name="lost", title="Acknowledged commits lost, over all cuts", unit="commits"),
    Metric(name="lost_share", title="Acknowledged commits lost", unit="%"),
    Metric(name="mean_lost", title="Acknowledged commits lost by a cut, mean", unit="commits"),
    Metric(name="most_lost", title="Acknowledged commits lost by the worst cut", unit="commits"),
    Metric(name="damaged_cuts", title="Cuts that left a damaged database", unit="cuts"),
    Metric(name="damaged", title="Cuts that left a damaged database", unit="%"),
    Metric(name="harmed_cuts", title="Cuts that lost, damaged or made up anything", unit="cuts"),
    Metric(
        name="gap_cuts",
        title="Cuts after which a commit was missing before a later one",
        unit="cuts",
    ),
    Metric(name="phantoms", title="Commits found that were never begun", unit="commits"),
)

DISAGREEMENT = Metric(
    name="flush_disagreement",
    title="Difference between the disk's count of flushes and the kernel's",
    unit="flushes",
)

OF_FLUSHES = (
    Metric(name="flushes", title="Flushes that reached the disk, per commit", unit="flushes"),
    DISAGREEMENT,
)
"""What is counted over a recording of a disk."""
