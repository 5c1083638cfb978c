"""What the settings of an arm mean: which server, which table, which query.

Pure. An arm names ``partitions`` and ``indexes``, and may name ``partitioned``, ``query`` (``keyed``
or ``unkeyed``), ``major`` and ``max_locks_per_transaction``; what it leaves out stands in
``target``.
"""

from dataclasses import dataclass

from earwitness.claims.partition_locks.schema import Orders
from earwitness.experiment.design import Arm

NEWEST_MAJOR = 18
"""The version of arms that do not name one: it has both kinds of fast path, by its settings."""

ServerKey = tuple[int, int | None]
"""Major version and max_locks_per_transaction (None: its default); arms with the same one share."""


@dataclass(frozen=True)
class Target:
    """What an arm is tried on."""

    major: int
    max_locks_per_transaction: int | None
    """None: PostgreSQL's default."""
    orders: Orders
    query: str

    @property
    def server(self) -> ServerKey:
        """Arms with the same one share a server."""
        return self.major, self.max_locks_per_transaction

    @property
    def day(self) -> int:
        """The day that the keyed query names: one in the middle."""
        return self.orders.days // 2

    @property
    def sql(self) -> str:
        """The query itself."""
        if self.query == "keyed":
            return self.orders.keyed(day=self.day)
        return self.orders.unkeyed()


def target(arm: Arm, rows: int) -> Target:
    """What the settings of an arm mean. ValueError for a query that there is not."""
    settings = arm.settings
    partitions, indexes = int(settings["partitions"]), int(settings["indexes"])
    partitioned = bool(settings.get("partitioned", True))
    query = str(settings.get("query", "unkeyed"))
    if query not in ("keyed", "unkeyed"):
        raise ValueError(f"arm {arm.name}: there is no query {query!r}")
    limit = settings.get("max_locks_per_transaction")
    return Target(
        major=int(settings.get("major", NEWEST_MAJOR)),
        max_locks_per_transaction=None if limit is None else int(limit),
        orders=Orders(
            name=f"orders_{partitions}_{indexes}"
            if partitioned
            else f"flat_{partitions}_{indexes}",
            days=partitions,
            indexes=indexes,
            rows=rows,
            partitioned=partitioned,
        ),
        query=query,
    )
