"""What is concluded from what was seen: mostly, what must not be."""

from collections.abc import Iterable, Sequence
from itertools import permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.check.finding import Finding, Severity
from earwitness.claims.mtls_resumption import fixes, telling
from earwitness.claims.mtls_resumption.evidence import (
    Admission,
    Baseline,
    Crossed,
    Dwelt,
    Early,
    Resumed,
    Returned,
    Revoked,
    Seen,
)
from earwitness.claims.mtls_resumption.judge import judge

ALERT = Seen(refusal="alert certificate required")
BAD_REQUEST = Seen(status="400", body="no certificate")


def told(body: str = "a", status: str = "200", *, resumed: bool = False) -> Seen:
    return Seen(status=status, body=body, resumed=resumed)


def host(
    name: str | None = "a.test",
    body: str = "a",
    *,
    version: str = "1.3",
    alone: Seen = BAD_REQUEST,
    stranger: Seen = BAD_REQUEST,
    admitted: Iterable[Seen] = (),
    open_to_all: bool = False,
) -> Baseline:
    return Baseline(
        version=version,
        name=name,
        open_to_all=open_to_all,
        alone=alone,
        stranger=stranger,
        admitted=tuple(admitted) or (told(body),) * 3,
    )


def public(name: str = "c.test") -> Baseline:
    return host(name, "c", alone=told("c"), stranger=told("c"), open_to_all=True)


def resumed(*tries: Seen, name: str | None = "a.test", **more: object) -> Resumed:
    settings: dict[str, object] = {"lifetime_seconds": 300} | more
    return Resumed(
        version="1.3",
        name=name,
        memory=False,
        offered=True,
        tries=tries,
        **settings,  # type: ignore[arg-type]
    )


def crossed(
    full: Seen, again: Seen | None, *, named: bool = True, of: str = "a.test", to: str = "b.test"
) -> Crossed:
    return Crossed(
        version="1.3",
        memory=False,
        of=of,
        to=to,
        handshake_name=to if named else None,
        named=named,
        full=full,
        resumed=again,
    )


def judged(server: str = "nginx", **seen: object) -> tuple[Finding, ...]:
    whole = Admission(server=server, protocol="http", versions=("1.3",), **seen)  # type: ignore[arg-type]
    return judge(msgspec.to_builtins(whole))


def ids(findings: Sequence[Finding]) -> list[str]:
    return [finding.id.removeprefix("mtls-resumption/") for finding in findings]


TWO = (host(), host("b.test", "b"))


def test_nobody_got_in() -> None:
    findings = judged(baselines=(host(),), resumed=(resumed(BAD_REQUEST),))
    assert ids(findings) == ["nothing-seen"]


@pytest.mark.parametrize(
    "baseline",
    [
        host(alone=told("a")),
        host(stranger=told("a")),
        host(alone=told("x"), stranger=told("a"), admitted=(told("a"),) * 3),
    ],
)
def test_who_is_told_what_the_certificate_is_told_got_in(baseline: Baseline) -> None:
    (finding,) = judged(baselines=(baseline,))
    assert (finding.id, finding.severity) == ("mtls-resumption/not-enforced", Severity.HIGH)
    assert "the same answer" in finding.statement


def test_a_status_alone_is_no_proof_that_nothing_is_enforced() -> None:
    restless = host(alone=told("v1"), stranger=told("v2"), admitted=map(told, ("v3", "v4", "v5")))
    (finding,) = judged(baselines=(restless,))
    assert (finding.id, finding.severity) == ("mtls-resumption/not-enforced", Severity.MEDIUM)
    assert "changes each time" in finding.statement
    assert "the same answer" not in finding.statement


def test_a_file_of_sessions_is_named() -> None:
    findings = judged(baselines=(host(),), kept=3, kept_in="kept.sessions")
    assert ids(findings) == ["nothing-seen", "sessions-kept"]
    assert "kept.sessions has 3 sessions" in findings[1].statement
    assert "0600" in findings[1].statement


