"""What the remedies cost, as values: arms that each differ from an unchecked resumption in one thing.

The reference has an identical twin, whose ratio has to contain 1 before anything is said.
"""

from collections.abc import Mapping

from earwitness.experiment.design import (
    Arm,
    AtLeast,
    AtMost,
    Bars,
    Condition,
    Control,
    Criterion,
    Depth,
    Experiment,
    Fixed,
    Gate,
    Hypothesis,
    Inference,
    Metric,
    Plan,
    Ratio,
    Role,
    Setting,
    Value,
)

_CONNECTIONS = 40
"""Of each trial; some 20 to 50 ms of processor time. More trials tell more than longer ones: what
disturbs them lasts longer than one."""
_BLOCKS = {Depth.STUDY: 24, Depth.FULL: 60}
_SERIALS = {"10": 10, "10k": 10_000, "1M": 1_000_000}
_VISITS_BETWEEN_KEYS = 3
"""How often a client comes between two lists, and so between two keys."""

CPU = "cpu_us"
_METRICS = (
    Metric(name=CPU, title="Server's processor time of a connection", unit="us"),
    Metric(name="resumed", title="Connections that resumed a session", unit="share"),
    Metric(name="admitted", title="Connections that were admitted", unit="share"),
    Metric(name="revoked_resumed", title="Revoked: admitted with its session", unit="yes or no"),
)


_NAMES = {"haproxy": "HAProxy", "nginx": "nginx", "go": "Go"}


def _arm(server: str, name: str, title: str, further: Mapping[str, Setting] = {}) -> Arm:
    resumption = "off" if name == "off" else "tickets"
    return Arm(
        name=name,
        title=f"{_NAMES[server]}, {title}",
        settings={
            "server": server,
            "tls": "1.3",
            "resumption": resumption,
            "keys": "file",
            **further,
        },
    )


def _arms(
    server: str, *more: tuple[str, str, Mapping[str, Setting]], **further: Setting
) -> tuple[Arm, ...]:
    """Unchecked, its twin, no resumption, and what the server can do besides."""
    return (
        _arm(server, "unchecked", "resumed, nothing checked", further),
        _arm(server, "twin", "the same once more", further),
        _arm(server, "off", "no resumption", further),
        *(_arm(server, name, title, {**further, **settings}) for name, title, settings in more),
    )


_ARMS = {
    "haproxy": _arms(
        "haproxy",
        *(
            (
                f"serials-{words}",
                f"list of {words} serials for each request",
                {"rechecks": True, "serials": count},
            )
            for words, count in _SERIALS.items()
        ),
    ),
    "nginx": _arms(
        "nginx",
        ("ocsp", "responder asked for each resumption", {"ocsp": "each"}),
        ("ocsp-cached", "responder's answer cached", {"ocsp": "cached"}),
        (
            "new-keys",
            "new keys for every third connection",
            {"visits_between_keys": _VISITS_BETWEEN_KEYS},
        ),
    ),
    "go": _arms(
        "go",
        ("callback", "list checked in VerifyConnection", {"checked_in": "VerifyConnection"}),
        checked_in="VerifyPeerCertificate",
    ),
}

_TITLES = {
    "haproxy": "What a list of serials costs HAProxy, and what no resumption does",
    "nginx": "What a responder and new keys cost nginx, and what no resumption does",
    "go": "What the callback costs a server in Go, and what no resumption does",
}


def _id(server: str) -> str:
    return f"cost-{server}"


def _costs(server: str, arm: str, criterion: Criterion, statement: str) -> Hypothesis:
    return Hypothesis(
        id=f"cost-{server}-{arm}",
        statement=statement,
        question=f"{server}, {arm}: how many times the processor time of an unchecked resumption?",
        role=Role.REMEDY,
        experiment=_id(server),
        contrast=Ratio(metric=CPU, arm=arm, reference="unchecked"),
        criterion=criterion,
        inference=Inference.INTERVAL,
    )


