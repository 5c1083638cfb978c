"""A door that asks for a client certificate: the program of the Python servers of this claim.

Runs as a child process, ``python door_program.py OPTIONS``, with the TLS library that it is told to
use: the standard library's ``ssl``, or pyOpenSSL. It imports nothing of the project, so that the
server is what the library makes of it. The HTTP part is the standard library's ``http.server``.

The door lets in whom its authority vouches for. Certificates are checked against a revocation list
where TLS libraries check them: when one is shown, in a full handshake. SIGHUP makes it take the new
list. How it does that, whether sessions can be resumed, and whether requests are checked as well,
are the options in which the arms differ.

Writes its port into the file ``port`` once it listens, and its version into ``version``.
"""

import argparse
import contextlib
import io
import select
import signal
import socket
import ssl
import struct
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

_PROTECTED = "/api"
_SECONDS = 5
"""Patience of one read or write."""
_SESSION_CONTEXT = b"door"
"""OpenSSL resumes no session of a verified client without one (SSL_CTX_set_session_id_context(3))."""


class _Tls(Protocol):
    """What the two libraries are used for."""

    version: str

    def take_list(self) -> None:
        """Read the revocation list and check certificates against it from now on."""

    def accept(self, plain: socket.socket) -> Any:
        """A connection on which the handshake is still to be done."""

    def handshake(self, connection: Any) -> None:
        """Do it; any error means that the client was refused."""

    def serial(self, connection: Any) -> int | None:
        """Serial number of the client's certificate, also on a resumed session."""

    @property
    def ask(self) -> Callable[[Any], None] | None:
        """What asks for a certificate after the handshake; any error means that the client was refused.

        None where the library gives no way to ask.
        """

    def marks(self, connection: Any) -> "_Marks":
        """What was noted while this connection's certificate was checked."""

    def close(self, connection: Any) -> None:
        """Say goodbye, so that the session stays good."""


class _Marks:
    """What the checks of one connection's certificates came to."""

    def __init__(self) -> None:
        self.checks: int | None = None
        """How many there were; None where the library does not tell."""
        self.revoked = False


class _StandardLibrary:
    """Python's ``ssl``."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.version = f"Python {sys.version.split()[0]} ssl, {ssl.OPENSSL_VERSION}"
        self._options = options
        self._context = self._new_context()

    def _new_context(self) -> ssl.SSLContext:
        options = self._options
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        version = ssl.TLSVersion.TLSv1_2 if options.tls == "1.2" else ssl.TLSVersion.TLSv1_3
        context.minimum_version = context.maximum_version = version
        context.load_cert_chain(options.certificate, options.key)
        context.load_verify_locations(options.authority)
        context.load_verify_locations(options.revoked)
        context.verify_mode = ssl.CERT_REQUIRED
        context.post_handshake_auth = options.asks == "request"
        if options.checks_list:
            context.verify_flags |= ssl.VerifyFlags.VERIFY_CRL_CHECK_LEAF
        if options.resumption == "memory":
            context.options |= ssl.OP_NO_TICKET
        if options.resumption == "off":
            context.num_tickets = 0
        return context

    def take_list(self) -> None:
        if self._options.on_update == "new-context":
            self._context = self._new_context()
        else:
            self._context.load_verify_locations(self._options.revoked)

    def accept(self, plain: socket.socket) -> ssl.SSLSocket:
        return self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)

    def handshake(self, connection: ssl.SSLSocket) -> None:
        connection.do_handshake()

    def serial(self, connection: ssl.SSLSocket) -> int | None:
        certificate = connection.getpeercert()
        return int(str(certificate["serialNumber"]), 16) if certificate else None

    def ask(self, connection: ssl.SSLSocket) -> None:
        connection.verify_client_post_handshake()
        connection.do_handshake()  # sends the request; the certificate is read like data
        connection.settimeout(0)
        while not connection.getpeercert():
            if not select.select([connection], [], [], _SECONDS)[0]:
                raise TimeoutError("no certificate in time")
            with contextlib.suppress(ssl.SSLWantReadError):
                connection.recv(1)
        connection.settimeout(_SECONDS)

    def marks(self, connection: ssl.SSLSocket) -> _Marks:  # noqa: ARG002 - this library tells nothing
        return _Marks()

    def close(self, connection: ssl.SSLSocket) -> None:
        connection.unwrap()


class _PyOpenSSL:
    """pyOpenSSL, which lets the door watch each check of a certificate."""

    ask = None

    def __init__(self, options: argparse.Namespace) -> None:
        import OpenSSL
        from OpenSSL import SSL, crypto

        self._SSL = SSL
        library = SSL.OpenSSL_version(SSL.OPENSSL_VERSION).decode()
        self.version = f"pyOpenSSL {OpenSSL.__version__}, {library}"
        self._options = options
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        version = SSL.TLS1_2_VERSION if options.tls == "1.2" else SSL.TLS1_3_VERSION
        context.set_min_proto_version(version)
        context.set_max_proto_version(version)
        context.use_certificate_file(options.certificate)
        context.use_privatekey_file(options.key)
        context.load_verify_locations(options.authority)
        context.set_session_id(_SESSION_CONTEXT)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, self._checked)
        if options.resumption != "tickets":
            context.set_options(SSL.OP_NO_TICKET)
        if options.resumption == "off":
            context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        store = context.get_cert_store()
        assert store is not None
        if options.checks_list:
            store.set_flags(crypto.X509StoreFlags.CRL_CHECK)
        self._context, self._store = context, store
        self.take_list()

    def _checked(
        self, connection: Any, _certificate: Any, error: int, _depth: int, ok: int
    ) -> bool:
        marks = connection.get_app_data()
        marks.checks += 1
        if error == 23:  # X509_V_ERR_CERT_REVOKED, x509_vfy.h
            marks.revoked = True
            return bool(ok) or self._options.enforced_by == "rule"
        return bool(ok)

    def take_list(self) -> None:
        from cryptography import x509

        self._store.add_crl(x509.load_pem_x509_crl(Path(self._options.revoked).read_bytes()))

    def accept(self, plain: socket.socket) -> Any:
        # with a timeout of Python's own the socket would not block, which pyOpenSSL passes on
        plain.settimeout(None)
        limit = struct.pack("ll", _SECONDS, 0)  # struct timeval, socket(7)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
        connection = self._SSL.Connection(self._context, plain)
        connection.set_accept_state()
        marks = _Marks()
        marks.checks = 0
        connection.set_app_data(marks)
        return connection

    def handshake(self, connection: Any) -> None:
        connection.do_handshake()

    def serial(self, connection: Any) -> int | None:
        certificate = connection.get_peer_certificate(as_cryptography=True)
        return certificate.serial_number if certificate else None

    def marks(self, connection: Any) -> _Marks:
        marks: _Marks = connection.get_app_data()
        return marks

    def close(self, connection: Any) -> None:
        connection.shutdown()


class _Stream(io.RawIOBase):
    """Reads and writes of a connection as a file, which ``http.server`` asks for."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._connection.recv(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: Any) -> int:
        self._connection.sendall(bytes(data))
        return len(data)


