"""Conditions under which a verdict may be given, held against the observations.

Pure. A gate never changes an effect; when it fails, the hypotheses that it guards get no verdict.
"""

import math
from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace

from earwitness.experiment import contrast, statistics
from earwitness.experiment.contrast import Blocks
from earwitness.experiment.design import (
    AtLeast,
    AtMost,
    Condition,
    Control,
    Experiment,
    Gate,
    Hypothesis,
    Inference,
    Ratio,
)
from earwitness.experiment.verdict import GateResult, meets


def guards(gate: Gate, hypothesis: Hypothesis) -> bool:
    """Whether the gate stands before this hypothesis."""
    if gate.guards:
        return hypothesis.id in gate.guards
    return hypothesis.inference is Inference.INTERVAL


def applies(gate: Gate, arms: Sequence[str]) -> bool:
    """Whether the plan runs the arms that the gate looks at."""
    if isinstance(gate, Control):
        return gate.arm in arms and gate.twin in arms
    return not gate.arms or any(arm in arms for arm in gate.arms)


def hold(gate: Gate, experiment: Experiment, blocks: Blocks) -> GateResult:
    """The state of a gate after these blocks."""
    if isinstance(gate, Condition):
        return _condition(gate, experiment, blocks)
    return _control(gate, blocks)


def _condition(gate: Condition, experiment: Experiment, blocks: Blocks) -> GateResult:
    seen = [
        observation.values.get(gate.metric, math.nan)
        for observations in blocks.values()
        for arm, observation in observations.items()
        if not gate.arms or arm in gate.arms
    ]
    measured = [value for value in seen if math.isfinite(value)]
    match gate.criterion:
        case AtLeast():
            worst = min(measured, default=None)
        case AtMost():
            worst = max(measured, default=None)
        case within:
            middle = (within.low + within.high) / 2
            worst = max(measured, key=lambda value: abs(value - middle), default=None)
    return GateResult(
        id=gate.id,
        statement=gate.statement,
        passed=len(measured) == len(seen) and all(meets(gate.criterion, v) for v in measured),
        observed=worst,
        unit=experiment.metric(gate.metric).unit,
    )


def _control(gate: Control, blocks: Blocks) -> GateResult:
    result = GateResult(
        id=gate.id, kind="control", statement=gate.statement, passed=True, observed=None
    )
    twins = Ratio(metric=gate.metric, arm=gate.arm, reference=gate.twin)
    try:
        ratios = list(contrast.numbers(twins, blocks).values())
    except contrast.Unusable:
        return replace(result, passed=False)
    if not ratios:
        return result
    estimate = statistics.paired_sequence(np.log(ratios))
    return replace(
        result,
        passed=estimate.low <= 0 <= estimate.high,
        observed=math.exp(estimate.effect),
        unit=contrast.RATIO_UNIT,
    )
