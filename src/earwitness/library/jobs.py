"""Long work on an episode, as records: who does it, how far it is, how it ended.

There is one record for each kind of work and subject, so that two processes do not do the same
twice; whoever begins again takes over the record of one that ended. A record that says ``running``
while its owner is dead is told as ``interrupted``. What was done so far stands in files, and how to
go on from there is the business of who does the work.
"""

import contextlib
import datetime as dt
import enum
import time
from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa

from earwitness.store import library_tables as tables
from earwitness.store import owners
from earwitness.store.connection import Store
from earwitness.store.owners import Owner
from earwitness.trouble import Trouble

_BETWEEN_NOTES = 0.5
"""Seconds between two notes of progress in the store; each is a transaction on disk."""


class JobKind(enum.StrEnum):
    """What is done."""

    DOCUMENTS = "documents"
    """Fetch the chapters and the transcript that a feed offers for an episode."""
    DOWNLOAD = "download"
    RECOGNISE = "recognise"
    EMBED = "embed"
    """Make the vectors that passages of the whole library lack."""


class JobTaken(Trouble):
    """Another process is at it, or has done what is done once; the message is one line."""


class JobRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One row of ``jobs``."""

    kind: str
    subject: str
    status: str
    """``running``, ``finished``, ``interrupted`` or ``failed``."""
    done: float
    """0 to 1."""
    message: str | None
    owner_pid: int
    started_at: str
    updated_at: str


class Job:
    """The pen of who does the work."""

    def __init__(self, store: Store, kind: JobKind, subject: str) -> None:
        self._store = store
        self._of_this = sa.and_(tables.jobs.c.kind == kind.value, tables.jobs.c.subject == subject)
        self._noted = time.monotonic()
        self.ended = False

    def note(self, done: float) -> None:
        """Write how far it is, from 0 to 1; not more often than anybody would look."""
        if time.monotonic() - self._noted >= _BETWEEN_NOTES:
            self._noted = time.monotonic()
            self._write(done=min(1.0, max(0.0, done)))

    def end(self, status: str, message: str | None = None) -> None:
        """Close the record; who does the work may do so himself before its block ends."""
        self.ended = True
        done = {"done": 1.0} if status == "finished" else {}
        self._write(status=status, message=message, **done)

    def _write(self, **values: Any) -> None:
        with self._store.writing() as connection:
            connection.execute(
                tables.jobs.update().where(self._of_this).values(updated_at=_now(), **values)
            )


@contextlib.contextmanager
def working(store: Store, kind: JobKind, subject: str, *, once: bool = False) -> Iterator[Job]:
    """Do the work inside the block; its record ends as the block does. Raises JobTaken.

    ``once``: work that is finished is not done again.
    """
    _claim(store, kind, subject, once=once)
    job = Job(store, kind, subject)
    try:
        yield job
    except Exception as problem:
        job.end("failed", str(problem))
        raise
    except BaseException:
        job.end("interrupted")
        raise
    if not job.ended:
        job.end("finished")


def every(store: Store) -> list[JobRecord]:
    """All records, the newest first."""
    query = sa.select(tables.jobs).order_by(tables.jobs.c.updated_at.desc(), tables.jobs.c.id)
    with store.reading() as connection:
        return [_record(row) for row in connection.execute(query)]


def _claim(store: Store, kind: JobKind, subject: str, *, once: bool) -> None:
    """Make this process the owner, unless a live one is; in one transaction."""
    owner = owners.this_process()
    values = {
        "status": "running",
        "done": 0.0,
        "message": None,
        "owner_pid": owner.pid,
        "owner_started": owner.started,
        "started_at": _now(),
        "updated_at": _now(),
    }
    key = {"kind": kind.value, "subject": subject}
    of_this = sa.and_(tables.jobs.c.kind == kind.value, tables.jobs.c.subject == subject)
    with store.writing() as connection:
        row = connection.execute(sa.select(tables.jobs).where(of_this)).one_or_none()
        if row is None:
            connection.execute(tables.jobs.insert().values(**key, **values))
            return
        if row.status == "running" and Owner(row.owner_pid, row.owner_started).is_alive():
            raise JobTaken(f"process {row.owner_pid} is at it already: {kind} of {subject}")
        if row.status == "finished" and once:
            raise JobTaken(f"done already: {kind} of {subject}")
        connection.execute(tables.jobs.update().where(of_this).values(**values))


def _record(row: sa.Row[Any]) -> JobRecord:
    owner = Owner(row.owner_pid, row.owner_started)
    dead = row.status == "running" and not owner.is_alive()
    return JobRecord(
        kind=row.kind,
        subject=row.subject,
        status="interrupted" if dead else row.status,
        done=row.done,
        message=row.message,
        owner_pid=row.owner_pid,
        started_at=row.started_at,
        updated_at=row.updated_at,
    )


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat()
