"""The sentences that are held against the cuts, in the order in which they are told.

Values only, part of ``claim``. All are counted. The instants of a block are drawn at random from
one recording: they say how much of that recording is at risk, and are not independent worlds.
"""

from earwitness.experiment.design import (
    AtLeast,
    AtMost,
    Hypothesis,
    Inference,
    Ratio,
    Role,
    Value,
)

_POWER_CUT = "power-cut"
_MODES = "modes"
_POSTGRES = "postgres"
_POSTGRES_METHODS = "postgres-methods"

_SEVERAL = 3.0
"""Times as many flushes; SQLite's own order of work gives five against one and a checkpoint's."""

_JOURNAL_TOO = 1.5
"""Times as many flushes: one for the log, and one more when the journal is written for its time."""

HYPOTHESES = (
    Hypothesis(
        id="lying",
        statement="on a drive that answers flushes without doing them, a power cut loses "
        "acknowledged commits at one or more of the instants drawn from each recording",
        question="At how many of the instants does a power cut lose commits on a drive that "
        "ignores flushes?",
        role=Role.CLAIM,
        experiment=_POWER_CUT,
        contrast=Value(metric="lossy_cuts", arm="lying"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="lying-damages",
        statement="on the drive that ignores flushes, one or more of these cuts also leave a "
        "database that contradicts itself or cannot be read",
        question="How many of the cuts leave a damaged database on a drive that ignores flushes?",
        role=Role.MECHANISM,
        experiment=_POWER_CUT,
        contrast=Value(metric="damaged_cuts", arm="lying"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="honest",
        statement="on a drive that does its flushes, WAL with synchronous FULL loses no "
        "acknowledged commit and damages nothing at any of the same instants",
        question="At how many of the same instants does a drive that flushes lose or damage "
        "anything?",
        role=Role.MECHANISM,
        experiment=_POWER_CUT,
        contrast=Value(metric="harmed_cuts", arm="honest"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="reset",
        statement="the drive that ignores flushes loses no acknowledged commit and damages nothing "
        "at any instant when the kernel crashes and the drive keeps its power",
        question="At how many instants does a kernel crash lose or damage anything on a drive that "
        "ignores flushes but keeps its power?",
        role=Role.MECHANISM,
        experiment=_POWER_CUT,
        contrast=Value(metric="harmed_cuts", arm="lying-reset"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="delete-full",
        statement="on a drive that does its flushes, the rollback journal in mode DELETE with "
        "synchronous FULL loses an acknowledged commit at one or more instants",
        question="At how many instants does DELETE with synchronous FULL lose a commit on a drive "
        "that flushes?",
        role=Role.MECHANISM,
        experiment=_MODES,
        contrast=Value(metric="lossy_cuts", arm="delete-full"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="wal-normal",
        statement="on a drive that does its flushes, WAL with synchronous NORMAL loses "
        "acknowledged commits at one or more instants",
        question="At how many instants does WAL with synchronous NORMAL lose commits on a drive "
        "that flushes?",
        role=Role.MECHANISM,
        experiment=_MODES,
        contrast=Value(metric="lossy_cuts", arm="wal-normal"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="flushes",
        statement="with synchronous EXTRA, a commit asks for at least three times as many flushes "
        "with a deleted rollback journal as with WAL",
        question="How many times as many flushes per commit does DELETE ask for as WAL, both with "
        "synchronous EXTRA?",
        role=Role.MECHANISM,
        experiment=_MODES,
        contrast=Ratio(metric="flushes", arm="delete-extra", reference="wal-extra"),
        criterion=AtLeast(_SEVERAL),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-lying",
        statement="PostgreSQL with fsync and synchronous_commit on loses acknowledged commits at "
        "one or more of the instants drawn from each recording, or does not start again, when its "
        "disk ignores flushes",
        question="At how many of the instants does a power cut lose PostgreSQL's commits on a disk "
        "that ignores flushes?",
        role=Role.MECHANISM,
        experiment=_POSTGRES,
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
        experiment=_POSTGRES,
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
        experiment=_POSTGRES,
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
        experiment=_POSTGRES_METHODS,
        contrast=Ratio(metric="flushes", arm="fsync", reference="fdatasync"),
        criterion=AtLeast(_JOURNAL_TOO),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="off",
        statement="with synchronous OFF, a drive that would do every flush loses acknowledged "
        "commits at one or more instants as well: it takes no lying drive",
        question="At how many instants are commits lost on a drive that flushes, with synchronous "
        "OFF?",
        role=Role.RIVAL,
        experiment=_POWER_CUT,
        contrast=Value(metric="lossy_cuts", arm="off"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="postgres-fsync-off",
        statement="with fsync off, PostgreSQL loses acknowledged commits at one or more instants "
        "on a disk that would do every flush as well",
        question="At how many instants does PostgreSQL with fsync off lose commits on a disk that "
        "flushes?",
        role=Role.RIVAL,
        experiment=_POSTGRES,
        contrast=Value(metric="lossy_cuts", arm="postgres-fsync-off"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="protected",
        statement="a drive that ignores flushes but saves its cache when power fails loses no "
        "acknowledged commit and damages nothing at any instant",
        question="At how many instants does a drive lose or damage anything that ignores flushes "
        "but saves its cache?",
        role=Role.REMEDY,
        experiment=_POWER_CUT,
        contrast=Value(metric="harmed_cuts", arm="protected"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="delete-extra",
        statement="on a drive that does its flushes, DELETE with synchronous EXTRA loses no "
        "acknowledged commit and damages nothing at any instant",
        question="At how many instants does DELETE with synchronous EXTRA lose or damage anything "
        "on a drive that flushes?",
        role=Role.REMEDY,
        experiment=_MODES,
        contrast=Value(metric="harmed_cuts", arm="delete-extra"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
)
