"""The client against a real server that asks for a certificate and resumes sessions."""

import contextlib
import dataclasses
import socket
import ssl
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from earwitness.servers import certificates, nginx, process
from earwitness.servers.certificates import Authority
from earwitness.servers.process import MissingComponent
from earwitness.servers.tls_client import identity, session
from earwitness.servers.tls_client.client import Address, Client, NoServer
from earwitness.servers.tls_client.identity import Identity
from earwitness.servers.tls_client.opening import http, postgresql
from earwitness.servers.tls_client.session import Kept

pytestmark = pytest.mark.live

CONFIG = """
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate {server.certificate};
    ssl_certificate_key {server.key};
    ssl_client_certificate {authority.certificate};
    ssl_verify_client on;
    ssl_session_tickets on;
    ssl_session_cache shared:all:1m;
    ssl_early_data on;
    server {{
        listen 127.0.0.1:@port:tls@ ssl;
        server_name a.test;
        return 200 "serial=$ssl_client_serial host=$host";
    }}
    server {{
        listen 127.0.0.1:@port:plain@;
        return 200 "plain";
    }}
"""


@pytest.fixture
def authority(workspace: Path) -> Authority:
    return certificates.authority(workspace / "authority", reader=process.unprivileged())


@pytest.fixture
def server(workspace: Path, authority: Authority) -> Iterator[nginx.Nginx]:
    try:
        program = nginx.find()
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    certificate = authority.server("server", names=("a.test",))
    config = CONFIG.format(server=certificate, authority=authority)
    with nginx.running(program, workspace, config=config) as running:
        yield running


@pytest.fixture
def alice(authority: Authority) -> Identity:
    issued = authority.client("alice")
    return identity.read(issued.certificate, issued.key)


def address(server: nginx.Nginx, name: str | None = "a.test") -> Address:
    return Address(host="127.0.0.1", port=server.ports["tls"], name=name)


@pytest.mark.parametrize(
    ("version", "tickets"), [("1.2", True), ("1.2", False), ("1.3", True)], ids=str
)
def test_a_session_opens_what_a_certificate_opened(
    server: nginx.Nginx, alice: Identity, version: str, tickets: bool
) -> None:
    client = Client(version=version, opening=http(), tickets=tickets)
    admitted = client.visit(address(server), identity=alice)
    alone = client.visit(address(server))
    stranger = client.visit(address(server), identity=identity.stranger())
    resumed = client.visit(address(server), session=admitted.session)
    assert admitted.outcome.status == "200"
    assert not admitted.resumed
    assert resumed.resumed
    assert resumed.outcome.same_answer(admitted.outcome)
    assert f"{alice.certificate.serial_number:X}".encode() in resumed.answer
    for refused in (alone, stranger):
        assert not refused.outcome.same_answer(admitted.outcome)
        assert not refused.resumed
    assert admitted.session is not None
    assert (admitted.session.ticket_key_name is not None) == tickets
    if tickets:
        assert admitted.session.lifetime_seconds == 300  # nginx, ssl_session_timeout


def test_the_name_of_the_ticket_key_stays(server: nginx.Nginx, alice: Identity) -> None:
    client = Client(version="1.3", opening=http())
    names = {
        visit.session.ticket_key_name
        for visit in (client.visit(address(server), identity=alice) for _ in range(2))
        if visit.session is not None
    }
    assert len(names) == 1
    assert len(names.pop() or b"") == 16


def test_early_data_is_taken_when_the_handshake_says_so(
    server: nginx.Nginx, alice: Identity
) -> None:
    client = Client(version="1.3", opening=http())
    admitted = client.visit(address(server), identity=alice)
    assert admitted.session is not None
    assert admitted.session.early_data_bytes > 0
    early = client.visit(address(server), session=admitted.session, early=True)
    assert (early.early, early.resumed) == (True, True)
    assert early.outcome.same_answer(admitted.outcome)  # it was asked nowhere else
    forgotten = dataclasses.replace(admitted.session, der=spoilt(admitted.session))
    late = client.visit(address(server), session=forgotten, early=True)
    assert (late.early, late.resumed, late.answer) == (False, False, b"")


def spoilt(good: session.Session) -> bytes:
    """The session with a ticket of which the server knows nothing."""
    name = good.ticket_key_name
    assert name is not None
    return good.der.replace(name, bytes(len(name)))


def test_sessions_come_back_from_a_file(
    server: nginx.Nginx, alice: Identity, tmp_path: Path
) -> None:
    client = Client(version="1.3", opening=http())
    admitted = client.visit(address(server), identity=alice)
    assert admitted.session is not None
    path = tmp_path / "sessions"
    kept = Kept(version="1.3", der=admitted.session.der, note={"for": "a.test"})
    session.keep(path, [kept], {"host": "a.test"})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = session.kept(path)
    assert found.asked == {"host": "a.test"}
    (kept,) = found.sessions
    assert kept.note == {"for": "a.test"}
    assert client.visit(address(server), session=kept.session).resumed
    with pytest.raises(FileExistsError):
        session.keep(path, [], {})


def test_the_server_has_to_be_vouched_for_where_that_is_asked(
    server: nginx.Nginx, alice: Identity, authority: Authority, tmp_path: Path
) -> None:
    trusting = Client(version="1.3", opening=http(), trust=authority.certificate)
    assert trusting.visit(address(server), identity=alice).outcome.status == "200"
    other = certificates.authority(tmp_path / "other")
    distrusting = Client(version="1.3", opening=http(), trust=other.certificate)
    visit = distrusting.visit(address(server), identity=alice)
    assert "certificate verify failed" in visit.outcome.refusal


def test_nobody_there_is_no_refusal(server: nginx.Nginx) -> None:
    client = Client(version="1.3", opening=http(), seconds=0.3)
    with pytest.raises(NoServer, match="cannot be resolved"):
        client.visit(Address(host="nowhere.invalid", port=443))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        hanging = client.visit(Address(host="127.0.0.1", port=port))
    assert (hanging.handshake, hanging.outcome.refusal) == (False, "no answer in time")
    with pytest.raises(NoServer, match="connection refused"):
        client.visit(Address(host="127.0.0.1", port=port))
    with pytest.raises(NoServer, match="does not speak TLS"):
        client.visit(Address(host="127.0.0.1", port=server.ports["plain"]))


def test_a_server_that_grants_no_tls_is_none() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def refuse() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(8)
                connection.sendall(b"N")

        thread = threading.Thread(target=refuse)
        thread.start()
        client = Client(version="1.3", opening=postgresql())
        with pytest.raises(NoServer, match="grants no TLS to postgresql"):
            client.visit(Address(host="127.0.0.1", port=listening.getsockname()[1]))
        thread.join()


def test_an_answer_that_trickles_for_ever_is_cut_off(authority: Authority) -> None:
    issued = authority.server("trickling")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)

    def trickle() -> None:
        accepted, _ = listening.accept()
        with contextlib.suppress(OSError), context.wrap_socket(accepted, True) as connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                connection.sendall(b".")
                time.sleep(0.01)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=trickle)
        thread.start()
        client = Client(version="1.3", opening=http(), seconds=0.3)
        visit = client.visit(Address(host="127.0.0.1", port=listening.getsockname()[1]))
        thread.join()
    assert visit.outcome.status == "200"
    assert visit.answer.endswith(b".")
