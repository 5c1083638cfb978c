"""WebTransport over HTTP/3 on loopback: a server and clients that are told when to send.

Sessions are real ones, opened by an extended CONNECT over QUIC with TLS 1.3 (draft-ietf-webtrans-
http3; aioquic offers the settings of draft 02, which browsers speak). What is sent on them, and
what arrives, is the affair of who holds a session: it writes, and it flushes. Nothing here decides
over loss or order.

Everything lives on one event loop. aioquic wants its protocols subclassed; beyond that, nothing is
inherited. Every packet is logged by aioquic itself (qlog), so that a sender can say what was in it.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import aioquic
from aioquic.asyncio.protocol import QuicConnectionProtocol
from aioquic.asyncio.server import QuicServer
from aioquic.h3.connection import H3_ALPN, H3Connection
from aioquic.h3.events import (
    DatagramReceived,
    H3Event,
    HeadersReceived,
    WebTransportStreamDataReceived,
)
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, ProtocolNegotiated, QuicEvent
from aioquic.quic.logger import QuicLogger, QuicLoggerTrace
from aioquic.quic.packet import QuicProtocolVersion

from earwitness.servers.certificates import Issued
from earwitness.servers.link import Address
from earwitness.servers.process import ServerFailed

_HOST = "127.0.0.1"
_NAME = "localhost"
_PATH = b"/"
_CONNECT_SECONDS = 10.0
_IDLE_SECONDS = 30.0
_LARGEST_DATAGRAM_FRAME = 65535
_POLL_SECONDS = 0.0005

VERSION = f"aioquic {aioquic.__version__}"
_ENABLE_WEBTRANSPORT = 0x2B603742
_SETTINGS_SHOWN = {
    _ENABLE_WEBTRANSPORT: "ENABLE_WEBTRANSPORT",
    0x33: "H3_DATAGRAM",
    0x8: "EXTENDED_CONNECT",
}
"""draft-ietf-webtrans-http3-02 8.6; RFC 9297 2.1.1; RFC 9220 5."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Bytes that were handed to the application: of a stream, in its order, or one datagram."""

    stream: int | None
    """None: a datagram."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """What a packet carried of the application: bytes ``start`` to ``stop`` of a stream.

    Of a datagram (``stream`` is None) only the length is known, as ``stop``.
    """

    stream: int | None
    start: int
    stop: int


Packet = tuple[Frame, ...]
"""The application's frames of one packet, in their order; empty when it had none."""


class Session:
    """One end of an open session; made by ``Server.accept`` and ``connected``."""

    def __init__(self, endpoint: "_Endpoint", id: int) -> None:
        self._endpoint = endpoint
        self.id = id
        """The stream of its CONNECT request."""
        self._arrivals: list[Arrival] = []

    @property
    def peer_address(self) -> Address:
        """Where its packets go."""
        address = self._endpoint.quic.get_peer_address()
        assert address is not None, "a session has a peer"
        host, port = address[:2]
        return host, port

    @property
    def datagrams_out(self) -> int:
        """UDP datagrams that its connection has sent, handshake included."""
        return self._endpoint.datagrams_out

    @property
    def datagrams_in(self) -> int:
        """UDP datagrams that its connection has read."""
        return self._endpoint.datagrams_in

    @property
    def peer_settings(self) -> str:
        """The peer's HTTP/3 settings that make WebTransport possible, as in "H3_DATAGRAM=1"."""
        received = self._endpoint.http.received_settings or {}
        known = ((name, received.get(code)) for code, name in _SETTINGS_SHOWN.items())
        return " ".join(f"{name}={value}" for name, value in known if value is not None)

    def open_stream(self) -> int:
        """A new unidirectional stream towards the peer, which learns of it with the first data."""
        return self._endpoint.http.create_webtransport_stream(self.id, is_unidirectional=True)

    def write(self, stream: int, data: bytes) -> None:
        """Queue bytes on a stream; they leave with ``flush``."""
        self._endpoint.quic.send_stream_data(stream, data)

    def write_datagram(self, data: bytes) -> None:
        """Queue one datagram; it leaves with ``flush`` and is never repeated."""
        self._endpoint.http.send_datagram(self.id, data)

    def flush(self) -> None:
        """Send what is queued, as far as congestion control and pacing allow; the rest follows."""
        self._endpoint.transmit()

    def take(self) -> list[Arrival]:
        """What has arrived since the last call, in the order in which it was handed over."""
        taken, self._arrivals = self._arrivals, []
        return taken

    async def ping(self) -> None:
        """Return when the peer has acknowledged this and so all that it had read before."""
        await self._endpoint.ping()

    def packets(self) -> tuple[Packet, ...]:
        """What every protected (1-RTT) packet of its connection carried so far, in send order."""
        return tuple(_packets(self._endpoint.trace))

    def close(self) -> None:
        """Close its connection; the peer is told once and not waited for."""
        self._endpoint.close()

    def arrived(self, arrival: Arrival) -> None:
        """For its endpoint: something came."""
        self._arrivals.append(arrival)


