"""The documents of ``search`` and ``ask``: what was found, and where it stands.

Data first, as the other documents. ``show`` is the id of a show and ``episode`` the title of an
episode, everywhere; places are seconds from its start.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from earwitness.library.asking.citations import Sentence
from earwitness.library.search.hits import Hit
from earwitness.report.measured import Measured


class ResultDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A passage that was found."""

    show: str | None
    show_title: str | None
    episode: str | None
    episode_id: str | None
    date: str | None
    start_seconds: float | None
    """Of the sentence that fits best; null where nothing has times."""
    end_seconds: float | None
    chapter: str | None
    speaker: str | None
    kind: str
    """transcript, description, chapter, field-notes, claim, run, check or snip."""
    text: str
    quote: str
    """The sentence that fits best."""
    score: float
    """Comparable within one search only."""
    claim: str | None = None
    run: str | None = None
    verdict: str | None = None
    """Of what the passage itself says; of a claim's, that of its newest run; null: not measured."""


class SearchDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What a search found, the best first."""

    schema: Literal["earwitness/search/1"] = "earwitness/search/1"
    query: str
    results: tuple[ResultDocument, ...]


class CitationDocument(msgspec.Struct, frozen=True, kw_only=True):
    """Where a sentence of an answer stands. ``number`` is its mark in the answer."""

    number: int
    show: str | None
    show_title: str | None
    episode: str | None
    episode_id: str | None
    start_seconds: float | None
    chapter: str | None
    speaker: str | None
    kind: str
    quote: str
    text: str
    """The passage around the quote."""
    claim: str | None = None
    run: str | None = None
    """Id of the run or check whose text it is."""
    verdict: str | None = None
    """Of what the passage itself says; of a claim's, that of its newest run; null: not measured."""
    sources: tuple[str, ...] = ()
    """What a field note rests on."""
    used: bool = True
    """Whether the answer cites it; a model may be given passages that it does not use."""


class MeasuredDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What this machine has measured of a claim that bears on the question."""

    claim: str
    title: str
    run: str | None
    verdict: str | None
    text: str


class SentenceDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence of a model, with the numbers of the citations that hold; none: unsupported."""

    text: str
    citations: tuple[int, ...]
    quotes: tuple[str, ...]


class AnswerDocument(msgspec.Struct, frozen=True, kw_only=True):
    """An answer, or why there is none."""

    schema: Literal["earwitness/answer/1"] = "earwitness/answer/1"
    question: str
    searched: str
    """The question as it was searched; in a chat with words of earlier turns."""
    answer: str
    abstained: bool
    reason: str | None
    """Why nothing answers."""
    confidence: float
    """Share of the question that the best passage has, by rarity of the words."""
    citations: tuple[CitationDocument, ...]
    measured: tuple[MeasuredDocument, ...]
    model: str | None = None
    """That wrote the answer; null: the passages speak for themselves."""
    sentences: tuple[SentenceDocument, ...] = ()
    """Of that model."""
    note: str | None = None
    """Why a model that was configured did not answer."""


def search_document(query: str, hits: Sequence[Hit]) -> SearchDocument:
    """What was found, as a document."""
    return SearchDocument(query=query, results=tuple(_result(hit) for hit in hits))


def citation(number: int, hit: Hit) -> CitationDocument:
    """A passage as the citation of that number."""
    return CitationDocument(
        number=number,
        show=hit.show,
        show_title=hit.show_title,
        episode=hit.episode,
        episode_id=hit.episode_id,
        start_seconds=hit.start_seconds,
        chapter=hit.chapter,
        speaker=hit.speaker,
        kind=hit.kind.value,
        quote=hit.quote,
        text=hit.text,
        claim=hit.facts.claim,
        run=hit.facts.run,
        verdict=hit.verdict,
        sources=hit.facts.sources,
    )


def measured(one: Measured) -> MeasuredDocument:
    """A measured result as it stands in a document."""
    return MeasuredDocument(
        claim=one.claim, title=one.title, run=one.run, verdict=one.verdict, text=one.text
    )


def sentence(one: Sentence) -> SentenceDocument:
    """A sentence of a model as it stands in a document."""
    return SentenceDocument(
        text=one.text,
        citations=tuple(cited.number for cited in one.citations),
        quotes=tuple(cited.quote for cited in one.citations),
    )


def _result(hit: Hit) -> ResultDocument:
    return ResultDocument(
        show=hit.show,
        show_title=hit.show_title,
        episode=hit.episode,
        episode_id=hit.episode_id,
        date=hit.date,
        start_seconds=hit.start_seconds,
        end_seconds=hit.end_seconds,
        chapter=hit.chapter,
        speaker=hit.speaker,
        kind=hit.kind.value,
        text=hit.text,
        quote=hit.quote,
        score=hit.score,
        claim=hit.facts.claim,
        run=hit.facts.run,
        verdict=hit.verdict,
    )
