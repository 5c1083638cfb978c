"""Asks the full-text index where words stand. SQL and arrays; what it means is for ``ranking``.

Words are fetched as places only, which costs a tenth of having SQLite rank each row, and counted
where it matters: in the few documents that are looked at closely. A word that a large part of all
passages have decides nothing while a rarer one is there; of it only the beginning is read, and how
common it is is extrapolated.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sqlalchemy as sa

from earwitness.library.search import ranking
from earwitness.library.search.passages import Kind
from earwitness.library.search.query import Query, Term
from earwitness.library.search.ranking import Array, Found, Ids

COMMON = 0.2
"""Share of all passages from which on a term is common."""
_SAMPLE = 2000
"""Places of a term that are read before it is known how common it is."""
_RAREST = 2
"""Terms that are looked at anyway when all are common."""
_UNDER_A_TITLE = frozenset({Kind.DESCRIPTION, Kind.CLAIM, Kind.RUN, Kind.CHECK})
"""Kinds over whose passages no heading of their own stands."""
_MARK = "\x01"
"""Put before each match by FTS5's ``highlight``, to be counted; stands in no text that was kept."""

Range = tuple[int, int]
"""First and last id of passages, both inside."""


@dataclass(frozen=True)
class Extent:
    """Which ids the passages of the index have."""

    ranges: Ids
    """First and last id of each document, as rows, in order."""

    @property
    def passages(self) -> int:
        """How many there are."""
        return int((self.ranges[:, 1] - self.ranges[:, 0] + 1).sum())

    @property
    def last(self) -> int:
        """The highest id; 0 without any."""
        return int(self.ranges[:, 1].max(initial=0))

    def documents_of(self, ids: Ids, most: int) -> list[Range]:
        """The first so many documents that some passages are of, in the order of these."""
        places = np.searchsorted(self.ranges[:, 0], ids, side="right") - 1
        chosen = list(dict.fromkeys(places.tolist()))[:most]
        return [(int(first), int(last)) for first, last in self.ranges[chosen]]


@dataclass(frozen=True)
class Standing:
    """A term, how much it weighs, and where it stands first."""

    term: Term
    weight: float
    ids: Ids
    complete: bool
    """Whether these are all places that it has."""
    common: bool
    speaks: bool
    """Whether somebody who speaks is called so."""

    @property
    def in_text(self) -> str:
        """What matches it where it is said, or stands in a heading."""
        return _in_text(self.term, speaks=self.speaks)


def extent(connection: sa.Connection) -> Extent:
    """The whole index."""
    firsts = _numbers(connection, "select group_concat(first) from documents", {})
    lasts = _numbers(connection, "select group_concat(last) from documents", {})
    # documents do not overlap, so both are in the same order
    return Extent(np.column_stack([np.sort(firsts), np.sort(lasts)]))


def standings(connection: sa.Connection, query: Query, whole: Extent) -> list[Standing]:
    """Each term of the query with its weight in the whole index."""
    return [_standing(connection, term, whole) for term in query.terms]


def places(connection: sa.Connection, terms: Sequence[Standing], whole: Extent) -> list[Found]:
    """Where the telling terms stand in the whole index: all but the common, else the rarest."""
    telling = [one for one in terms if not one.common]
    if not telling:
        telling = sorted(terms, key=lambda one: -one.weight)[:_RAREST]
    found = []
    for one in telling:
        ids = one.ids
        if not one.complete:
            rest = _ids(connection, one.in_text, (int(ids[-1]) + 1, whole.last))
            ids = np.concatenate([ids, rest])
        found.append(_found(connection, one, ids, (0, whole.last)))
    return found


def places_within(
    connection: sa.Connection, terms: Sequence[Standing], ranges: Sequence[Range]
) -> list[list[Found]]:
    """Where each term stands in each of some ranges."""
    return [
        [_found(connection, one, _ids(connection, one.in_text, part), part) for one in terms]
        for part in ranges
    ]


def counts_within(connection: sa.Connection, terms: Sequence[Standing], part: Range) -> list[Found]:
    """The same for one document, with how often each term stands in each passage."""
    kind, title = _kind_and_title(connection, part)
    heading = ranking.TITLE if kind in _UNDER_A_TITLE else ranking.HEADING
    found = []
    for one in terms:
        rows = _rows(
            connection,
            "select rowid, :heading * (length(highlight(passages_fts, 0, :mark, ''))"
            " - length(heading)) + length(highlight(passages_fts, 2, :mark, '')) - length(text), length(text)"
            " from passages_fts where passages_fts match :match and rowid between :first and :last",
            {
                "mark": _MARK,
                "heading": heading,
                "match": one.in_text,
                "first": part[0],
                "last": part[1],
            },
        )
        table = np.array(rows, dtype=np.float64).reshape(-1, 3)
        amounts = ranking.amounts(np.maximum(table[:, 1], ranking.TITLE), table[:, 2])
        speakers = _speakers(connection, one, part)
        joined = _joined(table[:, 0].astype(np.int64), amounts, speakers, one.weight)
        titled = title is not None and len(_ids(connection, _in_heading(one.term), title)) > 0
        found.append(replace(joined, titled=titled))
    return found


