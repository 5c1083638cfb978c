"""The claim as a value: it is consistent, its arms mean what they say, its sums are right."""

import itertools
import subprocess
import sys

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.claims.partition_locks import load as loads
from earwitness.claims.partition_locks import waits
from earwitness.claims.partition_locks.claim import CLAIM
from earwitness.claims.partition_locks.experiment import open_bench
from earwitness.claims.partition_locks.load_design import WHERE_TIME_GOES
from earwitness.claims.partition_locks.schema import Orders
from earwitness.claims.partition_locks.target import target
from earwitness.experiment import gates
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.consistency import problems
from earwitness.experiment.design import Arm, Claim, Depth, Difference, Ratio
from earwitness.servers import postgres
from earwitness.servers.pgbench import Load


def test_the_claim_is_consistent() -> None:
    assert problems(CLAIM) == ()


def test_the_claim_survives_its_record() -> None:
    assert msgspec.json.decode(msgspec.json.encode(CLAIM), type=Claim) == CLAIM


def test_the_claim_can_be_read_without_a_database_driver() -> None:
    code = (
        "import sys, earwitness.claims.partition_locks.claim;"
        "print([m for m in sys.modules if m.split('.')[0] in ('psycopg', 'numpy')"
        " or m.startswith('earwitness.servers')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_experiment_has_a_bench(tmp_path) -> None:
    for experiment in CLAIM.experiments:
        plan = experiment.plan_at(Depth.FULL)
        settings = BenchSettings(
            plan=plan, arms=experiment.arms, seed=1, workspace=tmp_path, announce=print
        )
        assert hasattr(open_bench(experiment, settings), "__enter__")


def test_a_missing_server_makes_it_unavailable(monkeypatch, tmp_path) -> None:
    def nothing(major: int) -> postgres.Binaries:
        raise postgres.MissingComponent(f"PostgreSQL {major} is not on this machine", "get it")

    monkeypatch.setattr(postgres, "find", nothing)
    for experiment in CLAIM.experiments:
        plan = experiment.plan_at(Depth.FULL)
        settings = BenchSettings(
            plan=plan, arms=experiment.arms, seed=1, workspace=tmp_path, announce=print
        )
        with pytest.raises(Unavailable, match="is not on this machine") as missing:
            open_bench(experiment, settings).__enter__()
        assert missing.value.install == "get it"


@pytest.mark.parametrize("hypothesis", CLAIM.hypotheses, ids=lambda h: h.id)
def test_compared_arms_differ_in_one_setting(hypothesis) -> None:
    contrast = hypothesis.contrast
    if not isinstance(contrast, Ratio | Difference):
        return
    experiment = CLAIM.experiment(hypothesis.experiment)
    one, other = (experiment.arm(name).settings for name in (contrast.arm, contrast.reference))
    assert sum(one.get(key) != other.get(key) for key in {*one, *other}) == 1


def test_the_twin_is_identical() -> None:
    slots = CLAIM.experiment("slots")
    twins = (slots.arm("slots-1024"), slots.arm("slots-1024-again"))
    assert twins[0].settings == twins[1].settings


@pytest.mark.parametrize("id", ["slots", "grid"])
def test_the_shared_table_has_room_for_all_clients(id: str) -> None:
    """Else the arm with 16 slots would measure errors, not waits."""
    experiment = CLAIM.experiment(id)
    for plan in experiment.plans.values():
        holdings = 2 * 16 * int(plan.settings["max_connections"])
        for arm in experiment.arms:
            tree = {"partitions": 100, "indexes": 2, **plan.settings, **arm.settings}
            locks = (int(tree["partitions"]) + 1) * (int(tree["indexes"]) + 1)
            assert holdings > int(tree["clients"]) * locks, arm.name


def test_each_step_of_where_time_goes_changes_one_setting() -> None:
    steps = [CLAIM.experiment("slots").arm(name).settings for name in WHERE_TIME_GOES]
    changed = [
        {key for key in {*one, *other} if one.get(key) != other.get(key)}
        for one, other in itertools.pairwise(steps)
    ]
    assert changed == [{"partitioned"}, {"plan"}, {"max_locks_per_transaction"}]


def test_versions_are_compared_under_the_same_setting() -> None:
    arms = {arm.name: arm.settings for arm in CLAIM.experiment("upgrade").arms}
    assert arms["pg16"] == {**arms["pg18"], "major": 16} == arms["pg16-again"]


def test_a_keyed_arm_names_a_day_of_its_partition() -> None:
    arm = Arm(name="k", title="k", settings={"partitions": 10, "indexes": 2, "query": "keyed"})
    chosen = target(arm, rows=100)
    assert chosen.server == (18, None)
    assert chosen.sql.endswith("created_at = date '2023-01-01' + 5")
    assert chosen.orders.partition(chosen.day) == "orders_10_2_d5"


def test_an_unknown_query_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no query 'half'"):
        target(
            Arm(name="x", title="x", settings={"partitions": 1, "indexes": 0, "query": "half"}), 1
        )


@pytest.mark.parametrize("wrong", [{"name": "a b"}, {"indexes": 9}, {"days": 0}])
def test_impossible_tables_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"name|indexes|days"):
        Orders(**{"name": "t", "days": 1, "indexes": 0, "rows": 1, **wrong})


