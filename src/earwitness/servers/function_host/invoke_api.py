"""The invocation API: what an SDK calls.

``Invoke`` (2015-03-31) answers with the whole payload; ``InvokeWithResponseStream`` (2021-11-15)
with messages of an event stream while the function still writes. Nothing of runtimes is known
here, a function is what ``Functions`` finds under a name.
"""

import re
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import unquote, urlsplit

import msgspec

from earwitness.servers.function_host import event_stream
from earwitness.servers.function_host.http import BodyTooLarge, Connection, Request
from earwitness.servers.function_host.invocation import (
    BUFFERED_LIMIT,
    TOO_LARGE,
    UNHANDLED,
    Invocation,
    TooLarge,
    error_body,
)

_BUFFERED = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
_STREAMED = re.compile(r"/2021-11-15/functions/([^/]+)/response-streaming-invocations")
_VERSION = {"X-Amz-Executed-Version": "$LATEST"}
_JSON = {"Content-Type": "application/json"}

Invoke = Callable[[bytes, str | None], Awaitable[Invocation]]
"""Payload and client context in; the invocation, on its way, out."""


class Functions(Protocol):
    """Where functions are found."""

    def named(self, name: str) -> Invoke | None:
        """How to invoke the function of that name; None when there is none."""


async def respond(functions: Functions, connection: Connection, request: Request) -> None:
    """Answer one call of an SDK."""
    path = urlsplit(request.target).path
    buffered, streamed = _BUFFERED.fullmatch(path), _STREAMED.fullmatch(path)
    try:
        payload = await connection.whole_body(BUFFERED_LIMIT)
    except BodyTooLarge:
        await _refuse(connection, 413, "RequestTooLargeException", "the payload is too large")
        return
    found = buffered or streamed
    invoke = functions.named(name_of(unquote(found[1]))) if found else None
    if found is None or request.method != "POST":
        await _refuse(connection, 404, "UnknownOperationException", f"no operation at {path}")
    elif invoke is None:
        message = f"Function not found: {unquote(found[1])}"
        await _refuse(connection, 404, "ResourceNotFoundException", message)
    else:
        invocation = await invoke(payload, request.headers.get("x-amz-client-context"))
        try:
            await (_answer_whole if buffered else _answer_stream)(connection, invocation)
        finally:
            invocation.response.abandon()


def name_of(reference: str) -> str:
    """The name in a function's name, partial or full ARN, without its qualifier."""
    parts = reference.split(":")
    if "function" in parts:
        return parts[parts.index("function") + 1]
    return parts[0]


async def _answer_whole(connection: Connection, invocation: Invocation) -> None:
    head = await invocation.response.head
    error = head.error
    try:
        body = await invocation.response.whole()
        if invocation.response.end.error is not None:
            error = UNHANDLED
            body = error_body(invocation.response.end.error, invocation.response.end.detail)
    except TooLarge:
        error = UNHANDLED
        body = error_body(TOO_LARGE, f"the answer has more than {BUFFERED_LIMIT} bytes")
    failed = {} if error is None else {"X-Amz-Function-Error": UNHANDLED}
    headers = {**_JSON, **_VERSION, **failed, "x-amzn-RequestId": invocation.id}
    await connection.answer(200, body, headers=headers)


async def _answer_stream(connection: Connection, invocation: Invocation) -> None:
    response = invocation.response
    head = await response.head
    headers = {
        **_VERSION,
        "Content-Type": event_stream.CONTENT_TYPE,
        "X-Amzn-Remapped-Content-Type": head.content_type,
        "x-amzn-RequestId": invocation.id,
    }
    await connection.begin(200, headers)
    if head.error is not None:
        detail = (await response.whole()).decode(errors="replace")
        await connection.send(event_stream.invoke_complete(head.error, detail))
    else:
        async for piece in response.pieces():
            await connection.send(event_stream.payload_chunk(piece))
        await connection.send(event_stream.invoke_complete(response.end.error, response.end.detail))
    await connection.end()


async def _refuse(connection: Connection, status: int, type: str, message: str) -> None:
    headers = {**_JSON, "X-Amzn-ErrorType": type}
    body = msgspec.json.encode({"Type": "User", "Message": message})
    await connection.answer(status, body, headers=headers)
