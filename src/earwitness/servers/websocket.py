"""WebSockets over TCP on loopback, both ends in our hands, one write for each message.

The protocol (RFC 6455) is that of the library ``websockets``, without its I/O: so the caller sees
exactly what the kernel has handed over, and nothing is read behind its back. No TLS: what TCP
keeps back, TLS above it cannot deliver. What is sent, and what is lost, others decide.
"""

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import websockets
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from earwitness.servers import network, tcp
from earwitness.servers.network import MakeSocket
from earwitness.servers.process import ServerFailed

_HOST = "127.0.0.1"
_HANDSHAKE_SECONDS = 10.0
_READ_BYTES = 65536
_SEGMENT_BYTES = 1400
"""Of TCP payload at most, about as on an Ethernet; loopback would take 64 kB at once."""
_FILLER_BYTES = 65536
_MOST_FILLERS = 200
SHORT_HEADER_BYTES = 2
"""Before a server's message of at most 125 bytes (RFC 6455 5.2); servers do not mask."""

VERSION = f"websockets {websockets.version.version}"


class End:
    """One end of an open WebSocket; made by ``connected``."""

    def __init__(self, end: socket.socket, protocol: ClientProtocol | ServerProtocol) -> None:
        self.socket = end
        self._protocol = protocol

    def send(self, message: bytes) -> None:
        """Write one binary message with one system call. ServerFailed when it does not fit."""
        self._protocol.send_binary(message)
        data = b"".join(self._protocol.data_to_send())
        if self.socket.send(data) != len(data):
            raise ServerFailed(f"{VERSION}: the socket's buffer is full")

    def speak(self) -> None:
        """Write a pong that nobody asked for and nobody answers (RFC 6455 5.5.3).

        Its segment says once more what this end has received.
        """
        self._protocol.send_pong(b"")
        self.socket.send(b"".join(self._protocol.data_to_send()))

    def receive(self) -> list[bytes]:
        """All messages that the kernel hands over now, in order; none is no error.

        ServerFailed when the connection has ended.
        """
        with contextlib.suppress(BlockingIOError):
            while data := self.socket.recv(_READ_BYTES):
                self._protocol.receive_data(data)
            raise ServerFailed(f"{VERSION}: the connection has ended")
        events = self._protocol.events_received()
        frames = [event for event in events if isinstance(event, Frame)]
        return [bytes(frame.data) for frame in frames if frame.opcode is Opcode.BINARY]


@dataclass(frozen=True)
class Connection:
    """Both ends of one WebSocket."""

    server: End
    client: End

    def open_window(self, segments: int) -> None:
        """Send filler until the server may have that many segments on their way at once.

        ServerFailed when its congestion control does not allow it even then.
        """
        for _ in range(_MOST_FILLERS):
            if tcp.info(self.server.socket).congestion_window >= segments:
                return
            self.server.send(bytes(_FILLER_BYTES))
            self._drain()
        raise ServerFailed(f"{VERSION}: TCP does not let {segments} segments go at once")

    def _drain(self) -> None:
        """Read one filler at the client."""
        deadline = time.monotonic() + _HANDSHAKE_SECONDS
        while not self.client.receive():
            if time.monotonic() > deadline:
                raise ServerFailed(f"{VERSION}: a message did not arrive")


@contextlib.contextmanager
def connected(make_socket: MakeSocket = network.common) -> Iterator[Connection]:
    """A new TCP connection with an open WebSocket; closed on the way out.

    ``make_socket`` decides in which network. ServerFailed when the opening handshake fails.
    """
    with contextlib.ExitStack() as stack:
        listener, near = (stack.enter_context(_prepared(make_socket())) for _ in range(2))
        listener.bind((_HOST, 0))
        listener.listen(1)
        host, port = listener.getsockname()
        near.connect((host, port))
        far = stack.enter_context(listener.accept()[0])
        client, server = ClientProtocol(parse_uri(f"ws://{host}:{port}/")), ServerProtocol()
        try:
            _shake_hands(near, client, far, server)
        except OSError as error:
            raise ServerFailed(f"{VERSION}: no opening handshake: {error}") from error
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            end.setblocking(False)
        yield Connection(server=End(far, server), client=End(near, client))


def _prepared(made: socket.socket) -> socket.socket:
    made.settimeout(_HANDSHAKE_SECONDS)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT_BYTES)
    return made


def _shake_hands(
    near: socket.socket, client: ClientProtocol, far: socket.socket, server: ServerProtocol
) -> None:
    far.settimeout(_HANDSHAKE_SECONDS)
    client.send_request(client.connect())
    near.sendall(b"".join(client.data_to_send()))
    request = _first_event(far, server)
    if isinstance(request, Request):
        server.send_response(server.accept(request))
        far.sendall(b"".join(server.data_to_send()))
        _first_event(near, client)
    if client.state is not State.OPEN or server.state is not State.OPEN:
        raise ServerFailed(f"{VERSION}: the opening handshake was refused")


def _first_event(
    end: socket.socket, protocol: ClientProtocol | ServerProtocol
) -> Request | Response | Frame | None:
    """Read until the protocol says something; None when the peer closes first."""
    while data := end.recv(_READ_BYTES):
        protocol.receive_data(data)
        if events := protocol.events_received():
            return events[0]
    return None
