"""The event log of a run: append-only, numbered from 1 without gaps.

Only the owner of a run appends; anybody may read, from any number on.
"""

import datetime as dt
from collections.abc import Iterator

import sqlalchemy as sa

from earwitness.store import tables
from earwitness.store.connection import Store


class EventLog:
    """The pen of one run's owner."""

    def __init__(self, store: Store, run: str) -> None:
        self._store = store
        self._run = run
        self._written = 0

    def append(self, body: str) -> int:
        """Write one event; its number is returned once it is on disk."""
        number = self._written + 1
        row = {
            "run": self._run,
            "number": number,
            "at": dt.datetime.now(dt.UTC).isoformat(),
            "body": body,
        }
        with self._store.writing() as connection:
            connection.execute(tables.events.insert().values(**row))
        self._written = number
        return number


def last(store: Store, run: str) -> str | None:
    """The body of the last event of a run; None when it has none."""
    query = (
        sa.select(tables.events.c.body)
        .where(tables.events.c.run == run)
        .order_by(tables.events.c.number.desc())
        .limit(1)
    )
    with store.reading() as connection:
        return connection.execute(query).scalar()


def read(store: Store, run: str, *, after: int = 0) -> Iterator[tuple[int, str]]:
    """Number and body of the events of a run that come after a number, in order."""
    query = (
        sa.select(tables.events.c.number, tables.events.c.body)
        .where(tables.events.c.run == run, tables.events.c.number > after)
        .order_by(tables.events.c.number)
    )
    with store.reading() as connection:
        rows = connection.execute(query).all()
    yield from ((row.number, row.body) for row in rows)
