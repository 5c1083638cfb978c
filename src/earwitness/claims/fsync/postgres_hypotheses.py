"""The sentences on PostgreSQL that are held against its disk, in the order in which they are told.

Values only. They need a block device, and so root; none of them decides the claim. Random and worst
moments are hypotheses of their own: what only a chosen moment breaks is not said of a random one.
"""

from earwitness.experiment.design import (
    AtLeast,
    AtMost,
    Difference,
    Hypothesis,
    Inference,
    Ratio,
    Role,
    Value,
)

_CUTS = "postgres"
_DESTAGE = "postgres-destage"
_NEVER = "postgres-never"
_METHODS = "postgres-methods"
_PRICE = "postgres-price"
_FAILED = "postgres-failed-write"
_REPLICA = "postgres-replica"

_JOURNAL_TOO = 1.5
"""Times as many flushes: one for the log, and one more when the journal is written for its time."""

_TWICE = 2.0
"""Times as many commits per second, where a commit that waits for a flush waits 2 ms at least."""

_MORE = 5.0
"""Percentage points, one instant in twenty: less would not be seen among a hundred."""

_RARE = 2.0
"""Percent: what none of two hundred cuts leaves possible, by the exact 95 % interval, is 1.8."""

POSTGRES_HYPOTHESES = (
    Hypothesis(
        id="postgres-lying",
        statement="PostgreSQL with fsync and synchronous_commit on loses acknowledged commits at "
        "one or more of the instants drawn from each recording, or does not start again, when its "
        "disk ignores flushes",
        question="At how many of the instants does a power cut lose PostgreSQL's commits on a disk "
        "that ignores flushes?",
        role=Role.MECHANISM,
        experiment=_CUTS,
        contrast=Value(metric="lossy_cuts", arm="postgres-lying"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-honest",
        statement="on a disk that does its flushes, the same PostgreSQL loses no acknowledged "
        "commit and is not damaged at any of the same instants",
        question="At how many of the same instants does PostgreSQL lose or damage anything on a "
        "disk that flushes?",
        role=Role.MECHANISM,
        experiment=_CUTS,
        contrast=Value(metric="harmed_cuts", arm="postgres-honest"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-flushes",
        statement="the disk under PostgreSQL gets exactly as many flushes as the kernel's own "
        "statistic of the device says, so that they can be counted from outside",
        question="By how many flushes do the disk's count and the kernel's differ?",
        role=Role.MECHANISM,
        experiment=_CUTS,
        contrast=Value(metric="flush_disagreement", arm="postgres-honest"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-methods",
        statement="where a flush takes longer than a tick of the kernel's clock, a commit of "
        "PostgreSQL costs at least one and a half times as many flushes with wal_sync_method fsync "
        "as with fdatasync",
        question="How many times as many flushes per commit does wal_sync_method fsync cost as "
        "fdatasync?",
        role=Role.MECHANISM,
        experiment=_METHODS,
        contrast=Ratio(metric="flushes", arm="fsync-10ms", reference="fdatasync-10ms"),
        criterion=AtLeast(_JOURNAL_TOO),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-worst",
        statement="on the disk that does its flushes, PostgreSQL loses nothing and is not "
        "damaged at the worst moments either: those just before the flushes that save most",
        question="At how many of the worst moments does PostgreSQL lose or damage anything on a "
        "disk that flushes?",
        role=Role.MECHANISM,
        experiment=_CUTS,
        contrast=Value(metric="harmed_cuts", arm="postgres-honest-worst"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-sectors",
        statement="where the disk that flushes writes only 512 bytes whole, so that a page of 8 KiB "
        "can be torn into sixteen, PostgreSQL loses nothing and is not damaged at the worst moments",
        question="At how many of the worst moments does PostgreSQL lose or damage anything where "
        "only 512 bytes are written whole?",
        role=Role.MECHANISM,
        experiment=_CUTS,
        contrast=Value(metric="harmed_cuts", arm="postgres-sectors"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-torn",
        statement="with full_page_writes off, one or more of the worst moments lose commits or "
        "damage the database on the disk that flushes: a page is half new and half old",
        question="At how many of the worst moments does PostgreSQL without full_page_writes lose "
        "or damage anything?",
        role=Role.MECHANISM,
        experiment=_CUTS,
        contrast=Value(metric="harmed_cuts", arm="postgres-torn-worst"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-async",
        statement="with synchronous_commit off, PostgreSQL loses acknowledged commits at one or "
        "more random instants on the disk that flushes",
        question="At how many instants does PostgreSQL with synchronous_commit off lose commits "
        "on a disk that flushes?",
        role=Role.MECHANISM,
        experiment=_CUTS,
        contrast=Value(metric="lossy_cuts", arm="postgres-async"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-async-sound",
        statement="what synchronous_commit off loses is missing, and nothing is damaged",
        question="How many of those cuts damage the database?",
        role=Role.MECHANISM,
        experiment=_CUTS,
        contrast=Value(metric="damaged_cuts", arm="postgres-async"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-direct",
        statement="with direct I/O for tables and log, PostgreSQL loses nothing and is not "
        "damaged at the worst moments on the disk that flushes: going round the page cache does "
        "not go round the flush",
        question="At how many of the worst moments does PostgreSQL with direct I/O lose or "
        "damage anything?",
        role=Role.MECHANISM,
        experiment=_CUTS,
        contrast=Value(metric="harmed_cuts", arm="postgres-direct"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-window",
        statement="a disk that ignores flushes and holds a write for 100 ms at most still loses "
        "acknowledged commits at one or more instants",
        question="At how many instants does a disk that ignores flushes lose commits when it "
        "holds a write for 100 ms at most?",
        role=Role.MECHANISM,
        experiment=_DESTAGE,
        contrast=Value(metric="lossy_cuts", arm="window-100ms"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-bound",
        statement="two hundred cuts of each recording lose nothing on the disk that flushes, so "
        "that by the exact 95 % interval at most 2 % of its instants can",
        question="What share of the instants can still lose a commit of PostgreSQL on a disk "
        "that flushes, when none of those drawn did?",
        role=Role.MECHANISM,
        experiment=_NEVER,
        contrast=Value(metric="lossy_bound", arm="postgres-never"),
        criterion=AtMost(_RARE),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="price-async",
        statement="with flushes of 2 ms, synchronous_commit off commits at least twice as fast: "
        "what is given up is what a cut takes",
        question="How many times as many commits per second does synchronous_commit off make, "
        "with flushes of 2 ms?",
        role=Role.MECHANISM,
        experiment=_PRICE,
        contrast=Ratio(metric="pace", arm="async-2ms", reference="safe-2ms"),
        criterion=AtLeast(_TWICE),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="failed-write-retried",
        statement="when one write fails and data_sync_retry is on, the next checkpoint succeeds "
        "and a cut after it leaves a database that contradicts itself",
        question="After how many cuts is the database damaged, when one write failed and fsync "
        "was tried again?",
        role=Role.MECHANISM,
        experiment=_FAILED,
        contrast=Value(metric="damaged_cuts", arm="retries"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="failed-write-stopped",
        statement="when one write fails and data_sync_retry is off, the server stops itself, "
        "recovers from its log, and loses nothing",
        question="After how many cuts is anything lost or damaged, when the server stopped "
        "itself at the failure?",
        role=Role.MECHANISM,
        experiment=_FAILED,
        contrast=Value(metric="harmed_cuts", arm="stops"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-fsync-off",
        statement="with fsync off, PostgreSQL loses acknowledged commits at one or more instants "
        "on a disk that would do every flush as well",
        question="At how many instants does PostgreSQL with fsync off lose commits on a disk that "
        "flushes?",
        role=Role.RIVAL,
        experiment=_CUTS,
        contrast=Value(metric="lossy_cuts", arm="postgres-fsync-off"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-fsync-off-whole",
        statement="with fsync off, as long as the kernel has written nothing back by itself, no cut "
        "leaves a damaged database, whatever it takes",
        question="How many of the cuts damage the database with fsync off, when the kernel has "
        "written nothing back yet?",
        role=Role.MECHANISM,
        experiment=_CUTS,
        contrast=Value(metric="damaged_cuts", arm="postgres-fsync-off"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-fsync-off-written",
        statement="with fsync off, the share of instants at which a cut leaves a damaged database is "
        "higher by 5 percentage points or more once the kernel writes files back meanwhile, in an "
        "order of its own",
        question="By how many percentage points does the share of cuts that damage the database "
        "rise with fsync off, when the kernel writes files back meanwhile?",
        role=Role.MECHANISM,
        experiment=_CUTS,
        contrast=Difference(
            metric="damaged", arm="postgres-fsync-off-written", reference="postgres-fsync-off"
        ),
        criterion=AtLeast(_MORE),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="postgres-protected",
        statement="a disk that ignores flushes but saves its cache when power fails loses none "
        "of PostgreSQL's commits and damages nothing",
        question="At how many instants does PostgreSQL lose or damage anything on a disk that "
        "ignores flushes but saves its cache?",
        role=Role.REMEDY,
        experiment=_CUTS,
        contrast=Value(metric="harmed_cuts", arm="postgres-protected"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-replicated",
        statement="where a synchronous replica on a machine that keeps its power takes over, "
        "nothing that was acknowledged on the disk that ignores flushes is lost",
        question="How many of the cuts lose or damage anything when a synchronous replica takes "
        "over?",
        role=Role.REMEDY,
        experiment=_REPLICA,
        contrast=Value(metric="harmed_cuts", arm="replicated"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
)
"""None takes part in the verdict of the claim."""
