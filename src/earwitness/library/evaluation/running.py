"""Asks labelled questions and notes what came: of search, of answers, of abstention.

Meetings are put into a store of their own, each as an episode, and every question is asked of its
own meeting; questions on one's own library are asked of that. Both arms, ours and plain BM25 as
SQLite ranks it, see the same questions, so that they can be compared in pairs. A question on a
meeting is also asked of another meeting, where nothing answers it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from earwitness.library import shelving
from earwitness.library.asking import answer as asking
from earwitness.library.evaluation.datasets import Meeting, Question
from earwitness.library.intake import (
    EpisodeFacts,
    Intake,
    ShowFacts,
    Source,
    Transcript,
    TranscriptSource,
)
from earwitness.library.search import index, lookup, ranks
from earwitness.library.search import scope as scope_
from earwitness.library.search.passages import Kind
from earwitness.library.search.query import Query, parse
from earwitness.library.search.scope import Scope
from earwitness.store.connection import Store

RESULTS = 10
"""Of each ranking that are looked at."""
_SHOW = "meetings"
_ANOTHER = 7
"""How many meetings further on a question is asked where nothing answers it."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What came of one question."""

    question: str
    group: str
    """The recording it is about; questions on one are not independent."""
    ours: tuple[bool, ...]
    """Relevance of our results, in order."""
    plain: tuple[bool, ...]
    """The same of plain BM25."""
    relevant: int
    """Passages that would be relevant; 0: nothing answers."""
    cited: tuple[bool, ...]
    """Relevance of the citations of an answer."""
    confidence: float
    plain_score: float
    """The highest score of plain BM25, as another measure of confidence."""
    elsewhere: float | None = None
    """Confidence when it is asked of another recording; None: it was not."""


def shelve(store: Store, meetings: Sequence[Meeting]) -> None:
    """Put meetings into a store, and index them."""
    episodes = tuple(
        EpisodeFacts(
            guid=f"meeting:{number}",
            slug=str(number),
            title=f"Recording {number}",
            read=(
                Transcript(
                    source=TranscriptSource.FILE,
                    format="json",
                    digest=str(number),
                    segments=meeting.turns,
                ),
            ),
        )
        for number, meeting in enumerate(meetings)
    )
    show = ShowFacts(slug=_SHOW, title="Recordings")
    shelving.keep(store, Intake(source=Source.FILE, show=show, episodes=episodes))
    index.refresh(store)


def ask_meetings(
    store: Store, meetings: Sequence[Meeting], *, meaning: bool = True
) -> Iterator[Asked]:
    """Every question, asked of its own meeting and of another."""
    for number, meeting in enumerate(meetings):
        scope, elsewhere = (
            Scope(episode=f"{_SHOW}/{n % len(meetings)}", kinds=(Kind.TRANSCRIPT,))
            for n in (number, number + _ANOTHER)
        )
        for question in meeting.questions:
            with store.reading() as connection:
                relevant = _of_turns(connection, f"{_SHOW}/{number}", question.answers)
                query = parse(question.question)
                other = ranks.rank(connection, query, elsewhere, 1, meaning=meaning)
            yield _asked(
                store,
                question.question,
                scope,
                relevant,
                group=str(number),
                meaning=meaning,
                elsewhere=other.confidence if len(meetings) > 1 else None,
            )


def ask_library(
    store: Store, questions: Sequence[Question], *, meaning: bool = True
) -> Iterator[Asked]:
    """Every question, asked of the library where it says."""
    for question in questions:
        with store.reading() as connection:
            relevant = {
                id
                for place in question.answers
                for id in _of_seconds(
                    connection, place.episode, place.start_seconds, place.end_seconds
                )
            }
        group = question.answers[0].episode if question.answers else question.question
        scope = Scope(episode=question.episode)
        yield _asked(store, question.question, scope, relevant, group=group, meaning=meaning)


def _asked(
    store: Store,
    question: str,
    scope: Scope,
    relevant: Collection[int],
    *,
    group: str,
    meaning: bool,
    elsewhere: float | None = None,
) -> Asked:
    query = parse(question)
    with store.reading() as connection:
        ranked = ranks.rank(connection, query, scope, RESULTS, meaning=meaning)
        plain = _plain(connection, query, scope)
    evidence = asking.found(store, question, scope, meaning=meaning)
    return Asked(
        question=question,
        group=group,
        ours=tuple(id in relevant for id in ranked.ids.tolist()),
        plain=tuple(id in relevant for id, _ in plain),
        relevant=len(relevant),
        cited=tuple(hit.passage in relevant for hit in evidence.hits),
        confidence=ranked.confidence,
        plain_score=plain[0][1] if plain else 0.0,
        elsewhere=elsewhere,
    )


def _plain(connection: sa.Connection, query: Query, scope: Scope) -> list[tuple[int, float]]:
    """The same words ranked by SQLite's own BM25, without anything of ours."""
    allowed = scope_.ranges(connection, query, scope)
    whole = [(0, lookup.extent(connection).last)]
    found: list[tuple[int, float]] = []
    if query.match_any:
        for first, last in whole if allowed is None else allowed:
            rows = connection.exec_driver_sql(
                "select rowid, -rank from passages_fts where passages_fts match ?"
                " and rowid between ? and ? order by rank limit ?",
                (f"text : ({query.match_any})", first, last, RESULTS),
            )
            found += [(id, score) for id, score in rows]
    return sorted(found, key=lambda one: -one[1])[:RESULTS]


def _of_turns(
    connection: sa.Connection, episode: str, answers: Sequence[tuple[int, int]]
) -> set[int]:
    """The passages that have any of these turns."""
    return {
        row.id
        for row in _passages(connection, episode)
        if row.first_segment is not None
        and any(row.first_segment <= end and row.last_segment >= start for start, end in answers)
    }


def _of_seconds(connection: sa.Connection, episode: str, start: float, end: float) -> set[int]:
    """The passages of an episode that have any of this time."""
    found = set()
    for row in _passages(connection, episode):
        begins = row.start_seconds
        ends = begins if row.end_seconds is None else row.end_seconds
        if begins is not None and begins <= end and ends >= start:
            found.add(row.id)
    return found


def _passages(connection: sa.Connection, episode: str) -> Sequence[sa.Row[Any]]:
    return connection.exec_driver_sql(
        "select passages.* from documents"
        " join passages on passages.id between documents.first and documents.last"
        " where documents.episode = ?",
        (episode,),
    ).all()
