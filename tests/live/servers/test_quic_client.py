"""The client over QUIC against real servers: one that asks for certificates, one that does not."""

import contextlib
import dataclasses
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from earwitness.claims.mtls_resumption import envoy_recipe, ground
from earwitness.claims.mtls_resumption.ground import Ground
from earwitness.claims.mtls_resumption.recipes import Site
from earwitness.servers import certificates, configured, process, terminators
from earwitness.servers.configured import Configured
from earwitness.servers.process import MissingComponent
from earwitness.servers.tls_client import identity, quic_ticket, session
from earwitness.servers.tls_client.client import Address, NoServer
from earwitness.servers.tls_client.identity import Identity
from earwitness.servers.tls_client.opening import http
from earwitness.servers.tls_client.quic import QuicClient
from earwitness.servers.tls_client.session import Kept

pytestmark = pytest.mark.live


@pytest.fixture
def laid(workspace: Path) -> Ground:
    return ground.lay(workspace / "ground", process.unprivileged())


@pytest.fixture
def alice(laid: Ground) -> Identity:
    issued = laid.authority.client("alice")
    return identity.read(issued.certificate, issued.key)


@contextlib.contextmanager
def served(laid: Ground, **settings: object) -> Iterator[Configured]:
    try:
        program = terminators.find_envoy()
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    site = Site(
        server=laid.server,
        both=laid.server.key,
        authority=laid.authority.certificate,
        lists=laid.lists("door"),
        ticket_keys=None,
        secret=b"",
    )
    recipe = envoy_recipe.envoy_recipe(program, {"resumption": "tickets", **settings}, site)
    with configured.running(recipe, laid.folder, name="envoy", user=laid.user) as running:
        yield running


def at(server: Configured, name: str | None = "localhost") -> Address:
    return Address(host="127.0.0.1", port=server.ports["door"], name=name)


def test_a_session_opens_what_a_certificate_opened(
    laid: Ground, alice: Identity, tmp_path: Path
) -> None:
    client = QuicClient(opening=http(), trust=laid.authority.certificate)
    with served(laid) as server:
        admitted = client.visit(at(server), identity=alice)
        alone = client.visit(at(server))
        stranger = client.visit(at(server), identity=identity.stranger())
        assert admitted.session is not None
        path = tmp_path / "sessions"
        session.keep(path, [Kept(version="1.3", der=admitted.session.der, transport="quic")], {})
        (kept,) = session.kept(path).sessions
        resumed = client.visit(at(server), session=kept.session)
        assert admitted.outcome.status == "200"
        assert b"server: envoy" in admitted.answer
        assert (admitted.resumed, resumed.resumed) == (False, True)
        assert resumed.outcome.same_answer(admitted.outcome)
        assert not resumed.early  # a session is no permission to ask at once
        assert str(alone.outcome) == "alert certificate required"
        assert str(stranger.outcome) == "alert unknown ca"
        assert client.visit(at(server, None), session=kept.session).resumed
        other = certificates.authority(tmp_path / "other").certificate
        distrusting = QuicClient(opening=http(), trust=other)
        assert not distrusting.visit(at(server), identity=alice).outcome.answered


def test_early_data_is_taken_where_the_server_permits_it(laid: Ground, alice: Identity) -> None:
    client = QuicClient(opening=http())
    with served(laid, early=True) as server:
        admitted = client.visit(at(server), identity=alice)
        assert admitted.session is not None
        assert admitted.session.early_data_bytes == quic_ticket.UNLIMITED
        early = client.visit(at(server), session=admitted.session, early=True)
        assert (early.resumed, early.early) == (True, True)
        assert early.outcome.same_answer(admitted.outcome)
        ticket = quic_ticket.read(admitted.session.der)
        unknown = quic_ticket.write(replace(ticket, ticket=bytes(len(ticket.ticket))))
        forgotten = dataclasses.replace(admitted.session, der=unknown)
        late = client.visit(at(server), session=forgotten, early=True)
        assert (late.resumed, late.early, late.outcome.answered) == (False, False, False)


def test_nobody_there_is_no_refusal() -> None:
    client = QuicClient(opening=http(), seconds=0.3)
    with pytest.raises(NoServer, match="cannot be resolved"):
        client.visit(Address(host="nowhere.invalid", port=443))
    with pytest.raises(NoServer, match="over QUIC"):  # no address of anybody
        client.visit(Address(host="255.255.255.255", port=443))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        hanging = client.visit(Address(host="127.0.0.1", port=port))
    assert (hanging.handshake, hanging.outcome.refusal) == (False, "no answer in time")
    with pytest.raises(NoServer, match="over QUIC: connection refused"):
        client.visit(Address(host="127.0.0.1", port=port))
