"""What is missing or wrong in a database that was cut off, held against what its client was told.

Plain values and counting, the same for every database. Commits are numbered from 1 without gaps, so
that what a client was told is a prefix, and what survives must be one.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass


class Obstacle(enum.StrEnum):
    """What kept a database from being opened at all."""

    FILE_SYSTEM = "file system"
    SERVER = "server"


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a database says after it was cut off and opened again.

    ``numbers``: the commits that are there. ``problem``: why it is damaged, in the database's
    words or ours; None when it is sound. ``obstacle``: what failed when nothing could be read.
    """

    numbers: frozenset[int]
    problem: str | None
    obstacle: Obstacle | None = None


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What a client finds missing or wrong.

    ``lost``: acknowledged commits that are not there. ``has_gap``: a commit is missing although a
    later one is there. ``phantoms``: commits that were never begun. ``damaged``: the database
    contradicts itself or cannot be read.
    """

    acknowledged: int
    lost: int
    has_gap: bool
    phantoms: int
    damaged: bool

    @property
    def is_harm(self) -> bool:
        """Whether anything at all is missing or wrong."""
        return self.lost > 0 or self.has_gap or self.phantoms > 0 or self.damaged


def compare(acknowledged: int, found: Found) -> Loss:
    """Hold what is there against the number of commits that were acknowledged.

    The commit after those may be there or not: its client was still waiting for the answer.
    """
    numbers = found.numbers
    begun = acknowledged + 1
    return Loss(
        acknowledged=acknowledged,
        lost=sum(number not in numbers for number in range(1, acknowledged + 1)),
        has_gap=bool(numbers) and max(numbers) != len(numbers),
        phantoms=sum(number > begun for number in numbers),
        damaged=found.problem is not None,
    )


def compare_clients(acknowledged: Sequence[int], found: Found) -> Loss:
    """The same for clients that commit at once, each of which has numbers of its own in order.

    ``acknowledged``: of each client. Client c of n, from 0, has the numbers c + 1, c + 1 + n, ...
    """
    clients = len(acknowledged)
    parts = []
    for client, told in enumerate(acknowledged):
        own = (number for number in found.numbers if (number - 1) % clients == client)
        numbers = frozenset((number - 1) // clients + 1 for number in own)
        parts.append(compare(told, Found(numbers=numbers, problem=found.problem)))
    return Loss(
        acknowledged=sum(acknowledged),
        lost=sum(part.lost for part in parts),
        has_gap=any(part.has_gap for part in parts),
        phantoms=sum(part.phantoms for part in parts),
        damaged=found.problem is not None,
    )
