"""The Runtime API: what a runtime client inside an execution environment talks to.

AWS's "Using the Lambda runtime API" (version 2018-06-01), with streamed responses as "Building a
custom runtime" has them: the header ``Lambda-Runtime-Function-Response-Mode: streaming``, a chunked
body, and trailers that tell an error in mid-stream. One listener is one environment. Callers and
their interfaces are not known here.
"""

import asyncio
import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import h11

from earwitness.servers.function_host.http import BodyTooLarge, Connection, Request
from earwitness.servers.function_host.invocation import (
    BUFFERED_LIMIT,
    EXITED,
    STREAMED_LIMIT,
    TIMED_OUT,
    TOO_LARGE,
    UNHANDLED,
    End,
    Head,
    Inbox,
    Invocation,
    error_body,
)

_NEXT = "/2018-06-01/runtime/invocation/next"
_INIT_ERROR = "/2018-06-01/runtime/init/error"
_OF_INVOCATION = re.compile(r"/2018-06-01/runtime/invocation/([^/]+)/(response|error)")
_MODE = "lambda-runtime-function-response-mode"
_ERROR_TYPE = "lambda-runtime-function-error-type"
_ERROR_BODY = "lambda-runtime-function-error-body"
_OK = b'{"status":"OK"}'
_JSON = {"Content-Type": "application/json"}


