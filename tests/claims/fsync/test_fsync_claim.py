"""The claim as a value: it contradicts itself nowhere, and it can come out either way."""

import os
import sys
from pathlib import Path

import msgspec
import pytest

from earwitness.claims.fsync.claim import CLAIM
from earwitness.claims.fsync.configuration import configuration
from earwitness.claims.fsync.experiment import INSTALL, ON_A_DISK, open_bench
from earwitness.claims.fsync.postgres_configuration import configuration as postgres_configuration
from earwitness.experiment import judgement
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.consistency import problems
from earwitness.experiment.design import (
    AtLeast,
    Claim,
    Depth,
    Experiment,
    Inference,
    Ratio,
    Role,
    Setting,
    Share,
    Value,
)
from earwitness.experiment.observation import Observation, Trial
from earwitness.experiment.verdict import Verdict
from earwitness.library import bundled

AT_PROOF_ON_A_DISK = {
    "postgres-lying",
    "postgres-honest",
    "postgres-flushes",
    "postgres-fsync-off",
    "postgres-fsync-off-whole",
}
"""For more a proof has no time."""
MEASURED = {"lying-rate", "price-async", "postgres-fsync-off-written"}
"""The others are counted."""
TWINS = {"postgres-price": 3, "postgres-replica": 1}
"""Arms with the same disk and the same settings of the server as another."""


def test_it_contradicts_itself_nowhere() -> None:
    assert problems(CLAIM) == ()


def test_the_episode_it_comes_from_names_it_and_has_the_chapter() -> None:
    episode = bundled.find_episode(CLAIM.source.show, CLAIM.source.episode)
    assert CLAIM.id in episode.claims
    chapters = {chapter.title: chapter.start_seconds for chapter in episode.chapters}
    assert chapters[CLAIM.source.chapter or ""] == CLAIM.source.seconds


def test_it_survives_storage() -> None:
    assert msgspec.json.decode(msgspec.json.encode(CLAIM), type=Claim) == CLAIM


def test_what_can_be_said_in_seconds_is_tested_at_proof_and_nearly_all_is_counted() -> None:
    found = {
        h.id
        for experiment in CLAIM.experiments
        if (plan := experiment.plan_at(Depth.PROOF))
        for h in judgement.tested(CLAIM, experiment, plan)
    }
    sqlite = {h.id for h in CLAIM.hypotheses if h.experiment not in ON_A_DISK}
    assert found == sqlite - {"lying-rate"} | AT_PROOF_ON_A_DISK
    measured = {h.id for h in CLAIM.hypotheses if h.inference is Inference.INTERVAL}
    assert measured == MEASURED
    assert {h.role for h in CLAIM.hypotheses} == set(Role)


@pytest.mark.parametrize("experiment", CLAIM.experiments, ids=lambda experiment: experiment.id)
def test_every_arm_can_be_read(experiment: Experiment) -> None:
    of = postgres_configuration if experiment.id in ON_A_DISK else configuration
    read = [of(arm) for arm in experiment.arms]
    different = len(experiment.arms) - TWINS.get(experiment.id, 0)
    assert len(set(read)) == different, "two arms are the same"


@pytest.mark.parametrize(
    ("id", "arm", "other", "setting"),
    [
        ("power-cut", "lying", "honest", "honours_flush"),
        ("power-cut", "lying", "protected", "protected"),
        ("power-cut", "lying", "lying-reset", "stop"),
        ("power-cut", "honest", "off", "synchronous"),
        ("power-cut", "off", "off-killed", "stop"),
        ("power-cut", "lying-rollback", "honest-rollback", "honours_flush"),
        ("postgres", "postgres-lying", "postgres-honest", "honours_flush"),
        ("postgres", "postgres-honest", "postgres-fsync-off", "fsync"),
        ("postgres", "postgres-honest", "postgres-honest-worst", "moments"),
        ("postgres", "postgres-honest-worst", "postgres-sectors", "atom_bytes"),
        ("postgres", "postgres-honest-worst", "postgres-torn-worst", "full_page_writes"),
        ("postgres", "postgres-honest-worst", "postgres-direct", "debug_io_direct"),
        ("postgres", "postgres-honest", "postgres-async", "synchronous_commit"),
        ("postgres", "postgres-fsync-off", "postgres-fsync-off-written", "writes_back"),
        ("postgres", "postgres-lying", "postgres-protected", "protected"),
        ("postgres-destage", "window-5ms", "window-500ms", "window_ms"),
        ("postgres-methods", "fsync-10ms", "fdatasync-10ms", "wal_sync_method"),
        ("postgres-methods", "fsync-10ms", "fsync-1ms", "flush_ms"),
        ("postgres-price", "safe-2ms", "async-2ms", "synchronous_commit"),
        ("postgres-failed-write", "stops", "retries", "data_sync_retry"),
        ("postgres-replica", "alone", "replicated", "replica"),
    ],
)
def test_arms_that_are_compared_differ_in_one_setting(
    id: str, arm: str, other: str, setting: str
) -> None:
    experiment = CLAIM.experiment(id)
    settings = [experiment.arm(name).settings for name in (arm, other)]
    assert {key for key in settings[0] if settings[0][key] != settings[1][key]} == {setting}


