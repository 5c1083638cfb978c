"""A single visit over QUIC: one connection, one GET of HTTP/3, and what came of it.

The counterpart of ``client``, with the same question and the same answer in words: never raises for
what a server does, and NoServer where nobody is there. aioquic brings QUIC, TLS 1.3 and HTTP/3 without
input and output; the datagrams are carried here.

As a client aioquic shows a certificate, presents a ticket and sends early data. As a server it can
neither require a certificate in a supported way nor resume a session where it asks for one (version
1.7.2: a switch "for test purposes only", with which a resumed handshake ends in the alert "unexpected
message", because it waits for a certificate that is not sent then). So what servers do is seen on
others.
"""

import contextlib
import datetime as dt
import logging
import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import aioquic
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import DataReceived, H3Event, HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted, QuicEvent
from aioquic.tls import AlertDescription, CipherSuite, SessionTicket

from earwitness.servers.tls_client import quic_ticket
from earwitness.servers.tls_client.answer import outcome
from earwitness.servers.tls_client.client import LONGEST_ANSWER, SECONDS, Address, NoServer, Visit
from earwitness.servers.tls_client.identity import Identity
from earwitness.servers.tls_client.opening import Opening
from earwitness.servers.tls_client.session import Session

_ALPN = ["h3"]
_NO_ERROR = 0x0100  # H3_NO_ERROR (RFC 9114, 8.1)
_CRYPTO_ERROR = range(0x0100, 0x0200)  # an alert of TLS, plus 0x100 (RFC 9001, 4.8)
_TICKET_SECONDS = 0.05
"""How long a ticket is waited for that did not come before the answer."""
_DATAGRAM = 65_535
_ONLY_IN_HTTP_1 = ("host", "connection")
_REQUEST = re.compile(rb"(\S+) (\S+) HTTP/1\.1\r\n(.*?)\r\n\r\n", re.DOTALL)

logging.getLogger("quic").addHandler(logging.NullHandler())
"""aioquic's own words about a connection; without this, Python prints them where nobody asked."""

_Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, kw_only=True)
class QuicClient:
    """Makes visits; a value. The version of TLS is always 1.3 (RFC 9001, 4.2)."""

    opening: Opening
    """What is asked; of HTTP."""
    trust: Path | None = None
    """Authorities (PEM) that have to vouch for the server; None: whoever it is."""
    seconds: float = SECONDS
    """Patience of the whole visit."""
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

        ``early``: ask in early data. Where the server rejects that, QUIC sends the question again
        once the handshake is done (RFC 9001, 4.9.3), so there is an answer all the same. A session
        that is not permitted any asks afterwards.
        """
        asking = opening or self.opening
        tickets: list[SessionTicket] = []
        quic = QuicConnection(
            configuration=self._configuration(address, identity, session, early),
            session_ticket_handler=tickets.append,
        )
        headers = headers_of(asking.request(address.name or address.host))
        at_once = early and session is not None and bool(session.early_data_bytes)
        with _connected(address) as plain:
            conversation = _Conversation(quic, plain, headers, at_once=at_once)
            conversation.carry_on(lambda: conversation.is_over, self.seconds)
            if conversation.answered:
                conversation.carry_on(lambda: bool(tickets), _TICKET_SECONDS)
            conversation.end()
        return self._seen(conversation, asking, tickets)

    def _seen(
        self, conversation: "_Conversation", asking: Opening, tickets: list[SessionTicket]
    ) -> Visit:
        status = conversation.status if conversation.answered else ""
        refusal = conversation.refusal or "no answer in time"
        return Visit(
            outcome=outcome(status, asking.body(conversation.answer), refusal, self.key),
            resumed=conversation.resumed,
            early=conversation.early,
            session=_session(tickets[-1]) if status and tickets else None,
            answer=conversation.answer,
            handshake=conversation.shaken,
        )

    def _configuration(
        self, address: Address, identity: Identity | None, session: Session | None, early: bool
    ) -> QuicConfiguration:
        name = address.name
        if name is not None and not name.isascii():
            name = name.encode("idna").decode()
        configuration = QuicConfiguration(
            alpn_protocols=_ALPN,
            server_name=name,
            verify_mode=ssl.CERT_NONE if self.trust is None else ssl.CERT_REQUIRED,
            cafile=None if self.trust is None else str(self.trust),
        )
        if identity is not None:
            configuration.certificate = identity.certificate
            configuration.certificate_chain = list(identity.chain)
            configuration.private_key = identity.key
        if session is not None:
            configuration.session_ticket = _ticket(session, name, early)
        return configuration


class _Conversation:
    """One connection on its way: datagrams to and fro, and what they came to."""

    def __init__(
        self, quic: QuicConnection, plain: socket.socket, headers: _Headers, *, at_once: bool
    ) -> None:
        self.status = ""
        self.answer = b""
        """Head and body, as HTTP/1.1 would write them."""
        self.refusal = ""
        self.shaken = self.resumed = self.early = False
        self.answered = False
        self._quic, self._plain, self._headers = quic, plain, headers
        self._http = H3Connection(quic)
        self._peer = plain.getpeername()
        self._heard = self._asked = False
        quic.connect(self._peer, now=time.monotonic())
        if at_once:
            self._ask()

    @property
    def is_over(self) -> bool:
        """Whether no more can come."""
        return self.answered or bool(self.refusal)

    def carry_on(self, done: Callable[[], bool], seconds: float) -> None:
        """Send and receive until it is done or ended, or time is up. NoServer: nobody is there."""
        until = time.monotonic() + seconds
        while not done() and not self.refusal and (now := time.monotonic()) < until:
            self._send(now)
            due = self._quic.get_timer()
            self._plain.settimeout(max(min(due or until, until) - time.monotonic(), 0.001))
            try:
                received = self._plain.recv(_DATAGRAM)
            except TimeoutError:
                if due is not None and due <= (now := time.monotonic()):
                    self._quic.handle_timer(now)
            except OSError as problem:
                self._gone(problem)
            else:
                self._heard = True
                self._quic.receive_datagram(received, self._peer, now=time.monotonic())
            self._take_events()

    def end(self) -> None:
        """Say goodbye."""
        self._quic.close(error_code=_NO_ERROR)
        with contextlib.suppress(OSError):
            self._send(time.monotonic())

    def _send(self, now: float) -> None:
        for datagram, _ in self._quic.datagrams_to_send(now):
            with contextlib.suppress(ConnectionRefusedError):  # told again when it is received
                self._plain.send(datagram)

    def _gone(self, problem: OSError) -> None:
        words = (problem.strerror or str(problem)).lower()
        if not self._heard:
            host, port = self._peer[:2]
            raise NoServer(f"{host}:{port}, over QUIC: {words}")
        self.refusal = words

    def _ask(self) -> None:
        self._asked = True
        stream = self._quic.get_next_available_stream_id()
        self._http.send_headers(stream, self._headers, end_stream=True)

    def _take_events(self) -> None:
        while (event := self._quic.next_event()) is not None:
            self._take(event)
            for message in self._http.handle_event(event):
                self._take_message(message)
        # an end that was received is an event only after some round trips, RFC 9000, 10.2.2
        ended = getattr(self._quic, "_close_event", None)
        if ended is not None:
            self._take(ended)

    def _take(self, event: QuicEvent) -> None:
        if isinstance(event, HandshakeCompleted):
            self.shaken, self.resumed = True, event.session_resumed
            self.early = self._asked and event.early_data_accepted
            if not self._asked:
                self._ask()
        elif isinstance(event, ConnectionTerminated) and not self.answered:
            self.refusal = _words(event)

    def _take_message(self, message: H3Event) -> None:
        if isinstance(message, HeadersReceived):
            fields = dict(message.headers)
            self.status = fields.get(b":status", b"").decode(errors="replace")
            lines = [b"%b: %b" % each for each in fields.items() if each[0][:1] != b":"]
            self.answer = b"\r\n".join([b"HTTP/3 " + self.status.encode(), *lines, b"", b""])
        elif isinstance(message, DataReceived):
            self.answer += message.data
        if isinstance(message, HeadersReceived | DataReceived):
            self.answered |= message.stream_ended or len(self.answer) > LONGEST_ANSWER


def description() -> str:
    """The client's library with its version, for the record."""
    return f"aioquic {aioquic.__version__}"


