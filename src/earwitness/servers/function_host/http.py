"""HTTP/1 on the side of a server, over asyncio streams.

h11 does the protocol; here it meets the socket. Trailers are kept, because a streamed answer tells
its error in them, and every chunk is sent when it is given, because that is the point of
streaming. No route and no status of Lambda stands here.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field

import h11

_READ_BYTES = 65536
LOOPBACK = "127.0.0.1"


class BodyTooLarge(Exception):
    """The body has more bytes than the reader accepts."""


@dataclass(frozen=True)
class Request:
    """The head of a request. Names of headers in lower case, repeated ones joined by a comma."""

    method: str
    target: str
    headers: Mapping[str, str]


Respond = Callable[["Connection", Request], Awaitable[None]]


@dataclass
class Connection:
    """One client, request after request."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    trailers: Mapping[str, str] = field(default_factory=dict)
    """Those of the request whose body was read last."""
    _http: h11.Connection = field(default_factory=lambda: h11.Connection(h11.SERVER))

    async def next_request(self) -> Request | None:
        """The next one; None when the client is done."""
        event = await self._event()
        if not isinstance(event, h11.Request):
            return None
        self.trailers = {}
        return Request(event.method.decode(), event.target.decode(), _joined(event.headers))

    async def body(self) -> AsyncIterator[bytes]:
        """The body in pieces, as they arrive; afterwards ``trailers`` is set.

        h11.RemoteProtocolError when it is cut off.
        """
        if self._http.they_are_waiting_for_100_continue:
            await self._send(h11.InformationalResponse(status_code=100, headers=[]))
        while isinstance(event := await self._event(), h11.Data):
            yield bytes(event.data)
        if isinstance(event, h11.EndOfMessage):
            self.trailers = _joined(event.headers)

    async def whole_body(self, limit: int) -> bytes:
        """The body; BodyTooLarge when it has more than ``limit`` bytes, after reading all of it."""
        pieces, size = [], 0
        async for piece in self.body():
            size += len(piece)
            if size <= limit:
                pieces.append(piece)
        if size > limit:
            raise BodyTooLarge
        return b"".join(pieces)

    async def closed(self) -> None:
        """Return when the client has closed its side; what it sends meanwhile is kept."""
        while data := await self.reader.read(_READ_BYTES):
            self._http.receive_data(data)
        self._http.receive_data(b"")

    async def answer(
        self, status: int, body: bytes = b"", *, headers: Mapping[str, str] = {}
    ) -> None:
        """A whole answer, with its length."""
        await self.begin(status, {**headers, "Content-Length": str(len(body))})
        await self.send(body)
        await self.end()

    async def begin(self, status: int, headers: Mapping[str, str] | list[tuple[str, str]]) -> None:
        """The head of an answer; without Content-Length it is chunked, for HTTP/1.0 until close."""
        pairs = list(headers.items()) if isinstance(headers, Mapping) else headers
        await self._send(h11.Response(status_code=status, headers=pairs))

    async def send(self, piece: bytes) -> None:
        """A piece of the body, now; waits while the client reads slower than we send."""
        if piece:
            await self._send(h11.Data(data=piece))

    async def end(self) -> None:
        """No more body."""
        await self._send(h11.EndOfMessage())

    def renew(self) -> bool:
        """Make ready for the next request; False when this connection is to be closed."""
        try:
            self._http.start_next_cycle()
        except h11.LocalProtocolError:
            return False
        return True

    async def _send(self, event: h11.Event) -> None:
        data = self._http.send(event)
        if data:
            self.writer.write(data)
            await self.writer.drain()

    async def _event(self) -> h11.Event | None:
        """The next event; None when there is none before our own answer."""
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self.reader.read(_READ_BYTES))
        return event if isinstance(event, h11.Event) else None


async def listen(respond: Respond) -> asyncio.Server:
    """Serve on a loopback port that the kernel chooses."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(reader, writer)
        try:
            while (request := await connection.next_request()) is not None:
                await respond(connection, request)
                if not connection.renew():
                    break
        except (ConnectionError, h11.ProtocolError, asyncio.CancelledError):
            pass  # the client is gone, is not to be answered, or we are closing
        finally:
            writer.close()

    return await asyncio.start_server(handle, LOOPBACK, 0)


def port_of(server: asyncio.Server) -> int:
    """The port that the kernel chose."""
    return int(server.sockets[0].getsockname()[1])


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in headers:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        joined[key] = f"{joined[key]},{text}" if key in joined else text
    return joined
