"""The intervals against published answers, independent computations and their own symmetries."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from earwitness.experiment.statistics import (
    BETS,
    CONFIDENCE,
    UNSCALED,
    Estimate,
    paired_evidence,
    paired_fixed,
    paired_sequence,
    paired_sequence_looks,
    share_fixed,
    share_sequence,
)

# Hamilton depression scale of nine patients before and after a tranquillizer: the example of
# R's wilcox.test, from Hollander and Wolfe (1973), table 3.1.
BEFORE = np.array([1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30])
AFTER = np.array([0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29])

# Quarters: sums and small multiples are exact, so that a shifted sample has the same differences.
quarters = st.integers(-4000, 4000).map(lambda k: k / 4)
samples = st.lists(quarters, min_size=1, max_size=24).map(np.array)
intervals = pytest.mark.parametrize("interval", [paired_sequence, paired_fixed])


def close(found: Estimate, effect: float, low: float, high: float, scale: float) -> bool:
    ends = zip((found.effect, found.low, found.high), (effect, low, high), strict=True)
    return all(a == b or abs(a - b) <= 1e-9 * scale for a, b in ends)


def size(sample: np.ndarray) -> float:
    return max(1.0, float(np.abs(sample).max()))


class TestFixed:
    def test_published_example(self) -> None:
        found = paired_fixed(AFTER - BEFORE)
        assert found.effect == pytest.approx(-0.46)
        assert (found.low, found.high) == pytest.approx((-0.786, -0.010))

    @pytest.mark.parametrize("n", [6, 7, 12, 25, 40])
    @pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
    def test_interval_is_what_the_exact_test_keeps(self, n: int, confidence: float) -> None:
        sample = np.random.default_rng(n).standard_normal(n)
        found = paired_fixed(sample, confidence)

        def kept(centre: float) -> bool:
            return stats.wilcoxon(sample - centre, method="exact").pvalue > 1 - confidence

        if math.isinf(found.low):
            assert 2 * 0.5**n > 1 - confidence
            return
        step = 1e-9
        assert kept(found.low + step) and not kept(found.low - step)
        assert kept(found.high - step) and not kept(found.high + step)

    def test_needs_six_blocks(self) -> None:
        assert paired_fixed(np.arange(5.0)) == Estimate(2.0, -math.inf, math.inf)
        assert paired_fixed(np.arange(6.0)) == Estimate(2.5, 0.0, 5.0)


class TestSequence:
    def test_interval_inverts_the_evidence(self) -> None:
        sample = np.random.default_rng(2).standard_t(3, 30) + 1
        found = paired_sequence(sample)
        threshold = math.log(2 / (1 - CONFIDENCE))
        for centre, kept in (
            (found.low - 1e-7, False),
            (found.low + 1e-7, True),
            (found.high - 1e-7, True),
            (found.high + 1e-7, False),
        ):
            above, below = paired_evidence(sample, centre)
            assert (max(above[-1], below[-1]) < threshold) == kept

    def test_evidence_against_a_plain_loop(self) -> None:
        sample = np.random.default_rng(3).standard_normal(15)
        weights = sum(weight for weight, _, _ in BETS)
        wealth = {bet: bet[0] / weights for bet in BETS}
        for i, value in enumerate(sample):
            steps = sorted(abs(sample[j + 1] - sample[j]) for j in range(i - 1))
            z = (value - 0.3) / steps[(len(steps) - 1) // 2] if steps else None
            for bet in BETS:
                _, cap, slope = bet
                scaled = z if z is not None else math.copysign(UNSCALED, value - 0.3)
                wealth[bet] *= 1 + cap * math.tanh(slope * scaled)
            above, _ = paired_evidence(sample, 0.3)
            assert above[i] == pytest.approx(math.log(sum(wealth.values())))

    def test_bets_have_expectation_one(self) -> None:
        # All 2^10 sign patterns of given magnitudes about the centre: the mean of a fair game.
        magnitudes = np.array([1, 3, 0.5, 2, 40, 0.1, 1, 1, 0, 2.5])
        signs = np.array(np.meshgrid(*[[-1, 1]] * 10)).reshape(10, -1).T
        above, below = paired_evidence(7 + signs * magnitudes, 7)
        assert np.exp(above).mean(axis=0) == pytest.approx(np.ones(10))
        assert np.exp(below).mean(axis=0) == pytest.approx(np.ones(10))

    def test_clear_effect_takes_six_blocks(self) -> None:
        sample = np.array([10.0, 10.4, 9.8, 10.1, 9.9, 10.2])
        lower, upper = paired_sequence_looks(sample)
        assert np.isinf(lower[:5]).all() and np.isinf(upper[:5]).all()
        assert 0 < lower[5] < upper[5]

    def test_one_outlier_does_not_destroy_it(self) -> None:
        sample = 2 + np.random.default_rng(4).standard_normal(20)
        sample[12] = -1000
        found = paired_sequence(sample)
        assert 0 < found.low < 2 < found.high < 5

    def test_last_look_is_the_interval(self) -> None:
        sample = np.random.default_rng(5).standard_normal(25)
        lower, upper = paired_sequence_looks(sample)
        for n in range(1, 26):
            found = paired_sequence(sample[:n])
            assert (lower[n - 1], upper[n - 1]) == pytest.approx((found.low, found.high))

    def test_lopsided_data_still_give_an_interval(self) -> None:
        sample = np.exp(2 * np.random.default_rng(6).standard_normal(300))
        found = paired_sequence(sample)
        assert found.low <= found.effect <= found.high

    def test_more_confidence_is_wider(self) -> None:
        sample = np.random.default_rng(7).standard_normal(30)
        narrow, wide = paired_sequence(sample, 0.8), paired_sequence(sample, 0.99)
        assert wide.low < narrow.low < narrow.high < wide.high

    def test_narrows_with_many_blocks(self) -> None:
        found = paired_sequence(np.random.default_rng(8).standard_normal(300))
        assert found.high - found.low < 0.6  # standard deviations


@intervals
class TestPaired:
    def test_nothing_known(self, interval) -> None:
        nothing = interval(np.array([]))
        assert math.isnan(nothing.effect)
        assert (nothing.low, nothing.high) == (-math.inf, math.inf)
        assert interval(np.array([3.5])) == Estimate(3.5, -math.inf, math.inf)

    @pytest.mark.parametrize("value", [0.0, 3.3, -1e-12, 1e12])
    def test_identical_differences(self, interval, value: float) -> None:
        assert interval(np.full(5, value)) == Estimate(value, -math.inf, math.inf)
        assert interval(np.full(6, value)) == Estimate(value, value, value)

    @pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e305])
    def test_refuses_what_is_not_finite(self, interval, value: float) -> None:
        with pytest.raises(ValueError, match="finite"):
            interval(np.array([1.0, value, 2.0]))

    def test_refuses_other_shapes_and_confidences(self, interval) -> None:
        with pytest.raises(ValueError, match="dimension"):
            interval(np.ones((2, 3)))
        for confidence in (0.0, 1.0, 95.0, math.nan):
            with pytest.raises(ValueError, match="confidence"):
                interval(np.ones(3), confidence)

    def test_does_not_change_its_input(self, interval) -> None:
        sample = np.array([3.0, 1.0, 2.0, 5.0, 4.0, 9.0, 7.0])
        interval(sample)
        assert sample.tolist() == [3, 1, 2, 5, 4, 9, 7]

    @given(sample=samples)
    @settings(max_examples=60, deadline=None)
    def test_effect_lies_inside(self, interval, sample) -> None:
        found = interval(sample)
        assert found.low <= found.effect <= found.high

    @given(sample=samples, shift=quarters)
    @settings(max_examples=60, deadline=None)
    def test_moves_with_the_data(self, interval, sample, shift) -> None:
        found, moved = interval(sample), interval(sample + shift)
        scale = size(sample) + abs(shift)
        expected = (found.effect + shift, found.low + shift, found.high + shift)
        assert close(moved, *expected, scale)

    @given(sample=samples)
    @settings(max_examples=60, deadline=None)
    def test_mirrors_with_the_data(self, interval, sample) -> None:
        found, mirrored = interval(sample), interval(-sample)
        assert close(mirrored, -found.effect, -found.high, -found.low, size(sample))

    @given(sample=samples, exponent=st.integers(-40, 40))
    @settings(max_examples=60, deadline=None)
    def test_scales_with_the_data(self, interval, sample, exponent) -> None:
        factor = 2.0**exponent
        found, scaled = interval(sample), interval(sample * factor)
        expected = (found.effect * factor, found.low * factor, found.high * factor)
        assert close(scaled, *expected, size(sample) * factor)


@given(sample=samples, rise=st.integers(1, 4000), data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_look_does_not_know_what_comes_after(sample, rise, data) -> None:
    assume(sample.size > 1)
    cut = data.draw(st.integers(1, sample.size - 1))
    other = sample.copy()
    other[cut:] += rise / 4
    for centre in (0.0, float(sample[0])):
        for one, two in zip(
            paired_evidence(sample, centre), paired_evidence(other, centre), strict=True
        ):
            assert np.array_equal(one[:cut], two[:cut])


class TestShares:
    @pytest.mark.parametrize(
        ("successes", "trials"), [(0, 1), (1, 1), (0, 10), (10, 10), (3, 10), (7, 200), (999, 1000)]
    )
    @pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
    def test_fixed_is_clopper_pearson(self, successes, trials, confidence) -> None:
        found = share_fixed(successes, trials, confidence)
        exact = stats.binomtest(successes, trials).proportion_ci(confidence, method="exact")
        assert found.effect == successes / trials
        assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=1e-10)

    @pytest.mark.parametrize(("successes", "trials"), [(0, 5), (5, 5), (3, 10), (60, 61), (40, 90)])
    def test_sequence_against_numerical_integration(self, successes, trials) -> None:
        # Jeffreys' prior is uniform in the angle t of p = sin(t)^2.
        def likelihood(p: float) -> float:
            return p**successes * (1 - p) ** (trials - successes)

        average = integrate.quad(
            lambda t: likelihood(math.sin(t) ** 2) * 2 / math.pi, 0, math.pi / 2, epsabs=0
        )[0]
        found = share_sequence(successes, trials)
        for end, edge in ((found.low, 0.0), (found.high, 1.0)):
            if end == edge:
                assert successes in (0, trials)
            else:
                assert average / likelihood(end) == pytest.approx(20, rel=1e-6)

    @given(trials=st.integers(1, 400), data=st.data())
    @settings(max_examples=100, deadline=None)
    def test_sequence_is_wider_than_fixed_and_mirrors(self, trials, data) -> None:
        successes = data.draw(st.integers(0, trials))
        found, fixed = share_sequence(successes, trials), share_fixed(successes, trials)
        mirrored = share_sequence(trials - successes, trials)
        rounding = 1e-12  # of one trial both intervals are the same
        assert 0 <= found.low <= fixed.low + rounding
        assert fixed.low <= found.effect <= fixed.high
        assert fixed.high - rounding <= found.high <= 1
        assert (1 - mirrored.high, 1 - mirrored.low) == pytest.approx((found.low, found.high))

    @pytest.mark.parametrize("interval", [share_sequence, share_fixed])
    def test_edges(self, interval) -> None:
        nothing = interval(0, 0)
        assert math.isnan(nothing.effect) and (nothing.low, nothing.high) == (0, 1)
        assert interval(0, 8).low == 0 and interval(8, 8).high == 1
        for successes, trials in ((-1, 3), (4, 3), (0, -1)):
            with pytest.raises(ValueError, match="impossible"):
                interval(successes, trials)
        with pytest.raises(ValueError, match="confidence"):
            interval(1, 2, 1.0)

    @pytest.mark.parametrize("share", [0.02, 0.5])
    def test_sequence_holds_over_all_looks(self, share) -> None:
        rng = np.random.default_rng(9)
        most, runs = 100, 2000
        ends = np.array(
            [
                [(e.low, e.high) for e in (share_sequence(k, n) for k in range(n + 1))]
                + [(0.0, 1.0)] * (most - n)
                for n in range(1, most + 1)
            ]
        )
        successes = np.cumsum(rng.random((runs, most)) < share, axis=1)
        found = ends[np.arange(most), successes]
        covered = ((found[..., 0] <= share) & (share <= found[..., 1])).all(axis=1)
        assert covered.mean() >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / runs)
