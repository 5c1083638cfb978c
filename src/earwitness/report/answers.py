"""Answers a question: what was said, with citations, and what was measured here of it.

The one place where asking the library, asking a model and the measured results come together; the
command line and the assistant's server both call ``answer``. Without a model, or when it fails, the
passages speak for themselves.
"""

from collections.abc import Callable, Sequence

import msgspec

from earwitness.library import catalogue
from earwitness.library.asking import answer as asking
from earwitness.library.asking import citations, model
from earwitness.library.asking.answer import Evidence
from earwitness.library.asking.citations import Sentence
from earwitness.library.asking.model import Endpoint, ModelFailed
from earwitness.library.search.scope import Scope
from earwitness.library.search.searching import Hit
from earwitness.report import found_document, measured
from earwitness.report.found_document import AnswerDocument
from earwitness.report.measured import Measured
from earwitness.store.connection import Store

_MOST_MEASURED = 3
"""Claims that an answer speaks of."""
_UNSUPPORTED = "(no citation)"
"""Put behind a sentence of a model that rests on no passage."""

Listener = Callable[[Sentence], None]
"""Called with each sentence of a model as soon as its citations were looked at."""


def answer(
    store: Store,
    question: str,
    scope: Scope,
    *,
    searched: str | None = None,
    endpoint: Endpoint | None = None,
    listener: Listener = lambda _sentence: None,
) -> AnswerDocument:
    """The answer, or why there is none. ``searched``: the question with what it leaves out."""
    searched = searched or question
    evidence = asking.found(store, searched, scope)
    if evidence.reason is not None:
        return _abstained(question, searched, evidence, evidence.reason)
    extracted = _extracted(question, searched, evidence, _bearing(store, evidence.hits))
    if endpoint is None:
        return extracted
    try:
        sentences = []
        pieces = model.stream(endpoint, citations.messages(searched, evidence.hits))
        for sentence in citations.verified(pieces, evidence.hits):
            listener(sentence)
            sentences.append(sentence)
    except ModelFailed as problem:
        note = f"The model did not answer ({problem}); these are the passages that may."
        return _with_note(extracted, note)
    return _of_model(extracted, sentences, endpoint.model)


def _abstained(question: str, searched: str, evidence: Evidence, reason: str) -> AnswerDocument:
    return AnswerDocument(
        question=question,
        searched=searched,
        answer=reason,
        abstained=True,
        reason=reason,
        confidence=evidence.confidence,
        citations=(),
        measured=(),
    )


def _extracted(
    question: str, searched: str, evidence: Evidence, bearing: Sequence[Measured]
) -> AnswerDocument:
    return AnswerDocument(
        question=question,
        searched=searched,
        answer=asking.extractive(evidence.hits),
        abstained=False,
        reason=None,
        confidence=evidence.confidence,
        citations=tuple(
            found_document.citation(number, hit)
            for number, hit in enumerate(evidence.hits, start=1)
        ),
        measured=tuple(found_document.measured(one) for one in bearing),
    )


def _with_note(document: AnswerDocument, note: str) -> AnswerDocument:
    return msgspec.structs.replace(document, note=note)


def _of_model(
    extracted: AnswerDocument, sentences: Sequence[Sentence], name: str
) -> AnswerDocument:
    if not sentences or sentences[0].text.rstrip(".") == citations.NO_ANSWER:
        note = f"The model {name} saw no answer in the passages; these are the nearest."
        return _with_note(extracted, note)
    return msgspec.structs.replace(
        extracted,
        answer=" ".join(told(sentence) for sentence in sentences),
        model=name,
        sentences=tuple(found_document.sentence(sentence) for sentence in sentences),
    )


def told(sentence: Sentence) -> str:
    """A sentence of a model with its marks, or marked as having none."""
    numbers = dict.fromkeys(cited.number for cited in sentence.citations)
    marks = "".join(f"[{number}]" for number in numbers)
    return f"{sentence.text} {marks or _UNSUPPORTED}"


def _bearing(store: Store, hits: Sequence[Hit]) -> list[Measured]:
    """The claims that were found, and those of the episode that was found first."""
    claims = [hit.facts.claim for hit in hits if hit.facts.claim is not None]
    first = next((hit.episode_id for hit in hits if hit.episode_id is not None), None)
    if first is not None:
        claims += catalogue.find_episode(store, first).facts.claims
    results = (measured.of_claim(store, claim) for claim in dict.fromkeys(claims))
    return [result for result in results if result is not None][:_MOST_MEASURED]
