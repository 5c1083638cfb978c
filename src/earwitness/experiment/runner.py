"""Carries out the experiments of a claim on the benches that it is given.

The only place where trials happen. It stores nothing and prints nothing: every fact leaves as an
event, a raw observation always before anything that is concluded from it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from earwitness.experiment import budget as budgets
from earwitness.experiment import events, judgement, schedule
from earwitness.experiment.bench import Bench, BenchSettings, OpenBench, Unavailable
from earwitness.experiment.budget import Budget
from earwitness.experiment.design import (
    Claim,
    Depth,
    Experiment,
    Fixed,
    Inference,
    Plan,
)
from earwitness.experiment.observation import Trial
from earwitness.experiment.verdict import ClaimResult, HypothesisResult, Verdict

Emit = Callable[[events.Event], None]


@dataclass
class Run:
    """A run of one claim on its way: what it was asked, and what it has seen so far."""

    claim: Claim
    depth: Depth
    seed: int
    budget: Budget
    open_bench: OpenBench
    workspace: Path
    emit: Emit
    clock: Callable[[], float] = time.monotonic
    trials: list[Trial] = field(default_factory=list)
    unavailable: dict[str, str] = field(default_factory=dict)

    def conduct(self, environment: Mapping[str, str]) -> ClaimResult:
        """Announce the design, conduct every experiment of the depth, give the verdicts."""
        began = self.clock()
        self.emit(
            events.Started(
                claim=self.claim,
                depth=self.depth,
                seed=self.seed,
                budget_seconds=self.budget.seconds,
                environment=environment,
            )
        )
        planned = [
            (experiment, plan)
            for experiment in self.claim.experiments
            if (plan := experiment.plan_at(self.depth))
        ]
        for place, (experiment, plan) in enumerate(planned):
            share = self.budget.share(self.clock() - began, len(planned) - place)
            self._experiment(experiment, plan, None if share is None else began + share)
        result = judgement.judge(self.claim, self.depth, self.trials, self.unavailable)
        self.emit(events.Finished(result=result))
        return result

    def _experiment(self, experiment: Experiment, plan: Plan, deadline: float | None) -> None:
        settings = BenchSettings(
            plan=plan,
            arms=experiment.arms_of(plan),
            seed=self.seed,
            workspace=self.workspace,
            announce=self.emit,
        )
        try:
            with self.open_bench(experiment, settings) as bench:
                self.emit(
                    events.BenchOpened(experiment=experiment.id, environment=bench.environment)
                )
                blocks, reason = self._blocks(experiment, plan, bench, deadline)
        except Unavailable as missing:
            self.unavailable[experiment.id] = missing.reason
            self.emit(
                events.ExperimentUnavailable(
                    experiment=experiment.id, reason=missing.reason, install=missing.install
                )
            )
        else:
            self._tell_failed_gates(experiment)
            self.emit(
                events.ExperimentEnded(experiment=experiment.id, blocks=blocks, reason=reason)
            )

    def _blocks(
        self, experiment: Experiment, plan: Plan, bench: Bench, deadline: float | None
    ) -> tuple[int, str]:
        """Block after block until all is decided, the plan is complete, or time is up."""
        longest = 0.0
        for block in range(1, most_blocks(plan) + 1):
            now = self.clock()
            if not budgets.fits(now, longest, deadline):
                return block - 1, "budget"
            self._block(experiment, plan, bench, block)
            longest = max(longest, self.clock() - now)
            results = judgement.judge_experiment(self.claim, experiment, self.depth, self.trials)
            self.emit(events.Look(experiment=experiment.id, block=block, hypotheses=results))
            if may_stop(plan, block, results):
                return block, "condition failed" if any(map(_waits, results)) else "decided"
        return most_blocks(plan), "complete"

    def _block(self, experiment: Experiment, plan: Plan, bench: Bench, block: int) -> None:
        bench.block(block)
        arms = experiment.arms_of(plan)
        ordered = schedule.order(arms, seed=self.seed, experiment=experiment.id, block=block)
        for position, arm in enumerate(ordered):
            began = self.clock()
            observation = bench.trial(arm)
            trial = Trial(
                experiment=experiment.id,
                block=block,
                position=position,
                arm=arm.name,
                observation=observation,
                seconds=self.clock() - began,
            )
            self.emit(events.TrialFinished(trial=trial))
            self.trials.append(trial)

    def _tell_failed_gates(self, experiment: Experiment) -> None:
        """At the end only: a control that fails at one look may hold again at a later one."""
        results = judgement.judge_experiment(self.claim, experiment, self.depth, self.trials)
        gates = {gate.id: gate for result in results for gate in result.gates}
        for gate in gates.values():
            if not gate.passed:
                self.emit(events.GateFailed(experiment=experiment.id, gate=gate))


def most_blocks(plan: Plan) -> int:
    """The greatest number of blocks that the plan allows."""
    return plan.design.blocks if isinstance(plan.design, Fixed) else plan.design.most


def may_stop(plan: Plan, block: int, results: tuple[HypothesisResult, ...]) -> bool:
    """Whether a sequential design has decided all it can decide.

    Only measured hypotheses are waited for, and of those not the ones behind a condition that
    failed: more blocks cannot open it again.
    """
    if isinstance(plan.design, Fixed) or block < plan.design.least:
        return False
    return all(_closed_for_good(result) for result in results if _waits(result))


def _waits(result: HypothesisResult) -> bool:
    """Whether it is measured and has no verdict yet."""
    return result.inference == Inference.INTERVAL and result.verdict is Verdict.INCONCLUSIVE


def _closed_for_good(result: HypothesisResult) -> bool:
    return any(gate.kind == "condition" and not gate.passed for gate in result.gates)
