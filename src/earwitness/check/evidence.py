"""What was seen of a target, as plain values that can be saved and judged again.

Holds numbers, names of relations and settings, and what could not be seen; never a value of a
row, a key or a secret. What the evidence of one claim looks like, only that claim knows.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from earwitness.check.plan import Budget


class ReadRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A read that was carried out, or tried."""

    name: str
    text: str
    rows: int
    seconds: float
    failed: str | None = None
    """Why it gave nothing, in one line."""


class Unseen(msgspec.Struct, frozen=True, kw_only=True):
    """What could not be seen: never the same as "nothing there"."""

    claim: str
    what: str
    reason: str
    needs: str = ""
    """The grant or the action that would show it."""
    essential: bool = True
    """Whether the claim cannot be judged without it."""


@dataclass(frozen=True)
class Partly:
    """What a probe gives that saw something, but not everything it looked for."""

    evidence: Any
    """Of the claim."""
    missed: tuple[Unseen, ...]


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one check saw; enough to judge it again without the target."""

    schema: Literal["earwitness/evidence/1"] = "earwitness/evidence/1"
    kind: str
    """Of the target: ``postgresql``."""
    target: str
    """Its address, without secrets."""
    reached: bool
    message: str | None = None
    """Why the target was not reached or was lost, in one line."""
    version: str
    """Of Earwitness."""
    gathered_at: dt.datetime
    seconds: float
    """From the first word to the target to the last."""
    facts: Mapping[str, str] = {}
    """What the target is: its version, whether it is a standby, the rights of the session."""
    settings: Mapping[str, str] = {}
    """Settings of the target that were read, as it writes them."""
    budget: Budget
    reads: tuple[ReadRecord, ...] = ()
    claims: Mapping[str, Any] = {}
    """Evidence of each claim, by its id."""
    not_seen: tuple[Unseen, ...] = ()
