"""What the probe of a PostgreSQL server sees of partition trees; what the judge judges.

Plain values that are saved as JSON; adding a field keeps older evidence readable when the field
has a default. Computed by ``headroom`` from what the catalog says.
"""

import msgspec


class PartitionTree(msgspec.Struct, frozen=True, kw_only=True):
    """A partitioned table, and the locks of one plain SELECT on it that prunes nothing."""

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
    """How many sessions can hold these locks at once for certain; None when nothing is slow."""
    setting_for_fast_path: int | None = None
    """The least max_locks_per_transaction with which nothing is slow.

    None when nothing is slow already, or when no setting of this version helps.
    """
    setting_for_all_sessions: int | None = None
    """The least max_locks_per_transaction with which all permitted connections can hold the locks.

    None when they already can.
    """


class PartitionLocks(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that decide over locks, and every partition tree of one database."""

    major: int
    """Major version of the server."""
    max_locks_per_transaction: int
    max_connections: int
    lockable_objects: int
    """How many different locks the shared lock table is sized for."""
    partition_trees: tuple[PartitionTree, ...]
