"""Says which passages are near a query in meaning, by the vectors that stand in the store.

A passage has its vector, and a document the signs of all of its vectors: a bit for each number.
What is near by signs is found by counting bits, a tenth of a second for millions of passages, and
only the nearest of these are compared number by number. A document without vectors, of which
``making`` has not come to yet, is not found by meaning, and what is asked of it is answered with
NaN.
"""

import functools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from earwitness.library.search.embedding import model
from earwitness.library.search.embedding.model import SentenceModel
from earwitness.library.search.lookup import Range
from earwitness.library.search.ranking import Ids, Scores
from earwitness.store.connection import Store

_STORED = np.dtype("<f2")
_SIGN_BYTES = model.DIMENSIONS // 8
_BY_SIGNS = 2000
"""Passages that are compared number by number. Of hundreds of thousands this keeps nearly always the
nearest one, and most of the ten nearest."""
_DOCUMENTS_AT_ONCE = 1000
"""Of which signs are held in memory."""


def counts(store: Store) -> tuple[int, int]:
    """How many passages have vectors, and how many there are."""
    with store.reading() as connection:
        made, whole = connection.exec_driver_sql(
            "select coalesce(sum((last - first + 1) * (id in (select document from signs))), 0),"
            " coalesce(sum(last - first + 1), 0) from documents"
        ).one()
    return made, whole


def of_query(connection: sa.Connection, text: str) -> Scores | None:
    """The vector of what is asked; None without words, vectors or the model."""
    there = connection.exec_driver_sql("select 1 from signs limit 1").first() is not None
    if not there or not text.strip():
        return None
    try:
        return _embedded(model.load(), text)
    except model.NoModel:
        return None  # the vectors came from a machine that has it


def nearest(
    connection: sa.Connection, asked: Scores, allowed: Sequence[Range] | None
) -> tuple[Ids, Scores]:
    """The nearest passages with their cosines, the nearest first; of all documents, or of some."""
    found = list(_by_signs(connection, asked, allowed))
    if not found:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
    ids, distances = (np.concatenate(part) for part in zip(*found, strict=True))
    if len(ids) > _BY_SIGNS:
        ids = ids[np.argpartition(distances, _BY_SIGNS)[:_BY_SIGNS]]
    rows = connection.exec_driver_sql(
        "select passage, vector from vectors where passage in (select value from json_each(?))",
        (json.dumps(ids.tolist()),),
    ).all()
    ids = np.array([row[0] for row in rows], dtype=np.int64)
    cosines = _numbers(row[1] for row in rows) @ asked
    order = np.argsort(-cosines, kind="stable")
    return ids[order], cosines[order]


def nearness(connection: sa.Connection, asked: Scores, part: Range) -> Scores:
    """The cosine of each passage of a document; NaN where it has no vector."""
    near = np.full(part[1] - part[0] + 1, np.nan, dtype=np.float32)
    rows = connection.exec_driver_sql(
        "select passage, vector from vectors where passage between ? and ?", part
    ).all()
    if rows:
        near[[row[0] - part[0] for row in rows]] = _numbers(row[1] for row in rows) @ asked
    return near


def keep(connection: sa.Connection, vectors: Mapping[int, Scores]) -> None:
    """Put vectors beside the passages with these ids; those that have gone meanwhile get none."""
    connection.exec_driver_sql(
        "insert or replace into vectors (passage, vector) select id, ? from passages where id = ?",
        [(vector.astype(_STORED).tobytes(), id) for id, vector in vectors.items()],
    )


def seal(connection: sa.Connection, document: int, part: Range) -> None:
    """Let a document be found by meaning, once all of its passages have vectors."""
    stored = connection.exec_driver_sql(
        "select vector from vectors where passage between ? and ? order by passage", part
    ).all()
    if len(stored) < part[1] - part[0] + 1:
        return
    connection.exec_driver_sql(
        # ids of documents come again, those of passages do not
        "insert or replace into signs (document, signs)"
        " select id, ? from documents where id = ? and first = ?",
        (_signs(_numbers(row[0] for row in stored)).tobytes(), document, part[0]),
    )


def _by_signs(
    connection: sa.Connection, asked: Scores, allowed: Sequence[Range] | None
) -> Iterator[tuple[Ids, npt.NDArray[np.uint16]]]:
    """Ids of passages, and in how many signs each differs from what is asked."""
    wanted = _signs(asked[None]).view(np.uint64)
    narrowed = None if allowed is None else json.dumps([first for first, _ in allowed])
    rows = connection.exec_driver_sql(
        "select first, signs from signs join documents on documents.id = document"
        " where :narrowed is null or first in (select value from json_each(:narrowed))",
        {"narrowed": narrowed},
    )
    for some in rows.partitions(_DOCUMENTS_AT_ONCE):
        lengths = np.array([len(signs) // _SIGN_BYTES for _, signs in some])
        firsts = np.array([first for first, _ in some], dtype=np.int64)
        before = np.cumsum(lengths) - lengths
        signs = np.frombuffer(b"".join(signs for _, signs in some), dtype=np.uint64)
        differing = np.bitwise_count(signs.reshape(-1, _SIGN_BYTES // 8) ^ wanted)
        ids = np.arange(len(differing)) + np.repeat(firsts - before, lengths)
        yield ids, differing.sum(axis=1, dtype=np.uint16)


def _signs(vectors: Scores) -> npt.NDArray[np.uint8]:
    return np.packbits(vectors > 0, axis=1)


def _numbers(stored: Iterable[bytes]) -> Scores:
    joined = np.frombuffer(b"".join(stored), dtype=_STORED)
    return joined.reshape(-1, model.DIMENSIONS).astype(np.float32)


@functools.lru_cache(maxsize=64)
def _embedded(sentences: SentenceModel, text: str) -> Scores:
    vector: Scores = sentences.embed([text])[0]
    return vector
