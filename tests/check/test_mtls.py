"""The kind of target that asks for client certificates: addresses, options, the plan, the guard."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
import pytest

from earwitness import checks
from earwitness.check import kinds, mtls, mtls_options
from earwitness.check.finding import Severity
from earwitness.check.plan import Step
from earwitness.check.target import NotATarget, NotSeen, Target

CERT = {"cert": "c.pem", "key": "k.pem"}


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("mtls://here", "mtls://here:443"),
        ("mtls://here.test:8443/", "mtls://here.test:8443"),
        ("mtls://127.0.0.1:1", "mtls://127.0.0.1:1"),
        ("mtls://[::1]:9", "mtls://[::1]:9"),
    ],
)
def test_addresses(address: str, shown: str) -> None:
    kind, target = kinds.recognise(address)
    assert (kind.name, target.shown) == ("mtls", shown)


@pytest.mark.parametrize(
    "address",
    [
        "mtls://",
        "mtls://a:b",
        "mtls://a:99999",
        "mtls://user@a",
        "mtls://a/path",
        "mtls://a?x=1",
        "mtls://a:0",
        f"mtls://{'ü' * 70}:1",
    ],
)
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(NotATarget):
        kinds.recognise(address)


def test_others_are_of_another_kind() -> None:
    assert mtls.parse("postgresql://here") is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "needs a client certificate"),
        ({"sni": "a.test"}, "needs a client certificate"),
        ({"sni": "a.test=open"}, "needs a client certificate"),
        ({**CERT, "sni": "a.test\na.test"}, "a name of its own"),
        ({**CERT, "sni": "=x"}, "a host name is"),
        ({**CERT, "sni": "a b"}, "a host name is"),
        ({**CERT, "sni": "a.test=:key"}, "no certificate behind"),
        ({**CERT, "sni": "ü" * 70 + ".test"}, "no name of a host"),
        ({**CERT, "sni": "a." * 200 + "test"}, "at most 253"),
        ({**CERT, "revoked-key": "k"}, "--revoked-key needs --revoked-cert"),
        ({"key": "k", "sni": "a.test=c"}, "--key needs --cert"),
        ({**CERT, "path": "x"}, "begins with /"),
        ({**CERT, "path": "/x\r\nHost: y"}, "begins with /"),
        ({**CERT, "starttls": "smtp"}, "knows http"),
        ({**CERT, "starttls": "redis:me"}, "only as postgresql:USER"),
        ({**CERT, "starttls": "postgresql:"}, "only as postgresql:USER"),
        ({**CERT, "dwell": "long"}, "a duration"),
        ({**CERT, "dwell": "25h"}, "a duration"),
        ({**CERT, "connections": "0"}, "at least 1"),
        ({**CERT, "rate": "-3"}, "at least 1"),
        ({**CERT, "save-session": "a", "resume-session": "b"}, "two checks"),
        ({**CERT, "transport": "sctp"}, "--transport knows tcp, quic"),
        ({**CERT, "transport": "quic", "starttls": "redis"}, "HTTP/3, and not with redis"),
        ({**CERT, "save-session": __file__}, "is there already"),
    ],
)
def test_options_that_cannot_be_meant(options: Mapping[str, str], words: str) -> None:
    with pytest.raises(checks.CannotCheck, match=words):
        checks.order("mtls://here", (), options)


def test_hosts_have_certificates_of_their_own() -> None:
    meant = mtls_options.read(
        {**CERT, "sni": "a.test\nb.test=b.pem\nc.test=c.pem:c.key\nd.test=open"}
    )
    opened = {
        one.name: one.opened_by and (str(one.opened_by.certificate), str(one.opened_by.key))
        for one in meant.names
    }
    assert opened == {
        "a.test": ("c.pem", "k.pem"),
        "b.test": ("b.pem", "b.pem"),
        "c.test": ("c.pem", "c.key"),
        "d.test": None,
    }


def planned(**options: str) -> dict[str, Step]:
    order = checks.order("mtls://here", (), {**CERT, **options})
    return {step.name: step for check in order.plan.checks for step in check.steps}


def test_the_plan_has_what_was_asked_for_and_no_more() -> None:
    assert set(planned()) == {"baselines", "resumption", "early-data"}
    assert set(planned(**{"revoked-cert": "r"})) - set(planned()) == {"revoked"}
    assert set(planned(sni="a\nb")) - set(planned()) == {
        "across-hosts",
        "across-hosts-without-name",
    }
    assert set(planned(**{"resume-session": "f"})) == {"return"}
    assert "early-data" not in planned(starttls="postgresql")
    writes = planned(**{"save-session": "kept"})["save-session"].writes
    assert "kept" in writes
    assert "0600" in writes
    assert "a at b" in planned(sni="a\nb")["across-hosts"].text
    assert "at b" not in planned(sni="a\nb=open")["across-hosts"].text


def test_over_quic_there_is_one_version_and_one_kind_of_session() -> None:
    over_tcp, over_quic = planned(), planned(transport="quic")
    assert set(over_tcp) == set(over_quic)
    assert over_tcp["baselines"].times == 2 * over_quic["baselines"].times
    assert over_tcp["resumption"].times == 3 * over_quic["resumption"].times
    assert "1.2" not in "".join(step.text + step.purpose for step in over_quic.values())
    assert "over QUIC" in over_quic["resumption"].text


def test_the_budget_is_the_plan() -> None:
    order = checks.order("mtls://here", (), {**CERT, "dwell": "5m"})
    steps = [*order.plan.opening, *(step for check in order.checks for step in check.plan)]
    assert order.budget.steps == sum(step.times for step in steps)
    assert order.budget.seconds == mtls.BUDGET.seconds + 300


def test_more_connections_than_may_be_made_are_refused_beforehand() -> None:
    with pytest.raises(checks.CannotCheck, match="may need 47 connections"):
        checks.order("mtls://here", (), {**CERT, "connections": "46"})
    order = checks.order("mtls://here", (), {**CERT, "connections": "47"})
    assert order.budget.steps == 47
    names = "\n".join(f"host{number}" for number in range(20))
    with pytest.raises(checks.CannotCheck, match="--connections permits 400"):
        checks.order("mtls://here", (), {**CERT, "sni": names})


STEP = Step(name="one", purpose="the first thing", text="GET /", times=2)


@pytest.fixture
def session(tmp_path: Path) -> mtls.Session:
    pytest.importorskip("OpenSSL")
    from earwitness.servers import certificates

    issued = certificates.authority(tmp_path / "authority").client("alice")
    options = {"cert": str(issued.certificate), "key": str(issued.key), "rate": "20"}
    target = Target(
        kind="mtls",
        shown="mtls://127.0.0.1:1",
        parameters={"host": "127.0.0.1", "port": "1"},
        options=options,
    )
    budget = msgspec.structs.replace(mtls.BUDGET, steps=4)
    return mtls.Session(target, budget, (STEP,))


def test_over_quic_without_its_wheel_says_what_brings_it(
    session: mtls.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "earwitness.servers.tls_client.quic", raising=False)
    monkeypatch.setitem(sys.modules, "aioquic", None)
    own = session.asked.own
    assert own is not None
    options = {"cert": str(own.certificate), "key": str(own.key)}
    order = checks.order("mtls://127.0.0.1:1", (), options | {"transport": "quic"})
    document = checks.carry_out(order, Severity.HIGH, lambda _line: None)
    assert document.exit_code == 2
    expected = r"the Python package aioquic is missing: pip install 'earwitness[quic]'"
    assert document.evidence.message == expected


def test_only_what_was_announced_is_connected_for(session: mtls.Session) -> None:
    other = Step(name="two", purpose="another thing", text="GET /")
    with pytest.raises(NotSeen, match="announced"):
        session.visit(other, "1.3", None)
    assert session.record == []


def test_connections_are_counted_and_paced(session: mtls.Session) -> None:
    begun = time.monotonic()
    for _ in range(4):  # all that the budget has
        with pytest.raises(mtls.Unreachable, match="connection refused"):
            session.visit(STEP, "1.3", None)
    assert time.monotonic() - begun >= 3 / 20
    with pytest.raises(NotSeen, match="used up"):
        session.visit(STEP, "1.3", None)
    assert len(session.record) == 4


def test_postgresql_is_asked_by_whom_the_certificate_names(session: mtls.Session) -> None:
    from earwitness.servers.tls_client import opening

    def asked(starttls: str, revoked: bool = False) -> bytes:
        session.asked = mtls_options.read({"starttls": starttls})
        session.revoked = session.hosts[0].identity if revoked else None
        return session.asking(user=session._user(None, None)).request("")

    assert asked("postgresql") == opening.postgresql("alice").request("")
    assert asked("postgresql:bob") == opening.postgresql("bob").request("")


def test_what_a_server_calls_itself_is_cut() -> None:
    said = mtls._server(b"HTTP/1.1 200 OK\r\nServer: " + b"n" * 3000 + b"\r\n\r\n")
    assert len(said) < 100
    assert mtls._server(b"HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n") == "nginx"


def test_an_address_is_not_sent_as_a_name(session: mtls.Session) -> None:
    assert [host.name for host in session.hosts] == [None]
