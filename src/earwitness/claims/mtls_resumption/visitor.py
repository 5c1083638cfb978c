"""The client: one connection, one request, and what came of it.

A visitor shows a certificate, presents a saved session, or comes with neither. Whether a session
was resumed is asked of the TLS library, and whether the visitor got in is decided by the answer to
its request: in TLS 1.3 the client's handshake ends before the server has judged the certificate,
so a finished handshake proves nothing, and servers refuse in different ways (an alert, a reset, an
HTTP status). Only an answer with status 200 is an admission; silence is none.

pyOpenSSL is used where the standard library's ``ssl`` would do for most, because the visitor must
leave certificate and key at home when it presents a session. One call, SSL_session_reused
(SSL_session_reused(3)), has no public name there; ``require_working`` tries it before it is relied
on.
"""

import contextlib
import re
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

import cryptography
import OpenSSL
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL

from earwitness.servers.certificates import Issued
from earwitness.servers.process import MissingComponent

PROTECTED = "/api"
"""The path that asks for a certificate that is not revoked."""
OPEN = "/public"
"""A path for everybody whom the handshake lets through."""

_SERVER_NAME = b"localhost"
_SECONDS = 5.0
"""Patience of one read or write, far above what loopback takes."""
_LONGEST_ANSWER = 65_536  # bytes; answers here have a few hundred
_ADMITTED = 200
_VERSIONS = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3}) ")
_SERIAL = re.compile(rb"serial=([0-9A-Fa-f]+)")
_CHECKS = re.compile(rb"checks=(\d+)")
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What one connection came to."""

    status: int | None
    """Of the answer; None when there was none."""
    resumed: bool
    """Whether the server took the session that was presented."""
    serial: int | None
    """Of the client certificate, as the server gives it in its answer."""
    checks: int | None
    """Certificate checks of the server on this connection, where it counts them."""
    refusal: str
    """What ended the connection before an answer came; empty when one came."""
    session: SSL.Session | None
    """What a later visit can present; None without an answer."""

    @property
    def admitted(self) -> bool:
        """Whether the request was answered with what lies behind the door."""
        return self.status == _ADMITTED


class Visitor:
    """Makes connections with one TLS version to servers that this authority vouches for."""

    def __init__(self, authority: Path, tls: str) -> None:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(_VERSIONS[tls])
        context.set_max_proto_version(_VERSIONS[tls])
        context.load_verify_locations(str(authority))
        context.set_verify(SSL.VERIFY_PEER)
        self._context = context

    def visit(
        self,
        port: int,
        path: str = PROTECTED,
        *,
        identity: Issued | None = None,
        session: SSL.Session | None = None,
    ) -> Visit:
        """Ask for ``path`` on 127.0.0.1, with certificate and key or with a saved session.

        Never raises for what a server does: a refusal is an outcome. OSError when nobody listens.
        """
        connection = self._connection(port)
        if identity is not None:
            certificate = x509.load_pem_x509_certificate(identity.certificate.read_bytes())
            connection.use_certificate(certificate)
            key = load_pem_private_key(identity.key.read_bytes(), password=None)
            connection.use_privatekey(key)  # type: ignore[arg-type]
        if session is not None:
            connection.set_session(session)
        answer, refusal = b"", ""
        try:
            connection.do_handshake()
            connection.sendall(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
            answer = _answer(connection)
        except (SSL.Error, OSError) as ended:
            refusal = _words(ended)
        seen = _visit(connection, answer, refusal)
        _close(connection)
        return seen

    def _connection(self, port: int) -> SSL.Connection:
        plain = socket.create_connection(("127.0.0.1", port), timeout=_SECONDS)
        # a timeout of Python's own would make the socket non-blocking, which pyOpenSSL passes on
        plain.settimeout(None)
        limit = struct.pack("ll", int(_SECONDS), 0)  # struct timeval, socket(7)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        connection = SSL.Connection(self._context, plain)
        connection.set_tlsext_host_name(_SERVER_NAME)
        connection.set_connect_state()
        return connection


def require_working() -> None:
    """MissingComponent when the one private call of pyOpenSSL is not there or lies.

    A connection that has not begun was not resumed.
    """
    advice = "pip install --upgrade pyOpenSSL"
    try:
        connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD), None)
        fresh = _was_resumed(connection)
    except AttributeError as gone:
        raise MissingComponent(
            f"pyOpenSSL {OpenSSL.__version__} cannot say whether a session was resumed: {gone}",
            advice,
        ) from gone
    if fresh:
        raise MissingComponent("pyOpenSSL takes a fresh connection for a resumed one", advice)


def description() -> str:
    """The client's library with its versions, for the record."""
    library = SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode().split(" (")[0]
    versions = f"pyOpenSSL {OpenSSL.__version__}, cryptography {cryptography.__version__}"
    return f"{versions}, {library}"


def _was_resumed(connection: SSL.Connection) -> bool:
    return bool(SSL._lib.SSL_session_reused(connection._ssl))  # type: ignore[attr-defined]


def _answer(connection: SSL.Connection) -> bytes:
    """All that the server says, to the length that it announces or its end."""
    answer = b""
    while not _is_whole(answer) and len(answer) < _LONGEST_ANSWER:
        try:
            answer += connection.recv(_LONGEST_ANSWER)
        except (SSL.ZeroReturnError, SSL.SysCallError):
            if not answer:
                raise
            break
    return answer


def _is_whole(answer: bytes) -> bool:
    head, end, body = answer.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    return bool(end and length and len(body) >= int(length[1]))


def _visit(connection: SSL.Connection, answer: bytes, refusal: str) -> Visit:
    status, serial, checks = (pattern.search(answer) for pattern in (_STATUS, _SERIAL, _CHECKS))
    return Visit(
        status=int(status[1]) if status else None,
        resumed=_was_resumed(connection),
        serial=int(serial[1], 16) if serial else None,
        checks=int(checks[1]) if checks else None,
        refusal=refusal,
        # in TLS 1.3 the ticket follows the handshake, so the session is there once an answer is
        session=connection.get_session() if status else None,
    )


def _close(connection: SSL.Connection) -> None:
    """Say goodbye: a session whose connection broke off is not resumed (SSL_shutdown(3))."""
    with contextlib.suppress(SSL.Error, OSError):
        connection.shutdown()
    with contextlib.suppress(OSError):
        connection.close()


def _words(ended: Exception) -> str:
    """An alert's name, or how the connection ended."""
    if isinstance(ended, SSL.SysCallError):  # before SSL.Error, of which it is one
        return str(ended.args[-1]).lower()
    if isinstance(ended, SSL.ZeroReturnError):
        return "closed without an answer"
    if isinstance(ended, SSL.WantReadError):
        return "no answer in time"
    if isinstance(ended, SSL.Error) and ended.args and ended.args[0]:
        return str(ended.args[0][-1][-1]).lower()
    return str(ended).lower()
