"""What one trial gave: raw numbers and outcomes, stored before anybody judges them.

Values only; no judgement, no I/O.
"""

from collections.abc import Mapping

import msgspec


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What the bench saw in one trial.

    ``values`` are scalars and counts by the name of their metric (units stand there); ``outcomes``
    are words: an error that the claim is about is an outcome, not an exception.
    """

    values: Mapping[str, float] = {}
    outcomes: Mapping[str, str] = {}


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One arm in one block, with what was observed. ``position`` is its place in the block."""

    experiment: str
    block: int
    position: int
    arm: str
    observation: Observation
    seconds: float
    """Wall-clock seconds that the trial took, preparation included."""
