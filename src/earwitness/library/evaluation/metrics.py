"""Figures of rankings and of confidence, with intervals. Arithmetic only.

A ranking is the relevance of its results in order, true or false. Intervals are percentile
bootstraps over groups (meetings, episodes), because the questions on one recording are not
independent; comparisons are paired, the same questions in both arms.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
"""Of a bootstrap: its ends then hold to about a twentieth of its width."""
_CONFIDENCE = 0.95


def ndcg(relevant: Sequence[bool], all_relevant: int, k: int = 10) -> float:
    """Discounted gain of the first k over that of an ideal order. 0 where nothing is relevant."""
    gain = sum(1 / math.log2(place + 2) for place, one in enumerate(relevant[:k]) if one)
    ideal = sum(1 / math.log2(place + 2) for place in range(min(k, all_relevant)))
    return gain / ideal if ideal else 0.0


def hit(relevant: Sequence[bool], k: int) -> float:
    """1 when one of the first k is relevant, else 0."""
    return float(any(relevant[:k]))


def reciprocal_rank(relevant: Sequence[bool]) -> float:
    """1 over the place of the first relevant one; 0 without."""
    return next((1 / (place + 1) for place, one in enumerate(relevant) if one), 0.0)


def precision(relevant: Sequence[bool]) -> float:
    """Share of relevant ones; 0 of none."""
    return sum(relevant) / len(relevant) if relevant else 0.0


def auroc(answerable: Sequence[float], unanswerable: Sequence[float]) -> float:
    """How often an answerable question has the higher confidence; an equal one counts half."""
    if not answerable or not unanswerable:
        return math.nan
    high, low = np.asarray(answerable), np.sort(np.asarray(unanswerable))
    below = np.searchsorted(low, high, side="left")
    at_most = np.searchsorted(low, high, side="right")
    return float((below + at_most).sum() / 2 / (len(high) * len(low)))


def risk_at_coverage(
    confidence: Sequence[float], right: Sequence[bool], coverages: Sequence[float]
) -> list[tuple[float, float]]:
    """Share of wrong answers when only the most confident share of questions is answered."""
    order = np.argsort(-np.asarray(confidence), kind="stable")
    wrong = np.cumsum(~np.asarray(right, dtype=bool)[order])
    told = []
    for coverage in coverages:
        answered = max(1, round(coverage * len(order)))
        told.append((coverage, float(wrong[answered - 1] / answered)))
    return told


def interval(
    values: Sequence[float], groups: Sequence[object], seed: int
) -> tuple[float, float, float]:
    """Mean of the values with the ends of its interval, groups drawn anew."""
    array = np.asarray(values, dtype=float)
    return _bootstrap(groups, seed, lambda chosen: float(array[chosen].mean()))


def auroc_interval(
    answerable: Sequence[float],
    unanswerable: Sequence[float],
    groups: Sequence[object],
    seed: int,
) -> tuple[float, float, float]:
    """AUROC with its interval; the two confidences of one place belong to one question."""
    high, low = np.asarray(answerable), np.asarray(unanswerable)
    return _bootstrap(
        groups, seed, lambda chosen: auroc(high[chosen].tolist(), low[chosen].tolist())
    )


def _bootstrap(
    groups: Sequence[object],
    seed: int,
    statistic: Callable[[npt.NDArray[np.intp]], float],
) -> tuple[float, float, float]:
    places: dict[object, list[int]] = {}
    for place, group in enumerate(groups):
        places.setdefault(group, []).append(place)
    members = [np.array(of_group) for of_group in places.values()]
    random = np.random.default_rng(seed)
    drawn = [
        statistic(
            np.concatenate([members[i] for i in random.integers(0, len(members), len(members))])
        )
        for _ in range(RESAMPLES)
    ]
    tail = (1 - _CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return statistic(np.arange(len(groups))), float(low), float(high)
