"""Function URLs: a function behind plain HTTP.

A request becomes an event of payload format 2.0; an answer is either collected and interpreted
(``BUFFERED``) or passed on while it is written (``RESPONSE_STREAM``). A streamed answer may begin
with status and headers as JSON, ended by eight NUL bytes ("HTTP integration response").
"""

import base64
import enum
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from earwitness.servers.function_host.http import LOOPBACK, BodyTooLarge, Connection, Request
from earwitness.servers.function_host.invocation import (
    BUFFERED_LIMIT,
    Response,
    TooLarge,
    error_body,
)
from earwitness.servers.function_host.invoke_api import Invoke

INTEGRATION = "application/vnd.awslambda.http-integration-response"
"""Content type of an answer that begins with status and headers."""
DELIMITER = bytes(8)
_LONGEST_PRELUDE_BYTES = 64 * 1024
_JSON = "application/json"

Headers = list[tuple[str, str]]


class InvokeMode(enum.StrEnum):
    """How a Function URL answers ("InvokeMode" of its configuration)."""

    BUFFERED = "BUFFERED"
    RESPONSE_STREAM = "RESPONSE_STREAM"


class Prelude(msgspec.Struct, rename={"status": "statusCode"}):
    """Status and headers that a function has chosen."""

    status: int = 200
    headers: dict[str, Any] = {}
    cookies: list[str] = []

    def fields(self, content_type: str) -> Headers:
        """Headers as they are sent; ``content_type`` where the function has given none."""
        own = [(name, str(value)) for name, value in self.headers.items()]
        framing = {"content-length", "transfer-encoding", "connection"}
        kept = [(name, value) for name, value in own if name.lower() not in framing]
        if not any(name.lower() == "content-type" for name, _ in kept):
            kept.append(("Content-Type", content_type))
        return [*kept, *(("Set-Cookie", cookie) for cookie in self.cookies)]


class _Proxied(Prelude, rename={"status": "statusCode", "base64": "isBase64Encoded"}):
    """A buffered answer with a body of its own."""

    body: str = ""
    base64: bool = False


class BadPrelude(Exception):
    """The function did not send status and headers although it said so."""


async def respond(
    invoke: Invoke, mode: InvokeMode, connection: Connection, request: Request
) -> None:
    """Answer one HTTP request by invoking the function once."""
    try:
        body = await connection.whole_body(BUFFERED_LIMIT)
    except BodyTooLarge:
        await connection.answer(413, error_body("RequestTooLarge", "the body is too large"))
        return
    invocation = await invoke(msgspec.json.encode(event_of(request, body)), None)
    try:
        if mode is InvokeMode.BUFFERED:
            await _buffered(connection, invocation.response)
        else:
            await _streamed(connection, invocation.response)
    finally:
        invocation.response.abandon()


def event_of(request: Request, body: bytes) -> Mapping[str, Any]:
    """The event of payload format 2.0 that a function gets for an HTTP request."""
    url = urlsplit(request.target)
    now = time.time()
    cookies = request.headers.get("cookie", "")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": url.path,
        "rawQueryString": url.query,
        "cookies": [part.strip() for part in cookies.split(";") if part.strip()],
        "headers": {name: v for name, v in request.headers.items() if name != "cookie"},
        "queryStringParameters": dict(parse_qsl(url.query, keep_blank_values=True)),
        "requestContext": {
            "http": {
                "method": request.method,
                "path": url.path,
                "protocol": "HTTP/1.1",
                "sourceIp": LOOPBACK,
                "userAgent": request.headers.get("user-agent", ""),
            },
            "stage": "$default",
            "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        "body": base64.b64encode(body).decode() if body else None,
        "isBase64Encoded": bool(body),
    }


async def _buffered(connection: Connection, response: Response) -> None:
    head = await response.head
    try:
        payload = await response.whole()
        if head.error or response.end.error:
            await _bad_gateway(connection)
            return
        prelude, body = _interpreted(payload, head.content_type, streaming=head.streaming)
    except (TooLarge, BadPrelude):
        await _bad_gateway(connection)
        return
    fields = prelude.fields("application/octet-stream" if head.streaming else _JSON)
    await connection.begin(prelude.status, [*fields, ("Content-Length", str(len(body)))])
    await connection.send(body)
    await connection.end()


def _interpreted(payload: bytes, content_type: str, *, streaming: bool) -> tuple[Prelude, bytes]:
    """Status, headers and body of a collected answer."""
    if streaming:
        return split(payload) if content_type == INTEGRATION else (Prelude(), payload)
    try:
        value = msgspec.json.decode(payload)
        if not isinstance(value, dict) or "statusCode" not in value:
            return Prelude(), payload
        proxied = msgspec.convert(value, _Proxied, strict=False)
        text = proxied.body.encode()
        return proxied, base64.b64decode(text) if proxied.base64 else text
    except (msgspec.MsgspecError, ValueError):
        raise BadPrelude from None


async def _streamed(connection: Connection, response: Response) -> None:
    """Pass the answer on; an error in mid-stream cuts the body off, so that it shows."""
    head = await response.head
    if head.error is not None:
        await _bad_gateway(connection)
        return
    pieces, first, prelude = response.pieces(), b"", Prelude()
    fields = [("Content-Type", head.content_type)]
    if head.content_type == INTEGRATION:
        try:
            prelude, first = split(await _until_delimiter(pieces))
        except BadPrelude:
            await _bad_gateway(connection)
            return
        fields = prelude.fields("application/octet-stream")
    await connection.begin(prelude.status, fields)
    await connection.send(first)
    async for piece in pieces:
        await connection.send(piece)
    if response.end.error is not None:
        raise ConnectionAbortedError(response.end.error)
    await connection.end()


async def _until_delimiter(pieces: AsyncIterator[bytes]) -> bytes:
    """The answer up to its eight NUL bytes at least, or as much of it as a prelude may have."""
    read = b""
    async for piece in pieces:
        read += piece
        if DELIMITER in read or len(read) > _LONGEST_PRELUDE_BYTES:
            break
    return read


async def _bad_gateway(connection: Connection) -> None:
    body = error_body("InternalServerError", "Internal Server Error")
    await connection.answer(502, body, headers={"Content-Type": _JSON})


def split(answer: bytes) -> tuple[Prelude, bytes]:
    """Status and headers before the eight NUL bytes, and what comes after; BadPrelude."""
    prelude, delimiter, rest = answer.partition(DELIMITER)
    if not delimiter:
        raise BadPrelude
    try:
        return msgspec.json.decode(prelude, type=Prelude, strict=False), rest
    except msgspec.MsgspecError:
        raise BadPrelude from None
