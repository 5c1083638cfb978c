"""A single visit: one connection over TCP, one question, and what came of it.

Never raises for what a server does: a refusal is an outcome. That nobody listens, that a name is
unknown, or that whoever listens does not speak TLS, is no refusal and is raised as NoServer.
"""

import contextlib
import os
import socket
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path

from OpenSSL import SSL

from earwitness.servers.tls_client import library
from earwitness.servers.tls_client.answer import Outcome, outcome
from earwitness.servers.tls_client.identity import Identity
from earwitness.servers.tls_client.opening import Opening
from earwitness.servers.tls_client.session import Session, taken

SECONDS = 5.0
"""Patience of one read or write unless somebody says otherwise."""
LONGEST_ANSWER = 1_048_576  # bytes; what comes behind them is not read
_CHUNK = 65_536
_VERSIONS = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}
_EARLY_DATA_ENDS = b"end of early data"
"""In the name of the state in which a client sends EndOfEarlyData (statem_lib.c, ssl_stat.c)."""
_ALERTS = ("sslv3 alert", "ssl/tls alert", "tlsv1")
"""How OpenSSL's names of alerts that were received begin (sslerr.h)."""
_PLAIN_TEXT = ("wrong version number", "packet length too long")
"""What OpenSSL says of an answer that is no TLS (sslerr.h)."""


class NoServer(ConnectionError):
    """Nobody there who speaks TLS; the message is one line."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where to go: whom to connect to, and under what name to ask."""

    host: str
    port: int
    name: str | None = None
    """The server name of the handshake (SNI); None: none is sent."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What one connection came to."""

    outcome: Outcome
    resumed: bool
    """Whether the server took the session that was presented."""
    early: bool
    """Whether it took early data, by the handshake's own word."""
    session: Session | None
    """What a later visit can present; None without an answer."""
    answer: bytes = field(repr=False)
    """All that the server said."""
    handshake: bool = True
    """Whether it ended, which in TLS 1.3 says nothing of the certificate."""
    tls: bool = True
    """Whether a server of TLS answered at all, with its hello or an alert."""


@dataclass(frozen=True, kw_only=True)
class Client:
    """Makes visits; a value."""

    version: str
    """Of TLS: "1.2" or "1.3"."""
    opening: Opening
    """What is asked."""
    tickets: bool = True
    """Whether tickets are taken; without, TLS 1.2 resumes what the server keeps in its memory."""
    trust: Path | None = None
    """Authorities (PEM) that have to vouch for the server; None: whoever it is."""
    seconds: float = SECONDS
    """Patience of one read or write, and of the whole answer."""
    key: bytes = field(default=b"", repr=False)
    """Of the digests in outcomes."""

    def visit(
        self,
        address: Address,
        *,
        identity: Identity | None = None,
        session: Session | None = None,
        early: bool = False,
        opening: Opening | None = None,
    ) -> Visit:
        """Connect and ask, with a certificate, a session, both or neither. Raises NoServer.

        ``early``: ask in early data, where the session permits it and asking twice does no harm.
        ``opening``: what is asked, instead of what the client usually asks.
        """
        asking = opening or self.opening
        request = asking.request(address.name or address.host)
        longest = session.early_data_bytes if early and session is not None else 0
        permitted = asking.idempotent and len(request) <= longest
        sending = _Sending(request=request, early=early, permitted=permitted)
        with contextlib.closing(self._connected(address, asking)) as plain:
            connection = self._connection(plain, address, identity, session, sending)
            said, refusal = b"", ""
            try:
                sending.shake_hands(connection)
                if sending.arrives:
                    said = _answer(connection, asking, self.seconds)
            except (SSL.Error, OSError) as ended:
                refusal = _words(ended)
            return self._seen(connection, asking, said, refusal, sending)

    def _seen(
        self,
        connection: SSL.Connection,
        asking: Opening,
        said: bytes,
        refusal: str,
        sending: "_Sending",
    ) -> Visit:
        if any(words in refusal for words in _PLAIN_TEXT):
            raise NoServer("what listens there does not speak TLS")
        status = asking.status(said)
        seen = Visit(
            outcome=outcome(status, asking.body(said), refusal, self.key),
            resumed=library.was_resumed(connection),
            early=sending.taken_early,
            # in TLS 1.3 the ticket follows the handshake, so the session is there with the answer
            session=taken(connection, self.version) if status else None,
            answer=said,
            handshake=sending.done,
            tls=any(connection.server_random() or b"") or refusal.startswith(_ALERTS),
        )
        _farewell(connection, asking)
        return seen

    def _connected(self, address: Address, asking: Opening) -> socket.socket:
        """A TCP connection on which TLS may begin. Raises NoServer."""
        where = f"{address.host}:{address.port}"
        try:
            plain = socket.create_connection((address.host, address.port), timeout=self.seconds)
        except socket.gaierror as problem:
            raise NoServer(f"{address.host} cannot be resolved: {problem.strerror}") from None
        except TimeoutError:
            raise NoServer(f"{where} does not answer within {self.seconds:g} s") from None
        except OSError as problem:
            raise NoServer(f"{where}: {(problem.strerror or str(problem)).lower()}") from None
        _limit(plain, self.seconds)
        if asking.before_tls:
            try:
                _ask_for_tls(plain, asking)
            except (OSError, NoServer) as problem:
                plain.close()
                raise NoServer(f"{where}: {problem}") from None
        return plain

    def _connection(
        self,
        plain: socket.socket,
        address: Address,
        identity: Identity | None,
        session: Session | None,
        sending: "_Sending",
    ) -> SSL.Connection:
        context = self._context(identity)
        if sending.early:
            context.set_info_callback(sending.note)
        connection = SSL.Connection(context, plain)
        if address.name is not None:
            plain_name = address.name.isascii()  # the codec for others takes its time
            connection.set_tlsext_host_name(address.name.encode("ascii" if plain_name else "idna"))
        if identity is not None:
            identity.use(connection)
        if session is not None:
            library.present(connection, session.der)
        connection.set_connect_state()
        return connection

    def _context(self, identity: Identity | None) -> SSL.Context:
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(_VERSIONS[self.version])
        context.set_max_proto_version(_VERSIONS[self.version])
        if not self.tickets:
            context.set_options(SSL.OP_NO_TICKET)
        if self.trust is not None:
            context.load_verify_locations(str(self.trust))
            context.set_verify(SSL.VERIFY_PEER)
        library.allow_post_handshake_authentication(context)
        for intermediate in identity.chain if identity is not None else ():
            context.add_extra_chain_cert(intermediate)
        return context