class Server:
    """A listening server; made by ``serving``."""

    def __init__(self) -> None:
        self.address: Address = (_HOST, 0)
        self._accepted: asyncio.Queue[Session] = asyncio.Queue()

    async def accept(self) -> Session:
        """The next session that a client opened; ServerFailed when none does for long."""
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return await self._accepted.get()
        except TimeoutError as error:
            raise ServerFailed(f"{VERSION}: no client opened a session") from error

    def opened(self, session: Session) -> None:
        """For its endpoints: a client has opened a session."""
        self._accepted.put_nowait(session)


@contextlib.asynccontextmanager
async def serving(certificate: Issued) -> AsyncIterator[Server]:
    """A server on a port that the kernel chooses; its connections are closed on the way out."""
    configuration = _configuration(is_client=False)
    configuration.load_cert_chain(certificate.certificate, certificate.key)
    server = Server()

    def endpoint(quic: QuicConnection, **_: object) -> _Endpoint:
        return _Endpoint(quic, server.opened)

    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(
        lambda: QuicServer(configuration=configuration, create_protocol=endpoint),
        local_addr=(_HOST, 0),
    )
    server.address = transport.get_extra_info("sockname")
    try:
        yield server
    finally:
        protocol.close()


@contextlib.asynccontextmanager
async def connected(address: Address, authority: Path) -> AsyncIterator[Session]:
    """A session of a new connection to a server whose certificate that authority signed.

    ServerFailed when no session comes about; the connection is closed on the way out.
    """
    configuration = _configuration(is_client=True)
    configuration.load_verify_locations(cafile=str(authority))
    loop = asyncio.get_running_loop()
    transport, endpoint = await loop.create_datagram_endpoint(
        lambda: _Endpoint(QuicConnection(configuration=configuration), lambda _: None),
        local_addr=(_HOST, 0),
    )
    try:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                endpoint.connect(address)
                session = await endpoint.open_session(address)
        except (TimeoutError, ConnectionError) as error:
            reason = endpoint.ended or f"nobody answered within {_CONNECT_SECONDS:g} s"
            raise ServerFailed(f"{VERSION}: no WebTransport session: {reason}") from error
        yield session
    finally:
        endpoint.close()
        transport.close()


