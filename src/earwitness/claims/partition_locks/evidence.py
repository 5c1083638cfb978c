"""What the probe of a PostgreSQL server sees of partition trees; what the judge judges.

Plain values that are saved as JSON; adding a field keeps older evidence readable when the field
has a default. Computed by ``headroom`` from what the catalog says.
"""

from typing import Literal

import msgspec

Prunes = Literal["always", "custom_only", "never", "unknown"]
"""Whether a statement's plans leave partitions out, and with it their locks."""


class PartitionTree(msgspec.Struct, frozen=True, kw_only=True):
    """A partitioned table, or one that others inherit from, and the locks of a plain SELECT on all of it."""

    relation: str
    """Name with schema, quoted where SQL needs it."""
    partitions: int
    """Leaves: the partitions that hold rows."""
    indexes: int
    """Index relations that such a query locks."""
    locks: int
    """All relation locks of the query; ``locks == fast + slow``."""
    fast: int
    """Those in the backend's own fast-path slots."""
    slow: int
    """Those in the lock table that all sessions share."""
    slots: int
    """Fast-path slots of each backend."""
    sessions_until_exhaustion: int | None
    """How many sessions can hold these locks at once for certain; None when nothing is slow.

    A worker of a parallel query counts as a session.
    """
    setting_for_fast_path: int | None = None
    """The least max_locks_per_transaction with which nothing is slow.

    None when nothing is slow already, or when no setting of this version helps.
    """
    setting_for_all_sessions: int | None = None
    """The least max_locks_per_transaction with which all permitted connections can hold the locks.

    None when they already can.
    """

    def __post_init__(self) -> None:
        """ValueError when the numbers contradict each other, as no probe says them."""
        counts = (self.partitions, self.indexes, self.fast, self.slow, self.slots)
        if min(counts) < 0 or self.locks != self.fast + self.slow:
            raise ValueError(f"the locks of {self.relation} do not add up")
        if (self.slow == 0) != (self.sessions_until_exhaustion is None):
            raise ValueError(f"the sessions of {self.relation} contradict its locks")


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement of pg_stat_statements that reads at least one partition tree."""

    queryid: str
    """PostgreSQL's number for it, as text."""
    text: str
    """Without literals and comments, shortened."""
    calls: int
    """Since the counters were reset, or since it was first seen."""
    seconds: float
    """Spent executing it, all calls together."""
    relations: tuple[str, ...]
    """The partitioned tables that it reads."""
    unpruned: tuple[str, ...] = ()
    """Those of them of which no plan leaves a partition out; empty unless ``prunes`` is never."""
    prunes: Prunes
    """``custom_only``: with values, not with parameters as in a generic plan."""
    by: Literal["plan", "text"]
    """Whether the server's planner decided it, or the text and the catalog."""
    locks: int
    """Relation locks of its generic plan; by text: of a plan that prunes nothing."""
    fast: int
    """Those in the backend's own slots."""
    slow: int
    """Those in the lock table that all sessions share."""
    custom_locks: int | None = None
    """Relation locks with values of one partition; None when that was not asked."""
    reason: str = ""
    """Why ``prunes`` is unknown."""
    not_planned: str = ""
    """Why the planner did not decide it; empty where nobody asked."""


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """What active sessions waited for, sampled on request."""

    seconds: float
    """For how long."""
    hertz: float
    """Samples in a second that were really taken."""
    samples: int
    active: int
    """Active sessions seen, all samples together."""
    lock_manager: int
    """Those of them that waited for LWLock:LockManager."""


class PartitionLocks(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that decide over locks, and every partition tree of one database."""

    major: int
    """Major version of the server."""
    max_locks_per_transaction: int
    max_connections: int
    lockable_objects: int
    """How many different locks the shared lock table is sized for."""
    partition_trees: tuple[PartitionTree, ...]
    inheritance_trees: tuple[PartitionTree, ...] = ()
    """Tables that others inherit from and that are not partitioned; ``partitions`` counts them too."""
    statements: tuple[Statement, ...] | None = None
    """Those that read a partition tree, most calls first; None: not seen."""
    statements_seconds: float | None = None
    """For how long the server has been counting them; None: it does not say."""
    waits: Waits | None = None
    """None: nobody asked, or not seen."""
