"""The claim on real servers; and with its cause taken away, another verdict."""

from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from earwitness.claims.mtls_resumption import cost_design, matrix_design, trial
from earwitness.claims.mtls_resumption.claim import CLAIM
from earwitness.claims.mtls_resumption.experiment import open_bench
from earwitness.claims.mtls_resumption.visitor import Visitor
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import (
    Claim,
    Depth,
    Experiment,
    Fixed,
    Inference,
    Plan,
    Role,
    Setting,
)
from earwitness.experiment.events import BenchOpened, ServerReady, TrialFinished
from earwitness.experiment.verdict import ClaimResult, Verdict
from earwitness.servers import certificates
from earwitness.servers.process import MissingComponent, ServerFailed
from tests.live.claims.conducting import conduct

pytestmark = pytest.mark.live

HEADLINE = "session-outlives-revocation"


def only(experiment: str, **changes: Mapping[str, Setting]) -> Claim:
    """The claim with one experiment, and some arms' settings changed."""
    chosen = CLAIM.experiment(experiment)
    arms = tuple(
        replace(arm, settings={**arm.settings, **changes.get(arm.name, {})}) for arm in chosen.arms
    )
    return replace(CLAIM, experiments=(replace(chosen, arms=arms),))


def verdicts(result: ClaimResult) -> dict[str, Verdict]:
    return {hypothesis.id: hypothesis.verdict for hypothesis in result.hypotheses}


def expected(experiment: str) -> dict[str, Verdict]:
    return {
        h.id: Verdict.REFUTED if h.role is Role.RIVAL else Verdict.SUPPORTED
        for h in CLAIM.hypotheses
        if h.experiment == experiment
    }


def test_the_proof_on_the_libraries(workspace: Path) -> None:
    result, seen = conduct(only("libraries"), workspace)
    assert verdicts(result) == expected("libraries")
    assert result.verdict is Verdict.SUPPORTED
    servers = {event.server.split()[0] for event in seen if isinstance(event, ServerReady)}
    assert servers == {"Python", "pyOpenSSL"}
    opened = next(event for event in seen if isinstance(event, BenchOpened))
    assert "OpenSSL" in opened.environment["client"]
    for event in seen:
        if isinstance(event, TrialFinished):
            said = event.trial.observation.outcomes
            assert "resumed_after" in said and "" not in said.values()
    assert [
        child for child in psutil.Process().children(recursive=True) if at(child, workspace)
    ] == []


def at(process: psutil.Process, folder: Path) -> bool:
    return process.is_running() and str(folder) in " ".join(process.cmdline())


@pytest.mark.parametrize("experiment", ["node", "nginx", "haproxy"])
def test_the_proof_on_servers_of_the_machine(experiment: str, workspace: Path) -> None:
    try:
        result, _ = conduct(only(experiment), workspace)
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    assert verdicts(result) == expected(experiment)


@pytest.mark.parametrize("experiment", [e.id for e in matrix_design.EXPERIMENTS])
def test_the_matrix(experiment: str, workspace: Path) -> None:
    try:
        result, seen = conduct(only(experiment), workspace, depth=Depth.STUDY)
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    assert verdicts(result) == expected(experiment)
    said = [e.trial.observation.outcomes for e in seen if isinstance(e, TrialFinished)]
    assert all("" not in outcomes.values() for outcomes in said)


def test_in_the_matrix_too_the_verdict_turns_without_the_cause(workspace: Path) -> None:
    renewed = {"on_update": "new-context"}
    result, _ = conduct(
        only("matrix-python", **{"python-13-process": renewed}), workspace, depth=Depth.STUDY
    )
    assert verdicts(result)["matrix-python-reloaded"] is Verdict.REFUTED


def with_plan(claim: Claim, blocks: int, **settings: Setting) -> Claim:
    """The claim's one experiment in a shorter plan."""
    experiment = claim.experiments[0]
    plan = Plan(design=Fixed(blocks=blocks), settings=settings)
    return replace(claim, experiments=(replace(experiment, plans={Depth.STUDY: plan}),))