def _off(server: str) -> Hypothesis:
    return _costs(
        server,
        "off",
        AtLeast(1.2),
        f"without resumption a connection costs the server at least 1.2 times as much ({server})",
    )


def _revoked(arm: str, role: Role, criterion: Criterion, statement: str) -> Hypothesis:
    return Hypothesis(
        id=f"{arm}-refuses" if role is Role.REMEDY else f"{arm}-delays",
        statement=statement,
        question=f"nginx, {arm}: does the revoked client's session get in, yes (1) or no (0)?",
        role=role,
        experiment=_id("nginx"),
        contrast=Value(metric="revoked_resumed", arm=arm),
        criterion=criterion,
        inference=Inference.EXACT,
    )


HYPOTHESES = (
    _off("haproxy"),
    *(
        _costs(
            "haproxy",
            f"serials-{words}",
            AtMost(1.15),
            f"a look into a list of {words} serials for each request costs at most 1.15 times as "
            "much as none (on HAProxy)",
        )
        for words in _SERIALS
    ),
    _off("nginx"),
    _costs(
        "nginx",
        "ocsp",
        AtLeast(1.2),
        "a question to a responder for each resumption costs at least 1.2 times as much as none "
        "(on nginx)",
    ),
    _costs(
        "nginx",
        "ocsp-cached",
        AtMost(1.15),
        "with the responder's answer cached, a resumption costs at most 1.15 times as much (on "
        "nginx)",
    ),
    _costs(
        "nginx",
        "new-keys",
        AtLeast(1.05),
        "new ticket keys with every list, three connections of a client between two, cost at "
        "least 1.05 times as much for each connection (on nginx)",
    ),
    _revoked(
        "ocsp",
        Role.REMEDY,
        AtMost(0),
        "a responder that is asked for each resumption keeps the revoked client out at once",
    ),
    _revoked(
        "ocsp-cached",
        Role.MECHANISM,
        AtLeast(1),
        "while the responder's answer is cached, the revoked client's session is admitted",
    ),
    _off("go"),
    _costs(
        "go",
        "callback",
        AtMost(1.15),
        "a check in the function that also runs on resumption costs at most 1.15 times as much "
        "as none (on Go)",
    ),
)


def _gates(arms: tuple[Arm, ...]) -> tuple[Gate, ...]:
    resuming = tuple(
        arm.name
        for arm in arms
        if arm.settings["resumption"] != "off" and "visits_between_keys" not in arm.settings
    )
    return (
        Control(
            id="twin",
            statement="an unchecked resumption costs as much as its identical twin",
            metric=CPU,
            arm="twin",
            twin="unchecked",
        ),
        Condition(
            id="all-admitted",
            statement="every connection that was counted was admitted",
            metric="admitted",
            criterion=AtLeast(1),
        ),
        Condition(
            id="all-resumed",
            statement="where sessions are resumed, every connection that was counted was",
            metric="resumed",
            criterion=AtLeast(1),
            arms=resuming,
        ),
        Condition(
            id="none-resumed",
            statement="without resumption no connection was resumed",
            metric="resumed",
            criterion=AtMost(0),
            arms=("off",),
        ),
    )


EXPERIMENTS = tuple(
    Experiment(
        id=_id(server),
        title=_TITLES[server],
        arms=arms,
        metrics=_METRICS,
        gates=_gates(arms),
        plans={
            depth: Plan(design=Fixed(blocks=blocks), settings={"connections": _CONNECTIONS})
            for depth, blocks in _BLOCKS.items()
        },
    )
    for server, arms in _ARMS.items()
)

CHARTS = tuple(
    Bars(
        experiment=_id(server),
        metric=CPU,
        title=_TITLES[server],
        caption="Processor time of all processes of the server, divided by connections of one "
        "request each.",
    )
    for server in _ARMS
)
