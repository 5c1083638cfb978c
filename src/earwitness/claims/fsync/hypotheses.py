"""The sentences that are held against the cuts, in the order in which they are told.

Values only, part of ``claim``; those on PostgreSQL stand in ``postgres_hypotheses``. Nearly all are
counted; "never" is a number of cuts, and its upper bound is a hypothesis of its own. The instants of
a block are drawn at random from one recording: they say how much of that recording is at risk, and
are not independent worlds.
"""

from earwitness.claims.fsync.postgres_hypotheses import POSTGRES_HYPOTHESES
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
_DESTAGE = "destage"

_SEVERAL = 3.0
"""Times as many flushes; SQLite's own order of work gives five against one and a checkpoint's."""

_HALF = 50.0
"""Percent."""

_RARE = 4.0
"""Percent: what none of a hundred cuts leaves possible, by the exact 95 % interval, is 3.6."""

_OF_SQLITE = (
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
        id="honest-bound",
        statement="so many cuts lose nothing that, by the exact 95 % interval, at most 4 % of a "
        "recording's instants can lose a commit on the drive that does its flushes",
        question="What share of the instants can still lose a commit on a drive that flushes, when "
        "none of those drawn did?",
        role=Role.MECHANISM,
        experiment=_POWER_CUT,
        contrast=Value(metric="lossy_bound", arm="honest"),
        criterion=AtMost(_RARE),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="lying-rate",
        statement="with a cache of 64 writes that ignores flushes, more than half of the instants "
        "lose an acknowledged commit",
        question="What share of the instants loses a commit with a cache of 64 writes that ignores "
        "flushes?",
        role=Role.MECHANISM,
        experiment=_DESTAGE,
        contrast=Value(metric="lossy", arm="cache-64"),
        criterion=AtLeast(_HALF),
        inference=Inference.INTERVAL,
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

HYPOTHESES = (*_OF_SQLITE, *POSTGRES_HYPOTHESES)