def made_up(*, bears_out: bool) -> list[Trial]:
    """Trials in which every hypothesis is met by exactly its threshold, or missed."""
    values: dict[tuple[str, str], dict[str, float]] = {}
    for hypothesis in CLAIM.hypotheses:
        contrast, criterion = hypothesis.contrast, hypothesis.criterion
        assert not isinstance(contrast, Share)
        # measured: the threshold itself is within the interval of anything that varies
        past = 1 if hypothesis.inference is Inference.INTERVAL else 0
        miss = past if bears_out else (-1 if isinstance(criterion, AtLeast) else 1)
        place = values.setdefault((hypothesis.experiment, contrast.arm), {})
        place[contrast.metric] = criterion.threshold + miss
        if not isinstance(contrast, Value):
            nothing = 1 if isinstance(contrast, Ratio) else 0
            reference = values.setdefault((hypothesis.experiment, contrast.reference), {})
            reference[contrast.metric] = nothing
    for experiment in CLAIM.experiments:
        for arm in experiment.arms:
            # what the gates ask for
            seen = values.setdefault((experiment.id, arm.name), {})
            seen.setdefault("broken_promises", 0)
            seen.setdefault("flushes", 1)
            seen.setdefault("flush_disagreement", 0)
            for happened in ("refused", "stopped", "then_fine"):
                seen.setdefault(happened, 1)
            seen.setdefault("pace", 1)
    return [
        Trial(
            experiment=experiment,
            block=block,
            position=0,
            arm=arm,
            observation=Observation(values=seen),
            seconds=0,
        )
        for block in range(1, 11)
        for (experiment, arm), seen in values.items()
    ]


@pytest.mark.parametrize(
    ("bears_out", "expected"), [(True, Verdict.SUPPORTED), (False, Verdict.REFUTED)]
)
def test_it_can_come_out_either_way(bears_out: bool, expected: Verdict) -> None:
    result = judgement.judge(CLAIM, Depth.FULL, made_up(bears_out=bears_out), {})
    found = {r.id: r.verdict for r in result.hypotheses}
    if not bears_out:  # the disk that flushes lost something: nobody can tell what the lie did
        assert found.pop("postgres-lying") is Verdict.INCONCLUSIVE
        # the disk and the kernel disagree about the flushes: nothing on it can be believed
        on_that_disk = {h.id for h in CLAIM.hypotheses if h.experiment == "postgres"}
        for id in on_that_disk - {"postgres-lying", "postgres-flushes"}:
            assert found.pop(id) is Verdict.INCONCLUSIVE
    assert set(found.values()) == {expected}
    assert len(result.hypotheses) == len(CLAIM.hypotheses)
    assert result.verdict is expected


def test_a_disk_that_is_not_granted_does_not_change_the_verdict() -> None:
    trials = [trial for trial in made_up(bears_out=True) if trial.experiment not in ON_A_DISK]
    missing = dict.fromkeys(ON_A_DISK, "needs root")
    result = judgement.judge(CLAIM, Depth.PROOF, trials, missing)
    found = {r.id: r.verdict for r in result.hypotheses}
    unavailable = {id for id, verdict in found.items() if verdict is Verdict.UNAVAILABLE}
    assert unavailable == AT_PROOF_ON_A_DISK
    assert result.verdict is Verdict.SUPPORTED


@pytest.mark.parametrize(
    ("experiment", "arm", "metric", "value", "closed"),
    [
        ("power-cut", "honest", "broken_promises", 1, {"lying", "lying-damages"}),
        ("modes", "wal-full", "broken_promises", 1, {"delete-full", "wal-normal"}),
        (
            *("power-cut", "lying", "flushes", 0.5),
            {"lying", "lying-damages", "honest", "protected", "reset"},
        ),
        (
            *("postgres", "postgres-lying", "flushes", 0.2),
            {"postgres-lying", "postgres-honest"},
        ),
        ("postgres-failed-write", "stops", "stopped", 0, {"failed-write-stopped"}),
        ("postgres-failed-write", "retries", "then_fine", 0, {"failed-write-retried"}),
    ],
)
def test_a_model_that_does_too_much_or_too_little_harm_gives_no_verdict(
    experiment: str, arm: str, metric: str, value: float, closed: set[str]
) -> None:
    trials = [
        msgspec.structs.replace(
            trial, observation=Observation(values={**trial.observation.values, metric: value})
        )
        if (trial.experiment, trial.arm) == (experiment, arm)
        else trial
        for trial in made_up(bears_out=True)
    ]
    result = judgement.judge(CLAIM, Depth.FULL, trials, {})
    inconclusive = {r.id for r in result.hypotheses if r.verdict is Verdict.INCONCLUSIVE}
    assert inconclusive == closed


def test_without_root_the_disk_is_unavailable_and_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    experiment = CLAIM.experiment("postgres")
    bench = BenchSettings(
        plan=experiment.plans[Depth.PROOF],
        arms=experiment.arms,
        seed=1,
        workspace=tmp_path,
        announce=lambda _: pytest.fail("nothing may be announced"),
    )
    with pytest.raises(Unavailable, match=r"root|Linux"), open_bench(experiment, bench):
        pytest.fail("the bench opened")
    assert list(tmp_path.iterdir()) == []


def test_without_sqlite_of_its_own_the_bench_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.startswith("earwitness.claims.fsync.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "apsw", None)
    monkeypatch.delattr("earwitness.claims.fsync.cutting", raising=False)
    settings: dict[str, Setting] = {"commits": 3, "checkpoint_pages": 50, "cuts": 3}
    experiment = CLAIM.experiment("power-cut")
    plan = msgspec.structs.replace(experiment.plans[Depth.PROOF], settings=settings)
    bench = BenchSettings(
        plan=plan,
        arms=experiment.arms,
        seed=1,
        workspace=tmp_path,
        announce=lambda _: pytest.fail("nothing may be announced"),
    )
    with (
        pytest.raises(Unavailable, match="apsw") as refused,
        open_bench(experiment, bench),
    ):
        pytest.fail("the bench opened")
    assert refused.value.install == INSTALL
