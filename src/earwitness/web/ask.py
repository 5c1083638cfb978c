"""``/ask``: a question, answered with what was said and what was measured here; then the next one.

A form does for it. With script the same form is sent in the background, and the answer arrives as
server-sent events: the turn as far as it is, anew after each sentence of the model, then whole.
Where a model is configured, but cannot be asked, the passages answer and a line says why.
"""

import contextlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from earwitness.library import catalogue
from earwitness.library.asking import answer as answering
from earwitness.library.asking import model
from earwitness.library.asking.conversation import Conversation
from earwitness.library.asking.model import Endpoint, ModelFailed
from earwitness.library.search.scope import Scope
from earwitness.report import answers, measured
from earwitness.report.found_document import AnswerDocument
from earwitness.store.errors import StoreError
from earwitness.web import forms, places, rendering, search, site, streaming, talk
from earwitness.web.jobs.limits import TooMany
from earwitness.web.site import Site

EXAMPLES = (
    "What does the drive do with a flush?",
    "Is SELECT * slow?",
    "Why would anybody go back to a monolith?",
)
"""Questions that show what can be asked."""
_TURN_VOCABULARY: Mapping[str, Any] = {
    "kinds": places.KINDS,
    "place": places.of_citation,
    "kept": talk.kept,
    "standing": answering.standing,
}
"""What the template of a turn calls by name."""


def index(request: Request) -> Response:
    """Where a question is asked; an address may bring one along, and it is not asked by that."""
    query = request.query_params
    return _page(
        request,
        show=query.get("show", ""),
        episode=query.get("episode", ""),
        question=query.get("question", "")[: talk.LONGEST_QUESTION],
    )


async def ask(request: Request) -> Response:
    """The page, with the answer behind the talk so far."""
    form = await forms.read(request)
    turns = talk.read(form.every("turn"))
    question, show, episode = _said(form)
    return await run_in_threadpool(_answered, request, turns, question, show, episode)


async def stream(request: Request) -> StreamingResponse:
    """The answer as it comes: messages ``turn``, then ``done``; ``problem`` when there is none."""
    here = site.of(request)
    form = await forms.read(request)
    turns = talk.read(form.every("turn"))
    question, show, episode = _said(form)
    where, _ = await run_in_threadpool(search.scope, here, show, episode)
    messages = _messages(here, question, where, _asked(turns))
    return streaming.response(streaming.in_threads(messages))


def growing(
    here: Site, question: str, where: Scope, earlier: Sequence[str]
) -> Iterator[AnswerDocument]:
    """The answer as it comes; ``earlier`` is what was asked before. Raises TooMany."""
    measured.refresh(here.store)
    endpoint, problem = model_of()
    talk = Conversation(tuple(earlier))
    with contextlib.nullcontext() if endpoint is None else here.asking.turn():
        for document in answers.growing(here.store, question, where, talk=talk, endpoint=endpoint):
            yield document if problem is None else msgspec.structs.replace(document, note=problem)


def whole(here: Site, question: str, where: Scope, earlier: Sequence[str]) -> AnswerDocument:
    """The answer at its end. Raises TooMany."""
    *_, document = growing(here, question, where, earlier)
    return document


def model_of() -> tuple[Endpoint | None, str | None]:
    """The model that is configured, or why there is none though one was named."""
    try:
        return model.configured(), None
    except ModelFailed as problem:
        return None, f"The model cannot be asked: {problem}."


def _said(form: forms.Form) -> tuple[str, str, str]:
    """Question, show and episode. HTTPException 422 without a question."""
    question = form.one("question")[: talk.LONGEST_QUESTION]
    if not question:
        raise HTTPException(422, "Ask something first.")
    return question, form.one("show"), form.one("episode")


def _answered(
    request: Request, turns: list[AnswerDocument], question: str, show: str, episode: str
) -> Response:
    here = site.of(request)
    where, _ = search.scope(here, show, episode)
    answer = whole(here, question, where, _asked(turns))
    return _page(request, show=show, episode=episode, turns=(*turns, answer))


def _messages(here: Site, question: str, where: Scope, earlier: Sequence[str]) -> Generator[str]:
    """The messages of one answer; nobody is left waiting when it fails."""
    document = None
    try:
        for document in growing(here, question, where, earlier):
            yield streaming.message("turn", _told(document, writing=True))
    except (TooMany, StoreError) as problem:
        yield streaming.message("problem", str(problem))
    else:
        assert document is not None  # an answer is at least why there is none
        yield streaming.message("done", _told(document, writing=False))


def _told(document: AnswerDocument, *, writing: bool) -> str:
    return rendering.fragment("turn.html.j2", turn=document, writing=writing, **_TURN_VOCABULARY)


def _page(
    request: Request,
    *,
    show: str,
    episode: str,
    question: str = "",
    turns: Sequence[AnswerDocument] = (),
) -> Response:
    here = site.of(request)
    where, narrowed = search.scope(here, show, episode)
    endpoint, problem = model_of()
    return rendering.page(
        request,
        "ask.html.j2",
        turns=turns[-talk.MOST_TURNS :],
        question=question,
        show=where.show,
        episode=narrowed,
        shows=catalogue.shows(here.store),
        model=None if endpoint is None else endpoint.model,
        problem=problem,
        examples=EXAMPLES,
        longest=talk.LONGEST_QUESTION,
        most_turns=talk.MOST_TURNS,
        writing=False,
        **_TURN_VOCABULARY,
    )


def _asked(turns: Sequence[AnswerDocument]) -> tuple[str, ...]:
    return tuple(turn.question for turn in turns)