def test_only_the_partitioning_differs() -> None:
    parts, flat = (
        Orders(name="t", days=3, indexes=2, rows=9, partitioned=partitioned)
        for partitioned in (True, False)
    )
    added = parts.creation(1).replace(" partition by range (created_at)", "")
    block = added[added.index("\ndo $$") : added.index("insert into")]
    assert added.replace(block.removesuffix("\n"), "") == flat.creation(1)


@given(st.lists(st.tuples(st.integers(0, 64), st.integers(0, 64)), min_size=1, max_size=50))
def test_the_share_is_of_all_sessions_seen(seen: list[tuple[int, int]]) -> None:
    samples = [
        waits.Sample(at=100 + place / 10, active=max(pair), lock_manager=min(pair))
        for place, pair in enumerate(seen)
    ]
    found = waits.summary(samples, since=100, until=110)
    assert found.hz == pytest.approx(len(seen) / 10)
    active = sum(map(max, seen))
    if active == 0:
        assert found.lock_manager_share is None
    else:
        assert found.lock_manager_share == pytest.approx(sum(map(min, seen)) / active)


def test_samples_outside_the_window_do_not_count() -> None:
    samples = [waits.Sample(at=at, active=10, lock_manager=at % 2 * 10) for at in (1, 2, 3, 4)]
    assert waits.summary(samples, since=1.5, until=2.5) == waits.Waits(
        hz=1.0, lock_manager_share=0.0
    )
    with pytest.raises(ValueError, match="no length"):
        waits.summary(samples, since=2, until=2)


def two_clients(finished: list[tuple[int, float]]) -> Load:
    """Transactions of two clients, each 100 ms long, finished so long after 1000."""
    return Load(
        clients=2,
        began_at=1000.0,
        ended_at=1000.0 + finished[-1][1],
        client=np.array([client for client, _ in finished]),
        finished_at=np.array([1000.0 + at for _, at in finished]),
        latencies_ms=np.full(len(finished), 100.0),
        lags_ms=None,
        messages={},
        version="18",
    )


def test_measuring_begins_when_the_slowest_client_is_warm() -> None:
    steady = [(client, at / 10) for at in range(1, 51) for client in (0, 1)]
    late = [(client, at) for client, at in steady if client == 0 or at > 2]
    samples = [waits.Sample(at=1000 + at / 20, active=2, lock_manager=1) for at in range(101)]
    soon = loads.measured(two_clients(steady), samples, warm_seconds=1)
    assert soon["warm_transactions"] == 10
    assert soon["measured_seconds"] == pytest.approx(4)
    assert soon["lock_manager_share"] == 0.5
    assert soon["sampler_hz"] == pytest.approx(20, rel=0.05)
    assert soon["tps"] == pytest.approx(20)
    assert soon["p99_ms"] == 100
    assert soon["errors"] == 0
    later = loads.measured(two_clients(late), samples, warm_seconds=1)
    assert later["warm_transactions"] == 3
    assert later["measured_seconds"] == pytest.approx(5 - 2.3)


def test_a_client_that_never_got_warm_is_reported() -> None:
    load = two_clients([(0, at / 10) for at in range(1, 51)])
    assert loads.measured(load, [], warm_seconds=1)["warm_transactions"] == 0


def test_a_load_that_was_warm_too_late_is_run_again_and_longer() -> None:
    late = {"warm_transactions": 3.0, "measured_seconds": 0.8, "errors": 0.0}
    never = {"warm_transactions": 1.0, "measured_seconds": 2.0, "errors": 0.0}
    enough = {"warm_transactions": 3.0, "measured_seconds": 1.0, "errors": 0.0}
    failing = {"warm_transactions": 0.0, "measured_seconds": 2.0, "errors": 7.0}
    tried = iter([late, never, enough, late])
    assert loads.warm_in_time(tried) is enough
    assert list(tried) == [late], "what counts already is not tried again"
    assert loads.warm_in_time([late, never]) is never, "the gate says that it was not warm"
    assert loads.warm_in_time(iter([failing, enough])) is failing, "errors are kept"


def test_waits_are_sampled_often_enough_wherever_a_verdict_stands_on_them() -> None:
    for hypothesis in CLAIM.hypotheses:
        experiment = next(e for e in CLAIM.experiments if e.id == hypothesis.experiment)
        if hypothesis.contrast.metric == "lock_manager_share":
            guarding = [g.metric for g in experiment.gates if gates.guards(g, hypothesis)]
            assert {"sampler_hz", "measured_seconds", "warm_transactions"} <= {*guarding}
