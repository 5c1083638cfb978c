"""The sentences that are held against what happened, in the order in which they are told.

Values only, part of ``claim``. Every outcome is exact: a visit is answered or it is not.
"""

from earwitness.experiment.design import (
    AtLeast,
    AtMost,
    Criterion,
    Hypothesis,
    Inference,
    Role,
    Share,
    Value,
)

_YES = AtLeast(1)
_NO = AtMost(0)


def _exact(
    id: str,
    role: Role,
    metric: str,
    arm: str,
    criterion: Criterion,
    *,
    statement: str,
    question: str,
    experiment: str = "libraries",
) -> Hypothesis:
    return Hypothesis(
        id=id,
        statement=statement,
        question=question,
        role=role,
        experiment=experiment,
        contrast=Value(metric=metric, arm=arm),
        criterion=criterion,
        inference=Inference.EXACT,
    )


_CLAIMS = (
    _exact(
        "session-outlives-revocation",
        Role.CLAIM,
        "door_open",
        "ssl",
        _YES,
        statement="a revoked client whose full handshake Python's ssl refuses is admitted on the "
        "session it had before, without its certificate (TLS 1.3, list checked in full handshakes)",
        question="Refused with its certificate, admitted with its session: yes (1) or no (0)?",
    ),
    _exact(
        "second-library",
        Role.CLAIM,
        "door_open",
        "pyopenssl",
        _YES,
        statement="with pyOpenSSL, which brings an OpenSSL of its own, the session outlives the "
        "revocation as well",
        question="With pyOpenSSL: refused by certificate, admitted by session, yes (1) or no (0)?",
    ),
    _exact(
        "guarded-endpoint",
        Role.CLAIM,
        "door_open",
        "rule",
        _YES,
        statement="an endpoint that a rule closes to revoked certificates opens to the revoked "
        "client once it resumes a session",
        question="A rule guards the endpoint: does the resumed session open it, yes (1), no (0)?",
    ),
)

_MECHANISMS = (
    _exact(
        "tls-1-2",
        Role.MECHANISM,
        "door_open",
        "ssl-tls12",
        _YES,
        statement="a ticket of TLS 1.2 outlives the revocation as one of TLS 1.3 does",
        question="With TLS 1.2: refused by certificate, admitted by ticket, yes (1) or no (0)?",
    ),
    _exact(
        "checks-resumed",
        Role.MECHANISM,
        "checks_resumed",
        "pyopenssl",
        _NO,
        statement="on the resumed connection the server verifies no certificate at all",
        question="How many certificates are verified on the resumed connection?",
    ),
    _exact(
        "serial-known",
        Role.MECHANISM,
        "serial_known",
        "ssl",
        _YES,
        statement="on the resumed connection the server still names the revoked certificate's "
        "serial number",
        question="Does the server know the revoked serial on the resumed session, yes (1), no (0)?",
    ),
    _exact(
        "late-session",
        Role.MECHANISM,
        "late_after",
        "rule",
        _YES,
        statement="where a rule guards the endpoint, even a session made after the revocation, on "
        "a path for everybody, opens it",
        question="Does a session from after the revocation open the endpoint, yes (1) or no (0)?",
    ),
)

_SERVERS = (
    _exact(
        "node",
        Role.MECHANISM,
        "door_open",
        "node",
        _YES,
        experiment="node",
        statement="where a new secure context takes over the ticket keys of the old one, the "
        "certificate is refused and the session admitted (on Node)",
        question="Node with kept ticket keys: admitted by its session only, yes (1) or no (0)?",
    ),
    _exact(
        "nginx",
        Role.MECHANISM,
        "door_open",
        "nginx",
        _YES,
        experiment="nginx",
        statement="where ticket keys come from a file and so survive the reload, the certificate "
        "is refused and the session admitted (on nginx)",
        question="nginx with a key file, reloaded: admitted by session only, yes (1) or no (0)?",
    ),
    _exact(
        "haproxy",
        Role.MECHANISM,
        "door_open",
        "haproxy",
        _YES,
        experiment="haproxy",
        statement="where the list is handed to a running process, which keeps its keys, the "
        "certificate is refused and the session admitted (on HAProxy)",
        question="HAProxy, given the list as it runs: admitted by session only, yes (1), no (0)?",
    ),
)

