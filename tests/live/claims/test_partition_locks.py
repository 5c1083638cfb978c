"""The claim on real servers: what is predicted is counted, and without its cause nothing is seen.

No threshold here is a time: locks, sessions and outcomes only.
"""

import dataclasses
import os
import secrets
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from earwitness.claims.partition_locks import catalog, locking, observed, waits
from earwitness.claims.partition_locks.claim import CLAIM
from earwitness.claims.partition_locks.experiment import open_bench
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Claim, Depth, Fixed, Inference, Setting
from earwitness.experiment.events import ServerReady
from earwitness.experiment.verdict import Verdict
from earwitness.servers import postgres
from earwitness.servers.postgres import Postgres
from earwitness.servers.workspace import workspace
from tests.live.claims.conducting import conduct, observations
from tests.live.conftest import binaries_of

pytestmark = pytest.mark.live


@pytest.fixture
def place() -> Iterator[Path]:
    with workspace(f"test-{secrets.token_hex(4)}") as folder:
        yield folder


# Predicted and counted.

SERVERS = [
    *((major, 64) for major in (14, 15, 16, 17)),
    *((18, limit) for limit in (10, 64, 100, 200, 1024)),
]


@pytest.fixture(scope="module", params=SERVERS, ids=lambda chosen: "pg{}-limit{}".format(*chosen))
def server(request: pytest.FixtureRequest, fetch_postgres: ModuleType) -> Iterator[Postgres]:
    major, limit = request.param
    with ExitStack() as stack:
        folder = stack.enter_context(workspace(f"test-{secrets.token_hex(4)}"))
        configured = {"max_locks_per_transaction": limit, "max_connections": 40}
        binaries = binaries_of(major, fetch_postgres)
        yield stack.enter_context(postgres.running(binaries, folder, settings=configured))


@dataclass(frozen=True)
class Tree:
    """Days as partitions; every ``split``-th of them has two partitions of its own."""

    days: int
    indexes: int
    split: int
    on_leaves: int
    """Indexes that only the first partition has."""
    between: int
    """Other tables made after each partition: they move the OIDs, and so the groups of slots."""

    def creation(self) -> str:
        columns = ("id", "v", "w", "x")
        made = ["create table t (id int, v int, w int, x int, day int) partition by range (day);"]
        made += [f"create index on t ({column});" for column in columns[: self.indexes]]
        for day in range(self.days):
            split = day % self.split == self.split - 1
            below = " partition by hash (id)" if split else ""
            bounds = f"for values from ({day}) to ({day + 1})"
            made.append(f"create table d{day} partition of t {bounds}{below};")
            if split:
                made += [
                    f"create table d{day}_{part} partition of d{day} "
                    f"for values with (modulus 2, remainder {part});"
                    for part in (0, 1)
                ]
            made += [f"create table other_{day}_{n} (a int);" for n in range(self.between)]
        made += [f"create index on d0 ({column}, day);" for column in columns[: self.on_leaves]]
        return "".join(made)


trees = st.builds(
    Tree,
    days=st.integers(1, 45),
    indexes=st.integers(0, 4),
    split=st.integers(1, 6),
    on_leaves=st.integers(0, 3),
    between=st.integers(0, 3),
)


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(tree=trees)
def test_the_catalog_predicts_what_pg_locks_shows(server: Postgres, tree: Tree) -> None:
    with server.connect() as reader, server.connect() as session:
        reader.execute("drop schema public cascade; create schema public")
        reader.execute(tree.creation().encode())
        limits = catalog.lock_settings(reader)
        whole = locking.predict(catalog.tree(reader, "t"), limits)
        assert observed.locks_held_after(session, "select sum(v) from t where w = 1") == whole
        one = locking.predict(catalog.tree(reader, "d0"), limits)
        assert observed.locks_held_after(session, "select sum(v) from d0 where w = 1") == one
        last = tree.days - 1
        if last % tree.split != tree.split - 1:  # else the key leaves two partitions
            path = locking.predict(catalog.path(reader, f"d{last}"), limits)
            query = f"select sum(v) from t where w = 1 and day = {last}"
            assert observed.locks_held_after(session, query) == path


