"""Answers a question: what was said, with citations, and what was measured here of it.

The one place where asking the library, asking a model and the measured results come together; the
command line and the assistant's server call ``answer``, the site takes it as it is ``growing``.
Without a model, or when it fails, the passages speak for themselves.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import msgspec

from earwitness.library import catalogue
from earwitness.library.asking import abstention, citations, model
from earwitness.library.asking import answer as asking
from earwitness.library.asking.answer import Evidence
from earwitness.library.asking.citations import Sentence
from earwitness.library.asking.conversation import Conversation
from earwitness.library.asking.model import Endpoint, ModelFailed
from earwitness.library.search.hits import Hit
from earwitness.library.search.scope import Scope
from earwitness.report import found_document, measured
from earwitness.report.found_document import AnswerDocument, SentenceDocument
from earwitness.report.measured import Measured
from earwitness.store.connection import Store

_MOST_MEASURED = 3
"""Claims that an answer speaks of."""
_UNSUPPORTED = "(no citation)"
"""Put behind a sentence of a model that rests on no passage."""

_NO_TALK = Conversation()

Listener = Callable[[SentenceDocument], None]
"""Called with each sentence of a model as soon as its citations were looked at."""


def answer(
    store: Store,
    question: str,
    scope: Scope,
    *,
    talk: Conversation = _NO_TALK,
    endpoint: Endpoint | None = None,
    listener: Listener = lambda _sentence: None,
) -> AnswerDocument:
    """The answer, or why there is none. ``talk``: the turns before, which it may point back to."""
    heard = 0
    for document in growing(store, question, scope, talk=talk, endpoint=endpoint):
        for sentence in document.sentences[heard:]:
            listener(sentence)
        heard = len(document.sentences)
    return document


def growing(
    store: Store,
    question: str,
    scope: Scope,
    *,
    talk: Conversation = _NO_TALK,
    endpoint: Endpoint | None = None,
) -> Iterator[AnswerDocument]:
    """The answer as it comes: what was found, then with every sentence of a model; the last is whole.

    Whoever stops taking it hangs up on the model.
    """
    evidence = asking.found(store, question, scope, talk=talk)
    if evidence.reason is not None:
        yield _abstained(question, evidence, evidence.reason)
        return
    extracted = _extracted(question, evidence, _bearing(store, evidence.hits))
    yield extracted
    if endpoint is not None:
        yield from _worded(extracted, evidence, endpoint)


def _worded(
    extracted: AnswerDocument, evidence: Evidence, endpoint: Endpoint
) -> Iterator[AnswerDocument]:
    """With each sentence of the model; as it was, with a note, when it fails or has none."""
    sentences: list[Sentence] = []
    try:
        asked = citations.messages(extracted.searched, evidence.hits)
        with contextlib.closing(model.stream(endpoint, asked)) as pieces:
            for sentence in citations.verified(pieces, evidence.hits):
                sentences.append(sentence)
                yield _of_model(extracted, sentences, endpoint.model)
    except ModelFailed as problem:
        note = f"The model did not answer ({problem}); these are the passages that may."
        yield _with_note(extracted, note)
        return
    if not sentences:
        yield _of_model(extracted, sentences, endpoint.model)


def _abstained(question: str, evidence: Evidence, reason: str) -> AnswerDocument:
    return AnswerDocument(
        question=question,
        searched=evidence.searched,
        answer=reason,
        abstained=True,
        reason=reason,
        confidence=evidence.confidence,
        citations=(),
        measured=(),
    )


def _extracted(question: str, evidence: Evidence, bearing: Sequence[Measured]) -> AnswerDocument:
    return AnswerDocument(
        question=question,
        searched=evidence.searched,
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


def _without_answer(extracted: AnswerDocument, note: str) -> AnswerDocument:
    """Abstained, with the passages that are nearest all the same."""
    nearest = tuple(msgspec.structs.replace(one, used=False) for one in extracted.citations)
    return msgspec.structs.replace(
        extracted,
        answer=abstention.NOTHING,
        abstained=True,
        reason=abstention.NOTHING,
        citations=nearest,
        note=note,
    )


def _of_model(
    extracted: AnswerDocument, sentences: Sequence[Sentence], name: str
) -> AnswerDocument:
    if not sentences or citations.is_no_answer(sentences[0].text):
        return _without_answer(extracted, f"The model {name} saw no answer in the passages.")
    worded = tuple(found_document.sentence(sentence) for sentence in sentences)
    cited = {number for sentence in worded for number in sentence.citations}
    return msgspec.structs.replace(
        extracted,
        citations=tuple(
            msgspec.structs.replace(one, used=one.number in cited) for one in extracted.citations
        ),
        answer=" ".join(told(sentence) for sentence in worded),
        model=name,
        sentences=worded,
    )


def told(sentence: SentenceDocument) -> str:
    """A sentence of a model with its marks, or marked as having none."""
    marks = "".join(f"[{number}]" for number in dict.fromkeys(sentence.citations))
    return f"{sentence.text} {marks or _UNSUPPORTED}"


def _bearing(store: Store, hits: Sequence[Hit]) -> list[Measured]:
    """The claims that were found, and those of the episode that was found first."""
    claims = [hit.facts.claim for hit in hits if hit.facts.claim is not None]
    first = next((hit.episode_id for hit in hits if hit.episode_id is not None), None)
    if first is not None:
        claims += catalogue.find_episode(store, first).facts.claims
    results = (measured.of_claim(store, claim) for claim in dict.fromkeys(claims))
    return [result for result in results if result is not None][:_MOST_MEASURED]
