"""One invocation on its way from a caller to a function and back.

Pure asyncio, no HTTP: callers put an ``Invocation`` into the ``Inbox`` of a function, a runtime
takes it out, and the ``Response`` carries the answer back while it is still being written. The
queue between them is bounded, so that a slow caller slows the function and not the memory.
"""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import msgspec

BUFFERED_LIMIT = 6_291_556
"""Bytes of a buffered answer, as AWS's message on larger ones says: 6 MiB and 100."""
STREAMED_LIMIT = 200 * 1024 * 1024
"""Bytes of a streamed answer ("Lambda quotas")."""
_PIECES_ON_THE_WAY = 64

UNHANDLED = "Unhandled"
EXITED = "Runtime.ExitError"
TIMED_OUT = "Sandbox.Timedout"
TOO_LARGE = "Function.ResponseSizeTooLarge"


@dataclass(frozen=True)
class Head:
    """What is known of an answer before its first byte. ``error``: the function failed."""

    content_type: str
    streaming: bool
    error: str | None = None


@dataclass(frozen=True)
class End:
    """How an answer ended; ``error`` when the function failed after it had begun to stream."""

    error: str | None = None
    detail: str = ""


class TooLarge(Exception):
    """The answer has more bytes than may be buffered."""


@dataclass
class Response:
    """An answer in transit; written by a runtime, read once by a caller."""

    head: asyncio.Future[Head]
    end: End = End()
    _pieces: asyncio.Queue[bytes | None] = field(
        default_factory=lambda: asyncio.Queue(_PIECES_ON_THE_WAY)
    )
    _abandoned: bool = False
    _ended: bool = False

    def begin(self, head: Head) -> None:
        """Say what kind of answer it is; the first one counts."""
        if not self.head.done():
            self.head.set_result(head)

    async def write(self, piece: bytes) -> None:
        """Pass a piece on; waits while the caller reads slower than this."""
        if not self._abandoned and not self._ended:
            await self._pieces.put(piece)

    async def finish(self, end: End = End()) -> None:
        """Nothing more will come."""
        if not self._ended:
            self._ended = True
            self.end = end
            if not self._abandoned:
                await self._pieces.put(None)

    async def fail(self, error: str, body: bytes) -> None:
        """The function did not answer, or not to the end; ``body`` is JSON."""
        if self.head.done():
            await self.finish(End(error=error, detail=body.decode(errors="replace")))
        else:
            self.begin(Head(content_type="application/json", streaming=False, error=error))
            await self.write(body)
            await self.finish()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The answer as it is written; afterwards ``end`` says how it ended."""
        while (piece := await self._pieces.get()) is not None:
            yield piece

    async def whole(self, limit: int = BUFFERED_LIMIT) -> bytes:
        """The whole answer; TooLarge, after the function has ended, when it is over ``limit``."""
        kept, size = [], 0
        async for piece in self.pieces():
            size += len(piece)
            if size <= limit:
                kept.append(piece)
        if size > limit:
            raise TooLarge
        return b"".join(kept)

    def abandon(self) -> None:
        """The caller is gone. The function goes on, as it does at AWS; nobody reads it."""
        self._abandoned = True
        while not self._pieces.empty():
            self._pieces.get_nowait()


@dataclass
class Invocation:
    """A request to a function."""

    payload: bytes
    timeout_seconds: float
    client_context: str | None
    response: Response
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def deadline_ms(self) -> int:
        """When it will be timed out if it is handed over now, in milliseconds of the epoch."""
        return int((time.time() + self.timeout_seconds) * 1000)


def invocation(
    payload: bytes, timeout_seconds: float, client_context: str | None = None
) -> Invocation:
    """A new one; to be called in the running loop."""
    response = Response(head=asyncio.get_running_loop().create_future())
    return Invocation(payload, timeout_seconds, client_context, response)


@dataclass
class Inbox:
    """Invocations that wait for a free environment, first come first served."""

    _waiting: deque[Invocation] = field(default_factory=deque)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def put(self, invocation: Invocation) -> None:
        """Add one at the end."""
        async with self._news:
            self._waiting.append(invocation)
            self._news.notify()

    async def put_back(self, invocation: Invocation) -> None:
        """Return one that could not be handed over; it is the next again."""
        async with self._news:
            self._waiting.appendleft(invocation)
            self._news.notify()

    async def take(self) -> Invocation:
        """The next one, when there is one."""
        async with self._news:
            await self._news.wait_for(lambda: bool(self._waiting))
            return self._waiting.popleft()

    def empty_out(self) -> tuple[Invocation, ...]:
        """All that wait, taken out at once."""
        waiting = tuple(self._waiting)
        self._waiting.clear()
        return waiting


def error_body(type: str, message: str) -> bytes:
    """An error as Lambda's runtimes write it."""
    return msgspec.json.encode({"errorMessage": message, "errorType": type})
