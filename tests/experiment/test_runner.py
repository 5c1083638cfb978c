import contextlib

import pytest

from earwitness.experiment import events, judgement
from earwitness.experiment.bench import Bench, Unavailable
from earwitness.experiment.budget import Budget
from earwitness.experiment.design import AtLeast, Condition, Depth, Fixed, Inference, Sequential
from earwitness.experiment.observation import Observation
from earwitness.experiment.runner import Run
from earwitness.experiment.verdict import Verdict
from tests.experiment.claims import claim, hypothesis, twin_control

COSTS = {"fast": 1.0, "slow": 3.0, "twin": 1.0}


class FakeBench(Bench):
    """Says what it is told to say, and remembers what it was asked."""

    def __init__(self, costs, clock=None, seconds=0.0):
        self.costs, self.clock, self.seconds = costs, clock, seconds
        self.tried, self.blocks, self.closed = [], [], False

    def block(self, block):
        self.blocks.append(block)

    def trial(self, arm):
        if self.clock is not None:
            self.clock.now += self.seconds
        self.tried.append(arm.name)
        return Observation(values={"cost": self.costs[arm.name], "rate": 10.0})


class FakeClock:
    now = 0.0

    def __call__(self):
        return self.now


def conduct(asked, bench, tmp_path, *, seed=1, budget=None, clock=None, seen=None):
    told = [] if seen is None else seen

    @contextlib.contextmanager
    def open_bench(experiment, settings):
        if isinstance(bench, Exception):
            raise bench
        try:
            yield bench
        finally:
            bench.closed = True

    run = Run(
        claim=asked,
        depth=Depth.PROOF,
        seed=seed,
        budget=Budget(budget),
        open_bench=open_bench,
        workspace=tmp_path,
        emit=told.append,
        clock=clock or FakeClock(),
    )
    return run.conduct({"machine": "fake"}), told


def of_kind(told, kind):
    return [event for event in told if isinstance(event, kind)]


def test_it_stops_as_soon_as_all_is_decided(tmp_path):
    bench = FakeBench(COSTS)
    result, told = conduct(claim(design=Sequential(least=3, most=50)), bench, tmp_path)
    ended = of_kind(told, events.ExperimentEnded)[0]
    assert result.verdict is Verdict.SUPPORTED
    assert ended.reason == "decided" and 3 <= ended.blocks < 15
    assert bench.closed and bench.blocks == list(range(1, ended.blocks + 1))


def test_every_block_has_every_arm_once_and_the_order_varies(tmp_path):
    bench = FakeBench(COSTS)
    conduct(claim(design=Fixed(blocks=20)), bench, tmp_path)
    blocks = [tuple(bench.tried[i : i + 3]) for i in range(0, 60, 3)]
    assert all(sorted(block) == sorted(COSTS) for block in blocks)
    assert len(set(blocks)) > 3


def test_the_same_seed_gives_the_same_order(tmp_path):
    orders = []
    for seed in (7, 7, 8):
        bench = FakeBench(COSTS)
        conduct(claim(design=Fixed(blocks=10)), bench, tmp_path, seed=seed)
        orders.append(bench.tried)
    assert orders[0] == orders[1] != orders[2]


def test_an_observation_is_told_before_what_is_concluded_from_it(tmp_path):
    _, told = conduct(claim(design=Fixed(blocks=4)), FakeBench(COSTS), tmp_path)
    for place, event in enumerate(told):
        if isinstance(event, events.Look):
            before = of_kind(told[:place], events.TrialFinished)
            assert len(before) == 3 * event.block
    assert isinstance(told[0], events.Started) and isinstance(told[-1], events.Finished)


def test_the_log_alone_gives_the_same_verdicts(tmp_path):
    asked = claim(gates=(twin_control(),))
    result, told = conduct(asked, FakeBench(COSTS), tmp_path)
    lines = [events.encode(event) for event in told]
    read = [events.decode(line) for line in lines]
    assert read == told
    trials = [event.trial for event in of_kind(read, events.TrialFinished)]
    assert judgement.judge(read[0].claim, read[0].depth, trials, {}) == result


def test_a_budget_ends_it_before_a_block_that_would_not_fit(tmp_path):
    clock = FakeClock()
    bench = FakeBench(COSTS, clock, seconds=2.0)
    result, told = conduct(claim(), bench, tmp_path, budget=20.0, clock=clock)
    ended = of_kind(told, events.ExperimentEnded)[0]
    assert (ended.blocks, ended.reason) == (3, "budget")
    assert clock.now <= 20.0
    assert result.verdict is Verdict.INCONCLUSIVE


def test_an_exact_outcome_stops_at_the_least_number_of_blocks(tmp_path):
    asked = claim(hypothesis(inference=Inference.EXACT), design=Sequential(least=3, most=50))
    _, told = conduct(asked, FakeBench(COSTS), tmp_path)
    assert of_kind(told, events.ExperimentEnded)[0].blocks == 3


def test_a_failed_condition_is_told_once_and_ends_it(tmp_path):
    gate = Condition(id="rate", statement="20 Hz", metric="rate", criterion=AtLeast(20))
    asked = claim(design=Sequential(least=3, most=50), gates=(gate,))
    result, told = conduct(asked, FakeBench(COSTS), tmp_path)
    assert len(of_kind(told, events.GateFailed)) == 1
    ended = of_kind(told, events.ExperimentEnded)[0]
    assert (ended.blocks, ended.reason) == (3, "condition failed"), "nothing was decided"
    assert result.verdict is Verdict.INCONCLUSIVE


def test_a_failed_control_may_hold_again_and_is_told_at_the_end(tmp_path):
    asked = claim(design=Sequential(least=3, most=20), gates=(twin_control(),))
    result, told = conduct(asked, FakeBench(COSTS | {"twin": 9.0}), tmp_path)
    assert of_kind(told, events.ExperimentEnded)[0].blocks == 20
    assert [event.gate.id for event in of_kind(told, events.GateFailed)] == ["aa"]
    assert result.verdict is Verdict.INCONCLUSIVE


def test_undecided_goes_on_to_the_most_blocks(tmp_path):
    asked = claim(hypothesis(criterion=AtLeast(3.0)), design=Sequential(least=3, most=9))
    bench = FakeBench(COSTS)
    noisy = iter([2.0, 4.0] * 20)
    bench.trial = lambda arm: Observation(
        values={"cost": next(noisy) if arm.name == "slow" else 1.0, "rate": 10.0}
    )
    result, told = conduct(asked, bench, tmp_path)
    assert of_kind(told, events.ExperimentEnded)[0].reason == "complete"
    assert result.verdict is Verdict.INCONCLUSIVE


def test_a_missing_bench_is_a_verdict_not_a_crash(tmp_path):
    result, told = conduct(claim(), Unavailable("no stadium", "apt install stadium"), tmp_path)
    missing = of_kind(told, events.ExperimentUnavailable)[0]
    assert (missing.reason, missing.install) == ("no stadium", "apt install stadium")
    assert result.verdict is Verdict.UNAVAILABLE


def test_a_crash_closes_the_bench_and_keeps_what_was_seen(tmp_path):
    bench = FakeBench({"fast": 1.0, "twin": 1.0})  # knows no slow arm
    told = []
    with pytest.raises(KeyError):
        conduct(claim(), bench, tmp_path, seen=told)
    assert bench.closed
    assert len(of_kind(told, events.TrialFinished)) == len(bench.tried) - 1
