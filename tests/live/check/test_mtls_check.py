"""``earwitness check mtls://`` against real servers with a throw-away authority."""

import contextlib
import datetime as dt
import itertools
import json
import select
import socket
import stat
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from earwitness import checks
from earwitness.check.finding import Severity
from earwitness.claims.mtls_resumption import envoy_recipe, program_doors
from earwitness.claims.mtls_resumption.claim import CLAIM
from earwitness.claims.mtls_resumption.door import Lists
from earwitness.claims.mtls_resumption.ground import lay, passage
from earwitness.claims.mtls_resumption.recipes import Site
from earwitness.claims.mtls_resumption.visitor import PROTECTED
from earwitness.cli.check import check as verb
from earwitness.report import json as documents
from earwitness.report.check_document import CheckDocument
from earwitness.servers import (
    certificates,
    configured,
    haproxy,
    nginx,
    postgres,
    process,
    terminators,
    wire,
)
from earwitness.servers.certificates import Authority, Issued
from earwitness.servers.postgres import Setting
from earwitness.servers.process import MissingComponent, ServerFailed
from tests.live.check import sharing_server

pytestmark = pytest.mark.live

CRITICAL = Severity.CRITICAL


@dataclass(frozen=True)
class Ground:
    """Two authorities, what they issued, and a list of what the first one revoked."""

    folder: Path
    a: Authority
    b: Authority
    server: Issued
    alice: Issued
    bob: Issued
    mallory: Issued
    revoked: Path

    def revoke(self, *those: Issued) -> None:
        self.a.revocation_list(self.revoked, those)


@pytest.fixture
def ground(workspace: Path) -> Ground:
    user = process.unprivileged()
    a, b = (
        certificates.authority(workspace / name, name=f"authority {name}", reader=user)
        for name in ("a", "b")
    )
    laid = Ground(
        folder=workspace,
        a=a,
        b=b,
        server=a.server("server", names=("a.test", "b.test", "c.test")),
        alice=a.client("alice"),
        bob=b.client("bob"),
        mallory=a.client("mallory"),
        revoked=workspace / "revoked.crl",
    )
    laid.revoke(laid.mallory)
    return laid


@contextlib.contextmanager
def served(ground: Ground, config: str) -> Iterator[nginx.Nginx]:
    try:
        program = nginx.find()
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    with nginx.running(program, ground.folder, config=common(ground) + config) as running:
        yield running


def common(ground: Ground) -> str:
    return f"""
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_certificate {ground.server.certificate};
    ssl_certificate_key {ground.server.key};
    """


def guarded(ground: Ground, name: str = "a.test", **changes: str) -> str:
    """A host that asks for a certificate of the first authority that is not revoked."""
    settings = {
        "ssl_client_certificate": str(ground.a.certificate),
        "ssl_crl": str(ground.revoked),
        "ssl_verify_client": "on",
        "ssl_session_tickets": "on",
        "ssl_session_cache": "shared:all:1m",
        "body": f'"this is {name}"',
    } | changes
    body = settings.pop("body")
    lines = "".join(f"{key} {value}; " for key, value in settings.items() if value)
    return (
        f"server {{ listen 127.0.0.1:@port:tls@ ssl; server_name {name}; {lines}"
        f"location / {{ {settings.get('rule', '')} return 200 {body}; }} }}\n"
    )


def check(server: nginx.Nginx, **options: str) -> CheckDocument:
    order = checks.order(f"mtls://127.0.0.1:{server.ports['tls']}", (), options)
    return checks.carry_out(order, Severity.HIGH, lambda _line: None)


def of(issued: Issued) -> str:
    return f"{issued.certificate}:{issued.key}"


def own(issued: Issued, name: str = "a.test") -> dict[str, str]:
    return {"sni": f"{name}={of(issued)}"}


def ids(document: CheckDocument) -> set[str]:
    return {finding.id.removeprefix("mtls-resumption/") for finding in document.findings}