def pairs_within(connection: sa.Connection, pairs: Sequence[Term], part: Range) -> list[Ids]:
    """Where words stand beside each other, for each pair."""
    return [_ids(connection, pair.match, part) for pair in pairs]


def required(connection: sa.Connection, query: Query, part: Range) -> Ids | None:
    """The passages that have all that must be there; None when nothing has to."""
    match = query.match_required
    return _ids(connection, match, part) if match else None


def excluded(connection: sa.Connection, query: Query, part: Range) -> Ids:
    """The passages that have something that must not be there."""
    match = query.match_excluded
    return _ids(connection, match, part) if match else np.empty(0, dtype=np.int64)


def _standing(connection: sa.Connection, term: Term, whole: Extent) -> Standing:
    speaks = len(_first_ids(connection, _in_speakers(term), (0, whole.last), 1)) > 0
    ids = _first_ids(connection, _in_text(term, speaks=speaks), (0, whole.last), _SAMPLE)
    complete, documents = len(ids) < _SAMPLE, float(len(ids))
    if not complete:  # the further the sample reaches, the rarer it is
        reach = (int(ids[-1]) - int(ids[0]) + 1) / whole.last
        documents = min(len(ids) / reach, float(whole.passages))
    weight = ranking.rarity(documents, whole.passages)
    common = not complete and documents > COMMON * whole.passages
    return Standing(term, weight, ids, complete, common, speaks)


def _found(connection: sa.Connection, one: Standing, ids: Ids, part: Range) -> Found:
    return _joined(ids, np.ones(len(ids)), _speakers(connection, one, part), one.weight)


def _joined(ids: Ids, amounts: Array, speakers: Ids, weight: float) -> Found:
    spoken = np.full(len(speakers), ranking.SPEAKER)
    return Found(np.concatenate([ids, speakers]), np.concatenate([amounts, spoken]), weight)


def _speakers(connection: sa.Connection, one: Standing, part: Range) -> Ids:
    if not one.speaks:
        return np.empty(0, dtype=np.int64)
    return _ids(connection, _in_speakers(one.term), part)


def _kind_and_title(connection: sa.Connection, part: Range) -> tuple[str, Range | None]:
    """What a document is, and where its episode's title stands: above the description."""
    [[kind, title]] = _rows(
        connection,
        "select documents.kind, description.first from documents"
        " left join documents description on description.episode = documents.episode"
        " and description.kind = 'description' where documents.first = :first",
        {"first": part[0]},
    )
    return kind, None if title is None else (title, title)


def _in_heading(term: Term) -> str:
    return f"heading : {term.match}"


def _in_speakers(term: Term) -> str:
    return f"speakers : {term.match}"


def _in_text(term: Term, *, speaks: bool) -> str:
    """Where nobody is called so, the text is all there is, and is read faster unnarrowed."""
    return f"{{heading text}} : {term.match}" if speaks else term.match


def _ids(connection: sa.Connection, match: str, part: Range) -> Ids:
    return _numbers(
        connection,
        "select group_concat(rowid) from passages_fts"
        " where passages_fts match :match and rowid between :first and :last",
        {"match": match, "first": part[0], "last": part[1]},
    )


def _first_ids(connection: sa.Connection, match: str, part: Range, most: int) -> Ids:
    return _numbers(
        connection,
        "select group_concat(rowid) from (select rowid from passages_fts"
        " where passages_fts match :match and rowid between :first and :last limit :most)",
        {"match": match, "first": part[0], "last": part[1], "most": most},
    )


def _numbers(connection: sa.Connection, statement: str, values: Mapping[str, object]) -> Ids:
    """What a statement joins with commas; a Python object for each would cost four times as much."""
    [[joined]] = _rows(connection, statement, values)
    return np.fromstring(joined or "", dtype=np.int64, sep=",")


def _rows(
    connection: sa.Connection, statement: str, values: Mapping[str, object]
) -> Sequence[tuple[Any, ...]]:
    # the driver's own cursor: there are hundreds of small questions to one search
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement, values)
        return cursor.fetchall()
    finally:
        cursor.close()
