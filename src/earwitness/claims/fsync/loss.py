"""What is missing or wrong in a database that was cut off, held against what its client was told.

Plain values and counting, the same for every database. Commits are numbered from 1 without gaps, so
that what a client was told is a prefix, and what survives must be one.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a database says after it was cut off and opened again.

    ``numbers``: the commits that are there. ``problem``: why it is damaged, in the database's
    words or ours; None when it is sound.
    """

    numbers: frozenset[int]
    problem: str | None


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
