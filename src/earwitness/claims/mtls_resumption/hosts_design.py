"""A session taken from one virtual host to another, as values.

Only for configurations whose weakness is published, each beside a version in which it is repaired,
and named by its advisory.
"""

from earwitness.experiment.design import (
    Arm,
    AtLeast,
    AtMost,
    Bars,
    Condition,
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

ADVISORY = "CVE-2025-68121"
"""Go's crypto/tls: sessions and configurations that differ in ClientCAs; until 1.24.12 and 1.25.6."""
_BEFORE, _FIXED = "1.25.5", "1.27.3"
_ID = "hosts-go"
_METRICS = (
    Metric(name="own_host", title="Own host, with certificate", unit="yes or no"),
    Metric(name="own_resumed", title="Own host, with session", unit="yes or no"),
    Metric(name="other_host", title="Other host, with certificate", unit="yes or no"),
    Metric(name="carried", title="Other host, with the session of the own one", unit="yes or no"),
)


def _arm(version: str, tls: str) -> Arm:
    return Arm(
        name=f"go-{version}-{tls.replace('.', '')}",
        title=f"Go {version}, TLS {tls}, configuration chosen by name",
        settings={"version": version, "tls": tls},
    )


def _carried(id: str, role: Role, version: str, criterion: Criterion, statement: str) -> Hypothesis:
    return Hypothesis(
        id=id,
        statement=statement,
        question=f"Go {version}: does a session of one host open the other, yes (1) or no (0)?",
        role=role,
        experiment=_ID,
        contrast=Value(metric="carried", arm=f"go-{version}-13"),
        criterion=criterion,
        inference=Inference.EXACT,
    )


HYPOTHESES = (
    _carried(
        "hosts-go-before",
        Role.MECHANISM,
        _BEFORE,
        AtLeast(1),
        "a session of one virtual host opens another that refuses the client's certificate, where "
        f"the configuration is chosen by name ({ADVISORY}, Go {_BEFORE})",
    ),
    _carried(
        "hosts-go-fixed",
        Role.REMEDY,
        _FIXED,
        AtMost(0),
        f"with {ADVISORY} repaired, the session of one virtual host does not open the other (Go "
        f"{_FIXED})",
    ),
)
_GUARDED = tuple(hypothesis.id for hypothesis in HYPOTHESES)

EXPERIMENT = Experiment(
    id=_ID,
    title=f"A session carried to another virtual host, before and after {ADVISORY} was repaired",
    arms=tuple(_arm(version, tls) for version in (_BEFORE, _FIXED) for tls in ("1.3", "1.2")),
    metrics=_METRICS,
    gates=(
        Condition(
            id="own-host",
            statement="the client is admitted at its own host with its certificate",
            metric="own_host",
            criterion=AtLeast(1),
            guards=_GUARDED,
        ),
        Condition(
            id="own-session",
            statement="the client is admitted at its own host with its session",
            metric="own_resumed",
            criterion=AtLeast(1),
            guards=_GUARDED,
        ),
        Condition(
            id="other-host",
            statement="the other host refuses the client's certificate in a full handshake",
            metric="other_host",
            criterion=AtMost(0),
            guards=_GUARDED,
        ),
    ),
    plans={Depth.STUDY: Plan(design=Fixed(blocks=3))},
)

CHART = Bars(
    experiment=_ID,
    metric="carried",
    title="The session of one virtual host admitted at another",
    caption=f"1: the host that refuses the client's certificate admitted it with its session. "
    f"Published as {ADVISORY}.",
)
