"""The claim as a value, and what is computed without any router."""

import ipaddress

import msgspec
import pytest
from msgspec.structs import replace

from earwitness.claims.bgp_withdrawal import configuration, internet, visibility
from earwitness.claims.bgp_withdrawal.bird_lab import ghost_condition
from earwitness.claims.bgp_withdrawal.claim import CLAIM
from earwitness.claims.bgp_withdrawal.configuration import Place
from earwitness.claims.bgp_withdrawal.internet import (
    ELSEWHERE,
    LINKS,
    NETWORKS,
    ORIGIN,
    Relation,
    Truth,
)
from earwitness.claims.bgp_withdrawal.visibility import Question
from earwitness.experiment import judgement
from earwitness.experiment.consistency import problems
from earwitness.experiment.design import Claim, Depth, Inference, Link, Topology
from earwitness.experiment.observation import Observation, Trial
from earwitness.experiment.verdict import Verdict
from earwitness.library import bundled
from earwitness.servers.bgp import attributes
from earwitness.servers.bgp.attributes import Attributes
from earwitness.servers.bgp.history import Down, Heard
from earwitness.servers.bgp.message import Update
from earwitness.servers.bgp.session import Peer

EXPERIMENT = CLAIM.experiments[0]
A, B = (ipaddress.ip_network(f"192.0.2.{place}/28") for place in (0, 16))
FIRST = Peer(64513, ipaddress.IPv4Address("192.0.2.1"))
SECOND = Peer(64513, ipaddress.IPv4Address("192.0.2.2"))
OTHER = Peer(64514, ipaddress.IPv4Address("192.0.2.3"))
PATH = attributes.sequence(64512)


def test_it_contradicts_itself_nowhere():
    assert problems(CLAIM) == ()


def test_the_episode_it_comes_from_names_it():
    assert CLAIM.id in bundled.find_episode(CLAIM.source.show, CLAIM.source.episode).claims


def test_it_survives_storage():
    assert msgspec.json.decode(msgspec.json.encode(CLAIM), type=Claim) == CLAIM


def test_every_outcome_is_counted_and_every_condition_guards_it():
    assert {h.inference for h in CLAIM.hypotheses} == {Inference.EXACT}
    for gate in EXPERIMENT.gates:
        assert set(gate.guards) == {h.id for h in CLAIM.hypotheses}


def test_arms_differ_from_the_control_or_the_withdrawal_in_one_setting():
    control, withdrawn = EXPERIMENT.arm("control"), EXPERIMENT.arm("withdrawn")
    for arm in EXPERIMENT.arms[1:]:
        reference = withdrawn if arm.name == "services-elsewhere" else control
        changed = {k for k, v in arm.settings.items() if v != reference.settings[k]}
        assert len(changed) == 1, arm.name


@pytest.mark.parametrize("depth", [Depth.PROOF, Depth.STUDY])
def test_there_are_as_many_prefixes_as_the_plan_wants(depth):
    plan = EXPERIMENT.plan_at(depth)
    wanted = int(plan.settings["ipv4"]), int(plan.settings["ipv6"])
    found = internet.prefixes(*wanted)
    assert len(set(found)) == sum(wanted)
    assert found[0] == internet.SERVICES
    documentation = [ipaddress.ip_network(net) for net in ("2001:db8::/32", "192.0.2.0/24")]
    documentation += [ipaddress.ip_network(f"{net}/24") for net in ("198.51.100.0", "203.0.113.0")]
    for net in found:
        assert any(net.version == d.version and net.subnet_of(d) for d in documentation)


def test_more_prefixes_than_documentation_has_are_refused():
    with pytest.raises(ValueError, match="documentation"):
        internet.prefixes(34, 0)


def test_the_map_in_the_report_is_the_internet_that_runs():
    chart = next(c for c in CLAIM.charts if isinstance(c, Topology))
    names = {network.asn: network.name for network in NETWORKS}
    drawn = {frozenset((link.first, link.second)) for link in chart.links}
    assert drawn == {frozenset((names[link.first], names[link.second])) for link in LINKS}
    assert {node.name for node in chart.nodes} == set(names.values())
    looking = {network.name for network in NETWORKS if network.looks}
    assert {node.name for node in chart.nodes if node.before} == looking


def test_a_map_with_a_link_to_nowhere_is_a_contradiction():
    chart = next(c for c in CLAIM.charts if isinstance(c, Topology))
    lost = replace(chart, links=(*chart.links, Link(first="origin", second="nowhere")))
    twice = replace(chart, nodes=(*chart.nodes, chart.nodes[0]))
    assert any("'nowhere'" in found for found in problems(replace(CLAIM, charts=(lost,))))
    assert any("stands twice" in found for found in problems(replace(CLAIM, charts=(twice,))))


def test_every_link_has_one_side_that_calls_and_two_views_of_it():
    for link in LINKS:
        (there,) = (n for n in configuration.neighbours(link.first) if n.asn == link.second)
        (back,) = (n for n in configuration.neighbours(link.second) if n.asn == link.first)
        assert (there.calls, back.calls) == (False, True)
        assert back.relation is link.relation
        assert {there.relation, back.relation} in (
            {Relation.PEER},
            {Relation.CUSTOMER, Relation.PROVIDER},
        )


def test_a_network_gives_its_peers_and_providers_only_its_customers_routes():
    places = {
        n.asn: Place(ipaddress.IPv4Address(f"127.99.0.{i}"), 2000 + i)
        for i, n in enumerate(NETWORKS, start=1)
    }
    transit = next(n for n in NETWORKS if n.asn == 64513)
    text = configuration.configuration(transit, places, (65000, "127.0.0.1", 3000))
    by_session = dict(part.split(" {", 1) for part in text.split("protocol bgp ")[1:])
    assert "export all" in by_session["to64512"]
    assert "export where" in by_session["to64514"]
    assert "export where" in by_session["to64515"]
    assert "import none" in by_session["collector"]
    assert "passive yes" in by_session["to64512"]
    assert "passive no" in by_session["to64515"]


