"""Server-sent events: how they are sent, and the events of a run as they are stored.

The stream of a run ends when the run has ended. Its messages carry the numbers of the store's events, so a
browser that lost the connection goes on where it was (``Last-Event-ID``), and a second tab sees the
same. Formatting follows the WHATWG HTML standard, section 9.2.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Sequence

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse

from earwitness.store import events as stored
from earwitness.store import runs
from earwitness.store.connection import Store
from earwitness.web.pulse import Pulse

_SILENCE_SECONDS = 15.0
"""After so long a comment is sent, so that nobody in between gives the connection up."""
_RETRY_MILLISECONDS = 1000

Numbered = Sequence[tuple[int, str]]
Message = Callable[[Numbered], str]
"""From events that are new together to what is sent for them; called in a thread."""


def message(kind: str, data: str, number: int | None = None) -> str:
    """One message of a stream."""
    head = "" if number is None else f"id: {number}\n"
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return f"{head}event: {kind}\n{lines}\n"


def last_seen(request: Request) -> int:
    """The number that the browser saw last; 0 when it saw none or says nonsense."""
    said = request.headers.get("last-event-id") or request.query_params.get("after") or "0"
    return int(said) if said.isascii() and said.isdigit() and len(said) < 12 else 0


def response(messages: AsyncIterator[str]) -> StreamingResponse:
    """A stream of messages; nothing on the way may keep it back."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(messages, media_type="text/event-stream", headers=headers)


async def in_threads(messages: Generator[str]) -> AsyncIterator[str]:
    """Messages whose making takes its time; when nobody listens any more, it is ended."""
    try:
        async for one in iterate_in_threadpool(messages):
            yield one
    finally:
        messages.close()


async def follow(
    store: Store, pulse: Pulse, run: str, after: int, told: Message
) -> AsyncIterator[str]:
    """Messages for the events of a run after a number, and ``done`` when there will be no more."""
    yield f"retry: {_RETRY_MILLISECONDS}\n\n"
    async with pulse.listening() as news:
        while True:
            news.clear()
            found, running = await run_in_threadpool(_look, store, run, after)
            if found:
                after = found[-1][0]
                yield await run_in_threadpool(told, found)
            if not running:
                yield message("done", "", after)
                return
            try:
                await asyncio.wait_for(news.wait(), _SILENCE_SECONDS)
            except TimeoutError:
                yield ": still here\n\n"


def _look(store: Store, run: str, after: int) -> tuple[Numbered, bool]:
    """New events, and whether more may come; asked in this order so that none is missed."""
    running = runs.find(store, run).status == "running"
    return list(stored.read(store, run, after=after)), running
