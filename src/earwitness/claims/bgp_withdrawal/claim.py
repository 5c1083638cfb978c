"""What the episode on the outage of an internet provider says, and how it is put to the test.

A value: no I/O, nothing but the vocabulary of experiments. The routers are in ``experiment`` and
the labs that it opens.
"""

from earwitness.claims.bgp_withdrawal.hypotheses import EXPERIMENT, HYPOTHESES
from earwitness.experiment.design import (
    Arm,
    AtMost,
    Bars,
    Boundary,
    Claim,
    Condition,
    Depth,
    Experiment,
    Fixed,
    Link,
    Metric,
    Node,
    Plan,
    Remedy,
    Source,
    Surprise,
    Topology,
)

_GUARDED = tuple(hypothesis.id for hypothesis in HYPOTHESES)

_VANTAGES = {
    "transit_a": "transit A, AS64513",
    "transit_b": "transit B, AS64514",
    "backbone_a": "backbone A, AS64515",
    "backbone_b": "backbone B, AS64516",
    "far": "a far network, AS64517",
    "next_door": "the neighbour, AS64513",
}


def _arm(
    name: str, title: str, *, withdraw: bool = False, cut: int = 0, elsewhere: bool = False
) -> Arm:
    return Arm(
        name=name,
        title=title,
        settings={"withdraw": withdraw, "sessions_cut": cut, "services_elsewhere": elsewhere},
    )


withdrawal = Experiment(
    id=EXPERIMENT,
    title="What is left of a network's routes when something is taken away at their origin",
    arms=(
        _arm("control", "nothing happens"),
        _arm("withdrawn", "the origin withdraws its prefixes", withdraw=True),
        _arm(
            "services-elsewhere",
            "it withdraws, a second network announces the services",
            withdraw=True,
            elsewhere=True,
        ),
        _arm("one-session", "one of its two sessions is cut", cut=1),
        _arm("all-sessions", "both sessions are cut", cut=2),
    ),
    metrics=(
        Metric(name="routes_before", title="Routes at the vantages before"),
        Metric(name="missing_before", title="Routes that were not there before"),
        Metric(name="routes_after", title="Routes at the vantages afterwards"),
        Metric(name="routes_least", title="Routes at the vantages, the fewest at any moment"),
        Metric(name="routes_restored", title="Routes at the vantages after it was undone"),
        Metric(name="kept", title="Routes that were there at every moment", unit="%"),
        Metric(name="restored", title="Routes that came back", unit="%"),
        Metric(name="ghosts", title="Routes that stayed although nothing bears them out"),
        Metric(name="answering", title="Routers that still answer", unit="%"),
        Metric(name="sessions_up", title="Sessions of the origin that are up", unit="%"),
        Metric(name="services_kept", title="Vantages with a route to the services", unit="%"),
        Metric(name="updates", title="UPDATE messages at the collector"),
        Metric(name="announcements", title="Prefixes announced to the collector"),
        Metric(name="withdrawals", title="Prefixes withdrawn from the collector"),
        Metric(name="settled_ms", title="Time until the last route was lost", unit="ms"),
        Metric(name="restored_ms", title="Time until the last route was back", unit="ms"),
        *(
            Metric(name=f"{when}_{name}", title=f"Routes of {title}, {when}")
            for name, title in _VANTAGES.items()
            for when in ("before", "after")
        ),
    ),
    gates=(
        Condition(
            id="all-announced",
            statement="before every trial every vantage had every route",
            metric="missing_before",
            criterion=AtMost(0),
            guards=_GUARDED,
        ),
        Condition(
            id="nothing-lost-by-itself",
            statement="while nothing happens no vantage is told of a withdrawn prefix",
            metric="withdrawals",
            criterion=AtMost(0),
            arms=("control",),
            guards=_GUARDED,
        ),
    ),
    plans={
        Depth.PROOF: Plan(
            design=Fixed(blocks=3), settings={"ipv4": 32, "ipv6": 16, "quiet_ms": 100}
        ),
        Depth.STUDY: Plan(
            design=Fixed(blocks=20), settings={"ipv4": 32, "ipv6": 1024, "quiet_ms": 500}
        ),
    },
)