def test_a_page_for_everybody_with_the_same_status_is_another_page() -> None:
    """A login page is no admission: the body has to be the same."""
    findings = judged(
        baselines=(host(alone=told("please log in"), stranger=told("please log in")),)
    )
    assert ids(findings) == ["nothing-seen"]


def test_a_host_that_is_said_to_be_open_is_no_finding() -> None:
    assert ids(judged(baselines=(public(),), resumed=(resumed(told("c"), name="c.test"),))) == []


def test_a_session_that_gets_in() -> None:
    (finding,) = judged(baselines=(host(),), resumed=(resumed(told(resumed=True)),))
    assert finding.id == "mtls-resumption/resumed-without-certificate"
    assert "up to 300 s" in finding.statement
    assert finding.severity is Severity.MEDIUM


@pytest.mark.parametrize(
    "seen",
    [
        Seen(refusal="closed without an answer", resumed=True),  # it looks at its list again
        Seen(status="400", body="no certificate", resumed=True),
        Seen(status="403", body="revoked", resumed=True),
        told(resumed=False),  # let in, but not by its session
    ],
)
def test_a_session_that_is_taken_and_refused_is_none(seen: Seen) -> None:
    assert ids(judged(baselines=(host(),), resumed=(resumed(seen),))) == ["nothing-seen"]


def test_a_status_that_only_the_certificate_is_given_is_enough_at_its_own_host() -> None:
    """The page may name who asks; across hosts that would not do."""
    named = told("hello again", resumed=True)
    (finding,) = judged(baselines=(host(),), resumed=(resumed(named),))
    assert finding.id == "mtls-resumption/resumed-without-certificate"
    welcoming = host(alone=told("please log in"), stranger=told("please log in"))
    assert ids(judged(baselines=(welcoming,), resumed=(resumed(named),))) == ["nothing-seen"]
    across = crossed(BAD_REQUEST, named)
    assert ids(judged(baselines=TWO, crossed=(across,))) == ["nothing-seen"]


def test_several_servers_behind_one_address_give_a_rate() -> None:
    tries = (BAD_REQUEST, BAD_REQUEST, told(resumed=True))
    (finding,) = judged(baselines=(host(),), resumed=(resumed(*tries),))
    assert "1 of 3 taken" in finding.statement


def test_sessions_that_are_given_and_never_taken_are_not_called_refused() -> None:
    untaken = resumed(*(BAD_REQUEST,) * 4)
    (finding,) = judged(baselines=(host(),), resumed=(untaken,))
    assert finding.id == "mtls-resumption/nothing-seen"
    assert "TLS 1.3 (0 of 4 taken)" in finding.statement
    assert "with a session alone" not in finding.statement
    seen = Admission(
        server="", protocol="http", versions=("1.3",), baselines=(host(),), resumed=(untaken,)
    )
    (missed,) = telling.untold(seen)
    assert "0 of 4 were taken" in missed.reason


def test_a_new_ticket_alone_is_no_endless_session() -> None:
    one = resumed(told(resumed=True), renewed=True)
    findings = judged(baselines=(host(),), resumed=(one,))
    assert ids(findings) == ["resumed-without-certificate", "renewed-on-resumption"]
    assert findings[1].severity is Severity.LOW


@pytest.mark.parametrize(
    ("alive", "id"), [(True, "renewed-without-end"), (False, "renewed-within-bounds")]
)
def test_what_renewing_came_to_replaces_the_guess(alive: bool, id: str) -> None:
    dwelt = Dwelt(name="a.test", lifetime_seconds=10, seconds=12.5, renewals=14, alive=alive)
    one = resumed(told(resumed=True), renewed=True)
    assert id in ids(judged(baselines=(host(),), resumed=(one,), dwelt=(dwelt,)))
    assert "renewed-on-resumption" not in ids(
        judged(baselines=(host(),), resumed=(one,), dwelt=(dwelt,))
    )


