"""One operation of the API: its address, what it takes, what it gives, and the function for it.

What comes from outside is decoded into a struct before the function sees it; what cannot be is
refused in words. The same structs become the OpenAPI document, so the two cannot disagree.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from earwitness.web import site
from earwitness.web.site import Site

_JSON = "application/json"


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """Takes nothing."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """An operation; ``act`` is called in a thread with the site, the path and what was sent."""

    name: str
    method: str
    path: str
    summary: str
    act: Callable[[Site, dict[str, str], Any], object]
    query: type[msgspec.Struct] = Nothing
    body: type[msgspec.Struct] | None = None
    gives: Any = None
    """Type of the answer; None: a document that a schema of its own describes."""
    status: int = 200
    refuses: tuple[int, ...] = ()
    """Statuses of errors that it may answer with, beside 400 and 401."""

    @property
    def route(self) -> Route:
        """As Starlette has it."""
        return Route(self.path, self.answer, methods=[self.method], name=self.name)

    async def answer(self, request: Request) -> Response:
        """Decode, act, encode."""
        sent = _query(request, self.query)
        if self.body is not None:
            sent = await _body(request, self.body)
        path = {name: str(value) for name, value in request.path_params.items()}
        result = await run_in_threadpool(self.act, site.of(request), path, sent)
        body = result if isinstance(result, bytes) else msgspec.json.encode(result)
        return Response(body, self.status, media_type=_JSON)


def _query(request: Request, kind: type[msgspec.Struct]) -> Any:
    try:
        return msgspec.convert(dict(request.query_params), kind, strict=False)
    except msgspec.ValidationError as problem:
        raise HTTPException(400, f"the query cannot be understood: {problem}") from None


async def _body(request: Request, kind: type[msgspec.Struct]) -> Any:
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said != _JSON:
        raise HTTPException(415, f"the body has to be {_JSON}")
    try:
        return msgspec.json.decode(await request.body(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise HTTPException(400, f"the body cannot be understood: {problem}") from None
