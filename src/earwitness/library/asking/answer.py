"""An answer without a model: the passages that may answer, each with where it stands.

Reads the index; composes nothing that was not said. ``found`` gives the passages or none, and says
why none; ``extractive`` makes the text of them, in which each sentence carries its citation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from earwitness.library.asking import abstention, conversation, titles
from earwitness.library.asking.conversation import Conversation
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

_BEHIND: Mapping[Kind, float] = {Kind.CLAIM: 0.7, Kind.DESCRIPTION: 0.7}
"""What is left of the score of passages that say what is claimed, not how it is."""
_NO_TALK = Conversation()


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What may answer a question; no hits: nothing does, and ``reason`` says why."""

    searched: str
    """The question with what it leaves out."""

    hits: tuple[Hit, ...]
    confidence: float
    """Fit of the best passage: 0 to 1."""
    reason: str | None


def found(
    store: Store,
    question: str,
    scope: Scope,
    *,
    talk: Conversation = _NO_TALK,
    meaning: bool = True,
) -> Evidence:
    """The passages that may answer, in a talk with what the question leaves out."""
    searched = talk.completed(question)
    with store.reading() as connection:
        if searched != question and _is_unheard_of(connection, question, scope):
            return _nothing(searched, 0.0, reason=abstention.reason(0.0, found=False))
        alone = _answering(connection, searched, scope, meaning=meaning)
        helped = talk.helped(question)
        if alone.hits or helped == searched or _is_unheard_of(connection, question, scope):
            return alone
        together = _answering(connection, helped, scope, meaning=meaning)
        return together if together.hits else alone


def _answering(
    connection: sa.Connection, searched: str, scope: Scope, *, meaning: bool
) -> Evidence:
    query = parse(searched)
    if not (conversation.telling(searched) or query.required):
        return _nothing(searched, 0.0, reason=abstention.NO_SUBJECT)
    ranked = ranks.rank(connection, query, scope, _LOOKED_AT, meaning=meaning)
    if abstention.abstains(ranked.confidence):
        reason = abstention.reason(
            ranked.confidence, found=len(ranked.ids) > 0, unknown=ranked.unknown
        )
        return _nothing(searched, ranked.confidence, reason=reason)
    told = titles.told(connection, ranked)
    hits = sorted(hits_.hits(connection, query, told), key=_order)
    return Evidence(
        searched=searched,
        hits=_worth_citing(hits, ranked.confidence),
        confidence=ranked.confidence,
        reason=None,
    )


def extractive(hits: Sequence[Hit]) -> str:
    """The sentences that fit best, each with the number of its citation."""
    told = (f"{hit.quote}{standing(hit.kind, hit.verdict)}" for hit in hits)
    return "\n".join(f"{text} [{number}]" for number, text in enumerate(told, start=1))


def standing(kind: str, verdict: str | None) -> str:
    """What is to be said behind a quotation of that kind: of a claim, what was measured of it."""
    if kind != Kind.CLAIM:
        return ""
    return " (not measured here)" if verdict is None else f" (measured here: {verdict})"


def _is_unheard_of(connection: sa.Connection, question: str, scope: Scope) -> bool:
    """Whether a question has words of its own, and none of them stands anywhere.

    What such a follow-up points back to does not answer it.
    """
    words = conversation.telling(question)
    own = parse(" ".join(words))
    return bool(words) and not len(ranks.rank(connection, own, scope, 1, meaning=False).ids)


def _order(hit: Hit) -> float:
    """Where a passage stands among the citations.

    What is said in a transcript is answered by its neighbourhood; of a text, each passage by itself.
    """
    own = 1.0 if hit.kind is Kind.TRANSCRIPT else hit.fit
    return -hit.score * own * _BEHIND.get(hit.kind, 1.0)


def _nothing(searched: str, confidence: float, *, reason: str) -> Evidence:
    return Evidence(searched=searched, hits=(), confidence=confidence, reason=reason)


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