def _node(name: str, title: str) -> Node:
    return Node(name=name, title=title, before=f"before_{name}", after=f"after_{name}")


_ORIGIN = Node(name="origin", title="the origin, AS64512")
_ELSEWHERE = Node(name="elsewhere", title="a second network, AS64518")
_TRANSIT = tuple(_node(name, title) for name, title in _VANTAGES.items() if name != "next_door")
_TRANSIT_LINKS = (
    Link(first="origin", second="transit_a"),
    Link(first="origin", second="transit_b"),
    Link(first="transit_a", second="transit_b"),
    Link(first="transit_a", second="backbone_a"),
    Link(first="transit_b", second="backbone_b"),
    Link(first="backbone_a", second="backbone_b"),
    Link(first="backbone_a", second="far"),
    Link(first="backbone_b", second="far"),
    Link(first="backbone_b", second="elsewhere"),
)


def _maps(arm: str, title: str, caption: str) -> tuple[Topology, Topology]:
    """The arm on both internets; a run has measured only one of them, and only that is drawn."""
    return (
        Topology(
            experiment=EXPERIMENT,
            arm=arm,
            title=title,
            caption=caption,
            nodes=(_ORIGIN, *_TRANSIT, _ELSEWHERE),
            links=_TRANSIT_LINKS,
        ),
        Topology(
            experiment=EXPERIMENT,
            arm=arm,
            title=title,
            caption=caption,
            nodes=(_ORIGIN, _node("next_door", _VANTAGES["next_door"]), _ELSEWHERE),
            links=(
                Link(first="origin", second="next_door"),
                Link(first="elsewhere", second="next_door"),
            ),
        ),
    )


CLAIM = Claim(
    id="bgp-withdrawal",
    title="A provider that withdraws its BGP routes is gone from the internet while its machines "
    "run",
    said="A large internet provider vanished twice in one day. Its routers had withdrawn the "
    "routes to its own prefixes, so nobody outside knew a way to it any more; its servers, name "
    "servers and status page, which were all inside, vanished with it.",
    source=Source(
        show="backend-engineering-show", episode="bgp-withdrawals", chapter="What happened?"
    ),
    headline="gone",
    hypotheses=HYPOTHESES,
    experiments=(withdrawal,),
    boundary=Boundary(
        true_when="the prefixes have no other origin: a withdrawal takes them from every network, "
        "by however many sessions the origin is connected.",
        false_when="only a session is lost and another one still carries the prefixes, or where "
        "a second network announces the same prefix.",
    ),
    remedy=Remedy(
        text="A second session helps against a lost session and not against a withdrawal. Keep "
        "what people need during an outage (name servers, status page, the way in for the "
        "operators) in a prefix that a second network announces as well.",
        hypothesis="second-origin",
    ),
    charts=(
        *_maps(
            "withdrawn",
            "Routes to the origin, before and after it withdrew them",
            "Every network loses every route, although no session and no router is down.",
        ),
        *_maps(
            "one-session",
            "Routes to the origin, before and after one session was cut",
            "The other session carries them all.",
        ),
        Bars(
            experiment=EXPERIMENT,
            metric="routes_after",
            title="Routes left at the vantages",
            caption="A withdrawal and the loss of all sessions look the same from outside.",
        ),
        Bars(
            experiment=EXPERIMENT,
            metric="sessions_up",
            title="Sessions of the origin that are up",
            caption="Seen from inside they differ: after a withdrawal every session is up.",
        ),
        Bars(
            experiment=EXPERIMENT,
            metric="announcements",
            title="Prefixes announced to the vantages' collector",
            caption="Losing routes also makes announcements: paths that are still believed in for "
            "a moment, or that replace the lost ones.",
        ),
    ),
    surprises=(
        Surprise(
            hypothesis="sessions-stay",
            text="Nobody outside had a route left, and still {effect} of the origin's BGP sessions "
            "were up: a monitor of sessions would have reported a healthy network.",
        ),
        Surprise(
            hypothesis="one-cut-does-it",
            text="Cutting one of the two sessions took no route away: {effect} routes were left.",
            verdicts=("refuted",),
        ),
    ),
)
