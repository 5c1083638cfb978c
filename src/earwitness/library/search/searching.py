"""``search``: a query in, hits out, each with the show, the episode and the second.

Reads the index and nothing else; ``index.refresh`` brings it up to date before. First every passage
gets a score from where the words stand; then the best few documents are looked at closely, with how
often each word stands where, and, where the embedding model is installed, with nearness in meaning.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from earwitness.library.search import lookup, passages, ranking
from earwitness.library.search.embedding import vectors
from earwitness.library.search.lookup import Extent, Range, Standing
from earwitness.library.search.passages import Facts, Kind
from earwitness.library.search.query import Query, parse
from earwitness.library.search.ranking import Ids, Scores
from earwitness.library.search.scope import EVERYWHERE, Scope, ranges
from earwitness.store.connection import Store

_CLOSELY = 8
"""Documents that are looked at closely."""
_FEW_RANGES = 64
"""Up to so many documents, each is searched on its own; more are picked out of the whole."""
_CANDIDATES = 400
"""Passages by which these documents are picked."""
DEPTH = _CANDIDATES
"""How far down pages of results go."""
_WITH_CHAPTERS = (Kind.TRANSCRIPT, Kind.CHAPTER, Kind.FIELD_NOTES, Kind.SNIP)
"""Kinds whose heading is the title of a chapter."""
_NO_RUNNING_TEXT = (Kind.CHAPTER, Kind.SNIP)
"""Kinds whose passages have nothing to do with their neighbours."""
_OPEN, _CLOSE = "\x01", "\x02"
_MARKED = re.compile(f"{_OPEN}([^{_CLOSE}]*){_CLOSE}")


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A passage that was found."""

    passage: int
    kind: Kind
    subject: str
    show: str | None
    show_title: str | None
    episode_id: str | None
    episode: str | None
    date: str | None
    start_seconds: float | None
    """Of the sentence that fits best, where the transcript has times."""
    end_seconds: float | None
    chapter: str | None
    speaker: str | None
    text: str
    quote: str
    """The sentence that fits best."""
    matched: tuple[str, ...]
    """Words of the passage that were looked for, in small letters."""
    score: float
    coverage: float
    """Share of what is looked for that stands in it, by rarity: 0 to 1."""
    facts: Facts


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of what was found, and how much that is; beyond ``DEPTH`` nothing is counted."""

    hits: list[Hit]
    total: int
    first: int

    @property
    def following(self) -> int | None:
        """Where the next part begins; None at the end."""
        after = self.first + len(self.hits)
        return after if self.hits and after < self.total else None


@dataclass(frozen=True)
class Ranked:
    """Passages by score, and what else the ranking knows of them."""

    ids: Ids
    scores: Scores
    coverages: Scores
    """Share of what is looked for that stands in the passage itself, by rarity: 0 to 1."""
    confidence: float
    """The highest coverage that there is, also among passages further down."""


_NONE = np.empty(0, dtype=np.float32)
_NOTHING = Ranked(np.empty(0, dtype=np.int64), _NONE, _NONE, 0.0)


def search(
    store: Store, text: str, *, scope: Scope = EVERYWHERE, most: int = 10, meaning: bool = True
) -> list[Hit]:
    """The passages that fit best, the best first. Any text is a query; none fits: no hits."""
    query = parse(text)
    with store.reading() as connection:
        ranked = rank(connection, query, scope, most, meaning=meaning)
        return hits(connection, query, ranked)


def page(store: Store, text: str, *, scope: Scope, first: int, most: int) -> Page:
    """The passages from the ``first`` on, counted from 0. All parts are cut from one ranking."""
    query = parse(text)
    with store.reading() as connection:
        ranked = rank(connection, query, scope, DEPTH)
        part = slice(first, first + most)
        chosen = Ranked(
            ranked.ids[part], ranked.scores[part], ranked.coverages[part], ranked.confidence
        )
        return Page(hits=hits(connection, query, chosen), total=len(ranked.ids), first=first)


def rank(
    connection: sa.Connection, query: Query, scope: Scope, most: int, *, meaning: bool = True
) -> Ranked:
    """Ids and scores of the best passages."""
    whole = lookup.extent(connection)
    allowed = ranges(connection, query, scope)
    if not (query.terms or query.match_required) or whole.passages == 0 or allowed == []:
        return _NOTHING
    terms = lookup.standings(connection, query, whole)
    coarse = _coarsely(connection, query, terms, whole, allowed=allowed, most=most)
    looked_at: dict[Range, tuple[Scores, Scores]] = {}
    rest: dict[int, float] = {}
    for id, score in coarse:
        if any(first <= id <= last for first, last in looked_at):
            continue
        if len(looked_at) < _CLOSELY:
            part, kind = _document_of(connection, id)
            alone = kind in _NO_RUNNING_TEXT
            looked_at[part] = _closely(connection, query, terms, part, alone=alone)
        else:
            rest[id] = score
    if not looked_at:
        return _NOTHING
    return _merged(connection, query, looked_at, rest, most, meaning=meaning)


def hits(connection: sa.Connection, query: Query, ranked: Ranked) -> list[Hit]:
    """The ranked passages with all that is to be told of them."""
    found = (
        _hit(connection, query, int(id), float(score), float(coverage))
        for id, score, coverage in zip(ranked.ids, ranked.scores, ranked.coverages, strict=True)
    )
    return [hit for hit in found if hit is not None]


def _coarsely(
    connection: sa.Connection,
    query: Query,
    terms: Sequence[Standing],
    whole: Extent,
    *,
    allowed: list[Range] | None,
    most: int,
) -> list[tuple[int, float]]:
    """The best passages by where the words stand, the best first."""
    if allowed is not None and len(allowed) <= _FEW_RANGES:
        parts, found = allowed, lookup.places_within(connection, terms, allowed)
    else:
        parts, found = [(0, whole.last)], [lookup.places(connection, terms, whole)]
    wanted = max(most, _CANDIDATES)
    best: list[tuple[int, float]] = []
    for part, of_part in zip(parts, found, strict=True):
        scores = ranking.scores(of_part, *part)
        _mask(connection, query, part, scores)
        if parts is not allowed:
            # between documents no passage is, but there is a neighbourhood
            inside = whole.ranges if allowed is None else np.array(allowed, dtype=np.int64)
            scores[~_inside(inside, whole.last)] = 0
        places = ranking.best(scores, wanted)
        best += zip((places + part[0]).tolist(), scores[places].tolist(), strict=True)
    best.sort(key=lambda pair: (-pair[1], pair[0]))
    return best[:wanted]


def _closely(
    connection: sa.Connection,
    query: Query,
    terms: Sequence[Standing],
    part: Range,
    *,
    alone: bool,
) -> tuple[Scores, Scores]:
    """Scores and coverages of one document's passages."""
    found = lookup.counts_within(connection, terms, part)
    scores = ranking.scores(found, *part, alone=alone)
    _mask(connection, query, part, scores)
    coverages = ranking.coverages(found, *part)
    coverages[scores == 0] = 0
    return scores, coverages


