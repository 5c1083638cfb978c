"""From raw observations to verdicts.

Pure and repeatable: the same design and the same trials always give the same result, so a stored
run can be judged again. The runner calls it at every look, ``runs replay`` years later.
"""

import math
import statistics as descriptive
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from earwitness.experiment import contrast as contrasts
from earwitness.experiment import gates, statistics, verdict
from earwitness.experiment.contrast import Blocks, Unusable
from earwitness.experiment.design import (
    Claim,
    Criterion,
    Depth,
    Experiment,
    Fixed,
    Hypothesis,
    Inference,
    Plan,
    Ratio,
    Role,
    Share,
    Within,
)
from earwitness.experiment.observation import Trial
from earwitness.experiment.verdict import ClaimResult, Dissent, HypothesisResult, Verdict

LEAST_EXACT_BLOCKS = 3
"""An exact outcome speaks from three agreeing blocks on."""


def judge(
    claim: Claim, depth: Depth, trials: Iterable[Trial], unavailable: Mapping[str, str]
) -> ClaimResult:
    """The verdicts of a claim from all its trials.

    ``unavailable`` names experiments whose bench could not be opened, with the reason.
    """
    trials = tuple(trials)
    places = {hypothesis.id: place for place, hypothesis in enumerate(claim.hypotheses)}
    results = (
        result
        for experiment in claim.experiments
        if experiment.plan_at(depth)
        for result in judge_experiment(
            claim, experiment, depth, trials, unavailable=unavailable.get(experiment.id)
        )
    )
    headline_first = tuple(
        sorted(results, key=lambda result: (result.id != claim.headline, places[result.id]))
    )
    return ClaimResult(
        claim=claim.id,
        verdict=verdict.of_claim(r.verdict for r in headline_first if r.role is Role.CLAIM),
        headline=claim.headline,
        hypotheses=headline_first,
    )


def judge_experiment(
    claim: Claim,
    experiment: Experiment,
    depth: Depth,
    trials: Sequence[Trial],
    *,
    unavailable: str | None = None,
) -> tuple[HypothesisResult, ...]:
    """The results of one experiment's hypotheses that its plan at this depth tests."""
    plan = experiment.plan_at(depth)
    if plan is None:
        return ()
    blocks = contrasts.by_block(trials, experiment.id)
    return tuple(
        _without_bench(hypothesis, experiment, unavailable)
        if unavailable is not None
        else _judge(hypothesis, experiment, plan, blocks)
        for hypothesis in tested(claim, experiment, plan)
    )


def tested(claim: Claim, experiment: Experiment, plan: Plan) -> tuple[Hypothesis, ...]:
    """The hypotheses on this experiment whose arms the plan runs."""
    running = {arm.name for arm in experiment.arms_of(plan)}
    return tuple(
        hypothesis
        for hypothesis in claim.hypotheses
        if hypothesis.experiment == experiment.id
        and running.issuperset(contrasts.arms_of(hypothesis.contrast))
    )


def _judge(
    hypothesis: Hypothesis, experiment: Experiment, plan: Plan, blocks: Blocks
) -> HypothesisResult:
    blank = _blank(hypothesis, experiment)
    try:
        numbers = contrasts.numbers(hypothesis.contrast, blocks)
    except Unusable as problem:
        return replace(blank, reason=str(problem))
    blank = replace(blank, whole=contrasts.whole(hypothesis.contrast, experiment, blocks))
    if hypothesis.inference is Inference.EXACT:
        result = _exact(blank, numbers)
    else:
        result = _measured(blank, hypothesis, plan, list(numbers.values()))
    return _through_gates(result, hypothesis, experiment, plan, blocks)


