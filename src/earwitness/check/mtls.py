"""The one guarded session of a check of a server that asks for client certificates.

A session here is many connections, each of which asks one harmless question: a GET, a ping, the first
message of a protocol. The session opens them, and nobody else does: only for steps that were
announced, no more than the cap in all and in a second, and none after its time is up. Certificates
and keys are read here and stay here; what is kept of a connection is how it ended.
"""

import contextlib
import importlib
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from earwitness.check import mtls_options
from earwitness.check.evidence import ReadRecord
from earwitness.check.mtls_options import Asked, HostName, Pair
from earwitness.check.plan import Budget, Step
from earwitness.check.target import NotATarget, NotSeen, Target, TargetKind, Unreachable

if TYPE_CHECKING:
    from earwitness.servers.tls_client import session as sessions
    from earwitness.servers.tls_client.client import Client, Visit
    from earwitness.servers.tls_client.identity import Identity
    from earwitness.servers.tls_client.opening import Opening
    from earwitness.servers.tls_client.quic import QuicClient

NAME = "mtls"
SCHEME = "mtls://"
PORT = 443
VISIT_SECONDS = 5.0
_PATIENCE_BETWEEN = 0.05
"""Seconds that are waited at once for the rate."""
_REACH = Step(
    name="versions",
    purpose="whether TLS is spoken there, and which versions",
    text="one connection with TLS 1.3 and, over TCP, one with TLS 1.2, with the certificate",
    times=2,
)
OPENING_CONNECTIONS = _REACH.times
BUDGET = Budget(
    seconds=60.0,
    steps=OPENING_CONNECTIONS,
    rows=0,
    step_seconds=VISIT_SECONDS,
    lock_seconds=0.0,
)
"""Steps are connections, those of the opening among them, and the plan says how many: none is made that
it does not name."""
_NOT_SPOKEN = (
    "protocol version",
    "unsupported protocol",
    "no protocols available",
    "no application protocol",
)
_UNSPOKEN = {
    "tcp": "neither TLS 1.3 nor TLS 1.2 is spoken there",
    "quic": "HTTP/3 is not spoken there",
}
_SILENCE = "no answer in time"
_UNANSWERED = {
    "tcp": "the connection is accepted, and the handshake is not answered",
    "quic": f"nothing answers there over QUIC within {VISIT_SECONDS:g} s",
}
_LONGEST_SERVER = 80
"""Characters of what a server calls itself; it may say anything."""
_NOBODY = "earwitness"
"""The user of a startup packet, where neither options nor certificate name one."""
_QUIC = "earwitness.servers.tls_client.quic"
_EXTRAS = {"OpenSSL": "tls", "cryptography": "tls", "aioquic": "quic"}
"""What brings the wheels that visits are made with, by package."""
_OFFERS_QUIC = re.compile(rb"(?im)^alt-svc:[^\r\n]*\bh3=")
"""A server that says where it speaks HTTP/3 (RFC 9114, 3.1.1)."""


@dataclass(frozen=True, kw_only=True)
class Host:
    """A name that is served there, and who opens it."""

    name: str | None
    identity: "Identity | None"
    """None: it is open to everybody."""

    @property
    def shown(self) -> str:
        """Its name, or that it has none."""
        return self.name or "no name"


