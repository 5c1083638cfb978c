"""An answer without a model: the passages that may answer, each with where it stands.

Reads the index; composes nothing that was not said. ``found`` gives the passages or none, and says
why none; ``extractive`` makes the text of them, in which each sentence carries its citation.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from earwitness.library.asking import abstention
from earwitness.library.search import hits as hits_
from earwitness.library.search import ranks
from earwitness.library.search.hits import Hit
from earwitness.library.search.passages import Kind
from earwitness.library.search.query import parse
from earwitness.library.search.scope import Scope
from earwitness.store.connection import Store

MOST_CITATIONS = 5
_LOOKED_AT = 30
"""Passages from which the citations are taken."""
_WORTH_CITING = 0.6
"""Share of the best fit that a further citation needs."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What may answer a question; no hits: nothing does, and ``reason`` says why."""

    question: str
    hits: tuple[Hit, ...]
    confidence: float
    """Fit of the best passage: 0 to 1."""
    reason: str | None


def found(store: Store, question: str, scope: Scope, *, meaning: bool = True) -> Evidence:
    """The passages that may answer."""
    query = parse(question)
    with store.reading() as connection:
        ranked = ranks.rank(connection, query, scope, _LOOKED_AT, meaning=meaning)
        if abstention.abstains(ranked.confidence):
            confidence = ranked.confidence
            reason = abstention.reason(confidence, found=len(ranked.ids) > 0)
            return Evidence(question=question, hits=(), confidence=confidence, reason=reason)
        hits = hits_.hits(connection, query, ranked)
    return Evidence(
        question=question,
        hits=_worth_citing(hits, ranked.confidence),
        confidence=ranked.confidence,
        reason=None,
    )


def extractive(hits: Sequence[Hit]) -> str:
    """The sentences that fit best, each with the number of its citation."""
    return "\n".join(f"{hit.quote} [{number}]" for number, hit in enumerate(hits, start=1))


def _worth_citing(hits: Sequence[Hit], confidence: float) -> tuple[Hit, ...]:
    """The best, without repetitions and without passages that have little of the question."""
    chosen: dict[tuple[str, ...], Hit] = {}
    for hit in hits:
        if hit.fit >= _WORTH_CITING * confidence:
            chosen.setdefault(_what_it_says(hit), hit)
    return tuple(chosen.values())[:MOST_CITATIONS]


def _what_it_says(hit: Hit) -> tuple[str, ...]:
    """The same for hits of which one is enough: equal sentences, and passages of one claim."""
    if hit.kind in (Kind.CLAIM, Kind.RUN, Kind.CHECK):
        return (hit.kind, hit.subject)
    return (hit.episode_id or "", " ".join(hit.quote.casefold().split()))
