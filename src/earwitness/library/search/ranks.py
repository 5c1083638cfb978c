"""``rank``: which passages fit a query best, found in two looks.

First every passage gets a score from where the words stand, and those nearest in meaning are picked
out, where the embedding model has been. Then the best documents of both are looked at closely: how
often each word stands where, and how near each passage is. A passage without any of the words is
found when it is near enough; what a filter or a phrase forbids is found by neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from earwitness.library.search import lookup, ranking
from earwitness.library.search.embedding import vectors
from earwitness.library.search.lookup import Extent, Range, Standing
from earwitness.library.search.passages import Kind
from earwitness.library.search.query import Query
from earwitness.library.search.ranking import Ids, Scores
from earwitness.library.search.scope import Scope, ranges

_BY_WORDS = 8
"""Documents that are looked at closely for their words."""
_BY_MEANING = 4
"""And for their nearness, beside them."""
_FEW_RANGES = 64
"""Up to so many documents, each is searched on its own; more are picked out of the whole."""
_CANDIDATES = 400
"""Passages by which these documents are picked."""
DEPTH = _CANDIDATES
"""How far down pages of results go."""
_RUNNING_TEXT = (Kind.TRANSCRIPT,)
"""Kinds in which an answer goes on from passage to passage; in all others, each has its subject."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Ranked:
    """Passages by score, and what else the ranking knows of them."""

    ids: Ids
    scores: Scores
    fits: Scores
    """How well each one answers on its own: 0 to 1."""
    confidence: float
    """The best fit that there is, also among passages further down; less where a name is unknown."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """Rarity of each word that was looked for."""
    unknown: tuple[str, ...] = ()
    """Names that were asked for and stand nowhere."""

    def part(self, first: int, most: int) -> "Ranked":
        """Some of them, counted from 0."""
        cut = slice(first, first + most)
        return replace(self, ids=self.ids[cut], scores=self.scores[cut], fits=self.fits[cut])


@dataclass(frozen=True)
class Look:
    """What is known of some passages, in equal rows."""

    ids: Ids
    words: Scores
    """Score by words; 0 for a passage that has none, or may not be found."""
    coverages: Scores
    near: Scores
    """Nearness in meaning; NaN where it is not known."""
    around: Scores
    """The same with the neighbours."""
    allowed: Mask


_NO_SCORES = np.empty(0, dtype=np.float32)
_NOTHING = Ranked(np.empty(0, dtype=np.int64), _NO_SCORES, _NO_SCORES, 0.0)


def rank(
    connection: sa.Connection, query: Query, scope: Scope, most: int, *, meaning: bool = True
) -> Ranked:
    """The best passages, the best first. ``meaning``: also by meaning, where that is known."""
    whole = lookup.extent(connection)
    allowed = ranges(connection, query, scope)
    if not (query.terms or query.match_required) or whole.passages == 0 or allowed == []:
        return _NOTHING
    terms = lookup.standings(connection, query, whole)
    wanted = max(most, _CANDIDATES)
    ids, scores = _by_words(connection, query, terms, whole, allowed=allowed, wanted=wanted)
    asked = vectors.of_query(connection, query.said) if meaning else None
    chosen = whole.documents_of(ids, _BY_WORDS)
    if asked is not None:
        near, _ = vectors.nearest(connection, asked, allowed)
        chosen += whole.documents_of(near[:_CANDIDATES], _BY_MEANING)
    chosen = list(dict.fromkeys(chosen))
    if not chosen:
        return _NOTHING
    looks = [_closely(connection, query, terms, part, asked) for part in chosen]
    inside = np.isin(ids, np.concatenate([look.ids for look in looks]))
    ranked = _merged([*looks, _from_afar(ids[~inside], scores[~inside])], most)
    unknown = _unknown(connection, query, terms)
    return replace(
        ranked,
        confidence=ranked.confidence * (ranking.UNKNOWN_NAME if unknown else 1),
        weights={one.term.words[0]: one.weight for one in terms},
        unknown=unknown,
    )


def _unknown(connection: sa.Connection, query: Query, terms: Sequence[Standing]) -> tuple[str, ...]:
    """Names that nobody says, that nobody bears who speaks, and that no show has."""
    nowhere = {one.term.words[0] for one in terms if not (len(one.ids) or one.speaks)}
    names = [name for name in query.names if name in nowhere]
    if not names:
        return ()
    shows = connection.exec_driver_sql("select id || ' ' || title || ' ' || body from shows")
    told = " ".join(str(text) for text in shows.scalars()).casefold()
    return tuple(name for name in names if name not in told)


def _by_words(
    connection: sa.Connection,
    query: Query,
    terms: Sequence[Standing],
    whole: Extent,
    *,
    allowed: list[Range] | None,
    wanted: int,
) -> tuple[Ids, Scores]:
    """The best passages by where the words stand, the best first."""
    if allowed is not None and len(allowed) <= _FEW_RANGES:
        parts, found = allowed, lookup.places_within(connection, terms, allowed)
    else:
        parts, found = [(0, whole.last)], [lookup.places(connection, terms, whole)]
    best_ids, best_scores = [], []
    for part, of_part in zip(parts, found, strict=True):
        scores = ranking.scores(of_part, *part)
        _forbid(connection, query, part, scores)
        if parts is not allowed:
            # between documents no passage is, but there is a neighbourhood
            inside = whole.ranges if allowed is None else np.array(allowed, dtype=np.int64)
            scores[~_inside(inside, whole.last)] = 0
        places = ranking.best(scores, wanted)
        best_ids.append(places + part[0])
        best_scores.append(scores[places])
    ids, joined = np.concatenate(best_ids), np.concatenate(best_scores)
    order = np.lexsort((ids, -joined))[:wanted]
    return ids[order], joined[order]


def _closely(
    connection: sa.Connection,
    query: Query,
    terms: Sequence[Standing],
    part: Range,
    asked: Scores | None,
) -> Look:
    """One document."""
    alone = _kind_of(connection, part) not in _RUNNING_TEXT
    found = lookup.counts_within(connection, terms, part)
    words = ranking.scores(found, *part, alone=alone)
    if alone:
        words += _together(connection, query, terms, part)
    allowed = _forbid(connection, query, part, words)
    near = np.full_like(words, np.nan)
    if asked is not None:
        near = vectors.nearness(connection, asked, part)
    coverages = ranking.coverages(found, *part)
    coverages[ranking.lone(found, *part)] *= ranking.SINGLE
    return Look(
        ids=np.arange(part[0], part[1] + 1),
        words=words,
        coverages=coverages,
        near=near,
        around=near if alone else ranking.smoothed(near),
        allowed=allowed,
    )


def _together(
    connection: sa.Connection, query: Query, terms: Sequence[Standing], part: Range
) -> Scores:
    """What passages of a written text get for words that stand beside each other as asked."""
    total = np.zeros(part[1] - part[0] + 1, dtype=np.float32)
    weights = {one.term.words[0]: one.weight for one in terms}
    for pair, ids in zip(
        query.pairs, lookup.pairs_within(connection, query.pairs, part), strict=True
    ):
        total[ids - part[0]] += ranking.PAIR * max(weights.get(word, 0) for word in pair.words)
    return total


def _from_afar(ids: Ids, words: Scores) -> Look:
    """Passages of which no more is known than their score by words."""
    unknown = np.full_like(words, np.nan)
    allowed = np.ones(len(ids), dtype=np.bool_)
    return Look(ids, words, np.zeros_like(words), unknown, unknown, allowed)


def _merged(looks: Sequence[Look], most: int) -> Ranked:
    """All passages that were found, on one scale."""
    ids = np.concatenate([look.ids for look in looks])
    words = np.concatenate([look.words for look in looks])
    near = np.concatenate([look.near for look in looks])
    allowed = np.concatenate([look.allowed for look in looks])
    coverages = np.concatenate([look.coverages for look in looks])
    found = allowed & ((words > 0) | (near >= ranking.NEAR_ENOUGH))
    scores = ranking.united(words, np.concatenate([look.around for look in looks]))
    scores = np.where(found, np.maximum(scores, np.finfo(scores.dtype).tiny), 0)
    fits = np.where(found, ranking.fits(coverages, near), 0)
    order = ranking.best(scores, most)
    return Ranked(ids[order], scores[order], fits[order], float(fits.max()))


def _forbid(connection: sa.Connection, query: Query, part: Range, scores: Scores) -> Mask:
    """Take away the scores of passages that lack what must be there, or have what must not.

    The others are given back; they have a score when something was required.
    """
    required = lookup.required(connection, query, part)
    allowed = np.full(len(scores), required is None)
    if required is not None:
        allowed[required - part[0]] = True
    allowed[lookup.excluded(connection, query, part) - part[0]] = False
    scores[~allowed] = 0
    if required is not None:
        scores[allowed] = np.maximum(scores[allowed], np.finfo(scores.dtype).tiny)
    return allowed


def _inside(ranges: Ids, last: int) -> Mask:
    """For each id, whether it is in one of the ranges."""
    steps = np.zeros(last + 2, dtype=np.int8)
    steps[ranges[:, 0]] = 1
    steps[ranges[:, 1] + 1] -= 1
    return np.cumsum(steps, dtype=np.int8)[: last + 1].astype(np.bool_)


def _kind_of(connection: sa.Connection, part: Range) -> Kind:
    kind = connection.exec_driver_sql("select kind from documents where first = ?", (part[0],))
    return Kind(kind.scalar_one())
