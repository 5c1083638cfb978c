"""Intervals: from the numbers of the blocks to an estimate with its ends.

Arithmetic only: arrays and counts in, ``Estimate`` out. What the numbers mean, what threshold
they are held against and when to stop asking stand in ``judgement`` and ``runner``; nothing here
knows a hypothesis, draws a random number or remembers an earlier call. Numpy is the only
dependency, so that a verdict can be computed again wherever the package can be installed.

There are two kinds. A *sequence* may be looked at after every block, and acted upon: its error
over all looks together is at most 1 - confidence. A *fixed* interval is narrower and is valid for
one look only, at a number of blocks that was settled before.

Why paired intervals hold under drift, autocorrelation and heavy tails
    The order of the arms within a block is drawn at random. If the arms differ by a constant
    ``theta``, then exchanging them turns the difference ``d - theta`` into its negative. So the
    sign of ``d - theta`` is a fair coin, independent of its magnitude and of everything in the
    blocks before, whatever process the machine went through meanwhile. All that follows uses
    this and nothing else. For ``theta = 0`` (the arms do not differ at all) randomisation alone
    guarantees it. For other values it is an assumption that the effect is a constant shift; for
    ratios: a constant factor, since they are analysed as logarithms.

The sequential paired interval
    For a bet ``b`` in [0, 1) that depends on the magnitude ``|d - theta|`` and on the blocks before,
    but not on the sign, ``1 + sign * b`` has expectation 1; the product over the blocks is a
    nonnegative martingale, and the probability that it ever reaches ``1 / alpha`` is at most
    ``alpha`` (Ville 1939). So is a mixture of such products with fixed weights (Robbins 1970).
    The bet is ``cap * tanh(slope * |d - theta| / scale)``. With ``cap`` 1 and a slope equal to the
    effect in standard deviations it is the likelihood ratio of a normal shift against its
    mirror image, and ``1 + tanh(y) = exp(y) / cosh(y)`` is the sharp form of the exponential
    martingale for symmetric variables of de la Peña (1999), who bounds ``cosh(y)`` by
    ``exp(y^2 / 2)``. A ``cap`` below 1 limits what one outlier can cost to a factor ``1 - cap``.
    One product bets on a centre above ``theta`` and one on a centre below, each at
    ``alpha / 2``; the interval is all ``theta`` that neither product rejects, as in the
    confidence sequences of Howard, Ramdas, McAuliffe and Sekhon (2021) and, for bets, of
    Waudby-Smith and Ramdas (2024). The scale does not depend on ``theta``, hence every product
    is monotone in it and the ends are found by bisection.

Sources
    C. Clopper, E. Pearson, Biometrika 26 (1934). J. Ville, Étude critique de la notion de
    collectif (1939). J. Hodges, E. Lehmann, Ann. Math. Statist. 34 (1963). H. Robbins, Ann. Math.
    Statist. 41 (1970). V. de la Peña, Ann. Probab. 27 (1999). S. Howard, A. Ramdas, J. McAuliffe,
    J. Sekhon, Ann. Statist. 49 (2021). I. Waudby-Smith, A. Ramdas, J. R. Stat. Soc. B 86 (2024).
    M. Hollander, D. Wolfe, Nonparametric Statistical Methods (1973), for the signed-rank interval.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

CONFIDENCE = 0.95
"""Probability of covering, per hypothesis; not corrected for the number of hypotheses."""

BETS = ((6, 1.0, 3.0), (4, 0.9, 1.5), (3, 0.85, 0.75), (2, 0.8, 0.35), (1, 0.6, 0.12))
"""The mixture: relative weight, cap (a share of what is at stake), slope (per unit of scale).

