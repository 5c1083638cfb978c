"""The client: one connection, one request, and what came of it.

A visitor shows a certificate, presents a saved session, or comes with neither. Whether it got in is
decided by the answer to its request: in TLS 1.3 the client's handshake ends before the server has
judged the certificate, so a finished handshake proves nothing, and servers refuse in different ways
(an alert, a reset, an HTTP status). Only an answer with the status of an admission is one; silence
is none. How a connection is made stands in ``servers.tls_client``.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from earwitness.servers.certificates import Issued
from earwitness.servers.tls_client import identity as identities
from earwitness.servers.tls_client import opening as openings
from earwitness.servers.tls_client.client import Address, Client
from earwitness.servers.tls_client.opening import Opening
from earwitness.servers.tls_client.session import Session

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


class Visitor:
    """Makes connections with one TLS version to servers that this authority vouches for."""

    def __init__(self, authority: Path, tls: str) -> None:
        self._client = Client(version=tls, opening=openings.http(PROTECTED), trust=authority)

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
        )


def get(path: str) -> Asked:
    """GET of a path, which is answered with status 200 or refused."""
    return Asked(opening=openings.http(path), admitted="200")


def log_in() -> Asked:
    """A startup packet of PostgreSQL, which is answered with a request to log in or refused."""
    return Asked(opening=openings.postgresql("postgres"), admitted="R")