def test_a_session_of_another_host_that_gets_in() -> None:
    (finding,) = judged(baselines=TWO, crossed=(crossed(BAD_REQUEST, told("b", resumed=True)),))
    assert (finding.id, finding.severity) == ("mtls-resumption/across-hosts", Severity.CRITICAL)
    assert finding.location is not None
    assert finding.location.name == "b.test"


@pytest.mark.parametrize(
    "one",
    [
        crossed(BAD_REQUEST, told("a", resumed=True)),  # the session keeps its own host
        crossed(BAD_REQUEST, told("b", resumed=False)),  # a full handshake after all
        crossed(BAD_REQUEST, Seen(status="421", body="x", resumed=True)),
        crossed(BAD_REQUEST, ALERT),
        crossed(told("b"), None),  # its certificate is welcome there
        crossed(told("b"), told("b", resumed=True)),
        crossed(BAD_REQUEST, None, named=False),
        crossed(BAD_REQUEST, told("a", resumed=True), named=False),
    ],
)
def test_what_is_no_way_across(one: Crossed) -> None:
    assert ids(judged(baselines=TWO, crossed=(one,))) == ["nothing-seen"]


def test_without_a_name_in_the_handshake() -> None:
    one = crossed(BAD_REQUEST, told("b", resumed=True), named=False)
    (finding,) = judged(baselines=TWO, crossed=(one,))
    assert finding.id == "mtls-resumption/across-hosts-without-name"


def test_a_request_that_goes_around_the_handshake_is_not_blamed_on_sessions() -> None:
    named = crossed(BAD_REQUEST, BAD_REQUEST)
    around = crossed(told("b"), None, named=False)
    (finding,) = judged(baselines=TWO, crossed=(named, around))
    assert finding.id == "mtls-resumption/request-names-another-host"
    assert finding.severity is Severity.HIGH


def test_a_certificate_that_both_hosts_take_goes_around_nothing() -> None:
    named = crossed(told("b"), None)
    around = crossed(told("b"), None, named=False)
    assert ids(judged(baselines=TWO, crossed=(named, around))) == ["nothing-seen"]


def test_the_other_host_is_open_to_all() -> None:
    one = crossed(told("c"), told("c", resumed=True), to="c.test")
    assert ids(judged(baselines=(host(), public()), crossed=(one,))) == ["nothing-seen"]


def test_hosts_that_say_the_same_are_inconclusive() -> None:
    same = (host(body="x"), host("b.test", "x"))
    (finding,) = judged(baselines=same, crossed=(crossed(BAD_REQUEST, told("x", resumed=True)),))
    assert (finding.id, finding.severity) == ("mtls-resumption/hosts-look-alike", Severity.INFO)
    assert finding.statement.startswith("Inconclusive")


def test_pairs_of_hosts_are_said_once() -> None:
    names = ("a.test", "b.test", "c.test")
    same = tuple(host(name, "x") for name in names)
    visits = tuple(
        crossed(BAD_REQUEST, told("x", resumed=True), of=of, to=to)
        for of, to in permutations(names, 2)
    )
    (finding,) = judged(baselines=same, crossed=visits)
    expected = "a.test and b.test; a.test and c.test; b.test and c.test give the same answer"
    assert expected in finding.statement


def test_an_answer_that_changes_each_time_tells_no_hosts_apart() -> None:
    restless = host("b.test", admitted=(told("1"), told("2"), told("3")))
    findings = judged(
        baselines=(host(), restless), crossed=(crossed(BAD_REQUEST, told("4", resumed=True)),)
    )
    assert ids(findings) == ["hosts-look-alike"]


def test_early_data_counts_where_it_gets_in() -> None:
    def early(seen: Seen) -> list[str]:
        one = Early(name="a.test", permitted_bytes=16384, taken=True, seen=seen)
        return ids(judged(baselines=(host(),), early=(one,)))

    assert early(told(resumed=True)) == ["early-data"]
    assert early(Seen(status="425", body="too early", resumed=True)) == ["nothing-seen"]