def _exact(blank: HypothesisResult, numbers: Mapping[int, float]) -> HypothesisResult:
    dissents = tuple(
        Dissent(block=block, value=number)
        for block, number in numbers.items()
        if not verdict.meets(blank.criterion, number)
    )
    values = list(numbers.values())
    agreeing = len(values) - len(dissents)
    if dissents:
        found, reason = Verdict.REFUTED, None
    elif agreeing >= LEAST_EXACT_BLOCKS:
        found, reason = Verdict.SUPPORTED, None
    else:
        found = Verdict.INCONCLUSIVE
        reason = f"an exact outcome needs {LEAST_EXACT_BLOCKS} blocks, there are {agreeing}"
    return replace(
        blank,
        verdict=found,
        reason=reason,
        effect=descriptive.median(values) if values else None,
        interval=(min(values), max(values)) if values else (None, None),
        blocks=len(values),
        agreeing=agreeing,
        dissents=dissents,
    )


def _measured(
    blank: HypothesisResult, hypothesis: Hypothesis, plan: Plan, numbers: Sequence[float]
) -> HypothesisResult:
    if not numbers:
        return replace(blank, reason="nothing was measured")
    estimate = _estimate(hypothesis, plan, numbers)
    found = verdict.of_interval(blank.criterion, estimate.low, estimate.high)
    return replace(
        blank,
        verdict=found,
        reason="the interval reaches across the threshold"
        if found is Verdict.INCONCLUSIVE
        else None,
        effect=estimate.effect,
        interval=(_finite(estimate.low), _finite(estimate.high)),
        blocks=len(numbers),
    )


def _estimate(hypothesis: Hypothesis, plan: Plan, numbers: Sequence[float]) -> statistics.Estimate:
    """An interval that is valid at this look.

    A fixed design that was cut short gets the sequential interval: it allows any stop.
    """
    complete = isinstance(plan.design, Fixed) and len(numbers) >= plan.design.blocks
    if isinstance(hypothesis.contrast, Share):
        share = statistics.share_fixed if complete else statistics.share_sequence
        return share(int(sum(numbers)), len(numbers))
    paired = statistics.paired_fixed if complete else statistics.paired_sequence
    if not isinstance(hypothesis.contrast, Ratio):
        return paired(np.asarray(numbers, dtype=float))
    logs = paired(np.log(numbers))
    # an end that is not known yet stays unknown: exp would make zero of it
    low = math.exp(logs.low) if math.isfinite(logs.low) else -math.inf
    return statistics.Estimate(effect=math.exp(logs.effect), low=low, high=math.exp(logs.high))


def _through_gates(
    result: HypothesisResult,
    hypothesis: Hypothesis,
    experiment: Experiment,
    plan: Plan,
    blocks: Blocks,
) -> HypothesisResult:
    arms = [arm.name for arm in experiment.arms_of(plan)]
    held = tuple(
        gates.hold(gate, experiment, blocks)
        for gate in experiment.gates
        if gates.guards(gate, hypothesis) and gates.applies(gate, arms)
    )
    failed = [gate.statement for gate in held if not gate.passed]
    if not failed:
        return replace(result, gates=held)
    return replace(
        result,
        gates=held,
        verdict=Verdict.INCONCLUSIVE,
        reason="this condition did not hold: " + "; ".join(failed),
    )


def _without_bench(hypothesis: Hypothesis, experiment: Experiment, reason: str) -> HypothesisResult:
    return replace(_blank(hypothesis, experiment), verdict=Verdict.UNAVAILABLE, reason=reason)


def _blank(hypothesis: Hypothesis, experiment: Experiment) -> HypothesisResult:
    contrast = hypothesis.contrast
    return HypothesisResult(
        id=hypothesis.id,
        statement=hypothesis.statement,
        question=hypothesis.question,
        role=hypothesis.role,
        experiment=experiment.id,
        verdict=Verdict.INCONCLUSIVE,
        inference=hypothesis.inference.value,
        metric=contrast.metric,
        arm=contrast.arm,
        reference=contrasts.reference_of(contrast),
        criterion=hypothesis.criterion,
        threshold=_threshold(hypothesis.criterion),
        unit=contrasts.unit_of(contrast, experiment),
    )


def _threshold(criterion: Criterion) -> float | tuple[float, float]:
    return (criterion.low, criterion.high) if isinstance(criterion, Within) else criterion.threshold


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
