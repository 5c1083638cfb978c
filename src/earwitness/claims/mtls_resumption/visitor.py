"""The client: one connection, one request, and what came of it.

A visitor shows a certificate, presents a saved session, or comes with neither. Whether it got in is
decided by the answer to its request: in TLS 1.3 the client's handshake ends before the server has
judged the certificate, so a finished handshake proves nothing, and servers refuse in different ways
(an alert, a reset, an HTTP status). Only an answer with the status of an admission is one; silence
is none. How a connection is made stands in ``servers.tls_client``.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from earwitness.experiment.bench import Unavailable
from earwitness.servers.certificates import Issued
from earwitness.servers.tls_client import identity as identities
from earwitness.servers.tls_client import library
from earwitness.servers.tls_client import opening as openings
from earwitness.servers.tls_client.client import Address, Client
from earwitness.servers.tls_client.opening import Opening
from earwitness.servers.tls_client.session import Session

if TYPE_CHECKING:
    from earwitness.servers.tls_client.quic import QuicClient

PROTECTED = "/api"
"""The path that asks for a certificate that is not revoked."""
OPEN = "/public"
"""A path for everybody whom the handshake lets through."""
LOOPBACK = "127.0.0.1"

_SERVER_NAME = "localhost"
_SERIAL = re.compile(rb"serial=([0-9A-Fa-f]+)")
_CHECKS = re.compile(rb"checks=(\d+)")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked of a server, and the answer's status that means: let in."""

    opening: Opening
    admitted: str


@dataclass(frozen=True, kw_only=True)
class Visit:
    """What one connection came to."""

    status: str
    """Of the answer; empty when there was none."""
    admitted: bool
    """Whether the request was answered with what lies behind the door."""
    resumed: bool
    """Whether the server took the session that was presented."""
    serial: int | None
    """Of the client certificate, as the server gives it in its answer."""
    checks: int | None
    """Certificate checks of the server on this connection, where it counts them."""
    refusal: str
    """What ended the connection before an answer came; empty when one came."""
    session: Session | None
    """What a later visit can present; None without an answer."""
    early: bool = False
    """Whether the request was taken in early data."""


class Visitor:
    """Makes connections with one TLS version to servers that this authority vouches for.

    ``transport``: "tcp" or "quic".
    """

    def __init__(
        self, authority: Path, tls: str, *, transport: str = "tcp", early: bool = False
    ) -> None:
        asking = openings.http(PROTECTED)
        self._client: Client | QuicClient
        if transport == "quic":
            self._client = _quic_client()(opening=asking, trust=authority)
        else:
            self._client = Client(version=tls, opening=asking, trust=authority)
        self.early = early
        """Whether sessions are presented with the request in early data."""

    def visit(
        self,
        port: int,
        asked: Asked | None = None,
        *,
        host: str = LOOPBACK,
        name: str = _SERVER_NAME,
        identity: Issued | None = None,
        session: Session | None = None,
    ) -> Visit:
        """Ask (for the protected path by default), with certificate and key or a saved session.

        Never raises for what a server does: a refusal is an outcome. NoServer, which is an
        OSError, when nobody listens.
        """
        asked = asked or get(PROTECTED)
        shown = None if identity is None else identities.read(identity.certificate, identity.key)
        seen = self._client.visit(
            Address(host=host, port=port, name=name),
            identity=shown,
            session=session,
            early=self.early and session is not None,
            opening=asked.opening,
        )
        serial, checks = (pattern.search(seen.answer) for pattern in (_SERIAL, _CHECKS))
        return Visit(
            status=seen.outcome.status,
            admitted=seen.outcome.status == asked.admitted,
            resumed=seen.resumed,
            serial=int(serial[1], 16) if serial else None,
            checks=int(checks[1]) if checks else None,
            refusal=seen.outcome.refusal,
            session=seen.session,
            early=seen.early,
        )


def _quic_client() -> "type[QuicClient]":
    """Unavailable where the wheel that speaks QUIC is missing."""
    try:
        from earwitness.servers.tls_client.quic import QuicClient
    except ModuleNotFoundError as missing:
        if missing.name != "aioquic":
            raise
        raise Unavailable(
            "the Python package aioquic is missing", "pip install 'earwitness[quic]'"
        ) from missing
    return QuicClient


def clients(transports: Collection[str]) -> Mapping[str, str]:
    """The client's libraries, for the record; Unavailable when the one for QUIC is missing."""
    over_tcp = {"client": library.description()}
    if "quic" not in transports:
        return over_tcp
    _quic_client()
    from earwitness.servers.tls_client import quic

    return {**over_tcp, "client over QUIC": quic.description()}


def get(path: str) -> Asked:
    """GET of a path, which is answered with status 200 or refused."""
    return Asked(opening=openings.http(path), admitted="200")


def log_in() -> Asked:
    """A startup packet of PostgreSQL, which is answered with a request to log in or refused."""
    return Asked(opening=openings.postgresql("postgres"), admitted="R")
