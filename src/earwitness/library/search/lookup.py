"""Asks the full-text index where words stand. SQL and arrays; what it means is for ``ranking``.

Words are fetched as places only, which costs a tenth of having SQLite rank each row, and counted
where it matters: in the few documents that are looked at closely. A word that a large part of all
passages have decides nothing while a rarer one is there; of it only the beginning is read, and how
common it is is extrapolated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sqlalchemy as sa

from earwitness.library.search import ranking
from earwitness.library.search.query import Query, Term
from earwitness.library.search.ranking import Array, Found, Ids

COMMON = 0.15
"""Share of all passages from which on a term is common."""
_SAMPLE = 2000
"""Places of a term that are read before it is known how common it is."""
_MARK = "\x01"
"""Put before each match by FTS5's ``highlight``, to be counted; stands in no text that was kept."""

Range = tuple[int, int]
"""First and last id of passages, both inside."""


@dataclass(frozen=True)
class Extent:
    """How large the index is."""

    passages: int
    last: int
    """The highest id."""


def extent(connection: sa.Connection) -> Extent:
    """How many passages there are, and the highest id."""
    count, last = connection.exec_driver_sql(
        "select coalesce(sum(last - first + 1), 0), coalesce(max(last), 0) from documents"
    ).one()
    return Extent(count, last)


@dataclass(frozen=True)
class _Standing:
    """Where a term stands, and in how many passages of the whole index."""

    term: Term
    ids: Ids
    documents: float
    complete: bool


def places(connection: sa.Connection, query: Query, whole: Extent) -> list[Found]:
    """Where each term of the query stands in the whole index; without the common ones."""
    standing = [_standing(connection, term, whole) for term in query.terms]
    telling = [one for one in standing if one.complete]
    if not telling:
        telling = [_completed(connection, one, whole) for one in standing]
    return [
        _found(connection, one, ranking.rarity(one.documents, whole.passages), (0, whole.last))
        for one in telling
    ]


def places_within(
    connection: sa.Connection, query: Query, whole: Extent, ranges: Sequence[Range]
) -> list[Found]:
    """Where each term stands in some ranges; how rare it is, the whole index says."""
    found = []
    for term in query.terms:
        standing = _standing(connection, term, whole)
        weight = ranking.rarity(standing.documents, whole.passages)
        for part in ranges:
            ids = _ids(connection, _in_text(term), part)
            found.append(_found(connection, replace(standing, ids=ids), weight, part))
    return found


def counts_within(
    connection: sa.Connection, query: Query, whole: Extent, part: Range
) -> list[Found]:
    """The same for one range, with how often each term stands in each passage."""
    found = []
    for term in query.terms:
        rows = _rows(
            connection,
            "select rowid, length(highlight(passages_fts, 0, :mark, '')) - length(heading)"
            " + length(highlight(passages_fts, 2, :mark, '')) - length(text), length(text)"
            " from passages_fts where passages_fts match :match and rowid between :first and :last",
            {"mark": _MARK, "match": _in_text(term), "first": part[0], "last": part[1]},
        )
        table = np.array(rows, dtype=np.float64).reshape(-1, 3)
        amounts = ranking.amounts(np.maximum(table[:, 1], 1), table[:, 2])
        documents = _standing(connection, term, whole).documents
        weight = ranking.rarity(documents, whole.passages)
        speakers = _speakers(connection, term, part)
        found.append(_joined(table[:, 0].astype(np.int64), amounts, speakers, weight))
    return found


def required(connection: sa.Connection, query: Query, part: Range) -> Ids | None:
    """The passages that have all that must be there; None when nothing has to."""
    match = query.match_required
    return _ids(connection, match, part) if match else None


def excluded(connection: sa.Connection, query: Query, part: Range) -> Ids:
    """The passages that have something that must not be there."""
    match = query.match_excluded
    return _ids(connection, match, part) if match else np.empty(0, dtype=np.int64)


def _standing(connection: sa.Connection, term: Term, whole: Extent) -> _Standing:
    ids = _ids(connection, _in_text(term), (0, whole.last), most=_SAMPLE)
    if len(ids) < _SAMPLE:
        return _Standing(term, ids, len(ids), complete=True)
    documents = _SAMPLE * whole.last / max(int(ids[-1]), 1)
    documents = min(documents, float(whole.passages))
    if documents > COMMON * whole.passages:
        return _Standing(term, ids, documents, complete=False)
    return _completed(connection, _Standing(term, ids, documents, complete=False), whole)


def _completed(connection: sa.Connection, one: _Standing, whole: Extent) -> _Standing:
    if one.complete or len(one.ids) == 0:
        return one
    rest = _ids(connection, _in_text(one.term), (int(one.ids[-1]) + 1, whole.last))
    ids = np.concatenate([one.ids, rest])
    return _Standing(one.term, ids, len(ids), complete=True)


def _found(connection: sa.Connection, one: _Standing, weight: float, part: Range) -> Found:
    speakers = _speakers(connection, one.term, part)
    return _joined(one.ids, np.ones(len(one.ids)), speakers, weight)


def _joined(ids: Ids, amounts: Array, speakers: Ids, weight: float) -> Found:
    spoken = np.full(len(speakers), ranking.SPEAKER)
    return Found(np.concatenate([ids, speakers]), np.concatenate([amounts, spoken]), weight)


def _speakers(connection: sa.Connection, term: Term, part: Range) -> Ids:
    return _ids(connection, f"speakers : {term.match}", part)


def _in_text(term: Term) -> str:
    return f"{{heading text}} : {term.match}"


def _ids(connection: sa.Connection, match: str, part: Range, most: int = -1) -> Ids:
    rows = _rows(
        connection,
        "select rowid from passages_fts where passages_fts match :match"
        " and rowid between :first and :last limit :most",
        {"match": match, "first": part[0], "last": part[1], "most": most},
    )
    return np.fromiter((row[0] for row in rows), dtype=np.int64, count=len(rows))


def _rows(
    connection: sa.Connection, statement: str, values: Mapping[str, object]
) -> Sequence[tuple[float, ...]]:
    # the driver's own cursor: a row object for each of a hundred thousand places would be the
    # larger part of the work
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement, values)
        return cursor.fetchall()
    finally:
        cursor.close()
