"""Keeps a vector for each passage, and says how near passages are to a query.

Vectors stand in the store beside their passages and go with them. They are made in the background
(``embed``), a batch in each transaction: killed, the rest is made the next time, and while one
process is at it no other is. Without the model,
and for documents without all their vectors, ranking is by words alone.
"""

import functools
from collections.abc import Callable, Sequence

import numpy as np
import sqlalchemy as sa

from earwitness.library import jobs
from earwitness.library.jobs import JobKind
from earwitness.library.search import ranking
from earwitness.library.search.embedding import model
from earwitness.library.search.lookup import Range
from earwitness.library.search.ranking import Scores
from earwitness.store.connection import Store

_BATCH = 32
"""Passages in one transaction: about a second of one core."""

Progress = Callable[[int, int], None]
"""Called with how many passages have vectors, and how many should."""


def embed(store: Store, progress: Progress = lambda _done, _all: None) -> int:
    """Make the vectors that are missing; how many that were. Raises NoModel, JobTaken."""
    sentences = model.load()
    made = 0
    with jobs.working(store, JobKind.EMBED, "") as job:
        while batch := _without(store, _BATCH):
            _keep(store, batch, sentences.embed([text for _, text in batch]))
            made += len(batch)
            done, whole = counts(store)
            progress(done, whole)
            job.note(done / max(whole, 1))
    return made


def _keep(store: Store, batch: Sequence[tuple[int, str]], found: model.Array) -> None:
    rows = [(row.astype("<f4").tobytes(), id) for row, (id, _) in zip(found, batch, strict=True)]
    with store.writing() as connection:
        connection.exec_driver_sql(
            # a passage may have gone meanwhile; nothing is written for it
            "insert or ignore into vectors (passage, vector)"
            " select id, ? from passages where id = ?",
            rows,
        )


def counts(store: Store) -> tuple[int, int]:
    """How many passages have vectors, and how many there are."""
    with store.reading() as connection:
        made = connection.exec_driver_sql("select count(*) from vectors").scalar_one()
        whole = connection.exec_driver_sql("select count(*) from passages").scalar_one()
    return made, whole


def nearness(connection: sa.Connection, text: str, parts: Sequence[Range]) -> list[Scores] | None:
    """How near each passage of these ranges is, with its neighbours; None when one cannot be told."""
    if not _any_there(connection):
        return None
    matrices = [_matrix(connection, part) for part in parts]
    if any(matrix is None for matrix in matrices):
        return None
    try:
        asked = _of_query(text)
    except model.NoModel:
        return None  # the vectors came from a machine that has it
    return [_smoothed(matrix @ asked) for matrix in matrices if matrix is not None]


def _smoothed(near: Scores) -> Scores:
    """Each with its neighbours; a mean, so that the ends of a document are not disadvantaged."""
    return ranking.neighbourhood(near) / ranking.neighbourhood(np.ones_like(near))


def _any_there(connection: sa.Connection) -> bool:
    return connection.exec_driver_sql("select 1 from vectors limit 1").first() is not None


def _matrix(connection: sa.Connection, part: Range) -> Scores | None:
    rows = connection.exec_driver_sql(
        "select vector from vectors where passage between ? and ? order by passage", part
    ).fetchall()
    if len(rows) != part[1] - part[0] + 1:
        return None
    joined = np.frombuffer(b"".join(row[0] for row in rows), dtype="<f4")
    return joined.reshape(len(rows), model.DIMENSIONS)


def _without(store: Store, most: int) -> list[tuple[int, str]]:
    """Passages that have no vector, those of similar length together."""
    with store.reading() as connection:
        rows = connection.exec_driver_sql(
            "select id, text from passages where id not in (select passage from vectors)"
            " order by id limit ?",
            (most * 8,),
        ).fetchall()
    return [(id, text) for id, text in sorted(rows, key=lambda row: len(row[1]))][:most]


@functools.lru_cache(maxsize=64)
def _of_query(text: str) -> Scores:
    vector: Scores = model.load().embed([text])[0]
    return vector
