"""The matrix as values: which server, with which configuration, and what is expected of each.

One experiment for each product, so that one which is missing takes none of the others with it. All
arms of a product differ in where sessions are kept and what they are sealed with; a client of each
is revoked and comes back at three stages (``matrix``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from earwitness.experiment.design import (
    Arm,
    AtLeast,
    AtMost,
    Condition,
    Criterion,
    Depth,
    Experiment,
    Fixed,
    Gate,
    HeatMap,
    Hypothesis,
    Inference,
    Metric,
    Plan,
    Role,
    Setting,
    Value,
)

_BLOCKS = 3
_YES_OR_NO = "yes or no"

METRICS = (
    Metric(name="full_before", title="Before: with certificate", unit=_YES_OR_NO),
    Metric(name="resumed_before", title="Before: with session", unit=_YES_OR_NO),
    Metric(name="full_published", title="List in place: with certificate", unit=_YES_OR_NO),
    Metric(name="resumed_published", title="List in place", unit=_YES_OR_NO),
    Metric(name="full_reloaded", title="After reload: with certificate", unit=_YES_OR_NO),
    Metric(name="resumed_reloaded", title="After reload", unit=_YES_OR_NO),
    Metric(name="full_restarted", title="After restart: with certificate", unit=_YES_OR_NO),
    Metric(name="resumed_restarted", title="After restart", unit=_YES_OR_NO),
    Metric(name="lifetime", title="What the server says its tickets are good for", unit="s"),
    Metric(name="stranger", title="With neither", unit=_YES_OR_NO),
    Metric(name="other", title="Another client, with certificate", unit=_YES_OR_NO),
)

_TITLES = {
    "file": "tickets, key file",
    "process": "tickets, own keys",
    "memory": "sessions in memory",
}
"""By what keeps a session good; ``resumption`` and ``keys`` of the arm say the same."""

_NAMES = {
    "haproxy": "HAProxy",
    "apache": "Apache",
    "node": "Node",
    "go": "Go",
    "python": "Python",
    "postgresql": "PostgreSQL",
    "envoy": "Envoy",
}
"""How products are written that are not written like their names here."""


def _arm(
    server: str, tls: str, kept: str, *, variant: str = "", further: Mapping[str, Setting] = {}
) -> Arm:
    """An arm; ``variant`` names it where ``further`` settings tell it from others."""
    return Arm(
        name=f"{server}-{tls.replace('.', '')}-{variant or kept}",
        title=f"{_NAMES.get(server, server)}, TLS {tls}, {variant.replace('-', ' ') or _TITLES[kept]}",
        settings={
            "server": server,
            "tls": tls,
            "resumption": "memory" if kept == "memory" else "tickets",
            "keys": "file" if kept == "file" else "process",
            **further,
        },
    )


def _with_tickets(server: str, further: Mapping[str, Setting] = {}) -> tuple[Arm, ...]:
    """Tickets sealed with a key file, under both versions, and with keys of the process."""
    return (
        _arm(server, "1.3", "file", further=further),
        _arm(server, "1.2", "file", further=further),
        _arm(server, "1.3", "process", further=further),
    )


def _with_memory(server: str) -> tuple[Arm, ...]:
    return (*_with_tickets(server), _arm(server, "1.2", "memory"))


@dataclass(frozen=True)
class _Product:
    """A server of the matrix with its arms."""

    title: str
    arms: tuple[Arm, ...]
    shut: tuple[str, ...] = ()
    """Arms in which a session opens nothing, not even before the revocation."""


def _early(server: str, **further: Setting) -> Arm:
    """An arm whose client presents its session together with the request."""
    return _arm(server, "1.3", "file", variant="early-data", further={**further, "early": True})


def _asked_later(server: str, kept: str, **further: Setting) -> Arm:
    """An arm whose server asks for the certificate after the handshake (RFC 8446, 4.6.2)."""
    settings = {**further, "asks": "request"}
    return _arm(server, "1.3", kept, variant="after-handshake", further=settings)


_QUIC: Mapping[str, Setting] = {"transport": "quic"}

_PRODUCTS = {
    "nginx": _Product("nginx, reloaded by SIGHUP", (*_with_memory("nginx"), _early("nginx"))),
    "haproxy": _Product(
        "HAProxy with a master, reloaded by SIGUSR2", (*_with_memory("haproxy"), _early("haproxy"))
    ),
    "apache": _Product(
        "Apache, restarted gracefully",
        (*_with_memory("apache"), _asked_later("apache", "file")),
        shut=("apache-13-after-handshake",),
    ),
    "stunnel": _Product("stunnel, reloaded by SIGHUP", _with_memory("stunnel")),
    "lighttpd": _Product("lighttpd, restarted gracefully", _with_tickets("lighttpd")),
    "node": _Product("Node, given a new secure context", _with_tickets("node")),
    "go": _Product(
        "Go, which reads the list at SIGHUP",
        (
            *_with_tickets("go", {"checked_in": "VerifyPeerCertificate"}),
            _arm(
                "go",
                "1.3",
                "file",
                variant="VerifyConnection",
                further={"checked_in": "VerifyConnection"},
            ),
        ),
    ),
    "python": _Product(
        "Python's ssl, which reads the list at SIGHUP",
        (
            _arm("python", "1.3", "process", further={"library": "ssl"}),
            _arm("python", "1.2", "memory", further={"library": "ssl"}),
            _arm(
                "python",
                "1.3",
                "process",
                variant="new-context",
                further={"library": "ssl", "on_update": "new-context"},
            ),
            _asked_later("python", "process", library="ssl"),
        ),
    ),
    "etcd": _Product(
        "etcd, which reads the list for each connection",
        (_arm("etcd", "1.3", "process"), _arm("etcd", "1.2", "process")),
    ),
    "postgresql": _Product(
        "PostgreSQL, which resumes no session",
        (
            _arm("postgresql", "1.3", "process", variant="no-resumption"),
            _arm("postgresql", "1.2", "process", variant="no-resumption"),
        ),
        shut=("postgresql-13-no-resumption", "postgresql-12-no-resumption"),
    ),
    "envoy": _Product(
        "Envoy, over TCP and over QUIC, told that its list has changed",
        (
            _arm("envoy", "1.3", "file"),
            _arm("envoy", "1.3", "file", variant="over-QUIC", further=_QUIC),
            _arm(
                "envoy",
                "1.3",
                "file",
                variant="over-QUIC-early-data",
                further={**_QUIC, "early": True},
            ),
            _arm(
                "envoy",
                "1.3",
                "file",
                variant="over-QUIC-no-resumption",
                further={**_QUIC, "resumption": "off"},
            ),
        ),
        shut=("envoy-13-over-QUIC-no-resumption",),
    ),
}


def _id(server: str) -> str:
    return f"matrix-{server}"


def _gates(server: str, product: _Product) -> tuple[Gate, ...]:
    """What must hold for a verdict on this product."""
    guarded = tuple(h.id for h in HYPOTHESES if h.experiment == _id(server))

    def always(id: str, statement: str, metric: str, criterion: Criterion) -> Condition:
        return Condition(
            id=id, statement=statement, metric=metric, criterion=criterion, guards=guarded
        )

    found = (
        always(
            "admitted-before",
            "the client was admitted with its certificate before the revocation",
            "full_before",
            AtLeast(1),
        ),
        always(
            "refused-after",
            "after the reload the certificate is refused in a full handshake",
            "full_reloaded",
            AtMost(0),
        ),
        always(
            "no-stranger",
            "nobody gets in with neither certificate nor session",
            "stranger",
            AtMost(0),
        ),
        always(
            "others-admitted",
            "a client that is not revoked is still admitted with its certificate",
            "other",
            AtLeast(1),
        ),
    )
    resuming = tuple(arm.name for arm in product.arms if arm.name not in product.shut)
    resumed = Condition(
        id="resumed-before",
        statement="where a session opens anything, it did before the revocation",
        metric="resumed_before",
        criterion=AtLeast(1),
        arms=resuming,
        guards=guarded,
    )
    return (*found, resumed) if resuming else found


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
        experiment=_id(server),
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
            f"handshake is done (on {_NAMES.get(server, server)})",
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

EXPERIMENTS = tuple(
    Experiment(
        id=_id(server),
        title=product.title,
        arms=product.arms,
        metrics=METRICS,
        gates=_gates(server, product),
        plans={Depth.STUDY: Plan(design=Fixed(blocks=_BLOCKS))},
    )
    for server, product in _PRODUCTS.items()
)

CHART = HeatMap(
    experiments=tuple(experiment.id for experiment in EXPERIMENTS),
    metrics=("resumed_published", "resumed_reloaded", "resumed_restarted"),
    title="Where a revoked client's session is admitted",
    caption="Yes: in every block the client came back in with its session and without its "
    "certificate. From left to right: the new list is in its place; the server has read it and "
    "refuses the certificate; the server was stopped and started.",
)