@pytest.mark.parametrize(
    ("truth", "path", "right"),
    [
        (Truth(), (64513, ORIGIN), True),
        (Truth(announced=False), (64513, ORIGIN), False),
        (Truth(announced=False, elsewhere=True), (64516, ELSEWHERE), True),
        (Truth(), (64516, ELSEWHERE), False),
        (Truth(cut=frozenset({64513})), (64515, 64513, ORIGIN), False),
        (Truth(cut=frozenset({64513})), (64513, 64514, ORIGIN), True),
        (Truth(cut=frozenset({64513})), (ORIGIN,), True),
        (Truth(announced=False), (64513, 64999), True),
    ],
)
def test_a_ghost_is_a_route_that_the_truth_does_not_bear_out(truth, path, right):
    assert truth.bears_out(path) is right


def test_inside_a_router_its_own_number_is_not_in_the_path():
    cut = Truth(cut=frozenset({64513}), elsewhere=True)
    assert ghost_condition(64513, cut) == f"source = RTS_BGP && (bgp_path ~ [= {ORIGIN} =])"
    assert f"[= * 64513 {ORIGIN} =]" in ghost_condition(64515, cut)
    assert ghost_condition(64515, Truth(elsewhere=True)) is None
    assert f"[= * {ELSEWHERE} =]" in ghost_condition(64515, Truth())


def heard(peer, *, come=(), gone=(), at=1.0):
    return Heard(
        at, peer, Update(attributes=Attributes(as_path=PATH), announced=come, withdrawn=gone)
    )


def test_a_vantage_has_a_route_while_one_of_its_sessions_has_it():
    view = {FIRST: {A: PATH, B: PATH}, SECOND: {A: PATH}, OTHER: {}}
    question = Question((A, B), lambda peer: peer.asn)
    assert visibility.pairs(view, question) == {(64513, A), (64513, B)}
    went = visibility.course(view, [Down(2.0, FIRST, "cut")], question)
    assert (went.least, went.changed_at) == (1, 2.0)


def test_the_fewest_routes_on_the_way_are_not_forgotten():
    view = {FIRST: {A: PATH, B: PATH}}
    events = [
        heard(FIRST, gone=(A,), at=2.0),
        heard(FIRST, come=(A,), at=3.0),
        heard(FIRST, come=(A,), at=4.0),
    ]
    went = visibility.course(view, events, Question((A, B), lambda peer: peer.asn))
    assert (went.least, went.changed_at) == (1, 3.0)
    assert (went.updates, went.announcements, went.withdrawals) == (3, 2, 1)


def test_without_a_word_nothing_has_changed():
    went = visibility.course({FIRST: {A: PATH}}, [], Question((A,), lambda peer: peer.asn))
    assert (went.least, went.changed_at, went.updates) == (1, None, 0)


def trials(**changed):
    """Three blocks as they come out when the claim is right, with some values replaced."""
    whole = {"missing_before": 0, "withdrawals": 0, "routes_after": 240, "kept": 100}
    whole |= {"answering": 100, "sessions_up": 100, "ghosts": 0, "restored": 100}
    whole |= {"services_kept": 100}
    gone = whole | {"routes_after": 0, "kept": 0, "withdrawals": 240, "services_kept": 0}
    by_arm = {
        "control": whole,
        "withdrawn": gone,
        "services-elsewhere": gone | {"services_kept": 100, "routes_after": 5},
        "one-session": whole | {"sessions_up": 50},
        "all-sessions": gone | {"sessions_up": 0},
    }
    for arm, values in changed.items():
        name = arm.replace("_", "-")
        by_arm[name] = by_arm[name] | values
    return [
        Trial(
            experiment=EXPERIMENT.id,
            block=block,
            position=position,
            arm=arm,
            observation=Observation(values=values),
            seconds=0.0,
        )
        for block in (1, 2, 3)
        for position, (arm, values) in enumerate(by_arm.items())
    ]


def verdicts(**changed):
    results = judgement.judge_experiment(CLAIM, EXPERIMENT, Depth.PROOF, trials(**changed))
    return {result.id: result.verdict for result in results}


def test_as_predicted_only_the_rival_of_the_single_session_is_refuted():
    found = verdicts()
    assert found.pop("one-cut-does-it") is Verdict.REFUTED
    assert set(found.values()) == {Verdict.SUPPORTED}


@pytest.mark.parametrize(
    ("changed", "refuted"),
    [
        ({"withdrawn": {"routes_after": 1}}, "gone"),
        ({"withdrawn": {"answering": 99}}, "machines-run"),
        ({"withdrawn": {"sessions_up": 50}}, "sessions-stay"),
        ({"withdrawn": {"ghosts": 1}}, "no-ghosts"),
        ({"withdrawn": {"restored": 99}}, "comes-back"),
        ({"all_sessions": {"routes_after": 1}}, "cut-looks-the-same"),
        ({"one_session": {"kept": 99}}, "second-session"),
        ({"services_elsewhere": {"services_kept": 80}}, "second-origin"),
    ],
)
def test_every_hypothesis_can_be_refuted(changed, refuted):
    assert verdicts(**changed)[refuted] is Verdict.REFUTED


@pytest.mark.parametrize(
    "changed", [{"one_session": {"missing_before": 1}}, {"control": {"withdrawals": 1}}]
)
def test_without_its_conditions_there_is_no_verdict(changed):
    assert set(verdicts(**changed).values()) == {Verdict.INCONCLUSIVE}