def _merged(
    connection: sa.Connection,
    query: Query,
    looked_at: dict[Range, tuple[Scores, Scores]],
    rest: dict[int, float],
    most: int,
    *,
    meaning: bool,
) -> Ranked:
    """The passages that were looked at closely, and below them by their coarse score the rest."""
    scores = np.concatenate([scores for scores, _ in looked_at.values()])
    coverages = np.concatenate([coverages for _, coverages in looked_at.values()])
    near = vectors.nearness(connection, query.text, list(looked_at)) if meaning else None
    if near is not None:
        scores = np.where(scores > 0, ranking.united(scores, np.concatenate(near)), 0.0)
        rest = {}  # not on one scale with what has a meaning
    ids = np.concatenate([np.arange(first, last + 1) for first, last in looked_at])
    ids = np.concatenate([ids, np.fromiter(rest, dtype=np.int64, count=len(rest))])
    scores = np.concatenate([scores, np.fromiter(rest.values(), dtype=float, count=len(rest))])
    confidence = float(coverages.max())
    coverages = np.concatenate([coverages, np.zeros(len(rest))])
    order = ranking.best(scores, most)
    return Ranked(ids[order], scores[order], coverages[order], confidence)


def _mask(connection: sa.Connection, query: Query, part: Range, scores: Scores) -> None:
    """Take away the scores of passages that lack what must be there, or have what must not."""
    required = lookup.required(connection, query, part)
    if required is not None:
        allowed = np.zeros(len(scores), dtype=bool)
        allowed[required - part[0]] = True
        scores[~allowed] = 0
        scores[allowed] = np.maximum(scores[allowed], np.finfo(scores.dtype).tiny)
    scores[lookup.excluded(connection, query, part) - part[0]] = 0


