"""Which comparison of two arms can be believed on a machine that does not hold still?

Run as ``python benchmarks/statistics_under_drift.py``; prints a Markdown table. Simulated data
only, from a fixed seed: every number can be reproduced. Four comparisons see machines that go
through the same process while 30 runs of each of two arms are made:

sequential
    ``paired_sequence`` on logarithms of ratios, one arm after the other in random order within a
    block, looked at after every block; stops when the interval excludes a ratio of 1.
fixed
    ``paired_fixed`` on the same 30 blocks, looked at once.
hyperfine
    All runs of A, then all runs of B. What hyperfine prints (``compute_relative_speeds`` in its
    src/benchmark/relative_speed.rs): the ratio of the mean times r, "plus or minus"
    ``r * sqrt((s_A / m_A)^2 + (s_B / m_B)^2)``, where s are standard deviations of single runs, not
    of means, and the covariance is taken as 0. It names a winner always and promises no
    confidence; here it decides when the printed range excludes 1.
hyperfine, Welch
    The same runs, judged by Welch's t-test at 5 % as in its scripts/welch_ttest.py; the interval
    is the one that this test implies, on logarithms so that it speaks of a ratio.

Columns: false verdicts when both arms are equal; coverage of the true ratio when one is slower, by
the interval that a user acts on (for the sequence: the one at the look where it stopped); how often
the slower arm is found, and found to be the faster; blocks needed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import stats

from earwitness.experiment.statistics import CONFIDENCE, paired_evidence, paired_fixed

Floats = NDArray[np.float64]

SEED = 7
RUNS = 1000
BLOCKS = 30
RATIO = 1.05
"""Time of the slower arm over the other, where there is an effect."""
NOISE = 0.04
"""Standard deviation of a single run, as a share of its time."""


# What a machine does to the logarithm of a time, at consecutive runs; shape (runs, time).


def steady(rng: Generator, shape: tuple[int, int]) -> Floats:
    return NOISE * rng.standard_normal(shape)


def linear_drift(rng: Generator, shape: tuple[int, int]) -> Floats:
    return steady(rng, shape) + 0.2 * np.arange(shape[1]) / shape[1]


def warming_up(rng: Generator, shape: tuple[int, int]) -> Floats:
    return steady(rng, shape) + 0.3 * np.exp(-np.arange(shape[1]) / 10)


def noisy_neighbour(rng: Generator, shape: tuple[int, int]) -> Floats:
    """Load that remembers: AR(1) with coefficient 0.9 and twice the noise of a run."""
    shocks = 2 * NOISE * rng.standard_normal(shape)
    load = np.empty(shape)
    load[:, 0] = shocks[:, 0]
    for time in range(1, shape[1]):
        load[:, time] = 0.9 * load[:, time - 1] + math.sqrt(1 - 0.9**2) * shocks[:, time]
    return steady(rng, shape) + load


def outliers(rng: Generator, shape: tuple[int, int]) -> Floats:
    return steady(rng, shape) + np.where(rng.random(shape) < 0.05, math.log(30), 0)


Process = Callable[[Generator, tuple[int, int]], Floats]
PROCESSES: tuple[Process, ...] = (steady, linear_drift, warming_up, noisy_neighbour, outliers)


@dataclass(frozen=True)
class Outcome:
    """One comparison of many repetitions, each of shape (runs,).

    ``sign`` is the verdict on the effect: 1 slower, -1 faster, 0 none; ``covered`` whether the
    interval has the true effect; ``blocks`` how many were needed.
    """

    sign: NDArray[np.int_]
    covered: NDArray[np.bool_]
    blocks: Floats


def shuffled(process: Process, effect: float, rng: Generator) -> Floats:
    """Paired differences of logarithms, arm minus reference, of shape (runs, blocks)."""
    readings = process(rng, (RUNS, 2 * BLOCKS)).reshape(RUNS, BLOCKS, 2)
    difference = readings[..., 1] - readings[..., 0]
    return effect + np.where(rng.random(difference.shape) < 0.5, 1, -1) * difference


def one_after_the_other(process: Process, effect: float, rng: Generator) -> tuple[Floats, Floats]:
    """Logarithms of the times of the reference and of the arm, each of shape (runs, blocks)."""
    readings = process(rng, (RUNS, 2 * BLOCKS))
    return readings[:, :BLOCKS], readings[:, BLOCKS:] + effect


def of_interval(low: Floats, high: Floats, effect: float) -> Outcome:
    sign = np.where(low > 0, 1, np.where(high < 0, -1, 0))
    return Outcome(sign, (low <= effect) & (effect <= high), np.full(RUNS, float(BLOCKS)))


def sequential(process: Process, effect: float, rng: Generator) -> Outcome:
    sample = shuffled(process, effect, rng)
    threshold = math.log(2 / (1 - CONFIDENCE))
    above, below = paired_evidence(sample, 0.0)
    decided = np.maximum(above, below) >= threshold
    stop = np.where(decided.any(axis=1), decided.argmax(axis=1), BLOCKS - 1)
    run = np.arange(RUNS)
    sign = np.where(above > below, 1, -1)[run, stop] * decided[run, stop]
    covered = np.maximum(*paired_evidence(sample, effect))[run, stop] < threshold
    return Outcome(sign, covered, stop + 1.0)


def fixed(process: Process, effect: float, rng: Generator) -> Outcome:
    found = [paired_fixed(sample) for sample in shuffled(process, effect, rng)]
    low, high = (
        np.array([getattr(interval, end) for interval in found]) for end in ("low", "high")
    )
    return of_interval(low, high, effect)


def hyperfine(process: Process, effect: float, rng: Generator) -> Outcome:
    reference, arm = (np.exp(logs) for logs in one_after_the_other(process, effect, rng))
    means = reference.mean(axis=1), arm.mean(axis=1)
    deviations = reference.std(axis=1, ddof=1), arm.std(axis=1, ddof=1)
    ratio = means[1] / means[0]
    spread = ratio * np.hypot(deviations[0] / means[0], deviations[1] / means[1])
    # Nothing in the formula keeps the lower end positive.
    low, high = np.maximum(ratio - spread, 1e-9), ratio + spread
    return of_interval(np.log(low), np.log(high), effect)


def welch(process: Process, effect: float, rng: Generator) -> Outcome:
    reference, arm = one_after_the_other(process, effect, rng)
    test = stats.ttest_ind(arm, reference, axis=1, equal_var=False)
    interval = test.confidence_interval(CONFIDENCE)
    return of_interval(interval.low, interval.high, effect)


METHODS = {
    "sequential": sequential,
    "fixed": fixed,
    "hyperfine": hyperfine,
    "hyperfine, Welch": welch,
}


def row(process: Process, name: str) -> str:
    """One line of the table: the same method without an effect and with one."""
    method = METHODS[name]
    equal = method(process, 0.0, np.random.default_rng(SEED))
    slower = method(process, math.log(RATIO), np.random.default_rng(SEED + 1))
    cells = (
        process.__name__.replace("_", " "),
        name,
        f"{np.mean(equal.sign != 0):.1%}",
        f"{slower.covered.mean():.1%}",
        f"{np.mean(slower.sign == 1):.1%}",
        f"{np.mean(slower.sign == -1):.1%}",
        f"{slower.blocks.mean():.1f}",
    )
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    print(
        f"{RUNS} repetitions; at most {BLOCKS} blocks; a run varies by {NOISE:.0%}, "
        f"the slower arm takes {RATIO - 1:.0%} more; error allowed: {1 - CONFIDENCE:.0%}.\n"
    )
    print(
        "| machine | comparison | false verdicts | coverage | found slower | found faster "
        "| mean blocks |"
    )
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for process in PROCESSES:
        for name in METHODS:
            print(row(process, name), flush=True)


if __name__ == "__main__":
    main()
