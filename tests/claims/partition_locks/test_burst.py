"""What is sent in a burst, and what its answers come to; nothing is started here."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from earwitness.claims.partition_locks import burst, cascade, preparing
from earwitness.claims.partition_locks.burst import Burst
from earwitness.claims.partition_locks.claim import CLAIM
from earwitness.claims.partition_locks.hypotheses import CASCADE_HYPOTHESES
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.design import Bars, Depth, Difference, HeatMap
from earwitness.servers import open_loop
from earwitness.servers.open_loop import NO_ANSWER, NOT_SENT, Answers

CASCADE = CLAIM.experiment("cascade")
SHAPE = Burst(
    calm_seconds=1,
    burst_seconds=2,
    after_seconds=3,
    settled_seconds=1,
    prompt_seconds=0.5,
    calm_rate=10,
    burst_rate=100,
)


def answers(due: list[float], status: list[int], target: list[int] | None = None) -> Answers:
    known = np.array(status)
    return Answers(
        due=np.array(due, dtype=float),
        target=np.array(target or [0] * len(due)),
        status=known,
        lateness=np.full(len(due), 0.01),
        latency=np.where(known > 0, 0.5, np.nan),
        cpu_share=0.25,
        began_at=0.0,
    )


def test_every_phase_has_its_own_share_of_failures() -> None:
    seen = answers([0.5, 1.5, 2.5, 2.9, 3.5, 4.5, 5.5], [200, 500, 200, 504, 502, 500, 200])
    values = burst.summary(seen, SHAPE, victims=0)
    assert values["calm_failed"] == 0
    assert values["burst_failed"] == pytest.approx(2 / 3)
    assert values["after_failed"] == pytest.approx(2 / 3)
    assert values["settled_failed"] == pytest.approx(1 / 2)
    assert values["completed"] == pytest.approx(3 / 7)
    assert [values[f"status_{status}"] for status in (500, 502, 504)] == [2, 1, 1]
    assert [values[f"burst_{status}"] for status in (500, 502, 504)] == [1 / 3, 0, 1 / 3]
    assert values["p99_ms"] == 500
    assert values["prompt"] == 1
    assert values["late_p99_ms"] == pytest.approx(10)
    assert "victims_failed" not in values


def test_what_was_not_answered_is_no_5xx_and_is_told() -> None:
    values = burst.summary(answers([1.5, 1.6], [NO_ANSWER, NOT_SENT]), SHAPE, victims=0)
    assert (values["unanswered"], values["not_sent"], values["burst_failed"]) == (1, 1, 0)
    assert values["prompt"] == 0
    assert "p99_ms" not in values


def test_a_burst_that_left_late_is_sent_again() -> None:
    late = {"late_p99_ms": 114.0, "not_sent": 0.0}
    lost = {"late_p99_ms": 20.0, "not_sent": 3.0}
    good = {"late_p99_ms": 20.0, "not_sent": 0.0}
    tried = iter([late, lost, good, late])
    assert burst.on_time(tried) is good
    assert list(tried) == [late], "what left on time is not sent again"
    assert burst.on_time([lost, late]) is late, "the gate says that it was late"


def test_victims_are_told_from_offenders() -> None:
    seen = answers([1.1, 1.2, 1.3, 1.4], [500, 200, 500, 500], [5, 119, 20, 99])
    values = burst.summary(seen, SHAPE, victims=0.2)
    assert values["victims_failed"] == 1 / 2
    assert values["offenders_failed"] == 1


def test_errors_by_status_victims_and_offenders_are_in_every_report() -> None:
    shown: set[str] = set()
    for chart in CLAIM.charts:
        if isinstance(chart, HeatMap) and "cascade" in chart.experiments:
            shown.update(chart.metrics)
        elif isinstance(chart, Bars) and chart.experiment == "cascade":
            shown.add(chart.metric)
    errors = {"burst_500", "burst_502", "burst_504", "victims_failed", "offenders_failed"}
    assert errors | {"burst_failed", "p99_ms"} <= shown


def test_every_metric_of_a_burst_is_declared() -> None:
    values = burst.summary(answers([1.5], [500]), SHAPE, victims=0.2)
    declared = {metric.name for metric in CASCADE.metrics}
    assert declared - set(values) == {*("burst_over_capacity", "lock_manager_share", "bursts_sent")}
    assert set(values) <= declared


def test_capacity_counts_good_answers_by_when_they_came() -> None:
    seen = answers([0.0, 0.6, 0.7, 1.6, 0.8], [200, 200, 500, 200, NOT_SENT])
    # the first comes at the begin of the window, the second in it, the fourth after it
    assert burst.capacity(seen, 0.5, 1.5) == 2


def test_all_arms_of_a_block_get_the_same_requests_and_blocks_differ() -> None:
    one, same, other = (burst.requests(SHAPE, seed=4, block=block) for block in (1, 1, 2))
    assert (one[0] == same[0]).all()
    assert (one[1] == same[1]).all()
    assert len(one[0]) == len(one[1])
    assert list(one[0]) != list(other[0])


def test_the_burst_is_too_much_and_the_calm_is_not() -> None:
    calm, peak = burst.rates(200.0, passed_on=1_000.0)
    assert calm < 200 < peak == 2 * 200


def test_the_burst_is_not_too_much_for_proxy_and_backend() -> None:
    _, peak = burst.rates(260.0, passed_on=515.0)
    assert 1.4 * 260 < peak < 515


def test_one_in_five_requests_names_the_key_where_the_arm_says_so() -> None:
    mixed, unkeyed = (cascade.route(CASCADE.arm(name), 100) for name in ("mixed", "unkeyed"))
    assert sum("-keyed?" in path for path in mixed.paths) == burst.PATHS // 5
    assert not any("-keyed?" in path for path in unkeyed.paths)
    for number, path in enumerate(mixed.paths):
        assert ("-keyed?" in path) == burst.is_victim(number, 0.2)


def test_arms_go_to_the_backend_of_their_settings() -> None:
    found = {arm.name: cascade.route(arm, 100).backend for arm in CASCADE.arms}
    assert found["slots-1024"] == "slots1024"
    assert found["time-out"] == "slots16-timeout"
    assert found["fail-fast"] == "slots16-timeout-fast"
    others = set(found) - {"slots-1024", "time-out", "fail-fast"}
    assert {found[name] for name in others} == {"slots16"}


def test_a_backend_knows_every_query_of_its_arms() -> None:
    for arm in CASCADE.arms:
        chosen = cascade.route(arm, 100)
        known = cascade.queries([chosen.target])
        for path in chosen.paths:
            name = path.split("/")[2].partition("?")[0]
            assert f"${len(known[name].parameters)}" in known[name].sql


def test_the_twin_is_identical_and_arms_differ_from_another_in_one_setting() -> None:
    base = CASCADE.arm("unkeyed").settings
    assert CASCADE.arm("unkeyed-again").settings == base
    for arm in CASCADE.arms:
        before = CASCADE.arm("time-out").settings if arm.name == "fail-fast" else base
        differing = [k for k in {*before, *arm.settings} if before.get(k) != arm.settings.get(k)]
        assert len(differing) == (0 if arm.name.startswith("unkeyed") else 1)


def test_whatever_is_compared_differs_in_one_setting() -> None:
    for hypothesis in CASCADE_HYPOTHESES:
        if isinstance(hypothesis.contrast, Difference):
            arm, other = (
                CASCADE.arm(name).settings
                for name in (hypothesis.contrast.arm, hypothesis.contrast.reference)
            )
            assert len([k for k in {*arm, *other} if arm.get(k) != other.get(k)]) == 1


def test_the_lock_table_has_room_for_the_whole_pool() -> None:
    """Else the arm with 16 slots would fail for want of shared memory, not of time."""
    settings = CASCADE.arm("unkeyed").settings
    locks = (int(settings["partitions"]) + 1) * (int(settings["indexes"]) + 1)
    for plan in CASCADE.plans.values():
        holdings = 2 * 16 * int(plan.settings["max_connections"])
        assert holdings > int(plan.settings["pool"]) * locks


def test_every_hypothesis_of_the_cascade_is_behind_its_gates() -> None:
    mine = {h.id for h in CLAIM.hypotheses if h.experiment == "cascade"}
    for gate in CASCADE.gates:
        assert set(gate.guards) <= mine
    for id in ("all-sent", "on-time", "generator-free", "calm-before", "all-answered"):
        (gate,) = (gate for gate in CASCADE.gates if gate.id == id)
        assert set(gate.guards) == mine


def test_neither_new_experiment_slows_the_proof() -> None:
    for id in ("prepared", "cascade"):
        assert CLAIM.experiment(id).plan_at(Depth.PROOF) is None


def test_a_prepared_query_has_the_key_as_parameter() -> None:
    arm = CLAIM.experiment("prepared").arm("execution-6")
    chosen = cascade.route(arm, 100).target
    assert "created_at = $2" in preparing.prepare(chosen)
    assert preparing.execute(chosen).endswith("date '2023-01-01' + 50)")


def test_a_machine_that_answers_nothing_makes_it_unavailable(monkeypatch, tmp_path) -> None:
    def nothing(folder, *, due, target, **order) -> Answers:
        return replace(
            answers([], []),
            due=due,
            target=target,
            status=np.zeros(len(due)),
            lateness=np.zeros(len(due)),
            latency=np.full(len(due), np.nan),
        )

    monkeypatch.setattr(open_loop, "run", nothing)
    proxy = SimpleNamespace(ports={"front": 1}, require_alive=lambda: None)
    chain = cascade.Chain(clusters={}, backends={}, proxy=proxy, runs_on="")
    arm = CASCADE.arm("unkeyed")
    settings = BenchSettings(
        plan=CASCADE.plans[Depth.STUDY], arms=(arm,), seed=1, workspace=tmp_path, announce=print
    )
    with pytest.raises(Unavailable, match=r"too busy: in 1.8 s of load nothing was answered"):
        cascade.CascadeBench(chain, {"unkeyed": cascade.route(arm, 100)}, settings)