class Session:
    """A session that is open; made only by ``open_session``."""

    def __init__(self, target: Target, budget: Budget, plan: Sequence[Step]) -> None:
        from earwitness.servers.tls_client import library, opening

        library.require_working()
        self.asked: Asked = mtls_options.read(target.options)
        """What was asked for."""
        if self.asked.transport == "quic":
            importlib.import_module(_QUIC)
        self.hosts: tuple[Host, ...] = _hosts(self.asked, target)
        self.revoked: Identity | None = _identity(self.asked.revoked)
        self.key = secrets.token_bytes(16)
        """Of the digests of answers: those of two checks cannot be compared."""
        self.facts: Mapping[str, str] = {}
        self.settings: Mapping[str, str] = {}
        self.versions: tuple[str, ...] = ()
        """Of TLS, which the server speaks."""
        self.offers_quic = False
        """Whether it said over TCP that it speaks HTTP/3 too."""
        self.record: Sequence[ReadRecord] = []
        self._host, self._port = target.parameters["host"], int(target.parameters["port"])
        self._secrets = target.secrets
        self._opening = opening
        self._plan = frozenset((*plan, _REACH))
        self._left = budget.steps
        self._deadline = time.monotonic() + budget.seconds
        self._due = time.monotonic()
        self._record: list[ReadRecord] = []
        self.record = self._record

    def redact(self, text: str) -> str:
        """The text in one line, without secrets."""
        return self._secrets.one_line(text)

    @property
    def seconds_left(self) -> float:
        """Of the budget."""
        return max(0.0, self._deadline - time.monotonic())

    @property
    def question(self) -> Mapping[str, str]:
        """Whom this session asks, and what: answers to anything else cannot be compared with its own."""
        return {
            "host": self._host,
            "port": str(self._port),
            "path": self.asked.path if self.asked.protocol == "http" else "",
            "starttls": ":".join(filter(None, (self.asked.protocol, self.asked.user))),
            "transport": self.asked.transport,
        }

    def announced(self, name: str) -> Step | None:
        """The step of that name in the plan; None when nobody asked for it."""
        return next((step for step in self._plan if step.name == name), None)

    def asking(self, host: str = "", user: str = "") -> "Opening":
        """The question. ``host``: whom it names, where the protocol has it, instead of the server.

        ``user``: who asks, where the protocol says that.
        """
        match self.asked.protocol:
            case "postgresql":
                return self._opening.postgresql(user or _NOBODY)
            case "mqtt":
                return self._opening.mqtt()
            case "redis":
                return self._opening.redis()
            case _:
                return self._opening.http(self.asked.path, host)

    def visit(
        self,
        step: Step,
        version: str,
        name: str | None,
        *,
        identity: "Identity | None" = None,
        session: "sessions.Session | None" = None,
        tickets: bool = True,
        early: bool = False,
        host: str = "",
    ) -> "Visit":
        """One connection of an announced step, and what came of it.

        ``name`` goes into the handshake, ``host`` into the request where it differs. Raises NotSeen
        when nothing more may be asked, and Unreachable when nobody is there.
        """
        from earwitness.servers.tls_client.client import Address, NoServer

        self._require(step)
        asking = self.asking(host, self._user(name, identity))
        client = self._client(version, tickets, asking)
        address = Address(host=self._host, port=self._port, name=name)
        begun = time.perf_counter()
        named = f"{name or 'no name'}{f', Host {host}' if host else ''}"
        shown = f"TLS {version}{self.asked.over}, {named}, {_with(identity, session)}"
        try:
            visit = client.visit(address, identity=identity, session=session, early=early)
        except NoServer as problem:
            self._note(step, shown, begun, str(problem))
            raise Unreachable(self.redact(str(problem))) from None
        self._note(step, shown, begun, visit.outcome.refusal or None)
        return visit

    def reach(self) -> None:
        """See which versions are spoken. Raises Unreachable when it is none."""
        host = self.hosts[0]
        visits = {
            version: self.visit(_REACH, version, host.name, identity=host.identity)
            for version in self.asked.versions
        }
        self.versions = tuple(
            version
            for version, visit in visits.items()
            if not any(words in visit.outcome.refusal for words in _NOT_SPOKEN)
            and (visit.tls or visit.outcome.refusal == _SILENCE)
        )
        shaken = [version for version in self.versions if visits[version].handshake]
        refused = next(iter(visits.values())).outcome.refusal
        if any(v.answer and self.asking().is_other(v.answer) for v in visits.values()):
            raise Unreachable(
                f"what listens there does not speak {self.asked.protocol.capitalize()}"
            )
        if not any(v.tls for v in visits.values()) and not self.versions:
            raise Unreachable(f"nothing there speaks TLS: {refused}")
        if not self.versions:
            raise Unreachable(f"{_UNSPOKEN[self.asked.transport]}: {refused}")
        if not shaken and all(v.outcome.refusal == _SILENCE for v in visits.values()):
            raise Unreachable(_UNANSWERED[self.asked.transport])
        answers = [visit.answer for visit in visits.values() if visit.answer]
        self.offers_quic = any(map(_OFFERS_QUIC.search, answers))
        server = next(map(_server, answers), "")
        spoken = " and ".join(f"TLS {version}{self.asked.over}" for version in self.versions)
        self.facts = {"version": server or self.asked.protocol, "spoken": spoken}

    def _user(self, name: str | None, identity: "Identity | None") -> str:
        """Who asks: whom the options name, or whom the certificate does.

        Visitors to a host say the same, whatever they show; only a revoked certificate has its own name.
        """
        own = next((host.identity for host in self.hosts if host.name == name), None)
        shown = self.revoked if identity is not None and identity is self.revoked else own
        named = shown.common_name if shown is not None else ""
        return self.asked.user or ("" if "\0" in named else named)

    def _client(self, version: str, tickets: bool, asking: "Opening") -> "Client | QuicClient":
        seconds = min(VISIT_SECONDS, max(self.seconds_left, 0.001))
        if self.asked.transport == "quic":
            from earwitness.servers.tls_client.quic import QuicClient

            return QuicClient(opening=asking, seconds=seconds, key=self.key)
        from earwitness.servers.tls_client.client import Client

        return Client(
            version=version, opening=asking, tickets=tickets, seconds=seconds, key=self.key
        )

    def _require(self, step: Step) -> None:
        """Wait for the rate. Raises NotSeen when the step or the budget does not allow it."""
        if step not in self._plan:
            raise NotSeen(f"{step.name} is no step that was announced, and was not carried out")
        if self._left == 0:
            raise NotSeen("the connections that were announced are used up")
        while (early := self._due - time.monotonic()) > 0:
            time.sleep(min(early, _PATIENCE_BETWEEN))
        if self.seconds_left == 0:
            raise NotSeen("the time of this session is used up")
        self._left -= 1
        began = max(self._due, time.monotonic())  # a late one starts no burst
        self._due = began + 1 / self.asked.rate

    def _note(self, step: Step, text: str, begun: float, failed: str | None) -> None:
        self._record.append(
            ReadRecord(
                name=step.name,
                text=text,
                rows=0,
                seconds=round(time.perf_counter() - begun, 6),
                failed=failed,
            )
        )