_GATEWAY = (
    Hypothesis(
        id="gateway-full",
        statement="a gateway's rule that denies one path to revoked certificates answers the full "
        "handshake with 403 (on HAProxy)",
        question="Rule for one path, revoked certificate: what share of full handshakes gets 403?",
        role=Role.MECHANISM,
        experiment="haproxy",
        contrast=Share(metric="full_after", arm="haproxy-rule", equals="status 403"),
        criterion=_YES,
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="gateway-resumed",
        statement="the same rule answers the same client on a resumed session with 200 (on HAProxy)",
        question="Rule for one path, revoked client: what share of resumed sessions gets 200?",
        role=Role.MECHANISM,
        experiment="haproxy",
        contrast=Share(metric="resumed_after", arm="haproxy-rule", equals="status 200"),
        criterion=_YES,
        inference=Inference.EXACT,
    ),
    _exact(
        "gateway-late",
        Role.MECHANISM,
        "late_after",
        "haproxy-rule",
        _YES,
        experiment="haproxy",
        statement="past that rule comes even a session that was made after the revocation, on a "
        "path that is open (on HAProxy)",
        question="Rule for one path: does a session from after the revocation pass, yes (1), no (0)?",
    ),
)

_RIVALS = (
    _exact(
        "stale-list",
        Role.RIVAL,
        "full_after",
        "ssl",
        _YES,
        statement="the server never took the new list: the revoked client is admitted by a full "
        "handshake as well",
        question="After the revocation, does the certificate still get in, yes (1) or no (0)?",
    ),
    _exact(
        "tickets-alone",
        Role.RIVAL,
        "resumed_after",
        "ssl-memory",
        _NO,
        statement="it is only the ticket that the client carries: a session that the server keeps "
        "in its own memory is refused",
        question="Sessions in the server's memory: is the revoked client admitted, yes (1), no (0)?",
    ),
)

_REMEDIES = (
    _exact(
        "recheck",
        Role.REMEDY,
        "resumed_after",
        "recheck",
        _NO,
        statement="a look at the serial number for each request refuses the resumed client, while "
        "sessions go on being resumed",
        question="With each request's serial looked up: does the session get in, yes (1), no (0)?",
    ),
    _exact(
        "new-keys",
        Role.REMEDY,
        "resumed_after",
        "new-keys",
        _NO,
        statement="a new context, and so new ticket keys, with every list refuses the old session",
        question="With new ticket keys for each list: does the session get in, yes (1) or no (0)?",
    ),
    _exact(
        "no-resumption",
        Role.REMEDY,
        "resumed_after",
        "no-resumption",
        _NO,
        statement="a server that resumes no sessions refuses the revoked client in every way",
        question="With resumption off: does the session get in, yes (1) or no (0)?",
    ),
    _exact(
        "nginx-recheck",
        Role.REMEDY,
        "resumed_after",
        "nginx-recheck",
        _NO,
        experiment="nginx",
        statement="a map of revoked serial numbers, read for each request, refuses the resumed "
        "client (on nginx)",
        question="nginx with a map of revoked serials: does the session get in, yes (1), no (0)?",
    ),
    _exact(
        "haproxy-recheck",
        Role.REMEDY,
        "resumed_after",
        "haproxy-recheck",
        _NO,
        experiment="haproxy",
        statement="a list of revoked serial numbers, read for each request, refuses the resumed "
        "client (on HAProxy)",
        question="HAProxy with a list of serials: does the session get in, yes (1) or no (0)?",
    ),
)

HYPOTHESES = (*_CLAIMS, *_MECHANISMS, *_SERVERS, *_GATEWAY, *_RIVALS, *_REMEDIES)
