"""The matrix as values: which server, with which configuration, and what is expected of each.

One experiment for each product, so that one which is missing takes none of the others with it. All
arms of a product differ in where sessions are kept and what they are sealed with; a client of each
is revoked and comes back at three stages (``matrix``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from earwitness.claims.mtls_resumption.matrix_hypotheses import HYPOTHESES, NAMES, identifier
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
    Metric,
    Plan,
    Setting,
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


def _arm(
    server: str, tls: str, kept: str, *, variant: str = "", further: Mapping[str, Setting] = {}
) -> Arm:
    """An arm; ``variant`` names it where ``further`` settings tell it from others."""
    return Arm(
        name=f"{server}-{tls.replace('.', '')}-{variant or kept}",
        title=f"{NAMES.get(server, server)}, TLS {tls}, {variant.replace('-', ' ') or _TITLES[kept]}",
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


def _gates(server: str, product: _Product) -> tuple[Gate, ...]:
    """What must hold for a verdict on this product."""
    guarded = tuple(h.id for h in HYPOTHESES if h.experiment == identifier(server))

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


EXPERIMENTS = tuple(
    Experiment(
        id=identifier(server),
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