def test_one_host_that_resumes_sessions(ground: Ground) -> None:
    with served(ground, guarded(ground)) as server:
        document = check(server, **own(ground.alice), **revoked(ground.mallory))
    assert ids(document) == {"resumed-without-certificate", "renewed-on-resumption"}
    assert (document.exit_code, document.not_seen) == (0, ())
    seen = document.evidence.claims["mtls-resumption"]
    assert {(one["version"], one["memory"]) for one in seen["resumed"]} == {
        ("1.3", False),
        ("1.2", False),
        ("1.2", True),
    }
    assert "`ssl_session_tickets off" in document.findings[0].fix
    assert len(document.evidence.reads) <= document.evidence.budget.steps


def revoked(issued: Issued) -> dict[str, str]:
    return {"revoked-cert": str(issued.certificate), "revoked-key": str(issued.key)}


def test_without_resumption_there_is_nothing(ground: Ground) -> None:
    config = guarded(ground, ssl_session_tickets="off", ssl_session_cache="off")
    with served(ground, config) as server:
        document = check(server, **own(ground.alice), **revoked(ground.mallory))
    assert ids(document) == {"nothing-seen"}


def test_without_tickets_there_is_none_that_gets_in(ground: Ground) -> None:
    with served(ground, guarded(ground, ssl_session_tickets="off")) as server:
        document = check(server, **own(ground.alice))
    (finding,) = (one for one in document.findings if one.id.endswith("without-certificate"))
    assert "from the server's memory" in finding.statement
    assert "by ticket" not in finding.statement


def test_a_host_that_asks_and_does_not_insist(ground: Ground) -> None:
    config = guarded(ground, ssl_verify_client="optional_no_ca", ssl_crl="")
    with served(ground, config) as server:
        document = check(server, **own(ground.alice))
    assert ids(document) == {"not-enforced"}
    assert document.exit_code == 1


def test_a_host_without_a_list_lets_the_revoked_in(ground: Ground) -> None:
    with served(ground, guarded(ground, ssl_crl="")) as server:
        document = check(server, **own(ground.alice), **revoked(ground.mallory))
    assert "revoked-accepted" in ids(document)
    assert document.exit_code == 1


def test_a_certificate_that_has_ended_is_named_first(ground: Ground) -> None:
    ended = ground.a.client("ended", validity=dt.timedelta(seconds=2))
    time.sleep(1)
    with served(ground, guarded(ground)) as server:
        document = check(server, **own(ended))
        revoked_too = check(server, **own(ground.alice), **revoked(ended))
    assert document.exit_code == 2
    assert "the client certificate ended on 2" in document.not_seen[0].reason
    assert "the revoked certificate ended on 2" in revoked_too.not_seen[0].reason
    assert revoked_too.exit_code == 2


def test_early_data(ground: Ground) -> None:
    with served(ground, guarded(ground, ssl_early_data="on")) as server:
        document = check(server, **own(ground.alice))
    assert "early-data" in ids(document)


def test_the_guided_proof(ground: Ground, tmp_path: Path) -> None:
    """Kept, revoked, taken: the certificate is refused, and its sessions are let in."""
    path = tmp_path / "sessions"
    key = ground.folder / "ticket.key"
    key.write_bytes(bytes(range(80)))
    key.chmod(0o644)
    config = guarded(ground, ssl_session_ticket_key=str(key))
    with served(ground, config) as server:
        first = check(server, **own(ground.alice), **{"save-session": str(path)})
        assert first.evidence.claims["mtls-resumption"]["kept"] == 3
        assert "sessions-kept" in ids(first)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        again = {"resume-session": str(path), **own(ground.alice)}
        early = check(server, **again)
        assert early.exit_code == 2
        assert {one.reason.split(": ")[1] for one in early.not_seen} == {
            "the certificate itself is still let in"
        }
        ground.revoke(ground.mallory, ground.alice)
        server.reload()
        late = check(server, **again)
    assert "outlives-revocation" in ids(late)
    assert "ticket-key-unchanged" in ids(late)
    assert late.exit_code == 1
    secrets = path.read_text()
    for document in (first, early, late):
        assert_no_secret(document, secrets, ground.alice)