@pytest.mark.parametrize("experiment", [e.id for e in cost_design.EXPERIMENTS])
def test_what_is_paid_for_is_what_happens(experiment: str, workspace: Path) -> None:
    """Costs are for a run to measure; here all connections go the way that the arm says."""
    try:
        claim = with_plan(only(experiment), 3, connections=12)
        result, seen = conduct(claim, workspace, depth=Depth.STUDY)
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    gates = {g.id: g.passed for h in result.hypotheses for g in h.gates if g.kind == "condition"}
    assert gates and all(gates.values())
    exact = {h.id for h in CLAIM.hypotheses if h.inference is Inference.EXACT}
    assert {v for id, v in verdicts(result).items() if id in exact} <= {Verdict.SUPPORTED}
    trials = [e.trial for e in seen if isinstance(e, TrialFinished)]
    assert all(trial.observation.values[cost_design.CPU] > 0 for trial in trials)
    renewed = [t.observation.values["resumed"] for t in trials if t.arm == "new-keys"]
    assert all(share == pytest.approx(2 / 3) for share in renewed)


def test_a_session_is_refused_once_its_lifetime_is_over(workspace: Path) -> None:
    claim = with_plan(only("dwell-haproxy"), 3, looks=7, every_ms=1000)
    try:
        result, _ = conduct(claim, workspace, depth=Depth.STUDY)
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    assert set(verdicts(result).values()) == {Verdict.SUPPORTED}


def test_a_session_of_another_host(workspace: Path) -> None:
    try:
        result, _ = conduct(only("hosts-go"), workspace, depth=Depth.STUDY)
    except MissingComponent as missing:
        pytest.skip(f"{missing.reason}: {missing.install}")
    assert verdicts(result) == expected("hosts-go")


def test_a_list_that_is_not_checked_turns_the_verdict_to_the_rival(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial, "TAKEN_SECONDS", 0.3)  # it will never be taken
    claim = only("libraries", ssl={"checks_list": False})
    result, _ = conduct(alone(claim, "ssl"), workspace)
    assert verdicts(result)[HEADLINE] is Verdict.REFUTED
    assert verdicts(result)["stale-list"] is Verdict.SUPPORTED


@pytest.mark.parametrize(
    "remedy", [{"rechecks": True}, {"on_update": "new-context"}], ids=lambda r: next(iter(r))
)
def test_each_remedy_turns_the_verdict(remedy: dict[str, Setting], workspace: Path) -> None:
    result, _ = conduct(alone(only("libraries", ssl=remedy), "ssl"), workspace)
    assert verdicts(result)[HEADLINE] is Verdict.REFUTED


def test_without_resumption_there_is_nothing_to_say(workspace: Path) -> None:
    claim = only("libraries", ssl={"resumption": "off"})
    result, _ = conduct(alone(claim, "ssl"), workspace)
    assert verdicts(result)[HEADLINE] is Verdict.INCONCLUSIVE


def alone(claim: Claim, arm: str) -> Claim:
    """The claim with one arm: what the others are for stays untested."""
    experiment = claim.experiments[0]
    plans = {depth: replace(plan, arms=(arm,)) for depth, plan in experiment.plans.items()}
    return replace(claim, experiments=(replace(experiment, plans=plans),))


def one_door(folder: Path) -> tuple[Experiment, BenchSettings]:
    experiment = alone(only("libraries"), "ssl").experiments[0]
    plan = experiment.plan_at(Depth.PROOF)
    assert plan is not None
    return experiment, BenchSettings(
        plan=plan,
        arms=experiment.arms_of(plan),
        seed=1,
        workspace=folder,
        announce=lambda _event: None,
    )


def test_a_server_that_ended_is_no_refusal(workspace: Path) -> None:
    experiment, settings = one_door(workspace)
    with open_bench(experiment, settings) as bench:
        assert bench.trial(settings.arms[0]).values["door_open"] == 1
        (door,) = (child for child in psutil.Process().children() if at(child, workspace))
        door.kill()
        with pytest.raises(ServerFailed, match="ssl stopped unexpectedly"):
            bench.trial(settings.arms[0])


def test_a_certificate_of_another_authority_opens_no_door(workspace: Path) -> None:
    """Nor does a visitor enter that itself refuses the server."""
    experiment, settings = one_door(workspace)
    stranger = certificates.authority(workspace / "stranger").client("mallory")
    with open_bench(experiment, settings):
        folder = workspace / experiment.id
        port = int((folder / "ssl" / "port").read_text())
        own = Visitor(folder / "authority" / "authority.crt", "1.3")
        assert not own.visit(port, identity=stranger).admitted
        distrusting = Visitor(workspace / "stranger" / "authority.crt", "1.3")
        visit = distrusting.visit(port, identity=stranger)
    assert not visit.status
    assert "certificate verify failed" in visit.refusal
