"""A server of Python's ``ssl`` that serves two hosts and confuses their sessions, to be found out.

Both hosts ask for certificates of their own authority. One context listens and hands over to that of
the host that the handshake names: keys of tickets stay those of the listening context, so that a
session of one host is taken at the other. That is this server's configuration, made for the test.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from earwitness.servers.certificates import Authority, Issued

_SECONDS = 5.0


@contextlib.contextmanager
def running(server: Issued, hosts: Mapping[str, Authority]) -> Iterator[int]:
    """The port that it listens at; it ends with the context."""
    contexts = {name: _context(server, authority.certificate) for name, authority in hosts.items()}
    listening = next(iter(contexts.values()))

    def hand_over(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        connection.context = contexts.get(name or "", listening)

    listening.sni_callback = hand_over
    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=_serve, args=(door, listening))
        thread.start()
        try:
            yield door.getsockname()[1]
        finally:
            door.shutdown(socket.SHUT_RDWR)
            thread.join()


def _context(server: Issued, authority: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server.certificate, server.key)
    context.load_verify_locations(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _serve(door: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            plain, _ = door.accept()
        except OSError:
            return
        plain.settimeout(_SECONDS)
        with plain, contextlib.suppress(OSError), context.wrap_socket(plain, True) as connection:
            connection.recv(4096)
            body = f"this is {_host(connection, context)}".encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            connection.sendall(head.encode() + body)


def _host(connection: ssl.SSLSocket, listening: ssl.SSLContext) -> str:
    """The host whose context the handshake ended in."""
    return "a.test" if connection.context is listening else "b.test"
