"""The client of this claim: one connection, one request, and what came of it.

A visitor shows a certificate, presents a saved session, or comes with neither. Whether it got in is
decided by the answer to its request: only status 200 is an admission, and silence is none. The
servers of this claim say in their answers whose certificate they know; here that is read. How a
visit is made stands in ``servers.tls_client``.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from earwitness.servers.certificates import Issued
from earwitness.servers.tls_client import client
from earwitness.servers.tls_client import identity as identities
from earwitness.servers.tls_client.client import Address, Client
from earwitness.servers.tls_client.identity import Identity
from earwitness.servers.tls_client.opening import http
from earwitness.servers.tls_client.session import Session

PROTECTED = "/api"
"""The path that asks for a certificate that is not revoked."""
OPEN = "/public"
"""A path for everybody whom the handshake lets through."""

_SERVER_NAME = "localhost"
_ADMITTED = 200
_SERIAL = re.compile(rb"serial=([0-9A-Fa-f]+)")
_CHECKS = re.compile(rb"checks=(\d+)")


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
    session: Session | None
    """What a later visit can present; None without an answer."""

    @property
    def admitted(self) -> bool:
        """Whether the request was answered with what lies behind the door."""
        return self.status == _ADMITTED


class Visitor:
    """Makes connections with one TLS version to servers that this authority vouches for."""

    def __init__(self, authority: Path, tls: str) -> None:
        self._client = Client(version=tls, opening=http(PROTECTED), trust=authority)

    def visit(
        self,
        port: int,
        path: str = PROTECTED,
        *,
        identity: Issued | None = None,
        session: Session | None = None,
    ) -> Visit:
        """Ask for ``path`` on 127.0.0.1, with certificate and key or with a saved session.

        Never raises for what a server does: a refusal is an outcome. NoServer when nobody listens.
        """
        return _read(
            self._client.visit(
                Address(host="127.0.0.1", port=port, name=_SERVER_NAME),
                identity=None if identity is None else _shown(identity),
                session=session,
                opening=http(path),
            )
        )


def _shown(issued: Issued) -> Identity:
    return identities.read(issued.certificate, issued.key)


def _read(visit: client.Visit) -> Visit:
    serial, checks = (pattern.search(visit.answer) for pattern in (_SERIAL, _CHECKS))
    return Visit(
        status=int(visit.outcome.status) if visit.outcome.answered else None,
        resumed=visit.resumed,
        serial=int(serial[1], 16) if serial else None,
        checks=int(checks[1]) if checks else None,
        refusal=visit.outcome.refusal,
        session=visit.session,
    )
