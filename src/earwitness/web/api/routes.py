"""All operations of the API with their routes, and the document that describes them."""

import functools

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from earwitness.web import runs, site, streaming
from earwitness.web.api import (
    experiments,
    finding,
    library,
    machine,
    openapi,
    review,
    snips,
)

OPERATIONS = (
    *library.OPERATIONS,
    *finding.OPERATIONS,
    *snips.OPERATIONS,
    *review.OPERATIONS,
    *experiments.OPERATIONS,
    *machine.OPERATIONS,
)


def describe(_request: Request) -> Response:
    """The OpenAPI document."""
    return Response(_document(), media_type="application/json")


async def events(request: Request) -> StreamingResponse:
    """The events of a run as server-sent events, each with its number, until it has ended."""
    here = site.of(request)
    record = await run_in_threadpool(runs.find, here, request.path_params["run"])
    after = streaming.last_seen(request)
    return streaming.response(streaming.follow(here.store, here.pulse, record.id, after, _told))


def _told(new: streaming.Numbered) -> str:
    return "".join(streaming.message("event", body, number) for number, body in new)


@functools.cache
def _document() -> bytes:
    return msgspec.json.format(msgspec.json.encode(openapi.document(OPERATIONS)), indent=2)


API = [
    Route("/api/openapi.json", describe),
    Route("/api/runs/{run}/events", events),
    *(operation.route for operation in OPERATIONS),
]
