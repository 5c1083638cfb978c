"""What is expected of each server of the matrix, one sentence for each cell that says something.

Values only, part of ``matrix_design``. Every outcome is exact: the session is admitted or it is not.
"""

from earwitness.experiment.design import (
    AtLeast,
    AtMost,
    Hypothesis,
    Inference,
    Role,
    Value,
)

NAMES = {
    "haproxy": "HAProxy",
    "apache": "Apache",
    "node": "Node",
    "go": "Go",
    "python": "Python",
    "postgresql": "PostgreSQL",
    "envoy": "Envoy",
}
"""How products are written that are not written like their names here."""


def identifier(server: str) -> str:
    """Of the experiment of a product."""
    return f"matrix-{server}"


def _expected(
    id: str, role: Role, arm: str, stage: str, statement: str, *, admitted: bool
) -> Hypothesis:
    server = arm.partition("-")[0]
    happened = {"published": "list in place", "reloaded": "reload", "restarted": "restart"}[stage]
    return Hypothesis(
        id=id,
        statement=statement,
        question=f"{arm} after {happened}: is the revoked client's session admitted, yes (1), no (0)?",
        role=role,
        experiment=identifier(server),
        contrast=Value(metric=f"resumed_{stage}", arm=arm),
        criterion=AtLeast(1) if admitted else AtMost(0),
        inference=Inference.EXACT,
    )


_WITH_KEY_FILES = ("nginx", "haproxy", "apache", "stunnel", "lighttpd", "node", "go")
_KEYS_DIE = ("haproxy", "apache", "stunnel", "lighttpd")
"""Where a reload replaces the keys that the process drew for itself."""

_MECHANISMS = (
    *(
        _expected(
            f"matrix-{server}-reloaded",
            Role.MECHANISM,
            f"{server}-13-file",
            "reloaded",
            f"with its ticket keys in a file, {server} refuses the certificate after a reload and "
            "admits the session",
            admitted=True,
        )
        for server in _WITH_KEY_FILES
    ),
    *(
        _expected(
            f"matrix-{server}-own-keys",
            Role.MECHANISM,
            f"{server}-13-process",
            "reloaded",
            f"without a key file, a reload of {server} ends its keys and the session is refused",
            admitted=False,
        )
        for server in _KEYS_DIE
    ),
    _expected(
        "matrix-nginx-memory",
        Role.MECHANISM,
        "nginx-12-memory",
        "reloaded",
        "sessions in memory that a reload keeps are admitted after it (on nginx)",
        admitted=True,
    ),
    _expected(
        "matrix-python-reloaded",
        Role.MECHANISM,
        "python-13-process",
        "reloaded",
        "a list that is added to a context in use leaves its ticket keys, and the session is "
        "admitted (on Python's ssl)",
        admitted=True,
    ),
    _expected(
        "matrix-python-after-handshake",
        Role.MECHANISM,
        "python-13-after-handshake",
        "reloaded",
        "a certificate that was asked for after the handshake is remembered by the session that "
        "follows, and the session is admitted (on Python's ssl)",
        admitted=True,
    ),
    *(
        _expected(
            f"matrix-{server}-early-data",
            Role.MECHANISM,
            f"{server}-13-early-data",
            "reloaded",
            "a request that comes in early data is answered on the word of the session, before the "
            f"handshake is done (on {NAMES.get(server, server)})",
            admitted=True,
        )
        for server in ("nginx", "haproxy")
    ),
    _expected(
        "matrix-quic",
        Role.MECHANISM,
        "envoy-13-over-QUIC",
        "published",
        "over QUIC as over TCP, until the server has read the new list a session is admitted "
        "without its certificate (on Envoy)",
        admitted=True,
    ),
    _expected(
        "matrix-quic-early-data",
        Role.MECHANISM,
        "envoy-13-over-QUIC-early-data",
        "published",
        "over QUIC, until then even a request in early data is answered (on Envoy)",
        admitted=True,
    ),
)

_RIVALS = tuple(
    _expected(
        f"matrix-{server}-restarted",
        Role.RIVAL,
        f"{server}-13-file",
        "restarted",
        f"a restart is enough: stopped and started with the same key file, {server} refuses the "
        "session",
        admitted=False,
    )
    for server in _WITH_KEY_FILES
)

_REMEDIES = (
    _expected(
        "matrix-callback",
        Role.REMEDY,
        "go-13-VerifyConnection",
        "reloaded",
        "a check in the function that also runs on resumption refuses the session (on Go)",
        admitted=False,
    ),
    _expected(
        "matrix-new-context",
        Role.REMEDY,
        "python-13-new-context",
        "reloaded",
        "a new context with each list refuses the session (on Python's ssl)",
        admitted=False,
    ),
    _expected(
        "matrix-list-for-each-connection",
        Role.REMEDY,
        "etcd-13-process",
        "published",
        "a list that is read for each connection, resumed ones included, refuses the session as "
        "soon as it is in place (on etcd)",
        admitted=False,
    ),
    _expected(
        "matrix-never-resumed",
        Role.REMEDY,
        "postgresql-13-no-resumption",
        "published",
        "a server that resumes nothing has no session to admit (on PostgreSQL)",
        admitted=False,
    ),
    _expected(
        "matrix-asked-again",
        Role.REMEDY,
        "apache-13-after-handshake",
        "published",
        "a server that asks for the certificate after every handshake, resumed ones included, has "
        "no use for a session alone (on Apache)",
        admitted=False,
    ),
    *(
        _expected(
            f"matrix-bound-to-list-{way}",
            Role.REMEDY,
            arm,
            "reloaded",
            "a session that is good only under the list that it was made under ends with it, "
            f"{words} (on Envoy)",
            admitted=False,
        )
        for way, arm, words in (
            ("tcp", "envoy-13-file", "over TCP"),
            ("quic", "envoy-13-over-QUIC", "over QUIC"),
        )
    ),
    _expected(
        "matrix-quic-no-resumption",
        Role.REMEDY,
        "envoy-13-over-QUIC-no-resumption",
        "published",
        "where QUIC resumes nothing there is no session to admit (on Envoy)",
        admitted=False,
    ),
)

HYPOTHESES = (*_MECHANISMS, *_RIVALS, *_REMEDIES)
