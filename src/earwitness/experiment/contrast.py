"""From the trials of an experiment to one number for each block.

Pure. A block counts only when every arm that the contrast names was tried in it, so that what is
compared was measured side by side.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence

from earwitness.experiment.design import Contrast, Difference, Experiment, Ratio, Share, Value
from earwitness.experiment.observation import Observation, Trial

RATIO_UNIT = "x"
SHARE_UNIT = "share"
"""A share of one, which people say in percent."""
PERCENT_UNIT = "%"
POINTS_UNIT = "points"
"""Of a difference between percentages, which is no percentage itself."""
SHARE_POINTS_UNIT = "share points"
"""The same between shares of one, which people say in points as well."""
ANSWER_UNIT = "yes or no"
"""Of a question that one trial answers: 1 is yes, 0 is no."""

_DIFFERENCES = {PERCENT_UNIT: POINTS_UNIT, SHARE_UNIT: SHARE_POINTS_UNIT}

Blocks = Mapping[int, Mapping[str, Observation]]
"""Observations by block and arm."""


class Unusable(Exception):
    """The observations cannot be contrasted; the message says which and why."""


def by_block(trials: Iterable[Trial], experiment: str) -> Blocks:
    """The trials of one experiment, sorted into their blocks."""
    blocks: dict[int, dict[str, Observation]] = {}
    for trial in trials:
        if trial.experiment == experiment:
            blocks.setdefault(trial.block, {})[trial.arm] = trial.observation
    return dict(sorted(blocks.items()))


def arms_of(contrast: Contrast) -> tuple[str, ...]:
    """The arms that must have been tried."""
    if isinstance(contrast, Ratio | Difference):
        return (contrast.arm, contrast.reference)
    return (contrast.arm,)


def reference_of(contrast: Contrast) -> str | None:
    """The arm that the effect is relative to, where there is one."""
    return contrast.reference if isinstance(contrast, Ratio | Difference) else None


def unit_of(contrast: Contrast, experiment: Experiment) -> str:
    """The unit of the effect."""
    if isinstance(contrast, Ratio):
        return RATIO_UNIT
    if isinstance(contrast, Share):
        return SHARE_UNIT
    unit = experiment.metric(contrast.metric).unit
    return _DIFFERENCES.get(unit, unit) if isinstance(contrast, Difference) else unit


def numbers(contrast: Contrast, blocks: Blocks) -> dict[int, float]:
    """The contrast of every complete block, by block. Raises Unusable."""
    arms = arms_of(contrast)
    complete = {
        block: [observations[arm] for arm in arms]
        for block, observations in blocks.items()
        if all(arm in observations for arm in arms)
    }
    return {block: _number(contrast, block, seen) for block, seen in complete.items()}


def whole(contrast: Contrast, experiment: Experiment, blocks: Blocks) -> float | None:
    """What the effect is a part of, as its metric says; None where it is a part of nothing."""
    if isinstance(contrast, Ratio | Share):
        return None
    of = experiment.metric(contrast.metric).of
    seen = [
        observations[contrast.arm].values[of]
        for observations in blocks.values()
        if contrast.arm in observations and of in observations[contrast.arm].values
    ]
    return statistics.median(seen) if seen else None


def _number(contrast: Contrast, block: int, observations: Sequence[Observation]) -> float:
    if isinstance(contrast, Share):
        return float(observations[0].outcomes.get(contrast.metric) == contrast.equals)
    values = [_value(seen, contrast.metric, block) for seen in observations]
    match contrast:
        case Value():
            return values[0]
        case Difference():
            return values[0] - values[1]
        case Ratio():
            if min(values) <= 0:
                raise Unusable(
                    f"a ratio needs numbers above zero, and {contrast.metric} is "
                    f"{values[0]:g} against {values[1]:g} in block {block}"
                )
            return values[0] / values[1]


def _value(observation: Observation, metric: str, block: int) -> float:
    value = observation.values.get(metric)
    if value is None or not math.isfinite(value):
        raise Unusable(f"{metric} was not measured in block {block}")
    return float(value)