@dataclass
class _Sending:
    """A request on its way: with the first flight or after the handshake, never twice."""

    request: bytes
    early: bool
    permitted: bool
    """Whether it may travel with the first flight."""
    taken_early: bool = False
    done: bool = False
    """Whether the handshake ended."""

    @property
    def arrives(self) -> bool:
        """Whether an answer can be waited for."""
        return self.taken_early or not self.early

    def note(self, connection: SSL.Connection, _where: int, _value: int) -> None:
        """Called by the library at each step of the handshake."""
        self.taken_early |= _EARLY_DATA_ENDS in connection.get_state_string()

    def shake_hands(self, connection: SSL.Connection) -> None:
        """Do the handshake, and send the request where it belongs."""
        if self.early and self.permitted:
            library.write_early_data(connection, self.request)
        connection.do_handshake()
        self.done = True
        if not self.early:
            connection.sendall(self.request)


def _ask_for_tls(plain: socket.socket, asking: Opening) -> None:
    plain.sendall(asking.before_tls)
    granted = plain.recv(len(asking.agreed))
    if granted != asking.agreed:
        raise NoServer(f"what listens there grants no TLS to {asking.name}")


def _limit(plain: socket.socket, seconds: float) -> None:
    """A timeout of the kernel: Python's own would make the socket non-blocking for OpenSSL."""
    plain.settimeout(None)
    limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))  # timeval, socket(7)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _answer(connection: SSL.Connection, asking: Opening, seconds: float) -> bytes:
    """All that the server says, until it is whole, ends, or has been trickling for too long."""
    said, until = b"", time.monotonic() + seconds
    while not asking.is_whole(said) and len(said) < LONGEST_ANSWER and time.monotonic() < until:
        try:
            said += connection.recv(_CHUNK)
        except SSL.Error:  # its end; not every server says goodbye
            if not said:
                raise
            break
    return said


def _farewell(connection: SSL.Connection, asking: Opening) -> None:
    """Say goodbye: a session whose connection broke off is not resumed (SSL_shutdown(3))."""
    with contextlib.suppress(SSL.Error, OSError):
        if asking.farewell:
            connection.sendall(asking.farewell)
        connection.shutdown()
    with contextlib.suppress(OSError):
        connection.close()


def _words(ended: Exception) -> str:
    """An alert's name, or how the connection ended."""
    if isinstance(ended, SSL.SysCallError):  # before SSL.Error, of which it is one
        number, said = ended.args
        return (os.strerror(number) if number > 0 else str(said)).lower()
    if isinstance(ended, SSL.ZeroReturnError):
        return "closed without an answer"
    if isinstance(ended, SSL.WantReadError | SSL.WantWriteError):
        return "no answer in time"
    if isinstance(ended, SSL.Error) and ended.args and ended.args[0]:
        return str(ended.args[0][-1][-1]).lower()
    return str(ended).lower()
