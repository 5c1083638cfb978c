"""Records of runs: who owns one, how it stands, how it ended.

A record that says ``running`` while its owner is dead is told as, and becomes, ``interrupted``.
"""

import contextlib
import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from earwitness.store import owners, tables
from earwitness.store.connection import Store
from earwitness.store.errors import StoreError
from earwitness.store.owners import Owner

Kind = Literal["experiment", "check"]
"""What was done: a claim rerun on our own servers, or somebody's own system looked at."""
Status = Literal["running", "finished", "interrupted", "failed"]

_ORPHANED = "the process that ran it ended before it did"


class UnknownRun(StoreError):
    """No run has that id, or several begin with it."""


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """One row of ``runs``."""

    id: str
    kind: Kind
    claim: str
    """Of an experiment its claim; of a check what it looked at: ``check:postgresql``."""
    depth: str
    """Of an experiment; empty for a check."""
    seed: int
    status: Status
    message: str | None
    verdict: str | None
    version: str
    owner_pid: int
    owner_started: float
    started_at: dt.datetime
    finished_at: dt.datetime | None


def begin(
    store: Store,
    *,
    claim: str,
    version: str,
    depth: str = "",
    seed: int = 0,
    kind: Kind = "experiment",
    started_at: dt.datetime | None = None,
) -> RunRecord:
    """A new record, owned by this process. Only experiments have a depth and a seed.

    ``started_at``: when it began, where that was before now.
    """
    now = started_at or _now()
    owner = owners.this_process()
    record = RunRecord(
        id=f"{claim.replace(':', '-')}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}",
        kind=kind,
        claim=claim,
        depth=depth,
        seed=seed,
        status="running",
        message=None,
        verdict=None,
        version=version,
        owner_pid=owner.pid,
        owner_started=owner.started,
        started_at=now,
        finished_at=None,
    )
    row = {**vars(record), "started_at": now.isoformat()}
    with store.writing() as connection:
        connection.execute(tables.runs.insert().values(**row))
    return record


def end(
    store: Store, id: str, status: Status, *, verdict: str | None = None, message: str | None = None
) -> None:
    """Close a record; one that is closed already stays as it is."""
    with store.writing() as connection:
        connection.execute(
            tables.runs.update()
            .where(tables.runs.c.id == id, tables.runs.c.status == "running")
            .values(status=status, verdict=verdict, message=message, finished_at=_now().isoformat())
        )


def every(store: Store, *, claim: str | None = None, most: int | None = None) -> list[RunRecord]:
    """The records, newest first."""
    query = sa.select(tables.runs).order_by(tables.runs.c.started_at.desc()).limit(most)
    if claim is not None:
        query = query.where(tables.runs.c.claim == claim)
    _interrupt_orphans(store)
    with store.reading() as connection:
        return [_record(row) for row in connection.execute(query)]


def newest_by_claim(store: Store) -> dict[str, RunRecord]:
    """The newest finished experiment of each claim."""
    newest: dict[str, RunRecord] = {}
    for record in every(store):
        if record.kind == "experiment" and record.status == "finished":
            newest.setdefault(record.claim, record)
    return newest


def find(store: Store, name: str) -> RunRecord:
    """The run of that id, of that beginning of an id, or the newest one for ``latest``.

    Raises UnknownRun when there is none or more than one.
    """
    _interrupt_orphans(store)
    query = sa.select(tables.runs).order_by(tables.runs.c.started_at.desc())
    if name == "latest":
        query = query.limit(1)
    else:
        query = query.where(tables.runs.c.id.startswith(name, autoescape=True))
    with store.reading() as connection:
        found = [_record(row) for row in connection.execute(query)]
    exact = [record for record in found if record.id == name]
    if len(found) > 1 and not exact:
        raise UnknownRun(f"{len(found)} runs begin with {name!r}: write more of the id")
    if not found:
        raise UnknownRun(f"there is no run {name!r}").hinting(
            "`earwitness runs list` shows those there are"
        )
    return (exact or found)[0]


def _interrupt_orphans(store: Store) -> None:
    """Close the records of dead owners, where the store can be written."""
    with store.reading() as connection:
        running = sa.select(tables.runs).where(tables.runs.c.status == "running")
        orphans = [row.id for row in connection.execute(running) if _is_orphan(row)]
    with contextlib.suppress(StoreError):  # on a full disk it is told, and written another time
        for id in orphans:
            end(store, id, "interrupted", message=_ORPHANED)


def _is_orphan(row: sa.Row[Any]) -> bool:
    return row.status == "running" and not Owner(row.owner_pid, row.owner_started).is_alive()


def _record(row: sa.Row[Any]) -> RunRecord:
    values = dict(row._mapping)
    values["started_at"] = dt.datetime.fromisoformat(values["started_at"])
    if values["finished_at"] is not None:
        values["finished_at"] = dt.datetime.fromisoformat(values["finished_at"])
    if _is_orphan(row):
        values |= {"status": "interrupted", "message": _ORPHANED}
    return RunRecord(**values)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