@pytest.mark.parametrize(
    ("full", "again", "expected"),
    [
        (told(), None, ["revoked-accepted"]),
        (told(), told(resumed=True), ["revoked-accepted"]),
        (Seen(status="403", body="revoked"), told(resumed=True), ["revoked-resumed"]),
        (Seen(status="403", body="revoked"), told(resumed=False), ["nothing-seen"]),
        (BAD_REQUEST, Seen(status="400", body="no certificate", resumed=True), ["nothing-seen"]),
        (ALERT, None, ["nothing-seen"]),
    ],
)
def test_a_revoked_certificate(full: Seen, again: Seen | None, expected: list[str]) -> None:
    one = Revoked(version="1.3", name="a.test", full=full, resumed=again)
    assert ids(judged(baselines=(host(),), revoked=(one,))) == expected


APP, AWAY = told("to /app", "302"), told("to /revoked", "302")
DENIED = told("", "401")


@pytest.mark.parametrize(("full", "unclear"), [(AWAY, False), (APP, True)])
def test_a_redirect_alone_lets_no_revoked_certificate_in(full: Seen, unclear: bool) -> None:
    own = host(alone=DENIED, stranger=DENIED, admitted=(APP,) * 3)
    one = Revoked(version="1.3", name="a.test", full=full, resumed=None)
    assert ids(judged(baselines=(own,), revoked=(one,))) == ["nothing-seen"]
    seen = Admission(
        server="", protocol="http", versions=("1.3",), baselines=(own,), revoked=(one,)
    )
    assert [missed.essential for missed in telling.untold(seen)] == [True] * unclear


def test_an_empty_answer_alone_proves_nothing() -> None:
    login, empty = told("please log in"), told("")
    own = host(alone=login, stranger=login, admitted=(empty,) * 3)
    one = Revoked(version="1.3", name="a.test", full=empty, resumed=None)
    assert "revoked-accepted" not in ids(judged(baselines=(own,), revoked=(one,)))
    clear = host(alone=DENIED, stranger=DENIED, admitted=(empty,) * 3)
    assert ids(judged(baselines=(clear,), revoked=(one,))) == ["revoked-accepted"]


def test_hosts_are_not_known_by_a_redirect() -> None:
    hosts = (host(), host("b.test", admitted=(APP,) * 3))
    session = told("to /app", "302", resumed=True)
    assert ids(judged(baselines=hosts, crossed=(crossed(DENIED, session),))) == ["hosts-look-alike"]


def returned(full: Seen, again: Seen, alone: Seen = ALERT, key: bool | None = None) -> list[str]:
    one = Returned(
        version="1.3",
        name="a.test",
        age_seconds=60.0,
        before=told(),
        alone=alone,
        full=full,
        resumed=again,
        same_ticket_key=key,
    )
    return ids(judged(returned=(one,)))


def test_coming_back_after_a_revocation() -> None:
    assert returned(ALERT, told(resumed=True)) == ["outlives-revocation"]
    assert returned(ALERT, ALERT) == ["revocation-reaches-sessions"]
    assert returned(ALERT, Seen(resumed=True)) == ["revocation-reaches-sessions"]
    assert returned(told(), told(resumed=True)) == []  # not revoked there: nothing is proved
    assert returned(ALERT, told(resumed=True), alone=told()) == ["revocation-reaches-sessions"]
    assert returned(ALERT, told(resumed=True, status="302")) == []
    assert returned(told(), told(), key=True) == ["ticket-key-unchanged"]


CHANGED = told("another page")
TROUBLE = Seen(status="502", body="bad gateway")


