"""Prepared statements and the cascade, on real servers.

The load is short and only directions are asserted that do not depend on the machine: who fails in
a burst that is too much for the partitioned table, never how long anything took.
"""

import os
import secrets
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from earwitness.claims.partition_locks import backend
from earwitness.claims.partition_locks.cascade import hold_back
from earwitness.claims.partition_locks.claim import CLAIM
from earwitness.claims.partition_locks.experiment import open_bench
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.budget import Budget
from earwitness.experiment.design import Depth, Setting
from earwitness.experiment.events import Event, ServerReady, TrialFinished
from earwitness.experiment.runner import Run
from earwitness.experiment.verdict import Verdict
from earwitness.servers import liveness, nginx, postgres
from earwitness.servers.process import MissingComponent, ServerFailed
from earwitness.servers.workspace import workspace

pytestmark = pytest.mark.live

PREPARED = CLAIM.experiment("prepared")
CASCADE = CLAIM.experiment("cascade")


@pytest.fixture
def place() -> Iterator[Path]:
    with workspace(f"test-{secrets.token_hex(4)}") as folder:
        yield folder


@pytest.fixture
def whole_chain() -> None:
    try:
        nginx.find()
        backend.find()
    except MissingComponent as missing:
        pytest.skip(missing.reason)


# Prepared statements.


def test_the_sixth_execution_locks_the_tree(place: Path) -> None:
    events: list[Event] = []
    only = replace(
        CLAIM,
        experiments=(PREPARED,),
        hypotheses=tuple(h for h in CLAIM.hypotheses if h.experiment == "prepared"),
    )
    run = Run(
        claim=only,
        depth=Depth.STUDY,
        seed=3,
        budget=Budget(None),
        open_bench=open_bench,
        workspace=place,
        emit=events.append,
    )
    result = run.conduct({})
    assert {h.verdict for h in result.hypotheses} == {Verdict.SUPPORTED}
    trials = [event.trial for event in events if isinstance(event, TrialFinished)]
    assert len(trials) == 3 * 8
    for trial in trials:
        seen = trial.observation.values
        execution = int(trial.arm.removeprefix("execution-"))
        assert seen["auto"] == (303 if execution == 6 else 6)
        # planned once for any key, then executed: the parent, and every partition
        assert seen["generic"] == (303 if execution == 1 else 101)
        assert seen["custom"] == 6


def test_without_partitions_the_sixth_execution_is_like_the_others(place: Path) -> None:
    """The cause is switched off: the same statement on one table."""
    arms = tuple(
        replace(arm, settings={**arm.settings, "partitioned": False})
        for arm in PREPARED.arms
        if arm.name in ("execution-5", "execution-6")
    )
    plan = PREPARED.plans[Depth.STUDY]
    asked = BenchSettings(plan=plan, arms=arms, seed=1, workspace=place, announce=lambda e: None)
    with open_bench(PREPARED, asked) as bench:
        fifth, sixth = (bench.trial(arm).values["auto"] for arm in arms)
    assert fifth == sixth == 3


# The cascade.

SHORT: dict[str, Setting] = {
    "capacity_ms": 900,
    "calm_ms": 300,
    "burst_ms": 1_500,
    "after_ms": 200,
}


def cascade(place: Path, *names: str, **changed: Setting) -> BenchSettings:
    plan = CASCADE.plans[Depth.STUDY]
    plan = replace(plan, settings={**plan.settings, **SHORT, **changed})
    arms = tuple(CASCADE.arm(name) for name in names)
    return BenchSettings(plan=plan, arms=arms, seed=5, workspace=place, announce=lambda e: None)


def test_who_leaves_out_the_key_fails_in_the_burst(place: Path, whole_chain: None) -> None:
    names = ("unkeyed", "unpartitioned", "keyed", "mixed", "fail-fast")
    announced: list[ServerReady] = []
    asked = cascade(place, *names)
    asked = BenchSettings(
        plan=asked.plan, arms=asked.arms, seed=5, workspace=place, announce=announced.append
    )
    with open_bench(CASCADE, asked) as bench:
        assert {"backend", "proxy", "capacity", "load"} <= set(bench.environment)
        bench.block(1)
        seen = {name: bench.trial(CASCADE.arm(name)).values for name in names}
        for _ in range(3):  # a short burst does not reach the victims each time
            if seen["mixed"]["victims_failed"] == 0:
                seen["mixed"] = bench.trial(CASCADE.arm("mixed")).values
    assert seen["unkeyed"]["burst_failed"] >= 0.05
    assert seen["mixed"]["victims_failed"] > 0
    for name in ("unpartitioned", "keyed"):
        assert seen[name]["burst_failed"] < seen["unkeyed"]["burst_failed"]
    assert seen["fail-fast"]["prompt"] > seen["unkeyed"]["prompt"]
    for values in seen.values():
        assert values["unanswered"] == values["not_sent"] == 0
        assert 0 <= values["completed"] <= 1
        total = values["status_500"] + values["status_502"] + values["status_504"]
        assert (total > 0) == (values["completed"] < 1)
    said = [event.server for event in announced]
    assert [s.split()[0] for s in said] == ["PostgreSQL", "uvicorn", "uvicorn", "nginx"]


def test_the_database_leaves_room_for_all_else(place: Path) -> None:
    with postgres.running(postgres.find(18), place) as server:
        hold_back(server)
        with server.connect() as session:
            backend_of_it = psutil.Process(session.info.backend_pid)
            assert backend_of_it.nice() == 10
            if sys.platform == "linux":
                assert len(backend_of_it.cpu_affinity()) <= 2


def test_a_lost_backend_is_said(place: Path, whole_chain: None) -> None:
    with open_bench(CASCADE, cascade(place, "unkeyed", burst_ms=200, calm_ms=200)) as bench:
        bench.block(1)
        # the newest process that works in the backend's folder is the backend itself
        (found,) = liveness.inhabitants(place / "slots16")
        os.kill(found.pid, signal.SIGKILL)
        with pytest.raises(ServerFailed, match="backend slots16 stopped unexpectedly"):
            bench.trial(CASCADE.arm("unkeyed"))


@pytest.mark.parametrize(
    ("room", "missing"),
    [
        (nginx, MissingComponent("nginx is not on this machine", "apt-get install nginx")),
        (backend, MissingComponent("the Python package asyncpg is missing", backend.INSTALL)),
    ],
)
def test_without_proxy_or_backend_only_the_cascade_is_unavailable(
    room, missing: MissingComponent, monkeypatch, place: Path
) -> None:
    def nothing() -> None:
        raise missing

    for each in (nginx, backend):
        monkeypatch.setattr(each, "find", nothing if each is room else lambda: None)
    with pytest.raises(Unavailable, match=r"asyncpg|nginx") as told:
        open_bench(CASCADE, cascade(place, "unkeyed")).__enter__()
    assert (told.value.reason, told.value.install) == (missing.reason, missing.install)
    assert liveness.inhabitants(place) == ()
