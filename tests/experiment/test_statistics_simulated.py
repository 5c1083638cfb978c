"""The promises of the paired intervals, on machines that drift, remember and stumble.

Every scenario makes the readings that a machine would give at consecutive times if both arms were
the same; the trials of a block take two neighbouring times in random order, and an effect adds to
one arm. Only then are differences formed. Two counter-examples show that the simulation can
tell a bad method (a t-test repeated at every look) and a bad design (a fixed order).
"""

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import stats

from earwitness.experiment.statistics import (
    CONFIDENCE,
    paired_evidence,
    paired_fixed,
    paired_sequence_looks,
)

Floats = NDArray[np.float64]

SEED = 20_240_613
BLOCKS = 60
RUNS = 4000
ERROR = 1 - CONFIDENCE
THRESHOLD = math.log(2 / ERROR)


def margin(runs: int) -> float:
    """Three standard errors of a share near the nominal error."""
    return 3 * math.sqrt(ERROR * CONFIDENCE / runs)


def normal(rng: Generator, shape: tuple[int, int]) -> Floats:
    return rng.standard_normal(shape)


def linear_drift(rng: Generator, shape: tuple[int, int]) -> Floats:
    return rng.standard_normal(shape) + np.arange(shape[1])


def autoregressive(rng: Generator, shape: tuple[int, int]) -> Floats:
    shocks = rng.standard_normal(shape)
    readings = np.empty(shape)
    readings[:, 0] = shocks[:, 0] / math.sqrt(1 - 0.9**2)  # starts in its stationary state
    for time in range(1, shape[1]):
        readings[:, time] = 0.9 * readings[:, time - 1] + shocks[:, time]
    return readings


def student(rng: Generator, shape: tuple[int, int]) -> Floats:
    return rng.standard_t(1.5, shape)


def cauchy(rng: Generator, shape: tuple[int, int]) -> Floats:
    return rng.standard_cauchy(shape)


def log_normal(rng: Generator, shape: tuple[int, int]) -> Floats:
    return np.exp(1.5 * rng.standard_normal(shape))


def outliers(rng: Generator, shape: tuple[int, int]) -> Floats:
    return rng.standard_normal(shape) * np.where(rng.random(shape) < 0.05, 30, 1)


def growing_variance(rng: Generator, shape: tuple[int, int]) -> Floats:
    late = np.arange(shape[1]) >= shape[1] // 2
    return rng.standard_normal(shape) * np.where(late, math.sqrt(2), 1)


Process = Callable[[Generator, tuple[int, int]], Floats]
SCENARIOS: tuple[Process, ...] = (
    normal,
    linear_drift,
    autoregressive,
    student,
    cauchy,
    log_normal,
    outliers,
    growing_variance,
)
scenarios = pytest.mark.parametrize("process", SCENARIOS, ids=lambda process: process.__name__)


def differences(
    process: Process,
    runs: int = RUNS,
    blocks: int = BLOCKS,
    effect: float = 0.0,
    randomised: bool = True,
) -> Floats:
    """Arm minus reference, of shape (runs, blocks); ``effect`` is what the arm adds."""
    rng = np.random.default_rng(SEED)
    readings = process(rng, (runs, 2 * blocks)).reshape(runs, blocks, 2)
    arm_position = rng.integers(0, 2, (runs, blocks)) if randomised else np.ones((runs, blocks))
    arm_second = arm_position == 1
    arm = np.where(arm_second, readings[..., 1], readings[..., 0]) + effect
    reference = np.where(arm_second, readings[..., 0], readings[..., 1])
    return arm - reference


def rejected(sample: Floats, centre: float) -> NDArray[np.bool_]:
    """Whether the sequential interval excludes the centre, at every look."""
    return np.maximum(*paired_evidence(sample, centre)) >= THRESHOLD


def repeated_t_test(sample: Floats) -> NDArray[np.bool_]:
    """Whether a two-sided t-test at 5 % rejects 0, at every look from the second on."""
    looks = np.arange(2, sample.shape[1] + 1)
    totals = np.cumsum(sample, axis=1)[:, 1:]
    squares = np.cumsum(sample**2, axis=1)[:, 1:]
    variances = (squares - totals**2 / looks) / (looks - 1)
    statistic = np.abs(totals / looks) / np.sqrt(variances / looks)
    return statistic >= stats.t.ppf(1 - ERROR / 2, looks - 1)