def _inside(ranges: Ids, last: int) -> npt.NDArray[np.bool_]:
    """For each id, whether it is in one of the ranges."""
    steps = np.zeros(last + 2, dtype=np.int8)
    steps[ranges[:, 0]] = 1
    steps[ranges[:, 1] + 1] -= 1
    return np.cumsum(steps, dtype=np.int8)[: last + 1].astype(bool)


def _document_of(connection: sa.Connection, id: int) -> tuple[Range, Kind]:
    first, last, kind = connection.exec_driver_sql(
        "select first, last, kind from documents where first <= ? order by first desc limit 1",
        (id,),
    ).one()
    return (first, last), Kind(kind)


def _hit(
    connection: sa.Connection, query: Query, id: int, score: float, coverage: float
) -> Hit | None:
    """All of one passage; None when it was taken out of the index just now."""
    row = connection.exec_driver_sql(
        "select passages.*, documents.kind, documents.subject, documents.body,"
        " episodes.id as episode_id, episodes.title as episode, episodes.date,"
        " shows.id as show, shows.title as show_title from passages"
        " join documents on documents.first = (select max(first) from documents where first <= ?)"
        " left join episodes on episodes.id = documents.episode"
        " left join shows on shows.id = episodes.show where passages.id = ?",
        (id, id),
    ).first()
    if row is None:
        return None
    kind, facts = Kind(row.kind), msgspec.json.decode(row.body, type=Facts)
    quote, matched = _anchor(_marked(connection, query, id) or row.text)
    start, end, speaker = _place(connection, row, facts, quote)
    return Hit(
        passage=id,
        kind=kind,
        subject=row.subject,
        show=row.show,
        show_title=row.show_title,
        episode_id=row.episode_id,
        episode=row.episode,
        date=row.date,
        start_seconds=start,
        end_seconds=end,
        chapter=(row.heading or None) if kind in _WITH_CHAPTERS else facts.chapter,
        speaker=speaker,
        text=row.text.replace("\n", " "),
        quote=quote,
        matched=matched,
        score=score,
        coverage=coverage,
        facts=facts,
    )


def _marked(connection: sa.Connection, query: Query, id: int) -> str | None:
    """The passage's text with a mark around each word that was looked for."""
    if not query.terms:
        return None
    marked = connection.exec_driver_sql(
        "select highlight(passages_fts, 2, ?, ?) from passages_fts"
        " where passages_fts match ? and rowid = ?",
        (_OPEN, _CLOSE, query.match_any, id),
    ).scalar()
    return None if marked is None else str(marked)


def _anchor(marked: str) -> tuple[str, tuple[str, ...]]:
    """The sentence with most of the words, and all words that are marked."""
    sentences = passages.sentences(marked) or [marked]
    best = max(sentences, key=lambda sentence: len(_words(sentence)))
    return best.replace(_OPEN, "").replace(_CLOSE, ""), tuple(sorted(_words(marked)))


def _words(marked: str) -> set[str]:
    return {word.casefold() for word in _MARKED.findall(marked)}


def _place(
    connection: sa.Connection, row: sa.Row[tuple[object, ...]], facts: Facts, quote: str
) -> tuple[float | None, float | None, str | None]:
    """Start and end of the line of the transcript that the quote stands in, and who says it."""
    if facts.transcript is not None and row.first_segment is not None:
        lines = connection.exec_driver_sql(
            "select start_seconds, end_seconds, speaker, text from segments"
            " where transcript = ? and place between ? and ? order by place",
            (facts.transcript, row.first_segment, row.last_segment),
        ).all()
        wanted = " ".join(quote.split())
        for start, end, speaker, text in lines:
            if wanted in " ".join(text.split()):
                return start, end if end is not None else row.end_seconds, speaker
    return row.start_seconds, row.end_seconds, row.speakers or None
