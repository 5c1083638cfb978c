"""What somebody expected of a run, written down before it.

Keeps and returns documents; what they mean stands in ``experiment.prediction``.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa

from earwitness.store import tables
from earwitness.store.connection import Store


@dataclass(frozen=True, kw_only=True)
class StoredPrediction:
    """One row of ``predictions``; ``body`` is a JSON document."""

    run: str
    hypothesis: str
    made_at: dt.datetime
    body: str


def keep(store: Store, run: str, predictions: Iterable[tuple[str, str]]) -> None:
    """Write pairs of hypothesis and document, all or none."""
    now = dt.datetime.now(dt.UTC).isoformat()
    rows = [
        {"run": run, "hypothesis": hypothesis, "made_at": now, "body": body}
        for hypothesis, body in predictions
    ]
    if rows:
        with store.writing() as connection:
            connection.execute(tables.predictions.insert(), rows)


def every(store: Store, *, run: str | None = None) -> list[StoredPrediction]:
    """The predictions, oldest first."""
    query = sa.select(tables.predictions).order_by(tables.predictions.c.id)
    if run is not None:
        query = query.where(tables.predictions.c.run == run)
    with store.reading() as connection:
        return [
            StoredPrediction(
                run=row.run,
                hypothesis=row.hypothesis,
                made_at=dt.datetime.fromisoformat(row.made_at),
                body=row.body,
            )
            for row in connection.execute(query)
        ]
