"""What the verbs on past runs say as ``--format json``: rows of the list, a replay, a comparison.

Values only. The list of runs is a plain list.
"""

import dataclasses
from typing import Literal

import msgspec

from earwitness.report.comparison import Row
from earwitness.store.runs import RunRecord


class ReplayDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A run or a check judged again."""

    schema: Literal["earwitness/replay/1"] = "earwitness/replay/1"
    run: str
    verdict: str
    """Computed anew."""
    agrees: bool
    stored: str | None
    """None: it did not finish."""


class ComparisonDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs or two checks side by side; only one of both lists is there."""

    schema: Literal["earwitness/comparison/1"] = "earwitness/comparison/1"
    hypotheses: tuple[Row, ...] | msgspec.UnsetType = msgspec.UNSET
    findings: tuple[Row, ...] | msgspec.UnsetType = msgspec.UNSET
    environment: dict[str, tuple[str, str]]
    """What differs around them: the value of the one, and of the other."""


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run or a check in the list."""

    id: str
    kind: Literal["experiment", "check"]
    claim: str
    depth: str
    seed: int
    status: str
    message: str | None
    verdict: str | None
    version: str
    owner_pid: int
    owner_started: float
    started_at: str
    finished_at: str | None


def row(record: RunRecord) -> RunRow:
    """A record as the list has it."""
    ended = record.finished_at
    times = {
        "started_at": record.started_at.isoformat(),
        "finished_at": None if ended is None else ended.isoformat(),
    }
    return RunRow(**dataclasses.asdict(record) | times)
