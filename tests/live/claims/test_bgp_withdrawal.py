"""The claim on real routers: with transit where BIRD is, between speakers everywhere.

Only counts are asserted, no times. One run of each internet, and one in which every cause is
switched off, so that the verdicts must turn.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from earwitness.claims.bgp_withdrawal import bird_lab, experiment
from earwitness.claims.bgp_withdrawal.claim import CLAIM
from earwitness.claims.bgp_withdrawal.experiment import WithdrawalBench
from earwitness.claims.bgp_withdrawal.internet import NETWORKS, Truth, prefixes
from earwitness.experiment import events
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.design import Claim, Depth, Experiment, Fixed, Plan, Setting
from earwitness.experiment.verdict import ClaimResult, Verdict
from earwitness.servers import bird, exabgp, liveness
from earwitness.servers.process import MissingComponent
from tests.live.claims.conducting import conduct

pytestmark = pytest.mark.live

EXPERIMENT = CLAIM.experiments[0]
HELD = {
    *("gone", "machines-run", "sessions-stay", "no-ghosts", "comes-back"),
    *("cut-looks-the-same", "second-session", "second-origin"),
}


@pytest.fixture
def with_transit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EARWITNESS_BIRD", raising=False)
    try:
        bird.find()
    except MissingComponent as missing:
        pytest.skip(missing.reason)


@pytest.fixture
def without_transit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EARWITNESS_BIRD", "/nonexistent/bird")
    try:
        exabgp.find()
    except MissingComponent as missing:
        pytest.skip(missing.reason)


@pytest.fixture
def run(workspace: Path) -> Iterator[Callable[[Claim], tuple[ClaimResult, list[events.Event]]]]:
    yield lambda claim: conduct(claim, workspace)
    assert liveness.inhabitants(workspace) == ()
    assert not [path for path in workspace.iterdir() if path.is_dir()]


def verdicts(result: ClaimResult) -> dict[str, Verdict]:
    return {one.id: one.verdict for one in result.hypotheses}


def as_predicted(result: ClaimResult) -> None:
    found = verdicts(result)
    assert found.pop("one-cut-does-it") is Verdict.REFUTED
    assert found == dict.fromkeys(HELD, Verdict.SUPPORTED)
    assert result.verdict is Verdict.SUPPORTED


def values(log: list[events.Event], metric: str, arm: str) -> set[float]:
    return {
        event.trial.observation.values[metric]
        for event in log
        if isinstance(event, events.TrialFinished) and event.trial.arm == arm
    }


def opened(log: list[events.Event]) -> events.BenchOpened:
    (one,) = (event for event in log if isinstance(event, events.BenchOpened))
    return one


@pytest.mark.usefixtures("with_transit")
def test_with_transit_every_vantage_loses_every_route(run) -> None:
    result, log = run(CLAIM)
    as_predicted(result)
    assert values(log, "routes_before", "withdrawn") == {240}
    for name in (network.name for network in NETWORKS if network.looks):
        assert values(log, f"before_{name}", "withdrawn") == {48}
        assert values(log, f"after_{name}", "withdrawn") == {0}
    # every vantage says of every prefix that it is gone, once or more often
    assert min(values(log, "withdrawals", "withdrawn")) >= 240
    assert values(log, "withdrawals", "one-session") == {0}
    ready = [event for event in log if isinstance(event, events.ServerReady)]
    assert len(ready) == len(NETWORKS)
    assert {event.server.split()[0] for event in ready} == {"BIRD"}
    assert "without transit because" not in opened(log).environment


@pytest.mark.usefixtures("without_transit")
def test_without_routers_that_pass_routes_on_it_holds_next_door(run) -> None:
    result, log = run(CLAIM)
    as_predicted(result)
    assert values(log, "routes_before", "withdrawn") == {48}
    assert values(log, "before_next_door", "withdrawn") == {48}
    assert values(log, "after_next_door", "withdrawn") == {0}
    # both border routers withdraw everything in words; a session that is cut says nothing
    assert values(log, "withdrawals", "withdrawn") == {96}
    assert values(log, "withdrawals", "all-sessions") == {0}
    assert "/nonexistent/bird" in opened(log).environment["without transit because"]


def switched_off() -> Claim:
    """The claim with arms of the same names in which what they are about does not happen."""
    off: dict[str, dict[str, Setting]] = {
        "withdrawn": {"withdraw": False},
        "services-elsewhere": {"services_elsewhere": False},
        "one-session": {"sessions_cut": 2},
    }
    arms = tuple(
        replace(arm, settings={**arm.settings, **off.get(arm.name, {})}) for arm in EXPERIMENT.arms
    )
    plan = EXPERIMENT.plans[Depth.PROOF]
    fewer = replace(plan, arms=("control", *off))
    return replace(CLAIM, experiments=(replace(EXPERIMENT, arms=arms, plans={Depth.PROOF: fewer}),))


def turned(result: ClaimResult) -> None:
    found = verdicts(result)
    assert found["gone"] is Verdict.REFUTED, "nothing was withdrawn"
    assert found["second-session"] is Verdict.REFUTED, "there was no second session"
    assert found["second-origin"] is Verdict.REFUTED, "nobody else announced the services"
    assert found["one-cut-does-it"] is Verdict.SUPPORTED
    assert result.verdict is Verdict.REFUTED


@pytest.mark.usefixtures("with_transit")
def test_with_transit_the_verdicts_turn_when_the_causes_are_switched_off(run) -> None:
    turned(run(switched_off())[0])


@pytest.mark.usefixtures("without_transit")
def test_next_door_the_verdicts_turn_when_the_causes_are_switched_off(run) -> None:
    turned(run(switched_off())[0])


@pytest.mark.usefixtures("with_transit")
def test_ghosts_are_looked_for_at_the_collector_and_inside_every_router(workspace: Path) -> None:
    announced = prefixes(3, 2)
    with bird_lab.running(announced, workspace) as (lab, _):
        WithdrawalBench(lab, announced, 0.1, None).wait_until_whole()
        assert lab.ghosts(Truth()) == 0
        # a truth in which nothing is announced makes a ghost of every route that there is
        told = len(announced) * len(lab.vantages)
        assert lab.ghosts(Truth(announced=False)) >= told + len(announced) * (lab.routers - 1)
        lab.withdraw()
        assert lab.sessions() == lab.links
        assert lab.answering() == lab.routers


def test_without_either_the_experiment_is_unavailable_and_says_what_helps(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARWITNESS_BIRD", "/nonexistent/bird")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    settings = settings_of(EXPERIMENT, workspace)
    with pytest.raises(Unavailable) as raised, experiment.open_bench(EXPERIMENT, settings):
        pass
    assert "/nonexistent/bird" in raised.value.reason
    assert "exabgp" in raised.value.reason
    assert raised.value.install == exabgp.INSTALL


def settings_of(chosen: Experiment, folder: Path) -> BenchSettings:
    return BenchSettings(
        plan=Plan(design=Fixed(blocks=3), settings={"ipv4": 2, "ipv6": 1, "quiet_ms": 50}),
        arms=chosen.arms,
        seed=1,
        workspace=folder,
        announce=lambda ready: None,
    )
