"""What is told of a passage that was found: whose it is, and the sentence of it that fits best."""

from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from earwitness.library.search import quoting
from earwitness.library.search.passages import Facts, Kind
from earwitness.library.search.query import Query
from earwitness.library.search.quoting import Marked
from earwitness.library.search.ranks import Ranked

_WITH_CHAPTERS = (Kind.TRANSCRIPT, Kind.CHAPTER, Kind.FIELD_NOTES, Kind.SNIP)
"""Kinds whose heading is the title of a chapter."""


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
    fit: float
    """Share of what is looked for that stands in it, by rarity, moved by its nearness: 0 to 1."""
    facts: Facts
    verdict: str | None = None
    """Of what the passage itself says; of a claim's, that of its newest run. None: not measured."""


def hits(connection: sa.Connection, query: Query, ranked: Ranked) -> list[Hit]:
    """The ranked passages with all that is to be told of them."""
    found = (_hit(connection, query, ranked, place) for place in range(len(ranked.ids)))
    return [hit for hit in found if hit is not None]


def _hit(connection: sa.Connection, query: Query, ranked: Ranked, place: int) -> Hit | None:
    """All of one passage; None when it was taken out of the index just now."""
    id = int(ranked.ids[place])
    row = connection.exec_driver_sql(
        "select passages.*, documents.kind, documents.subject, documents.body, documents.first,"
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
    heading, text = _marked(connection, query, id) or (row.heading, row.text)
    quote = quoting.quote(
        query.said,
        Marked(kind=kind, heading=heading if kind in _WITH_CHAPTERS else "", text=text),
        ranked.weights,
    )
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
        matched=tuple(sorted(quoting.matched(text))),
        score=float(ranked.scores[place]),
        fit=float(ranked.fits[place]),
        facts=facts,
        verdict=_verdict(connection, kind, facts, id - row.first),
    )


def _verdict(connection: sa.Connection, kind: Kind, facts: Facts, place: int) -> str | None:
    """What came out for the passage at that place of its document."""
    if kind is Kind.RUN:
        return facts.verdicts[place] if place < len(facts.verdicts) else None
    if kind is not Kind.CLAIM:
        return facts.verdict
    body = connection.exec_driver_sql(
        "select body from documents where kind = ? and subject = ?", (Kind.RUN, facts.claim)
    ).scalar()
    return None if body is None else msgspec.json.decode(body, type=Facts).verdict


def _marked(connection: sa.Connection, query: Query, id: int) -> tuple[str, str] | None:
    """The passage's heading and text with a mark around each word that was looked for."""
    if not query.terms:
        return None
    row = connection.exec_driver_sql(
        "select highlight(passages_fts, 0, ?, ?), highlight(passages_fts, 2, ?, ?)"
        " from passages_fts where passages_fts match ? and rowid = ?",
        (*(quoting.OPEN, quoting.CLOSE) * 2, query.match_any, id),
    ).first()
    return None if row is None else (str(row[0]), str(row[1]))


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