def headers_of(request: bytes) -> _Headers:
    """A request of HTTP/1.1 without body, in the headers of HTTP/3 (RFC 9114, 4.3.1).

    ValueError for anything else.
    """
    found = _REQUEST.fullmatch(request)
    if found is None:
        raise ValueError("only questions of HTTP can be asked over QUIC")
    fields = [line.split(b": ", 1) for line in found[3].split(b"\r\n")]
    named = {name.lower(): value for name, value in fields}
    return [
        (b":method", found[1]),
        (b":scheme", b"https"),
        (b":authority", named[b"host"]),
        (b":path", found[2]),
        *((name, value) for name, value in named.items() if name.decode() not in _ONLY_IN_HTTP_1),
    ]


def _connected(address: Address) -> socket.socket:
    """A UDP socket that knows its other end. Raises NoServer."""
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_DGRAM)
    except socket.gaierror as problem:
        raise NoServer(f"{address.host} cannot be resolved: {problem.strerror}") from None
    family, kind, protocol, _, where = found[0]
    plain = socket.socket(family, kind, protocol)
    try:
        plain.connect(where)
    except OSError as problem:
        plain.close()
        words = (problem.strerror or str(problem)).lower()
        raise NoServer(f"{address.host}:{address.port}, over QUIC: {words}") from None
    return plain


def _words(ended: ConnectionTerminated) -> str:
    """An alert's name, or what was said at the end."""
    if ended.error_code in _CRYPTO_ERROR and ended.error_code != _NO_ERROR:
        alert = ended.error_code - _CRYPTO_ERROR.start
        with contextlib.suppress(ValueError):
            return f"alert {AlertDescription(alert).name.replace('_', ' ')}"
        return f"alert {alert}"
    return ended.reason_phrase.lower() or "closed without an answer"


def _session(ticket: SessionTicket) -> Session:
    written = quic_ticket.Ticket(
        age_add=ticket.age_add,
        cipher_suite=int(ticket.cipher_suite),
        not_valid_after=ticket.not_valid_after.timestamp(),
        not_valid_before=ticket.not_valid_before.timestamp(),
        resumption_secret=ticket.resumption_secret,
        server_name=ticket.server_name or "",
        ticket=ticket.ticket,
        max_early_data_size=ticket.max_early_data_size,
        other_extensions=tuple(ticket.other_extensions),
    )
    return Session(version="1.3", der=quic_ticket.write(written), transport="quic")


def _ticket(session: Session, name: str | None, early: bool) -> SessionTicket:
    """As aioquic wants it: it presents no ticket to another name than the one it names."""
    read = quic_ticket.read(session.der)
    ticket = SessionTicket(
        age_add=read.age_add,
        cipher_suite=CipherSuite(read.cipher_suite),
        not_valid_after=dt.datetime.fromtimestamp(read.not_valid_after, dt.UTC),
        not_valid_before=dt.datetime.fromtimestamp(read.not_valid_before, dt.UTC),
        resumption_secret=read.resumption_secret,
        server_name=name,  # type: ignore[arg-type]  # None where none is sent
        ticket=read.ticket,
        max_early_data_size=read.max_early_data_size,
        other_extensions=list(read.other_extensions),
    )
    return ticket if early else replace(ticket, max_early_data_size=None)
