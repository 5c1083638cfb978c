"""What the episode on revoked client certificates says, and how it is put to the test.

Values only: arms, gates and plans, to be read from top to bottom. The servers stand in the rooms of
the doors, the order of visits in ``trial``; the hypotheses have a module of their own.

All doors differ from the one named in their hypothesis in one setting: the TLS version, where
sessions are kept, who enforces the list, how it is taken, whether requests are checked as well.
"""

from earwitness.claims.mtls_resumption import (
    cost_design,
    dwell_design,
    hosts_design,
    matrix_design,
    matrix_hypotheses,
)
from earwitness.claims.mtls_resumption.hypotheses import HYPOTHESES
from earwitness.experiment.design import (
    Arm,
    AtLeast,
    AtMost,
    Bars,
    Boundary,
    Claim,
    Condition,
    Depth,
    Experiment,
    Fixed,
    Gate,
    Metric,
    Plan,
    Remedy,
    Setting,
    Source,
    Surprise,
)

_METRICS = (
    Metric(
        name="door_open",
        title="Refused with its certificate, admitted with its session",
        unit="yes or no",
    ),
    Metric(name="full_before", title="Before: admitted with its certificate", unit="yes or no"),
    Metric(name="resumed_before", title="Before: admitted with its session", unit="yes or no"),
    Metric(name="full_after", title="After: admitted with its certificate", unit="yes or no"),
    Metric(name="resumed_after", title="After: admitted with its session", unit="yes or no"),
    Metric(name="session_taken", title="After: the server resumed the session", unit="yes or no"),
    Metric(
        name="serial_known", title="After: the server named the revoked serial", unit="yes or no"
    ),
    Metric(name="late_after", title="After: admitted with a session made after", unit="yes or no"),
    Metric(name="stranger_after", title="After: admitted with neither", unit="yes or no"),
    Metric(
        name="other_after",
        title="After: another client admitted with its certificate",
        unit="yes or no",
    ),
    Metric(name="checks_full", title="Certificates verified in the full handshake"),
    Metric(name="checks_resumed", title="Certificates verified on the resumed connection"),
)


def _arm(
    name: str,
    title: str,
    *,
    tls: str = "1.3",
    resumption: str = "tickets",
    **further: Setting,
) -> Arm:
    """An arm; settings that it does not name are off, or as the server has them."""
    return Arm(name=name, title=title, settings={"tls": tls, "resumption": resumption, **further})


def _gates(experiment: str, resuming: tuple[str, ...]) -> tuple[Gate, ...]:
    """What must hold for any verdict; ``resuming``: arms whose sessions can be resumed."""
    guarded = tuple(h.id for h in HYPOTHESES if h.experiment == experiment)
    return (
        Condition(
            id="admitted-before",
            statement="the client was admitted with its certificate before the revocation",
            metric="full_before",
            criterion=AtLeast(1),
            guards=guarded,
        ),
        Condition(
            id="resumed-before",
            statement="where sessions can be resumed, they were before the revocation",
            metric="resumed_before",
            criterion=AtLeast(1),
            arms=resuming,
            guards=guarded,
        ),
        Condition(
            id="no-stranger",
            statement="nobody gets in with neither certificate nor session",
            metric="stranger_after",
            criterion=AtMost(0),
            guards=guarded,
        ),
        Condition(
            id="others-admitted",
            statement="a client that is not revoked is still admitted with its certificate",
            metric="other_after",
            criterion=AtLeast(1),
            guards=guarded,
        ),
    )


_COUNTER_WORKS = Condition(
    id="checks-are-counted",
    statement="the count of verified certificates sees those of a full handshake",
    metric="checks_full",
    criterion=AtLeast(1),
    arms=("pyopenssl",),
    guards=("checks-resumed",),
)


def _experiment(
    id: str, title: str, *arms: Arm, further_gates: tuple[Gate, ...] = ()
) -> Experiment:
    resuming = tuple(arm.name for arm in arms if arm.settings["resumption"] != "off")
    return Experiment(
        id=id,
        title=title,
        arms=arms,
        metrics=_METRICS,
        gates=(*_gates(id, resuming), *further_gates),
        plans={Depth.PROOF: Plan(design=Fixed(blocks=3))},
    )


_LIBRARIES = _experiment(
    "libraries",
    "Servers on Python's ssl and on pyOpenSSL, told of the revocation while they run",
    _arm("ssl", "Python ssl, checked in full handshakes", library="ssl"),
    _arm("ssl-tls12", "the same, TLS 1.2 tickets", library="ssl", tls="1.2"),
    _arm(
        "ssl-memory",
        "the same, TLS 1.2 sessions in memory",
        library="ssl",
        tls="1.2",
        resumption="memory",
    ),
    _arm("pyopenssl", "pyOpenSSL, checked in full handshakes", library="pyopenssl"),
    _arm(
        "rule",
        "pyOpenSSL, revoked clients kept out by a rule",
        library="pyopenssl",
        enforced_by="rule",
    ),
    _arm("recheck", "Python ssl + serial of each request", library="ssl", rechecks=True),
    _arm("new-keys", "Python ssl, new keys with each list", library="ssl", on_update="new-context"),
    _arm("no-resumption", "Python ssl, no resumption", library="ssl", resumption="off"),
    further_gates=(_COUNTER_WORKS,),
)