@pytest.mark.parametrize(
    ("full", "again", "alone"),
    [
        (CHANGED, CHANGED, told("please log in")),  # the page is another one now, for everybody
        (CHANGED, ALERT, told("please log in")),
        (ALERT, CHANGED, told("please log in")),
        (TROUBLE, TROUBLE, TROUBLE),
        (Seen(status="404", body="gone"),) * 3,
        (told("maintenance"),) * 3,
    ],
)
def test_another_answer_than_then_is_no_refusal(full: Seen, again: Seen, alone: Seen) -> None:
    one = Returned(
        version="1.3",
        name="a.test",
        age_seconds=60.0,
        before=told(),
        alone=alone,
        alone_before=told("please log in"),
        full=full,
        resumed=again,
        same_ticket_key=None,
    )
    assert ids(judged(returned=(one,))) == []
    reason, needs = telling.unproved(one)
    assert "told" in reason
    assert needs


def test_the_words_for_those_without_certificate_are_a_refusal() -> None:
    login = told("please log in")
    one = Returned(
        version="1.3",
        name="a.test",
        age_seconds=60.0,
        before=told(),
        alone=login,
        alone_before=login,
        full=login,
        resumed=login,
        same_ticket_key=None,
    )
    assert ids(judged(returned=(one,))) == ["revocation-reaches-sessions"]
    assert telling.unproved(one) == ("", "")


def test_a_certificate_that_is_not_let_in_proves_nothing() -> None:
    shut = host(admitted=(BAD_REQUEST,) * 3)
    seen = Admission(server="", protocol="http", versions=("1.3",), baselines=(shut,))
    (missed,) = telling.untold(seen)
    assert missed.essential
    assert "not let in (status 400)" in missed.reason
    assert judge(msgspec.to_builtins(seen)) == ()


def test_a_server_that_changed_its_mind_meanwhile_proves_nothing() -> None:
    moved = host(admitted=(told(), told(), ALERT), alone=ALERT, stranger=ALERT)
    seen = Admission(
        server="",
        protocol="http",
        versions=("1.3",),
        baselines=(moved,),
        resumed=(resumed(told(resumed=True)),),
    )
    assert "not any more" in telling.untold(seen)[0].reason
    assert judge(msgspec.to_builtins(seen)) == ()


def test_a_ticket_key_that_hosts_share() -> None:
    tries = (BAD_REQUEST,)
    shared = tuple(
        resumed(*tries, name=name, ticket_key="same") for name in ("a.test", "b.test", None)
    )
    findings = judged(baselines=TWO, resumed=shared)
    assert ids(findings) == ["shared-ticket-key"]
    apart = tuple(resumed(*tries, name=name, ticket_key=name) for name in ("a.test", "b.test"))
    assert ids(judged(baselines=TWO, resumed=apart)) == ["nothing-seen"]


@pytest.mark.parametrize("server", ["nginx/1.2", "Apache", "", "unheard of"])
def test_every_server_is_told_what_to_change(server: str) -> None:
    advice = (fixes.resumption, fixes.hosts, fixes.enforcement, fixes.early, fixes.lists)
    assert all(one(server).endswith(".") for one in advice)
    assert ("ssl_" in fixes.resumption(server)) == server.startswith("nginx")
    assert fixes.resumption(server).startswith("If nginx ends TLS") == server.startswith("nginx")


SEEN = st.builds(
    Seen,
    status=st.sampled_from(["", "200", "400", "403"]),
    body=st.sampled_from(["a", "b", "x"]),
    refusal=st.sampled_from(["", "alert"]),
    resumed=st.booleans(),
)


@given(full=SEEN, again=SEEN | st.none(), named=st.booleans())
def test_critical_is_only_what_the_other_host_says_to_its_own(
    full: Seen, again: Seen | None, named: bool
) -> None:
    findings = judged(baselines=TWO, crossed=(crossed(full, again, named=named),))
    if any(finding.severity is Severity.CRITICAL for finding in findings):
        assert again is not None
        assert (again.status, again.body, again.resumed) == ("200", "b", True)
        assert (full.status, full.body) != ("200", "b")