def test_the_settings_that_decide_are_read(server: Postgres) -> None:
    with server.connect() as reader:
        limits = catalog.lock_settings(reader)
    assert limits.major == server.binaries.major
    assert limits.max_locks_per_transaction == int(server.settings["max_locks_per_transaction"])
    assert limits.max_backends > int(server.settings["max_connections"])


def test_a_table_that_is_not_there_is_said(server: Postgres) -> None:
    with server.connect() as reader, pytest.raises(psycopg.errors.UndefinedTable):
        catalog.tree(reader, "nowhere")


# The proof.


def only(experiment: str, claim: Claim = CLAIM) -> Claim:
    """The claim with one experiment left."""
    return replace(
        claim,
        experiments=(claim.experiment(experiment),),
        hypotheses=tuple(h for h in claim.hypotheses if h.experiment == experiment),
        charts=(),
    )


def test_the_proof_supports_the_claim(place: Path) -> None:
    result, events = conduct(CLAIM, place)
    assert {h.id: h.verdict for h in result.hypotheses} == {
        h.id: Verdict.SUPPORTED for h in result.hypotheses
    }
    assert result.verdict is Verdict.SUPPORTED
    for seen in observations(events, "unkeyed", "locks"):
        assert seen.values["locks"] == 101 * 3
        assert seen.values["shared_table"] >= 303 - 64
    for seen in observations(events, "keyed", "locks"):
        assert (seen.values["locks"], seen.values["shared_table"]) == (6, 0)
    ready = [event for event in events if isinstance(event, ServerReady)]
    assert [event.experiment for event in ready] == ["locks", "exhaustion"]


def test_one_table_instead_of_partitions_refutes_it(place: Path) -> None:
    """The cause is switched off in the arm that the claim is about: same query, same rows."""
    result, _ = conduct(with_setting("locks", "unkeyed", "partitioned", False), place)
    headline = result.hypothesis("locks")
    assert headline is not None
    assert headline.verdict is Verdict.REFUTED
    assert headline.effect == 3 / 6
    spills = result.hypothesis("spills")
    assert spills is not None
    assert spills.verdict is Verdict.REFUTED


def test_enough_slots_exhaust_nothing(place: Path) -> None:
    """The same sessions and locks, but none of them in the shared table."""
    experiment = CLAIM.experiment("exhaustion")
    plan = experiment.plans[Depth.PROOF]
    wide = replace(plan, settings={**plan.settings, "max_locks_per_transaction": 1024})
    changed = replace(experiment, plans={Depth.PROOF: wide})
    result, events = conduct(only("exhaustion", replace(CLAIM, experiments=(changed,))), place)
    exhausts = result.hypothesis("exhausts")
    assert exhausts is not None
    assert exhausts.verdict is Verdict.REFUTED
    for seen in observations(events, "unkeyed", "exhaustion"):
        assert seen.outcomes["failure"] == "none"
        assert seen.values["sessions"] == 37


@pytest.mark.parametrize("experiment", ["versions", "indexes", "sweep"])
def test_the_counting_experiments_of_the_study(experiment: str, place: Path) -> None:
    result, events = conduct(only(experiment), place, depth=Depth.STUDY)
    counted = [h for h in result.hypotheses if h.inference == Inference.EXACT]
    assert {h.verdict for h in counted} == {Verdict.SUPPORTED}
    for arm in CLAIM.experiment(experiment).arms:
        for seen in observations(events, arm.name, experiment):
            assert seen.values["mispredicted"] == 0


def with_setting(experiment: str, arm: str, name: str, value: Setting) -> Claim:
    """The claim with only that experiment, and one setting of one arm changed."""
    design = CLAIM.experiment(experiment)
    arms = tuple(
        replace(a, settings={**a.settings, name: value}) if a.name == arm else a
        for a in design.arms
    )
    return only(experiment, replace(CLAIM, experiments=(replace(design, arms=arms),)))


# The load, and what can go wrong.


def bench_settings(experiment: str, place: Path, **changed: Setting) -> BenchSettings:
    design = CLAIM.experiment(experiment)
    plan = design.plan_at(Depth.STUDY)
    assert plan is not None
    plan = replace(plan, design=Fixed(blocks=3), settings={**plan.settings, **changed})
    return BenchSettings(
        plan=plan, arms=design.arms, seed=1, workspace=place, announce=lambda event: None
    )