class _Door(ThreadingHTTPServer):
    """Listens; keeps the serial numbers that requests are checked against, where they are."""

    daemon_threads = True

    def __init__(self, options: argparse.Namespace, tls: _Tls) -> None:
        super().__init__(("127.0.0.1", options.port), _Visitor)
        self.options = options
        self.tls = tls
        self.revoked: frozenset[int] = frozenset()
        self.take_list()

    def take_list(self, *_signal: object) -> None:
        self.tls.take_list()
        serials = Path(self.options.serials).read_text().split()
        self.revoked = frozenset(int(serial, 16) for serial in serials)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - as its base
        sys.stderr.write(f"{client_address[1]}: {sys.exc_info()[1]!r}\n")


class _Visitor(BaseHTTPRequestHandler):
    """One connection with one request."""

    server: _Door
    timeout = _SECONDS

    def setup(self) -> None:
        self.request.settimeout(self.timeout)
        # else the answer waits until what followed the handshake is acknowledged
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = self.server.tls.accept(self.request)
        self.server.tls.handshake(self.connection)
        stream = _Stream(self.connection)
        self.rfile = io.BufferedReader(stream)
        self.wfile = io.BufferedWriter(stream)

    def do_GET(self) -> None:
        tls = self.server.tls
        asks = self.server.options.asks == "request" and self.path == _PROTECTED
        if asks and tls.ask is not None and tls.serial(self.connection) is None:
            tls.ask(self.connection)
        marks, serial = tls.marks(self.connection), tls.serial(self.connection)
        refused = self.path == _PROTECTED and (
            marks.revoked or (self.server.options.rechecks and serial in self.server.revoked)
        )
        body = f"serial={serial or 0:X}"
        body += "" if marks.checks is None else f" checks={marks.checks}"
        self.send_response(403 if refused else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def finish(self) -> None:
        super().finish()
        # the visitor may be gone already
        with contextlib.suppress(Exception):
            self.server.tls.close(self.connection)

    def log_message(self, format: str, *arguments: object) -> None:
        """Requests are not logged; refusals are errors and are."""


_LIBRARIES: dict[str, Callable[[argparse.Namespace], _Tls]] = {
    "ssl": _StandardLibrary,
    "pyopenssl": _PyOpenSSL,
}


def main() -> None:
    """Listen until told to end."""
    parser = argparse.ArgumentParser()
    for name in ("certificate", "key", "authority", "revoked", "serials"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--library", choices=_LIBRARIES, required=True)
    parser.add_argument("--tls", choices=("1.2", "1.3"), required=True)
    parser.add_argument("--resumption", choices=("tickets", "memory", "off"), required=True)
    parser.add_argument("--on-update", choices=("add", "new-context"), default="add")
    parser.add_argument("--enforced-by", choices=("handshake", "rule"), default="handshake")
    parser.add_argument("--asks", choices=("handshake", "request"), default="handshake")
    parser.add_argument("--checks-list", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--rechecks", action=argparse.BooleanOptionalAction, default=False)
    options = parser.parse_args()
    tls = _LIBRARIES[options.library](options)
    if options.asks == "request" and tls.ask is None:
        parser.error(f"{options.library} gives no way to ask for a certificate later")
    door = _Door(options, tls)
    signal.signal(signal.SIGHUP, door.take_list)
    Path("version").write_text(door.tls.version)
    Path("port.new").write_text(str(door.server_port))
    Path("port.new").replace("port")
    door.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