Chosen by simulation over normal, t(3), Cauchy and contaminated differences with effects of 0.5 to
10 standard deviations. The first bet needs six blocks where all signs agree, which no method that
uses signs alone can beat at 95 % (2^6 >= 40); the middle ones serve effects near one standard
deviation, the last ones small effects in many blocks.
"""

UNSCALED = 1.5
"""What a difference counts as, in units of scale, while no scale is known: all are alike then."""

_SATURATION = 20.0
"""tanh of this is 1 in double precision."""

_LARGEST = 1e300
"""Beyond it sums would overflow; in any unit, nothing that is measured comes near."""

_BISECTIONS = 44
"""Halvings between two neighbouring differences: 2^-44 of their distance is rounding error."""


@dataclass(frozen=True)
class Estimate:
    """A central value and its interval, in the unit of the data.

    ``low`` and ``high`` are infinite where the data do not bound the value on that side. With no
    data at all ``effect`` is NaN.
    """

    effect: float
    low: float
    high: float


def paired_sequence(differences: ArrayLike, confidence: float = CONFIDENCE) -> Estimate:
    """Interval for the centre of symmetry of paired differences, valid at every look.

    ``differences`` is 1-d, one number for each block in the order in which they were run. The
    effect is the Hodges-Lehmann estimate, moved to the nearer end where it falls outside. Both
    ends are infinite before the sixth block at 95 %. Differences equal to a candidate centre
    count neither for nor against it. ValueError for other shapes, for values that are not finite
    and for a confidence outside (0, 1).
    """
    values = _checked(differences, confidence)
    if not values.size:
        return Estimate(math.nan, -math.inf, math.inf)
    lower, upper = _sequence_ends(values, np.array([values.size]), confidence)
    low, high = float(lower[0]), float(upper[0])
    return Estimate(min(max(_hodges_lehmann(values), low), high), low, high)


def paired_sequence_looks(
    differences: ArrayLike, confidence: float = CONFIDENCE
) -> tuple[Floats, Floats]:
    """Lower and upper ends of ``paired_sequence`` after every block, each of shape (n,).

    A later interval need not lie inside an earlier one. Time and memory grow with n squared.
    """
    values = _checked(differences, confidence)
    if not values.size:
        return np.empty(0), np.empty(0)
    return _sequence_ends(values, np.arange(1, values.size + 1), confidence)


def paired_evidence(differences: ArrayLike, centre: float) -> tuple[Floats, Floats]:
    """Logarithms of the two e-processes that ``paired_sequence`` inverts, at every look.

    ``differences`` has shape (..., n): the last axis is the order of the blocks, the others are
    independent repetitions. Both results have that shape: evidence that the centre of symmetry
    lies above ``centre``, and that it lies below. ``centre`` is outside the interval at a look
    when one of them is at least ``log(2 / (1 - confidence))`` there.
    """
    values = np.asarray(differences, dtype=np.float64)
    standardised = _standardised(values - centre, _past_scale(values))
    return _log_wealth(standardised), _log_wealth(-standardised)


def paired_fixed(differences: ArrayLike, confidence: float = CONFIDENCE) -> Estimate:
    """Hodges-Lehmann estimate with the exact signed-rank interval, for one look only.

    ``differences`` is 1-d. The ends are order statistics of the Walsh averages, ranked by the
    exact null distribution of Wilcoxon's signed-rank statistic; with ties the interval is
    conservative. Both ends are infinite when there are too few differences for the confidence
    (fewer than six at 95 %). Time grows with n cubed: 300 take some 10 ms. ValueError as for
    ``paired_sequence``.
    """
    values = _checked(differences, confidence)
    if not values.size:
        return Estimate(math.nan, -math.inf, math.inf)
    effect = _hodges_lehmann(values)
    rank = _signed_rank_count(values.size, (1 - confidence) / 2)
    if rank == 0:
        return Estimate(effect, -math.inf, math.inf)
    walsh = np.sort(_walsh_averages(values))
    return Estimate(effect, float(walsh[rank - 1]), float(walsh[-rank]))


def share_sequence(successes: int, trials: int, confidence: float = CONFIDENCE) -> Estimate:
    """Interval for a proportion, valid at every look; the effect is successes over trials.

    All p whose likelihood is within a factor ``1 - confidence`` of the likelihood averaged over
    p by Jeffreys' prior Beta(1/2, 1/2): that quotient is a martingale under p (Robbins 1970).
    Valid when every trial succeeds with probability p given the ones before. Without trials: NaN
    in (0, 1). ValueError for impossible counts and for a confidence outside (0, 1).
    """
    _check_counts(successes, trials, confidence)
    if trials == 0:
        return Estimate(math.nan, 0.0, 1.0)
    share = successes / trials
    low = _mixture_low(successes, trials, confidence)
    high = 1 - _mixture_low(trials - successes, trials, confidence)
    return Estimate(share, min(low, share), max(high, share))


def share_fixed(successes: int, trials: int, confidence: float = CONFIDENCE) -> Estimate:
    """Exact interval for a proportion (Clopper and Pearson 1934), for one look only.

    The effect is successes over trials; without trials: NaN in (0, 1). Valid for independent
    trials with one probability. ValueError as for ``share_sequence``.
    """
    _check_counts(successes, trials, confidence)
    if trials == 0:
        return Estimate(math.nan, 0.0, 1.0)
    tail = (1 - confidence) / 2
    low = _binomial_low(successes, trials, tail)
    high = 1 - _binomial_low(trials - successes, trials, tail)
    return Estimate(successes / trials, low, high)


def _checked(differences: ArrayLike, confidence: float) -> Floats:
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"differences must have one dimension, not {values.ndim}")
    if not (np.abs(values) < _LARGEST).all():
        raise ValueError(f"differences must be finite and less than {_LARGEST:g}")
    _check_confidence(confidence)
    return values


def _check_counts(successes: int, trials: int, confidence: float) -> None:
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials are impossible")
    _check_confidence(confidence)


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")


# The sequential paired interval.


def _past_scale(values: Floats) -> Floats:
    """A scale for each block from the blocks before it; same shape, along the last axis.

    The (lower) median of the absolute steps between consecutive past differences: free of the
    centre, about one standard deviation for normal data (0.954), unmoved by a few outliers. Zero
    where no step is known yet or most are ties: the bet then uses the sign alone.
    """
    scale = np.zeros_like(values)
    steps = np.abs(np.diff(values, axis=-1))
    for block in range(2, values.shape[-1]):
        middle = (block - 2) // 2
        scale[..., block] = np.partition(steps[..., : block - 1], middle, axis=-1)[..., middle]
    return scale


def _standardised(shifted: Floats, scale: Floats) -> Floats:
    """Differences from a candidate centre in units of scale; where there is none, signs alone."""
    known = scale > 0
    with np.errstate(over="ignore"):
        scaled = shifted / np.where(known, scale, 1.0)
    return np.where(known, scaled, UNSCALED * np.sign(shifted))


def _log_wealth(standardised: Floats) -> Floats:
    """Log of the mixture of products that bet on positive signs, at every look (last axis)."""
    return _mixture(lambda growth: np.cumsum(growth, axis=-1), standardised)


def _final_log_wealth(standardised: Floats) -> Floats:
    """The last look of ``_log_wealth`` alone; the last axis is gone."""
    return _mixture(lambda growth: np.sum(growth, axis=-1), standardised)


def _mixture(total: Callable[[Floats], Floats], standardised: Floats) -> Floats:
    weights = sum(weight for weight, _, _ in BETS)
    logs = []
    # A bet of everything that loses leaves nothing: log 0 is what is meant.
    with np.errstate(divide="ignore"):
        for weight, cap, slope in BETS:
            growth = np.log1p(cap * np.tanh(slope * standardised))
            logs.append(math.log(weight / weights) + total(growth))
    return np.logaddexp.reduce(logs, axis=0)  # type: ignore[no-any-return]


def _sequence_ends(
    values: Floats, looks: NDArray[np.int_], confidence: float
) -> tuple[Floats, Floats]:
    """Both ends at each look (a number of blocks), of the shape of ``looks``.

    Lopsided data can make every centre implausible: then the lower end lies above the upper, and
    the interval spans the region that they dispute instead of being empty.
    """
    threshold = math.log(2 / (1 - confidence))
    scale = _past_scale(values)
    lower = _lower_ends(values, scale, looks, threshold)
    upper = -_lower_ends(-values, scale, looks, threshold)
    return np.minimum(lower, upper), np.maximum(lower, upper)


def _lower_ends(values: Floats, scale: Floats, looks: NDArray[np.int_], threshold: float) -> Floats:
    """At each look the least centre that is not rejected as too low; -inf where all are kept.

    The evidence falls as the candidate rises and jumps only at the differences themselves. So
    the place is searched among them first, then by bisection between two neighbours. The upper
    neighbour is never rejected, which makes the result exact when the end is a difference.
    """
    unseen = np.arange(values.size) >= looks[:, None]

    def rejected(centres: Floats) -> NDArray[np.bool_]:
        standardised = _standardised(values - centres[:, None], scale)
        standardised[unseen] = 0.0
        return _final_log_wealth(standardised) >= threshold

    flattest = min(slope for _, _, slope in BETS)
    distance = np.max(scale) * _SATURATION / flattest + np.ptp(values)
    # Where all differences are equal, any place below them will do.
    far_left = values.min() - (distance or abs(values.min()) or 1.0)
    places = np.concatenate([[far_left], np.unique(values)])
    left = np.zeros(looks.size, dtype=np.int_)
    right = np.full(looks.size, places.size - 1)
    while np.any(right - left > 1):
        middle = (left + right) // 2
        out = rejected(places[middle])
        left, right = np.where(out, middle, left), np.where(out, right, middle)
    low, high = places[left], places[right]
    bounded = rejected(low)
    for _ in range(_BISECTIONS):
        centre = low + (high - low) / 2
        out = rejected(centre)
        low, high = np.where(out, centre, low), np.where(out, high, centre)
    return np.where(bounded, high, -np.inf)


# The fixed paired interval.


def _walsh_averages(values: Floats) -> Floats:
    """Means of all pairs, each difference with itself included: n (n + 1) / 2 numbers."""
    first, second = np.triu_indices(values.size)
    return values[first] / 2 + values[second] / 2


def _hodges_lehmann(values: Floats) -> float:
    return float(np.median(_walsh_averages(values)))


def _signed_rank_count(n: int, tail: float) -> int:
    """How many values of the signed-rank statistic of n lie in a tail of that probability."""
    # Every rank joins the sum with probability 1/2. By symmetry half of the values suffice.
    mass = np.zeros(n * (n + 1) // 4 + 1)
    mass[0] = 1.0
    for rank in range(1, n + 1):
        mass[rank:] += mass[:-rank].copy()
        mass /= 2
    return int(np.searchsorted(np.cumsum(mass), tail, side="right"))


# Proportions.


def _least_kept(rejected: Callable[[float], bool]) -> float:
    """Where rejected proportions end, when the low ones are rejected; by bisection of [0, 1]."""
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if rejected(middle) else (low, middle)
    return high


def _mixture_low(successes: int, trials: int, confidence: float) -> float:
    """The least proportion that the beta-binomial mixture does not reject."""
    if successes == 0:
        return 0.0
    failures = trials - successes
    log_average = (
        math.lgamma(successes + 0.5)
        + math.lgamma(failures + 0.5)
        - math.lgamma(trials + 1)
        - math.log(math.pi)
    )
    threshold = -math.log(1 - confidence)

    def rejected(share: float) -> bool:
        # Above the observed share the mixture rejects again: the upper end, not this one.
        log_likelihood = successes * math.log(share) + failures * math.log1p(-share)
        return share < successes / trials and log_average - log_likelihood >= threshold

    return _least_kept(rejected)


def _binomial_low(successes: int, trials: int, tail: float) -> float:
    """The least proportion at which so many successes or more have at least that probability."""
    if successes == 0:
        return 0.0
    counts = np.arange(successes, trials + 1, dtype=np.float64)
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, trials + 1)))])
    log_choices = (
        log_factorials[trials]
        - log_factorials[successes:]
        - log_factorials[trials - successes :: -1]
    )

    def rejected(share: float) -> bool:
        logs = log_choices + counts * math.log(share) + (trials - counts) * math.log1p(-share)
        return float(np.exp(logs).sum()) < tail

    return _least_kept(rejected)