def test_a_page_that_changes_is_no_revocation(ground: Ground, tmp_path: Path) -> None:
    path = tmp_path / "sessions"

    def greeting(word: str) -> str:
        settings = {"ssl_verify_client": "optional", "body": f'"{word} $ssl_client_s_dn"'}
        return guarded(ground, **settings)

    with served(ground, greeting("hi")) as server:
        identity = own(ground.alice)
        check(server, path="/id", **identity, **{"save-session": str(path)})
        again = {"resume-session": str(path), **identity}
        other = check(server, **again)
        assert other.exit_code == 2
        assert "with path /id, and this check has /" in other.not_seen[0].reason
        moved = checks.order(
            f"mtls://localhost:{server.ports['tls']}", (), {"path": "/id", **again}
        )
        elsewhere = checks.carry_out(moved, Severity.HIGH, lambda _line: None)
        assert elsewhere.exit_code == 2
        assert "with host 127.0.0.1" in elsewhere.not_seen[0].reason
        assert not any(read.name == "return" for read in elsewhere.evidence.reads)
        config = server.folder / "nginx.conf"
        config.write_text(config.read_text().replace('"hi ', '"hello '))
        server.reload()
        late = check(server, path="/id", **again)
    assert ids(late) <= {"ticket-key-unchanged"}
    assert late.exit_code == 2
    assert "told something else than then" in late.not_seen[0].reason


def test_a_ticket_key_is_recognised_by_the_next_check(ground: Ground, tmp_path: Path) -> None:
    """As long as the server keeps it: by the record on this machine, which does not show it."""

    def keys() -> list[str]:
        address = f"mtls://127.0.0.1:{server.ports['tls']}"
        sni = ("--sni", f"a.test={of(ground.alice)}", "--data", str(tmp_path / "data"))
        result = CliRunner().invoke(verb, [address, *sni, "--format", "json"])
        findings = json.loads(result.stdout)["findings"]
        return [one["severity"] for one in findings if one["id"].endswith("ticket-key-unchanged")]

    with served(ground, guarded(ground, ssl_session_cache="off")) as server:
        assert keys() == []
        assert keys() == ["info"]
        server.reload()  # which makes it draw new keys
        deadline = time.monotonic() + 5
        while keys() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert keys() == ["info"]  # since the check before this one


def assert_no_secret(document: CheckDocument, kept: str, issued: Issued) -> None:
    said = documents.encode(document).decode()
    assert "PRIVATE KEY" not in said
    for one in json.loads(kept)["sessions"]:
        der = one["der"]
        assert der[:40] not in said
        assert one["note"]["key"] not in said
    assert "".join(issued.key.read_text().split("\n")[1:2]) not in said


def test_a_server_that_speaks_http_3_as_well(ground: Ground) -> None:
    config = guarded(ground, add_header="Alt-Svc 'h3=\":443\"; ma=60'")
    with served(ground, config) as server:
        document = check(server, **own(ground.alice))
    assert "also-over-quic" in ids(document)


@contextlib.contextmanager
def over_quic(ground: Ground, **settings: object) -> Iterator[configured.Configured]:
    """A server that asks for client certificates over QUIC; its list is the door's own."""
    try:
        program = terminators.find_envoy()
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    site = Site(
        server=ground.server,
        both=ground.server.key,
        authority=ground.a.certificate,
        lists=Lists(ground.a, passage(ground.folder / "lists", process.unprivileged())),
        ticket_keys=None,
        secret=b"",
    )
    site.lists.publish((ground.mallory,))
    recipe = envoy_recipe.envoy_recipe(program, {"resumption": "tickets", **settings}, site)
    with configured.running(
        recipe, ground.folder, name="envoy", user=process.unprivileged()
    ) as running:
        yield running


def check_quic(server: configured.Configured, **options: str) -> CheckDocument:
    order = checks.order(
        f"mtls://127.0.0.1:{server.ports['door']}", (), {"transport": "quic", **options}
    )
    return checks.carry_out(order, Severity.HIGH, lambda _line: None)


