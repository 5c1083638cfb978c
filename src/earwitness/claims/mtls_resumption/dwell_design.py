"""How long the door stays open, as values: a short lifetime of sessions, and a client that returns.

The lifetime is set to a few seconds, so that several of them can be watched. The client comes more
often than once in a lifetime, which is all that a chain of renewed sessions needs.
"""

from earwitness.experiment.design import (
    Arm,
    AtLeast,
    AtMost,
    Bars,
    Criterion,
    Depth,
    Experiment,
    Fixed,
    Hypothesis,
    Inference,
    Metric,
    Plan,
    Role,
    Value,
)

LIFETIME_SECONDS = 3
_EVERY_MS = 1000
_LOOKS = 12
"""So that the last one is later than three lifetimes."""
_BLOCKS = 3
_BOUND_SECONDS = 2.0 * LIFETIME_SECONDS
"""By when a session of such a lifetime is over, with a second for rounding and one for a late look."""

_METRICS = (
    Metric(name="first_seconds", title="In by a session from before, for", unit="s"),
    Metric(name="chain_seconds", title="In by a chain of renewed sessions, for", unit="s"),
    Metric(name="renewals", title="Sessions renewed on the way"),
)
_SERVERS = {"nginx": "nginx", "haproxy": "HAProxy", "apache": "Apache"}


def _arm(server: str, tls: str) -> Arm:
    return Arm(
        name=f"{server}-{tls.replace('.', '')}",
        title=f"{_SERVERS[server]}, TLS {tls} tickets",
        settings={
            "server": server,
            "tls": tls,
            "resumption": "tickets",
            "keys": "file",
            "lifetime": LIFETIME_SECONDS,
        },
    )


def _id(server: str) -> str:
    return f"dwell-{server}"


def _lasts(
    id: str, role: Role, metric: str, criterion: Criterion, *, server: str, statement: str
) -> Hypothesis:
    return Hypothesis(
        id=id,
        statement=statement,
        question=f"{_SERVERS[server]}, sessions of {LIFETIME_SECONDS} s: {metric.partition('_')[0]}"
        " session in, for how many seconds after the revocation?",
        role=role,
        experiment=_id(server),
        contrast=Value(metric=metric, arm=f"{server}-13"),
        criterion=criterion,
        inference=Inference.EXACT,
    )


def _hypotheses(server: str) -> tuple[Hypothesis, ...]:
    title = _SERVERS[server]
    return (
        _lasts(
            f"dwell-{server}-opens",
            Role.MECHANISM,
            "first_seconds",
            AtLeast(_EVERY_MS / 1000),
            server=server,
            statement="a session from before the revocation is still admitted a second later (on "
            f"{title})",
        ),
        _lasts(
            f"dwell-{server}-first",
            Role.MECHANISM,
            "first_seconds",
            AtMost(_BOUND_SECONDS),
            server=server,
            statement=f"a session from before is refused once its lifetime of {LIFETIME_SECONDS} s "
            f"is over (on {title})",
        ),
        _lasts(
            f"dwell-{server}-chain",
            Role.RIVAL,
            "chain_seconds",
            AtMost(_BOUND_SECONDS),
            server=server,
            statement="the lifetime bounds how long a revoked client stays, also when each visit takes "
            f"the newest session (on {title})",
        ),
    )


HYPOTHESES = tuple(h for server in _SERVERS for h in _hypotheses(server))

EXPERIMENTS = tuple(
    Experiment(
        id=_id(server),
        title=f"How long a revoked client stays in by its sessions, on {title}",
        arms=(_arm(server, "1.3"), _arm(server, "1.2")),
        metrics=_METRICS,
        plans={
            Depth.STUDY: Plan(
                design=Fixed(blocks=_BLOCKS), settings={"looks": _LOOKS, "every_ms": _EVERY_MS}
            )
        },
    )
    for server, title in _SERVERS.items()
)

CHARTS = tuple(
    Bars(
        experiment=_id(server),
        metric="chain_seconds",
        title=f"{title}: how long a chain of renewed sessions stayed in",
        caption=f"Sessions are good for {LIFETIME_SECONDS} s and the client was watched for "
        f"{(_LOOKS - 1) * _EVERY_MS // 1000} s after its certificate was refused.",
    )
    for server, title in _SERVERS.items()
)
