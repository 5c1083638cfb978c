"""The claim as a value: it contradicts itself nowhere, and it can come out either way."""

import sys
from collections.abc import Iterator, Mapping

import msgspec
import pytest

from earwitness.claims.webtransport.claim import CLAIM
from earwitness.claims.webtransport.experiment import open_bench
from earwitness.experiment import judgement
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.consistency import problems
from earwitness.experiment.design import Claim, Depth, Experiment, Inference, Role
from earwitness.experiment.observation import Observation, Trial
from earwitness.experiment.verdict import ClaimResult, Verdict
from earwitness.library import bundled

ALL_WAIT = {"others_waiting_percent": 100.0}
FINE = {
    "others_waiting_percent": 0.0,
    "own_waiting_percent": 100.0,
    "never": 0.0,
    "packets": 48.0,
    "packets_lost": 1.0,
    "messages_lost": 1.0,
    "repeated": 0.0,
    "setup_bytes": 4000.0,
}
AS_EXPECTED = {
    "shared-packets": ALL_WAIT | {"messages_lost": 8.0},
    "one-stream": ALL_WAIT,
    "one-websocket": ALL_WAIT,
    "datagrams": {"own_waiting_percent": 0.0, "never": 1.0},
    "sessions": {"setup_bytes": 32000.0},
}


def test_it_contradicts_itself_nowhere() -> None:
    assert problems(CLAIM) == ()


def test_the_episode_it_comes_from_names_it() -> None:
    episode = bundled.find_episode(CLAIM.source.show, CLAIM.source.episode)
    assert CLAIM.id in episode.claims


def test_it_survives_storage() -> None:
    assert msgspec.json.decode(msgspec.json.encode(CLAIM), type=Claim) == CLAIM


def test_the_headline_is_counted() -> None:
    headline = CLAIM.hypothesis(CLAIM.headline)
    assert headline.inference is Inference.EXACT
    assert headline.role is Role.CLAIM


def test_the_proof_tests_every_hypothesis() -> None:
    found = {
        h.id
        for experiment in CLAIM.experiments
        if (plan := experiment.plan_at(Depth.PROOF))
        for h in judgement.tested(CLAIM, experiment, plan)
    }
    assert found == {h.id for h in CLAIM.hypotheses}


@pytest.mark.parametrize("experiment", CLAIM.experiments, ids=lambda experiment: experiment.id)
def test_arms_differ_from_the_first_in_one_thing(experiment: Experiment) -> None:
    first = experiment.arms[0].settings
    for arm in experiment.arms[1:]:
        assert sum(first[name] != arm.settings[name] for name in first) == 1


def test_every_hypothesis_stands_behind_a_gate() -> None:
    guarded = {id for e in CLAIM.experiments for gate in e.gates for id in gate.guards}
    assert guarded == {h.id for h in CLAIM.hypotheses}


def trials(changed: Mapping[str, Mapping[str, float]]) -> Iterator[Trial]:
    for experiment in CLAIM.experiments:
        for block in range(1, 4):
            for position, arm in enumerate(experiment.arms):
                values = (
                    FINE | dict(AS_EXPECTED.get(arm.name, {})) | dict(changed.get(arm.name, {}))
                )
                yield Trial(
                    experiment=experiment.id,
                    block=block,
                    position=position,
                    arm=arm.name,
                    observation=Observation(values=values),
                    seconds=0.1,
                )


def judged(**changed: Mapping[str, float]) -> ClaimResult:
    by_arm = {name.replace("_", "-"): values for name, values in changed.items()}
    return judgement.judge(CLAIM, Depth.PROOF, trials(by_arm), {})


def verdict_of(result: ClaimResult, id: str) -> Verdict:
    found = result.hypothesis(id)
    assert found is not None
    return found.verdict


def test_streams_that_stop_only_in_shared_packets_are_mixed() -> None:
    result = judged()
    assert result.verdict is Verdict.MIXED
    assert result.hypotheses[0].id == "streams"
    refuted = {r.id for r in result.hypotheses if r.verdict is Verdict.REFUTED}
    assert refuted == {"shared-packets"}
    assert {r.verdict for r in result.hypotheses} == {Verdict.SUPPORTED, Verdict.REFUTED}


def test_one_waiting_message_of_another_flow_refutes_the_headline() -> None:
    result = judged(streams={"others_waiting_percent": 5.0})
    assert verdict_of(result, "streams") is Verdict.REFUTED
    assert verdict_of(result, "remedy") is Verdict.REFUTED


def test_streams_that_never_stop_are_supported() -> None:
    assert judged(shared_packets={"others_waiting_percent": 0.0}).verdict is Verdict.SUPPORTED


def test_websockets_that_stop_each_other_refute_the_rival() -> None:
    assert verdict_of(judged(websockets=ALL_WAIT), "websockets") is Verdict.REFUTED


@pytest.mark.parametrize(
    "broken", [{"packets_lost": 0.0}, {"messages_lost": 2.0}, {"repeated": 1.0}], ids=str
)
def test_no_verdict_when_the_wrong_thing_was_lost(broken: dict[str, float]) -> None:
    assert verdict_of(judged(streams=broken), "streams") is Verdict.INCONCLUSIVE


def test_no_verdict_on_shared_packets_that_were_not_shared() -> None:
    result = judged(shared_packets={"messages_lost": 1.0})
    assert verdict_of(result, "shared-packets") is Verdict.INCONCLUSIVE
    assert verdict_of(result, "streams") is Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("experiment", "wheel"), [("streams", "aioquic"), ("websocket", "websockets")]
)
def test_without_its_wheel_an_experiment_is_unavailable(
    experiment: str, wheel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = ("earwitness.claims.webtransport.", "earwitness.servers.web")
    for name in [*sys.modules]:
        if name.split(".")[0] == wheel or name.startswith(mine):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, wheel, None)
    settings: BenchSettings = None  # type: ignore[assignment]  # it is not looked at
    with pytest.raises(Unavailable) as missing, open_bench(CLAIM.experiment(experiment), settings):
        pass
    assert wheel in missing.value.reason
    assert missing.value.install == "pip install 'earwitness[webtransport]'"