async def wait_until(condition: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    """Return once ``condition()``; ServerFailed, naming ``what``, when it takes too long."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ServerFailed(f"{VERSION}: {what} did not happen within {seconds:g} s")
        await asyncio.sleep(_POLL_SECONDS)


class _Endpoint(QuicConnectionProtocol):
    """One connection: hands events to its session, counts datagrams, keeps the log."""

    def __init__(self, quic: QuicConnection, on_session: Callable[[Session], None]) -> None:
        super().__init__(quic)
        self.quic = quic
        self.datagrams_out = 0
        self.datagrams_in = 0
        self.ended: str | None = None
        """Why the connection is over; None while it is not."""
        self._on_session = on_session
        self._sessions: dict[int, Session] = {}
        self._answered: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._http: H3Connection | None = None
        log = cast(_Log, quic.configuration.quic_logger)
        self.trace = log.trace_of(quic.original_destination_connection_id)

    @property
    def http(self) -> H3Connection:
        """There once ALPN has chosen HTTP/3."""
        assert self._http is not None, "HTTP/3 is not negotiated yet"
        return self._http

    async def open_session(self, authority: Address) -> Session:
        """For a client: wait for the peer's settings, send the CONNECT, wait for its answer."""
        await self.wait_connected()
        await wait_until(lambda: self.http.received_settings is not None, "SETTINGS of the server")
        if not (self.http.received_settings or {}).get(_ENABLE_WEBTRANSPORT):
            raise ServerFailed("the server does not offer WebTransport in its SETTINGS")
        id = self.quic.get_next_available_stream_id()
        self.http.send_headers(
            id,
            [
                (b":method", b"CONNECT"),
                (b":scheme", b"https"),
                (b":authority", f"{_NAME}:{authority[1]}".encode()),
                (b":path", _PATH),
                (b":protocol", b"webtransport"),
                (b"sec-webtransport-http3-draft02", b"1"),
            ],
        )
        session = self._sessions[id] = Session(self, id)
        self.transmit()
        try:
            status = await self._answered
        except asyncio.CancelledError:
            if self.ended is None:
                raise  # it is we who are cancelled
            raise ConnectionError(self.ended) from None
        if status != b"200":
            raise ServerFailed(f"the server answered the CONNECT with {status.decode()}")
        return session

    # what aioquic calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Put a counter between aioquic and the socket."""
        sender = cast(asyncio.DatagramTransport, transport)
        super().connection_made(cast(asyncio.BaseTransport, _Counter(sender, self._count_out)))

    def datagram_received(self, data: bytes | str, addr: Any) -> None:
        """Count, then let aioquic read it."""
        self.datagrams_in += 1
        super().datagram_received(data, addr)

    def quic_event_received(self, event: QuicEvent) -> None:
        """Translate to HTTP/3, and what that makes of it to sessions."""
        match event:
            case ProtocolNegotiated():
                self._http = H3Connection(self.quic, enable_webtransport=True)
            case ConnectionTerminated():
                self.ended = f"{event.reason_phrase or 'no reason given'} ({event.error_code:#x})"
                self._answered.cancel()
        if self._http is not None:
            for translated in self._http.handle_event(event):
                self._http_event(translated)

    def _http_event(self, event: H3Event) -> None:
        match event:
            case HeadersReceived() if self.quic.configuration.is_client:
                if not self._answered.done():
                    self._answered.set_result(dict(event.headers)[b":status"])
            case HeadersReceived():
                self._answer(event)
            case WebTransportStreamDataReceived() if event.session_id in self._sessions:
                arrival = Arrival(event.stream_id, event.data)
                self._sessions[event.session_id].arrived(arrival)
            case DatagramReceived() if event.stream_id in self._sessions:
                self._sessions[event.stream_id].arrived(Arrival(None, event.data))

    def _answer(self, request: HeadersReceived) -> None:
        """For a server: accept WebTransport at our one path, know nothing else."""
        asked = dict(request.headers)
        wanted = (asked.get(b":method"), asked.get(b":protocol"), asked.get(b":path"))
        if wanted != (b"CONNECT", b"webtransport", _PATH):
            self.http.send_headers(request.stream_id, [(b":status", b"404")], end_stream=True)
            return
        session = self._sessions[request.stream_id] = Session(self, request.stream_id)
        accepted = [(b":status", b"200"), (b"sec-webtransport-http3-draft", b"draft02")]
        self.http.send_headers(request.stream_id, accepted)
        self._on_session(session)

    def _count_out(self) -> None:
        self.datagrams_out += 1


class _Counter:
    """The part of a datagram transport that aioquic uses, counted."""

    def __init__(self, transport: asyncio.DatagramTransport, count: Callable[[], None]) -> None:
        self._transport = transport
        self._count = count

    def sendto(self, data: bytes, address: Address) -> None:
        if not self._transport.is_closing():
            self._count()
            self._transport.sendto(data, address)


class _Log(QuicLogger):
    """Finds the trace of a connection, and forgets it with the connection."""

    def __init__(self) -> None:
        super().__init__()
        self._by_connection: dict[bytes, QuicLoggerTrace] = {}

    def start_trace(self, is_client: bool, odcid: bytes) -> QuicLoggerTrace:
        trace = super().start_trace(is_client, odcid)
        self._by_connection[odcid] = trace
        return trace

    def end_trace(self, trace: QuicLoggerTrace) -> None:
        self._traces.remove(trace)

    def trace_of(self, odcid: bytes) -> QuicLoggerTrace:
        return self._by_connection.pop(odcid)


def _configuration(*, is_client: bool) -> QuicConfiguration:
    return QuicConfiguration(
        is_client=is_client,
        alpn_protocols=H3_ALPN,
        idle_timeout=_IDLE_SECONDS,
        max_datagram_frame_size=_LARGEST_DATAGRAM_FRAME,
        server_name=_NAME if is_client else None,
        supported_versions=[QuicProtocolVersion.VERSION_1],
        quic_logger=_Log(),
    )


def _packets(trace: QuicLoggerTrace) -> Iterator[Packet]:
    for event in trace.to_dict()["events"]:
        if event["name"] != "transport:packet_sent":
            continue
        if event["data"]["header"]["packet_type"] == "1RTT":
            yield tuple(_frames(event["data"]["frames"]))


def _frames(logged: list[dict[str, Any]]) -> Iterator[Frame]:
    """Frames with application data, from their qlog form."""
    for frame in logged:
        match frame["frame_type"]:
            case "stream":
                begin = frame["offset"]
                yield Frame(frame["stream_id"], begin, begin + frame["length"])
            case "datagram":
                yield Frame(None, 0, frame["length"])
