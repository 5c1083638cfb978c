"""What a worker is asked to do: the one message that goes from the launcher to it.

A value and its encoding, shared by both sides.
"""

import msgspec

from earwitness.experiment.design import Depth


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One run of one claim. ``budget_seconds`` of None is without limit."""

    run: str
    claim: str
    depth: Depth
    seed: int
    budget_seconds: float | None


def encode(order: Order) -> bytes:
    """One line."""
    return msgspec.json.encode(order) + b"\n"


def decode(line: bytes) -> Order:
    """The order of one line; msgspec.ValidationError or DecodeError when it is none."""
    return msgspec.json.decode(line, type=Order)