def test_a_short_load_measures_everything(place: Path) -> None:
    experiment = CLAIM.experiment("slots")
    asked = bench_settings("slots", place, clients=8, seconds=2, warm_seconds=0)
    with open_bench(experiment, asked) as bench:
        assert len(bench.environment) == 2
        bench.block(1)
        seen = {arm.name: bench.trial(arm).values for arm in experiment.arms}
    names = {metric.name for metric in experiment.metrics}
    for values in seen.values():
        # where queries are this short, no sample may have met an active session
        assert set(values) | {"lock_manager_share"} == names
        assert values["errors"] == 0
        assert values["tps"] > 0
        assert 0 <= values.get("lock_manager_share", 0) <= 1
        assert values["p50_ms"] <= values["p99_ms"]
    assert seen["slots-16"]["shared_table"] == 303 - 16
    assert seen["slots-1024"]["shared_table"] == seen["keyed"]["shared_table"] == 0
    assert "lock_manager_share" in seen["slots-16"]


def test_a_kept_plan_locks_partitions_and_no_indexes(place: Path) -> None:
    """It was made once, and indexes that it does not use were opened only for that."""
    experiment = CLAIM.experiment("slots")
    kept = experiment.arm("kept-plan")
    few = replace(kept, settings={**kept.settings, "max_locks_per_transaction": 16})
    asked = bench_settings("slots", place, clients=2, seconds=2, warm_seconds=0)
    with open_bench(experiment, replace_arms(asked, few)) as bench:
        seen = bench.trial(few).values
    assert seen["shared_table"] == 101 - 16
    assert seen["errors"] == 0


def test_an_arm_of_the_grid_has_as_many_clients_as_it_says(place: Path) -> None:
    experiment = CLAIM.experiment("grid")
    arm = experiment.arm("p10-i0-c8-s16")
    asked = bench_settings("grid", place, seconds=2, warm_seconds=0)
    with open_bench(experiment, replace_arms(asked, arm)) as bench:
        seen = bench.trial(arm).values
    assert seen["shared_table"] == 0  # 11 locks
    assert seen["warm_transactions"] > 0  # of each of the 8


def test_locking_alone_takes_every_table_of_the_tree(place: Path) -> None:
    experiment = CLAIM.experiment("sweep")
    arm = experiment.arm("p30")
    with open_bench(experiment, replace_arms(bench_settings("sweep", place), arm)) as bench:
        seen = bench.trial(arm).values
        assert min(seen[name] for name in ("planning_ms", "execution_ms", "locking_ms")) > 0
        with next(iter(bench._clusters.values())).server.connect() as session:
            lock = "lock table orders_30_2 in access share mode"
            assert observed.locks_held_after(session, lock).locks == 31


def replace_arms(asked: BenchSettings, *arms: Arm) -> BenchSettings:
    return dataclasses.replace(asked, arms=arms)


def test_a_lost_server_is_said(place: Path) -> None:
    experiment = CLAIM.experiment("locks")
    with open_bench(experiment, bench_settings("locks", place)) as bench:
        bench.trial(experiment.arms[0])
        pid = int((place / "locks-pg18" / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
        with pytest.raises(postgres.ServerFailed, match=r"PostgreSQL 18\.\d+ "):
            for _ in range(100):
                bench.trial(experiment.arms[0])


def test_a_sampler_that_lost_its_session_does_not_go_unseen(place: Path) -> None:
    with (
        postgres.running(postgres.find(18), place) as server,
        server.connect() as other,
        pytest.raises(psycopg.errors.AdminShutdown),
        waits.sampling(server.connect),
    ):
        other.execute(
            "select pg_terminate_backend(pid, 10000) from pg_stat_activity "
            "where backend_type = 'client backend' and pid <> pg_backend_pid()"
        )
        deadline = time.monotonic() + 20
        while "wait sampler" in {thread.name for thread in threading.enumerate()}:
            assert time.monotonic() < deadline
            time.sleep(0.01)