_NODE = _experiment(
    "node",
    "Node's https, which takes a new secure context and keeps its ticket keys",
    _arm("node", "Node, checked in full handshakes"),
    _arm("node-tls12", "the same, TLS 1.2 tickets", tls="1.2"),
    _arm("node-recheck", "Node + serial of each request", rechecks=True),
)

_NGINX = _experiment(
    "nginx",
    "nginx, reloaded with the new list",
    _arm("nginx", "nginx with a ticket key file"),
    _arm("nginx-tls12", "the same, TLS 1.2", tls="1.2"),
    _arm("nginx-memory", "nginx, TLS 1.2, shared memory", tls="1.2", resumption="memory"),
    _arm("nginx-recheck", "nginx + map of serials", rechecks=True),
    _arm("nginx-off", "nginx, no resumption", resumption="off"),
)

_HAPROXY = _experiment(
    "haproxy",
    "HAProxy, given the new list while it runs",
    _arm("haproxy", "HAProxy with tickets"),
    _arm("haproxy-memory", "HAProxy, TLS 1.2, sessions in memory", tls="1.2", resumption="memory"),
    _arm("haproxy-rule", "HAProxy, revoked clients denied by a rule", enforced_by="rule"),
    _arm("haproxy-recheck", "HAProxy + list of serials", rechecks=True),
    _arm("haproxy-off", "HAProxy, no resumption", resumption="off"),
)


def _bars(experiment: str, title: str) -> Bars:
    return Bars(
        experiment=experiment,
        metric="resumed_after",
        title=title,
        caption="1: the revoked client was admitted with the session it had before, and without "
        "its certificate. 0: it was not.",
    )


CLAIM = Claim(
    id="mtls-resumption",
    title="A revoked client gets back in by resuming its TLS session",
    said="A provider let its customers keep out clients with revoked certificates. The check "
    "belonged to the full handshake, in which a client shows its certificate; a client that "
    "resumed an earlier session showed none, and got in although it had been revoked.",
    source=Source(
        show="backend-engineering-show",
        episode="mtls-revocation",
        chapter="The bug",
        seconds=2100,
    ),
    headline="session-outlives-revocation",
    hypotheses=(
        *HYPOTHESES,
        *matrix_hypotheses.HYPOTHESES,
        *dwell_design.HYPOTHESES,
        *cost_design.HYPOTHESES,
        *hosts_design.HYPOTHESES,
    ),
    experiments=(
        _LIBRARIES,
        _NODE,
        _NGINX,
        _HAPROXY,
        *matrix_design.EXPERIMENTS,
        *dwell_design.EXPERIMENTS,
        *cost_design.EXPERIMENTS,
        hosts_design.EXPERIMENT,
    ),
    boundary=Boundary(
        true_when="the server looks at its revocation list only while it verifies a certificate, "
        "and its ticket keys or its memory of sessions outlive the update of the list; keys in a "
        "file outlive a restart as well.",
        false_when="sessions cannot be resumed, keys and memory are replaced with every list, or "
        "the list, the responder or the certificate's serial number is consulted for each request "
        "or resumption.",
    ),
    remedy=Remedy(
        text="Look up the serial number of the client certificate for every request, or for every "
        "resumed session: the server still knows it. Where that cannot be done, replace ticket "
        "keys and session memory together with the list, or resume no sessions of clients that "
        "authenticate themselves with certificates.",
        hypothesis="recheck",
    ),
    charts=(
        matrix_design.CHART,
        _bars("libraries", "After the revocation: admitted with an earlier session"),
        _bars("nginx", "The same with nginx"),
        _bars("haproxy", "The same with HAProxy"),
        _bars("node", "The same with Node"),
        *dwell_design.CHARTS,
        *cost_design.CHARTS,
        hosts_design.CHART,
    ),
    surprises=(
        Surprise(
            hypothesis="dwell-nginx-chain",
            text="The lifetime of a session did not end it: a revoked client that renewed its "
            "session in time was still inside after {effect}, "
            f"with sessions that are good for {dwell_design.LIFETIME_SECONDS} s.",
            verdicts=("refuted",),
        ),
        Surprise(
            hypothesis="serial-known",
            text="On the resumed connection the server still named the serial number of the "
            "revoked certificate: all that was needed to refuse was there, and nothing asked.",
        ),
        Surprise(
            hypothesis="tickets-alone",
            text="Without tickets the door stayed open too: sessions that the server keeps in its "
            "own memory came back just as well.",
            verdicts=("refuted",),
        ),
        Surprise(
            hypothesis="late-session",
            text="The session need not be old. One that the revoked client made after the "
            "revocation, on a path that is open to everybody, opened the guarded endpoint.",
        ),
    ),
)