@dataclass
class Environment:
    """One process of a function, as its Runtime API sees it."""

    arn: str
    inbox: Inbox
    kill: Callable[[], None]
    """Ends the process; called when an invocation is timed out, as AWS does."""
    ready: bool = False
    """Whether it has asked for an invocation."""
    init_error: str | None = None
    response_bytes: int = 0
    """Bytes of answers that its runtime has sent."""
    errors: int = 0
    _working_on: dict[str, Invocation] = field(default_factory=dict)
    _timers: dict[str, asyncio.TimerHandle] = field(default_factory=dict)
    _telling: asyncio.Future[None] | None = None

    async def respond(self, connection: Connection, request: Request) -> None:
        """Answer one request of the runtime."""
        if (request.method, request.target) == ("GET", _NEXT):
            await self._next(connection)
        elif (request.method, request.target) == ("POST", _INIT_ERROR):
            self.init_error = (await connection.whole_body(BUFFERED_LIMIT)).decode(errors="replace")
            await connection.answer(202, _OK, headers=_JSON)
        elif request.method == "POST" and (path := _OF_INVOCATION.fullmatch(request.target)):
            await self._finish(connection, request, path[1], path[2])
        else:
            await connection.whole_body(BUFFERED_LIMIT)
            await connection.answer(404, error_body("NotFound", request.target), headers=_JSON)

    async def ended(self, status: str) -> None:
        """The process is gone: what it worked on has failed."""
        for id, invocation in tuple(self._working_on.items()):
            self._put_down(id)
            self.errors += 1
            message = f"RequestId: {id} Error: Runtime exited {status}"
            await invocation.response.fail(EXITED, error_body(EXITED, message))

    async def _next(self, connection: Connection) -> None:
        """Hand over an invocation, unless the runtime is gone before there is one."""
        self.ready = True
        await connection.whole_body(BUFFERED_LIMIT)  # a GET has none; h11 wants its end read
        taking = asyncio.ensure_future(self.inbox.take())
        leaving = asyncio.ensure_future(connection.closed())
        await asyncio.wait({taking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        gone = leaving.done()
        taking.cancel()
        leaving.cancel()
        await asyncio.wait({taking, leaving})  # only one may read from a connection at a time
        if gone:
            if not taking.cancelled():
                await self.inbox.put_back(taking.result())
            raise ConnectionResetError
        await self._hand_over(connection, taking.result())

    async def _hand_over(self, connection: Connection, invocation: Invocation) -> None:
        self._working_on[invocation.id] = invocation
        self._timers[invocation.id] = asyncio.get_running_loop().call_later(
            invocation.timeout_seconds, self._time_out, invocation.id
        )
        headers = {
            **_JSON,
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms()),
            "Lambda-Runtime-Invoked-Function-Arn": self.arn,
        }
        if invocation.client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = invocation.client_context
        await connection.answer(200, invocation.payload, headers=headers)

    async def _finish(self, connection: Connection, request: Request, id: str, what: str) -> None:
        invocation = self._working_on.get(id)
        if invocation is None:
            await connection.whole_body(STREAMED_LIMIT)
            body = error_body("InvalidRequestID", "Invalid request ID")
            await connection.answer(400, body, headers=_JSON)
        elif what == "error":
            body = await connection.whole_body(BUFFERED_LIMIT)
            self._put_down(id)
            self.errors += 1
            await invocation.response.fail(UNHANDLED, body)
            await connection.answer(202, _OK, headers=_JSON)
        elif request.headers.get(_MODE, "").lower() == "streaming":
            await self._stream(connection, request, invocation)
        else:
            await self._buffered(connection, request, invocation)

    async def _buffered(
        self, connection: Connection, request: Request, invocation: Invocation
    ) -> None:
        try:
            body = await connection.whole_body(BUFFERED_LIMIT)
        except BodyTooLarge:
            self._put_down(invocation.id)
            self.errors += 1
            message = error_body(
                TOO_LARGE,
                "Response payload size exceeded maximum allowed payload size "
                f"({BUFFERED_LIMIT} bytes).",
            )
            await invocation.response.fail(UNHANDLED, message)
            await connection.answer(413, message, headers=_JSON)
            return
        self._put_down(invocation.id)
        self.response_bytes += len(body)
        content_type = request.headers.get("content-type", "application/json")
        invocation.response.begin(Head(content_type=content_type, streaming=False))
        await invocation.response.write(body)
        await invocation.response.finish()
        await connection.answer(202, _OK, headers=_JSON)

    async def _stream(
        self, connection: Connection, request: Request, invocation: Invocation
    ) -> None:
        """Pass every piece on when it arrives; a cut-off body is the end of the runtime."""
        content_type = request.headers.get("content-type", "application/octet-stream")
        response = invocation.response
        response.begin(Head(content_type=content_type, streaming=True))
        sent = 0
        try:
            async for piece in connection.body():
                self.response_bytes += len(piece)
                sent += len(piece)
                if sent <= STREAMED_LIMIT:
                    await response.write(piece)
        except (ConnectionError, h11.RemoteProtocolError):
            self._put_down(invocation.id)
            self.errors += 1
            await response.finish(End(error=EXITED, detail="the runtime broke off its answer"))
            raise
        self._put_down(invocation.id)
        end = _end(connection, over_limit=sent > STREAMED_LIMIT)
        self.errors += end.error is not None
        await response.finish(end)
        await connection.answer(202, _OK, headers=_JSON)

    def _put_down(self, id: str) -> None:
        self._working_on.pop(id, None)
        if timer := self._timers.pop(id, None):
            timer.cancel()

    def _time_out(self, id: str) -> None:
        """As at AWS: the caller is told, the environment is ended."""
        if invocation := self._working_on.get(id):
            self._put_down(id)
            self.errors += 1
            message = f"{id} Task timed out after {invocation.timeout_seconds:.2f} seconds"
            failing = invocation.response.fail(TIMED_OUT, error_body(TIMED_OUT, message))
            self._telling = asyncio.ensure_future(failing)  # the loop keeps only a weak reference
            asyncio.get_running_loop().call_soon(self.kill)


def _end(connection: Connection, *, over_limit: bool) -> End:
    if over_limit:
        return End(error=TOO_LARGE, detail=f"more than {STREAMED_LIMIT} bytes were streamed")
    error = connection.trailers.get(_ERROR_TYPE)
    if error is None:
        return End()
    encoded = connection.trailers.get(_ERROR_BODY, "")
    try:
        detail = base64.b64decode(encoded, validate=True).decode(errors="replace")
    except binascii.Error:
        detail = encoded
    return End(error=error, detail=detail)