def test_the_guided_proof_over_quic(ground: Ground, tmp_path: Path) -> None:
    path = tmp_path / "sessions"
    with over_quic(ground, early=True) as server:
        first = check_quic(
            server,
            **own(ground.alice),
            **revoked(ground.mallory),
            **{"save-session": str(path)},
        )
        (kept,) = json.loads(path.read_text())["sessions"]
        assert kept["transport"] == "quic"
        again = {"resume-session": str(path), **own(ground.alice)}
        over_tcp = checks.order(f"mtls://127.0.0.1:{server.ports['door']}", (), again)
        elsewhere = checks.carry_out(over_tcp, Severity.HIGH, lambda _line: None)
        ground.a.revocation_list(
            ground.folder / "lists" / "revoked.crl", (ground.mallory, ground.alice)
        )
        server.reload()
        late = ended(server, again)
    assert {"resumed-without-certificate", "early-data"} <= ids(first)
    assert not any(finding.severity is CRITICAL for finding in first.findings)
    assert first.not_seen == ()
    assert first.evidence.facts["spoken"] == "TLS 1.3 over QUIC"
    assert "`enable_early_data: false`" in str([one.fix for one in first.findings])
    assert elsewhere.exit_code == 2
    assert ids(late) == {"revocation-reaches-sessions"}
    assert_no_secret(first, path.read_text(), ground.alice)


def ended(server: configured.Configured, again: Mapping[str, str]) -> CheckDocument:
    """The check once the server has read its list, which it does a moment later."""
    deadline = time.monotonic() + 5
    while True:
        document = check_quic(server, **again)
        if document.exit_code != 2 or time.monotonic() > deadline:
            return document
        time.sleep(0.05)