def parse(address: str) -> Target | None:
    """The target of an address; None when it is of another kind. Raises NotATarget."""
    if not address.startswith(SCHEME):
        return None
    try:
        parts = urlsplit(address)
        port = PORT if parts.port is None else parts.port
        (parts.hostname or "").encode("idna")  # UnicodeError is a ValueError
    except ValueError:
        raise NotATarget("this is no address of the form mtls://host:port") from None
    if port == 0:
        raise NotATarget("nobody can listen at port 0")
    if not parts.hostname or parts.path not in ("", "/") or parts.username or parts.query:
        raise NotATarget("an address of this kind is mtls://host:port; the rest are options")
    host = parts.hostname
    shown = f"[{host}]" if ":" in host else host
    return Target(
        kind=NAME,
        shown=f"{SCHEME}{shown}:{port}",
        parameters={"host": host, "port": str(port)},
    )


@contextlib.contextmanager
def open_session(target: Target, budget: Budget, plan: Sequence[Step]) -> Iterator[Session]:
    """A session that carries out the steps of ``plan``. Raises Unreachable."""
    from earwitness.servers.process import MissingComponent

    try:
        session = Session(target, budget, plan)
    except ModuleNotFoundError as missing:
        if missing.name not in _EXTRAS:
            raise
        install = f"pip install 'earwitness[{_EXTRAS[missing.name]}]'"
        raise Unreachable(f"the Python package {missing.name} is missing: {install}") from None
    except MissingComponent as missing:
        raise Unreachable(f"{missing.reason}: {missing.install}") from None
    except ValueError as problem:
        raise Unreachable(str(problem)) from None
    session.reach()
    yield session


def _hosts(asked: Asked, target: Target) -> tuple[Host, ...]:
    names = asked.names or (HostName(name=_own_name(target), opened_by=asked.own),)
    return tuple(Host(name=one.name, identity=_identity(one.opened_by)) for one in names)


def _own_name(target: Target) -> str | None:
    """The host of the target, when it is a name: addresses are not sent in a handshake (RFC 6066, 3)."""
    host = target.parameters["host"]
    return None if ":" in host or host.replace(".", "").isdigit() else host


def _identity(pair: Pair | None) -> "Identity | None":
    from earwitness.servers.tls_client import identity

    return None if pair is None else identity.read(pair.certificate, pair.key)


def _with(identity: "Identity | None", session: "sessions.Session | None") -> str:
    shown = [name for name, there in (("certificate", identity), ("session", session)) if there]
    return f"with {' and '.join(shown)}" if shown else "with nothing"


def _server(answer: bytes) -> str:
    """What an answer of HTTP says of its server."""
    for line in answer.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"server":
            said = value.strip().decode(errors="replace")
            return said if len(said) <= _LONGEST_SERVER else f"{said[:_LONGEST_SERVER]}…"
    return ""


MTLS = TargetKind(
    name=NAME,
    title="mTLS",
    example="mtls://host:port",
    parse=parse,
    budget=BUDGET,
    opening=lambda _budget: (_REACH,),
    closing=(),
    open_session=open_session,
    options=mtls_options.OPTIONS,
    demand=mtls_options.demand,
)