@scenarios
def test_false_verdict_at_any_look(process) -> None:
    rate = rejected(differences(process), 0.0).any(axis=1).mean()
    assert rate <= ERROR + margin(RUNS)


@scenarios
def test_public_interval_covers_at_every_look(process) -> None:
    runs, effect = 300, 1.5
    covered = np.empty((runs, BLOCKS), dtype=bool)
    for run, sample in enumerate(differences(process, runs, effect=effect)):
        lower, upper = paired_sequence_looks(sample)
        covered[run] = (lower <= effect) & (effect <= upper)
    assert covered[:, [9, 19, 39, 59]].mean(axis=0).min() >= 0.93
    assert covered.all(axis=1).mean() >= CONFIDENCE - margin(runs)
    # The evidence, on which the larger simulations rest, says the same as the public interval.
    assert np.array_equal(~covered, rejected(differences(process, runs, effect=effect), effect))


@scenarios
def test_fixed_interval_covers(process) -> None:
    runs, effect = 1500, 1.5
    found = [paired_fixed(sample) for sample in differences(process, runs, 20, effect)]
    coverage = np.mean([interval.low <= effect <= interval.high for interval in found])
    assert coverage >= 0.93


def test_simulation_detects_a_repeated_t_test() -> None:
    assert repeated_t_test(differences(normal)).any(axis=1).mean() > 0.2


def test_simulation_detects_repeated_looks_at_a_fixed_interval() -> None:
    # The exact interval is for one look: acting on the first of many that excludes 0 is wrong.
    def ever_excludes_zero(sample: Floats) -> bool:
        looks = (paired_fixed(sample[:n]) for n in range(6, 41, 2))
        return any(not look.low <= 0 <= look.high for look in looks)

    rate = np.mean([ever_excludes_zero(sample) for sample in differences(normal, 400, 40)])
    assert rate > 0.1


def test_drift_misleads_without_random_order() -> None:
    runs = 500
    in_order = differences(linear_drift, runs, randomised=False)
    assert rejected(in_order, 0.0).any(axis=1).mean() > 0.5
    fixed = [paired_fixed(sample[:20]) for sample in in_order]
    assert np.mean([interval.low <= 0 <= interval.high for interval in fixed]) < 0.85


def decisions(process: Process, deviations: float) -> tuple[float, float, float]:
    """Shares decided rightly within 25 and 60 blocks, and mean blocks (60 when undecided).

    ``deviations`` is the effect in robust standard deviations of the paired differences: 1.4826
    times their median magnitude under no effect.
    """
    deviation = 1.4826 * float(np.median(np.abs(differences(process))))
    sample = differences(process, effect=deviations * deviation)
    above, _ = paired_evidence(sample, 0.0)
    hit = above >= THRESHOLD
    decided = hit.any(axis=1)
    blocks = np.where(decided, hit.argmax(axis=1) + 1, BLOCKS)
    return float(hit[:, :25].any(axis=1).mean()), float(decided.mean()), float(blocks.mean())


@pytest.mark.parametrize(
    ("process", "deviations", "within_25", "within_60", "mean_blocks"),
    [
        (normal, 0.5, 0.20, 0.65, 43),
        (normal, 1.0, 0.80, 0.98, 17),
        (normal, 1.5, 0.98, 0.99, 10),
        (normal, 5.0, 1.00, 1.00, 7),
        (autoregressive, 1.5, 0.98, 0.99, 10),
        (outliers, 1.5, 0.90, 0.97, 15),
        (outliers, 5.0, 0.97, 0.99, 9),
        (cauchy, 1.5, 0.70, 0.95, 20),
        (growing_variance, 1.5, 0.90, 0.98, 14),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_power(process, deviations, within_25, within_60, mean_blocks) -> None:
    early, decided, blocks = decisions(process, deviations)
    print(
        f"\n| {process.__name__} | {deviations} sd | decided within 25: {early:.1%} "
        f"| within 60: {decided:.1%} | mean blocks {blocks:.1f} |"
    )
    assert early >= within_25
    assert decided >= within_60
    assert blocks <= mean_blocks