def test_nobody_there_over_quic_is_one_line(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earwitness.check.mtls.VISIT_SECONDS", 0.2)
    identity = ("--cert", str(ground.alice.certificate), "--key", str(ground.alice.key))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        address = f"mtls://127.0.0.1:{silent.getsockname()[1]}"
        result = run(address, *identity, "--transport", "quic")
        assert (result.exit_code, result.stdout) == (2, "")
        assert "nothing answers there over QUIC" in line(result)
    result = run(address, *identity, "--transport", "quic")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "over QUIC: connection refused" in line(result)


def test_the_guided_proof_of_a_server_that_forgets(ground: Ground, tmp_path: Path) -> None:
    """Its sessions are bound to the run of the server: it is another one that comes back."""
    path = tmp_path / "sessions"
    with served(ground, guarded(ground, ssl_session_cache="off")) as server:
        check(server, **own(ground.alice), **{"save-session": str(path)})
        port = server.ports["tls"]
    ground.revoke(ground.alice)
    config = guarded(ground, ssl_session_cache="off").replace("@port:tls@", str(port))
    program = nginx.find()
    with nginx.running(program, ground.folder, config=common(ground) + config, name="restarted"):
        order = checks.order(
            f"mtls://127.0.0.1:{port}", (), {"resume-session": str(path), **own(ground.alice)}
        )
        late = checks.carry_out(order, Severity.HIGH, lambda _line: None)
    assert ids(late) == {"revocation-reaches-sessions"}
    assert late.exit_code == 0


def test_renewing_is_followed_to_its_end(ground: Ground) -> None:
    """One server of many: what it says is its own; that it is said at all is the test."""
    with served(ground, guarded(ground, ssl_session_timeout="3s")) as server:
        document = check(server, dwell="10s", **own(ground.alice))
    assert ids(document) & {"renewed-without-end", "renewed-within-bounds"}
    (dwelt,) = document.evidence.claims["mtls-resumption"]["dwelt"]
    assert dwelt["lifetime_seconds"] == 3
    assert dwelt["renewals"] > 0


def test_a_life_longer_than_the_patience_is_not_waited_for(ground: Ground) -> None:
    with served(ground, guarded(ground)) as server:
        document = check(server, dwell="2s", **own(ground.alice))
    assert "is good for 300 s" in document.not_seen[0].reason
    assert not document.not_seen[0].essential


def several(ground: Ground) -> dict[str, str]:
    hosts = (f"a.test={of(ground.alice)}", f"b.test={of(ground.bob)}", "c.test=open")
    return {"sni": "\n".join(hosts)}


def hosts(ground: Ground, **changes: str) -> str:
    b = {"ssl_client_certificate": str(ground.b.certificate), "ssl_crl": ""}
    public = "server { listen 127.0.0.1:@port:tls@ ssl; server_name c.test; return 200 open; }\n"
    return (
        guarded(ground, "a.test", **changes) + guarded(ground, "b.test", **(b | changes)) + public
    )


def test_hosts_that_resume_nothing_let_nobody_across(ground: Ground) -> None:
    rejecting = (
        "server { listen 127.0.0.1:@port:tls@ ssl default_server; ssl_reject_handshake on; }\n"
    )
    off = {"ssl_session_tickets": "off", "ssl_session_cache": "off"}
    with served(ground, rejecting + hosts(ground, **off)) as server:
        document = check(server, **several(ground))
    assert ids(document) == {"nothing-seen"}


def test_a_host_that_only_the_request_names(ground: Ground) -> None:
    off = {"ssl_session_tickets": "off", "ssl_session_cache": "off"}
    with served(ground, hosts(ground, **off)) as server:
        document = check(server, **several(ground))
    assert ids(document) == {"request-names-another-host"}


def test_hosts_that_say_the_same_are_inconclusive(ground: Ground) -> None:
    with served(ground, hosts(ground, body="same")) as server:
        document = check(server, **several(ground))
    assert "hosts-look-alike" in ids(document)
    assert not any(
        finding.severity is Severity.CRITICAL and "b.test" in finding.statement.split(" at ")[0]
        for finding in document.findings
        if finding.location is not None
        and finding.location.name in ("a.test", "b.test")
        and "c.test" not in finding.statement
    )


@pytest.mark.parametrize(
    ("place", "cache", "unclear"),
    [
        ("/revoked", 0, ""),
        ("/app", 0, ": it is told"),
        ("/revoked", 20_000, ": its session is told"),
    ],
)
def test_a_proxy_that_sends_the_revoked_elsewhere(
    ground: Ground, place: str, cache: int, unclear: str
) -> None:
    """It lets in by one redirect and turns away by another, which differ in their place only."""
    try:
        program = haproxy.find()
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    pem = ground.folder / "server.pem"
    pem.write_bytes(ground.server.certificate.read_bytes() + ground.server.key.read_bytes())
    pem.chmod(0o644)
    config = f"""
global
    tune.ssl.cachesize {cache}
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend door
    bind 127.0.0.1:@port:tls@ ssl crt {pem} ca-file {ground.a.certificate} crl-file {ground.revoked} verify optional crt-ignore-err 23 no-tls-tickets
    http-request return status 401 if !{{ ssl_c_used }}
    http-request redirect location {place} if {{ ssl_c_err 23 }}
    http-request redirect location /app
"""
    options = {**own(ground.alice), **revoked(ground.mallory)}
    with haproxy.running(program, ground.folder, config=config) as server:
        order = checks.order(f"mtls://127.0.0.1:{server.ports['tls']}", (), options)
        document = checks.carry_out(order, Severity.HIGH, lambda _line: None)
    assert not any(one.severity is CRITICAL for one in document.findings)
    assert document.exit_code == (2 if unclear else 0)
    assert unclear in str([one.reason for one in document.not_seen if one.essential])


def test_sessions_of_another_host_at_a_proxy(ground: Ground) -> None:
    """Its hosts differ in their authority alone; what it does with sessions it says itself."""
    try:
        program = haproxy.find()
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    pem = ground.folder / "server.pem"
    pem.write_bytes(ground.server.certificate.read_bytes() + ground.server.key.read_bytes())
    pem.chmod(0o644)
    listing = ground.folder / "crt-list"
    listing.write_text(
        f"{pem} [ca-file {ground.a.certificate} verify required] a.test\n"
        f"{pem} [ca-file {ground.b.certificate} verify required] b.test\n"
    )
    listing.chmod(0o644)
    config = f"""
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend door
    bind 127.0.0.1:@port:tls@ ssl crt-list {listing} strict-sni no-tls-tickets
    http-request return status 200 content-type text/plain lf-string "%[ssl_fc_sni] %[ssl_c_used]"
"""
    sni = f"a.test={of(ground.alice)}\nb.test={of(ground.bob)}"
    with haproxy.running(program, ground.folder, config=config) as server:
        order = checks.order(f"mtls://127.0.0.1:{server.ports['tls']}", (), {"sni": sni})
        document = checks.carry_out(order, Severity.HIGH, lambda _line: None)
    assert document.evidence.reached
    for one in document.evidence.claims["mtls-resumption"]["baselines"]:
        assert one["admitted"][0]["status"] == "200"
        assert one["alone"]["status"] == ""


@contextlib.contextmanager
def balanced(ports: Sequence[int]) -> Iterator[int]:
    """The port of a relay that hands each connection to the next of those servers."""
    turns = itertools.cycle(ports)

    def relay(accepted: socket.socket, port: int) -> None:
        with accepted, socket.create_connection(("127.0.0.1", port)) as onward:
            ends = {accepted: onward, onward: accepted}
            with contextlib.suppress(OSError):
                while True:
                    for readable in select.select([*ends], [], [])[0]:
                        data = readable.recv(65_536)
                        if not data:
                            return
                        ends[readable].sendall(data)

    def serve() -> None:
        with contextlib.suppress(OSError), ThreadPoolExecutor() as pool:
            while True:
                pool.submit(relay, door.accept()[0], next(turns))

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield door.getsockname()[1]
        finally:
            door.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_several_servers_behind_one_address(ground: Ground) -> None:
    """One of them knows nothing of the tickets of the other: refused once is not refused."""
    config = guarded(ground, ssl_session_cache="off")
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(served(ground, config))
        other = stack.enter_context(
            nginx.running(nginx.find(), ground.folder, config=common(ground) + config, name="other")
        )
        ports = [one.ports["tls"], one.ports["tls"], other.ports["tls"]]
        port = stack.enter_context(balanced(ports))
        order = checks.order(f"mtls://127.0.0.1:{port}", (), own(ground.alice))
        document = checks.carry_out(order, Severity.HIGH, lambda _line: None)
    assert "resumed-without-certificate" in ids(document)
    assert document.not_seen == ()
    tried = document.evidence.claims["mtls-resumption"]["resumed"]
    counts = [len(way["tries"]) for way in tried if way["offered"]]
    assert max(counts) > 1
    (finding,) = (one for one in document.findings if one.id.endswith("without-certificate"))
    assert any(f"1 of {count} taken" in finding.statement for count in counts if count > 1)


def test_two_servers_that_take_turns(ground: Ground, tmp_path: Path) -> None:
    """Each has ticket keys of its own, and a session is always presented to the other one first."""
    path = tmp_path / "sessions"
    config = guarded(ground, ssl_session_cache="off")
    options = {**own(ground.alice), **revoked(ground.mallory)}
    with contextlib.ExitStack() as stack:
        one = stack.enter_context(served(ground, config))
        other = stack.enter_context(
            nginx.running(nginx.find(), ground.folder, config=common(ground) + config, name="other")
        )
        port = stack.enter_context(balanced([one.ports["tls"], other.ports["tls"]]))
        address = f"mtls://127.0.0.1:{port}"
        order = checks.order(address, (), options | {"save-session": str(path), "dwell": "10m"})
        first = checks.carry_out(order, Severity.HIGH, lambda _line: None)
        order = checks.order(address, (), options | {"resume-session": str(path)})
        again = checks.carry_out(order, Severity.HIGH, lambda _line: None)
    assert "resumed-without-certificate" in ids(first)
    assert ["take turns" in one.reason for one in first.not_seen] == [True]
    came = again.evidence.claims["mtls-resumption"]["returned"]
    assert came
    assert all(one["resumed"]["resumed"] for one in came)


def test_hosts_that_confuse_their_sessions(ground: Ground) -> None:
    sni = f"a.test={of(ground.alice)}\nb.test={of(ground.bob)}"
    with sharing_server.running(ground.server, {"a.test": ground.a, "b.test": ground.b}) as port:
        order = checks.order(f"mtls://127.0.0.1:{port}", (), {"sni": sni})
        document = checks.carry_out(order, Severity.HIGH, lambda _line: None)
    across = [one for one in document.findings if one.id == "mtls-resumption/across-hosts"]
    assert {one.location.name for one in across if one.location} == {"a.test", "b.test"}
    assert document.exit_code == 1


@pytest.mark.parametrize(
    ("arm", "expected"),
    [("rule", {"revoked-resumed"}), ("recheck", set()), ("ssl", set()), ("no-resumption", set())],
)
def test_a_rule_that_is_asked_in_full_handshakes_alone(
    workspace: Path, arm: str, expected: set[str]
) -> None:
    """The doors of the claim: only the rule lets the session of a refused visit in."""
    chosen = next(one for one in CLAIM.experiment("libraries").arms if one.name == arm)
    with contextlib.ExitStack() as stack:
        laid = lay(workspace / "ground", program_doors.user_of_python())
        (door,) = program_doors.open_python(stack, laid, [chosen]).values()
        alice, mallory = laid.authority.client("alice"), laid.authority.client("mallory")
        door.take([mallory])
        options = {"path": PROTECTED, **own(alice, "localhost"), **revoked(mallory)}
        order = checks.order(f"mtls://127.0.0.1:{door.port}", (), options)
        document = checks.carry_out(order, Severity.HIGH, lambda _line: None)
    critical = {one.id.partition("/")[2] for one in document.findings if one.severity is CRITICAL}
    assert document.not_seen == ()
    assert critical == expected


@pytest.mark.parametrize("method", ["trust clientcert=verify-ca", "cert"])
def test_postgresql_after_its_request_for_tls(ground: Ground, method: str) -> None:
    """A server that resumes nothing, on a network of its own: nobody else gets in, ever."""
    rules = ground.folder / "hba"
    rules.write_text(f"local all all trust\nhostssl all all samenet {method}\n")
    rules.chmod(0o644)
    settings: Mapping[str, Setting] = {
        "ssl": True,
        "ssl_cert_file": str(ground.server.certificate),
        "ssl_key_file": str(ground.server.key),
        "ssl_ca_file": str(ground.a.certificate),
        "ssl_crl_file": str(ground.revoked),
        "hba_file": str(rules),
    }
    with contextlib.ExitStack() as stack:
        try:
            over = stack.enter_context(wire.opened(ground.folder))
            with over.server.entered():
                address = over.server.address
                binaries = postgres.find(15)
                serving = postgres.running(
                    binaries, ground.folder, settings=settings, address=address
                )
                port = stack.enter_context(serving).port
        except MissingComponent as missing:
            pytest.skip(missing.reason)
        except ServerFailed as failed:
            if "SSL is not supported" not in str(failed):
                raise
            pytest.skip("this build of PostgreSQL speaks no TLS")
        identity = {"cert": str(ground.alice.certificate), "key": str(ground.alice.key)}
        options = {"starttls": "postgresql", **identity, **revoked(ground.mallory)}
        with over.client.entered():
            order = checks.order(f"mtls://{address}:{port}", (), options)
            document = checks.carry_out(order, Severity.HIGH, lambda _line: None)
    assert ids(document) == {"nothing-seen"}
    assert (document.exit_code, document.not_seen) == (0, ())
    seen = document.evidence.claims["mtls-resumption"]
    assert {one["alone"]["status"] for one in seen["baselines"]} == {"E 28000"}
    assert not any(one["offered"] for one in seen["resumed"])


def run(*arguments: str) -> Result:
    return CliRunner().invoke(verb, [*arguments, "--no-store"])


def line(result: Result) -> str:
    lines = [one for one in result.stderr.splitlines() if one]
    return lines[-1]


def test_files_that_are_no_identity(ground: Ground, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("nothing")
    alice, bob = ground.alice, ground.bob
    cases: Mapping[str, tuple[object, object]] = {
        "is no certificate in PEM": (broken, alice.key),
        "is no private key in PEM": (alice.certificate, broken),
        "does not belong to the certificate": (alice.certificate, bob.key),
        "cannot read": (tmp_path / "none", alice.key),
    }
    for words, (certificate, key) in cases.items():
        result = run("mtls://127.0.0.1:1", "--cert", str(certificate), "--key", str(key))
        assert result.exit_code == 2, result.output
        assert words in line(result)


def test_nobody_there_is_one_line(ground: Ground) -> None:
    plain = "server { listen 127.0.0.1:@port:plain@; return 200 plain; }"
    identity = ("--cert", str(ground.alice.certificate), "--key", str(ground.alice.key))
    with served(ground, plain + guarded(ground)) as server:
        result = run(f"mtls://127.0.0.1:{server.ports['plain']}", *identity)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "does not speak TLS" in line(result)
        closed = server.ports["tls"]
    for address, words in (
        (f"127.0.0.1:{closed}", "connection refused"),
        ("nowhere.invalid:443", "cannot be resolved"),
    ):
        result = run(f"mtls://{address}", *identity)
        assert (result.exit_code, result.stdout) == (2, "")
        assert words in line(result)
        assert len(result.stderr.splitlines()) == 1


@contextlib.contextmanager
def saying(first: bytes) -> Iterator[int]:
    """The port of somebody who says this to everybody and closes."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = door.accept()
                with accepted, contextlib.suppress(OSError):
                    if first:
                        accepted.recv(4096)
                        accepted.sendall(first)

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield door.getsockname()[1]
        finally:
            door.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.mark.parametrize(
    "first", [b"", b"\x16\x03\x03\x00\x20" + b"?" * 32, b"\x17\x03\x03\x00\x20" + b"?" * 32]
)
def test_who_never_speaks_tls_is_one_line(ground: Ground, first: bytes) -> None:
    identity = ("--cert", str(ground.alice.certificate), "--key", str(ground.alice.key))
    with saying(first) as port:
        result = run(f"mtls://127.0.0.1:{port}", *identity)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nothing there speaks TLS" in line(result)


def test_a_server_of_another_protocol_is_one_line(ground: Ground) -> None:
    with served(ground, guarded(ground, ssl_verify_client="off", ssl_crl="")) as server:
        result = run(
            f"mtls://127.0.0.1:{server.ports['tls']}",
            *("--cert", str(ground.alice.certificate), "--key", str(ground.alice.key)),
            *("--starttls", "redis"),
        )
    assert (result.exit_code, result.stdout) == (2, "")
    assert "does not speak Redis" in line(result)


def test_a_handshake_that_hangs_is_one_line(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earwitness.check.mtls.VISIT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        result = run(
            f"mtls://127.0.0.1:{listening.getsockname()[1]}",
            *("--cert", str(ground.alice.certificate), "--key", str(ground.alice.key)),
        )
    assert (result.exit_code, result.stdout) == (2, "")
    assert "the handshake is not answered" in line(result)


def test_a_server_that_dies_midway_is_no_finding(ground: Ground) -> None:
    """It is ended after its first answers; nothing is concluded from the rest."""
    with served(ground, guarded(ground)) as server:
        order = checks.order(
            f"mtls://127.0.0.1:{server.ports['tls']}", (), {"rate": "20", **own(ground.alice)}
        )
        ended = threading.Timer(0.5, server._end)
        ended.start()
        document = checks.carry_out(order, Severity.HIGH, lambda _line: None)
        ended.join()
    assert document.evidence.reached
    assert "connection refused" in (document.evidence.message or "")
    assert (document.findings, document.exit_code) == ((), 2)


def test_the_plan_connects_to_nothing(ground: Ground) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        result = run(
            f"mtls://127.0.0.1:{listening.getsockname()[1]}",
            *("--cert", str(ground.alice.certificate), "--key", str(ground.alice.key)),
            *("--save-session", str(ground.folder / "kept"), "--plan"),
        )
        with pytest.raises(TimeoutError):
            listening.accept()
    assert result.exit_code == 0
    assert "for its owner alone (0600)" in result.stdout.replace("\n", " ")
    assert not (ground.folder / "kept").exists()


def test_options_that_are_given_twice_come_through(ground: Ground) -> None:
    sni = ("--sni", f"a.test={of(ground.alice)}", "--sni", f"b.test={of(ground.bob)}")
    result = run("mtls://127.0.0.1:1", *sni, "--plan", "--format", "json")
    assert result.exit_code == 0
    steps = {
        step["name"]: step for one in json.loads(result.stdout)["checks"] for step in one["steps"]
    }
    assert "a.test at b.test, b.test at a.test" in steps["across-hosts"]["text"]
