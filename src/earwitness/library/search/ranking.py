"""How near a passage is to a query, from where its words stand. Arithmetic on arrays only.

Each term counts by how rare it is. In a passage it counts as in BM25: more often is better, but
less and less so, and more in a short passage. In speech an answer is longer than a passage and its
words are scattered over minutes, so what a passage gets for a term is mostly what its neighbourhood
has of it, fading with distance and saturating, so that a region with all the terms beats one that
repeats a single one. The reach of it stays inside a document, because documents lie further apart.

The constants were chosen once, by cross-validation over the meetings of a public set of questions
(``benchmarks/search_quality.py``); the result is flat around them. Those of written texts (``WRITTEN``
to ``PAIR``) were chosen by our own questions on the bundled show, for the meetings have none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SATURATION = 1.2
"""BM25's k1, at its usual value."""
LENGTH = 0.75
"""BM25's b, at its usual value."""
TYPICAL_LETTERS = 550.0
"""Of a passage of a hundred words, in letters."""
SPEAKER = 0.75
"""What a term counts when it names who speaks."""
OWN = 0.1
"""Weight of a passage itself beside its neighbourhood."""
FADING = 0.75
"""What a neighbour counts, for each step away."""
_DOUBLINGS = 3
REACH = 2**_DOUBLINGS - 1
"""Steps; further away it would count a tenth."""
NEIGHBOURHOOD = 2.0
"""How much of a term in a neighbourhood counts half of all that could be there."""
WRITTEN = 2.0
"""What a passage of a written text counts for its own neighbourhood: its neighbours are other
subjects, so they count nothing."""
HEADING = 2.0
"""Times that a term counts which stands in a heading over what is said."""
TITLE = 0.3
"""The same for the title of an episode or a claim over its passages: it says what they are about."""
TITLED = 0.3
"""What a term of the episode's title counts in each of its passages that has another one."""
SINGLE = 0.7
"""What a passage keeps of its share of the terms that has only one of several."""
UNKNOWN_NAME = 0.5
"""What is left of confidence where a name that was asked for stands nowhere."""
PAIR = 0.5
"""What two terms beside each other count, in the rarity of the rarer one."""
MEANING = 0.3
"""Share of nearness in meaning in the whole, where the embedding model is installed."""
NEAR_ENOUGH = 0.35
"""Cosine from which on a passage is found that has none of the words."""
USUAL = 0.325
"""Cosine of a question and its best passage at which the words alone decide whether it answers."""
STEEPNESS = 2.0
"""What a step of the cosine counts beside one of the coverage, in that."""

Array = npt.NDArray[np.float64]
Scores = npt.NDArray[np.float32]
"""Of a whole index: half the width is several times as fast, because it stays in the cache."""
Ids = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Found:
    """Where one term stands: ids of passages, with what each gets for it, and its rarity."""

    ids: Ids
    amounts: Array
    weight: float
    titled: bool = False
    """Whether the episode's title has it."""


def rarity(documents: float, all_documents: int) -> float:
    """BM25's weight of a term that so many of all passages have; never negative."""
    return float(np.log1p((all_documents - documents + 0.5) / (documents + 0.5)))


def amounts(times: Array, letters: Array) -> Array:
    """What a term counts that stands so many times in passages so long; 1 for once in a usual one."""
    relative = 1 - LENGTH + LENGTH * letters / TYPICAL_LETTERS
    return times * (SATURATION + 1) / (times + SATURATION * relative)


def scores(found: Sequence[Found], first: int, last: int, *, alone: bool = False) -> Scores:
    """The score of each passage with an id from ``first`` to ``last``, where all was found.

    ``alone``: passages are no running text, and one without any of the words gets none.
    """
    total = _nothing(first, last)
    for one in found:
        amount = _spread(one, first, last)
        around = WRITTEN * amount if alone else neighbourhood(amount)
        total += one.weight * (OWN * amount + around / (around + NEIGHBOURHOOD))
    titled = TITLED * sum(one.weight for one in found if one.titled)
    if titled:
        total[total > 0] += titled
    return total


def coverages(found: Sequence[Found], first: int, last: int) -> Scores:
    """Share of the terms that stand in each passage, by rarity. One ``Found`` for each term."""
    total, titled = _nothing(first, last), _nothing(first, last)
    for one in found:
        own = np.minimum(_spread(one, first, last), 1)
        total += one.weight * own
        titled += one.weight * (1 - own) * one.titled
    possible = sum(one.weight for one in found)
    return (total + titled * (total > 0)) / possible if possible > 0 else total


def lone(found: Sequence[Found], first: int, last: int) -> npt.NDArray[np.bool_]:
    """Whether each passage has no more than one of several terms, with those of the title."""
    terms = _nothing(first, last)
    for one in found:
        terms += (_spread(one, first, last) > 0) | one.titled
    return (terms <= 1) & (len(found) > 1)


def _spread(one: Found, first: int, last: int) -> Scores:
    """The amounts of a term, each at the place of its passage."""
    amount = _nothing(first, last)
    np.add.at(amount, one.ids - first, one.amounts.astype(np.float32))
    return amount


def _nothing(first: int, last: int) -> Scores:
    return np.zeros(last - first + 1, dtype=np.float32)


def neighbourhood(amount: Scores) -> Scores:
    """Each amount with those around it, fading with each step up to the reach."""
    before, after = amount.copy(), amount.copy()
    for doubling in range(_DOUBLINGS):
        # 1 + a + a^2 + ... + a^7 = (1 + a)(1 + a^2)(1 + a^4): three sums for seven neighbours
        step = 2**doubling
        share = FADING**step
        before[step:] += share * before[:-step]
        after[:-step] += share * after[step:]
    return before + after - amount


def best(score: Scores, most: int) -> npt.NDArray[np.intp]:
    """Places of the highest scores above zero, the highest first, equals in order."""
    least = np.partition(score, -most)[-most] if 0 < most < len(score) else 0
    candidates = np.flatnonzero((score >= least) & (score > 0))
    return candidates[np.lexsort((candidates, -score[candidates]))][:most]


def smoothed(near: Scores) -> Scores:
    """Nearness with the neighbours'; a mean, so that the ends of a document are not disadvantaged."""
    return neighbourhood(near) / neighbourhood(np.ones_like(near))


def united(words: Scores, meaning: Scores) -> Scores:
    """Words and meaning together, both brought to the range from 0 to 1 before.

    Where the meaning is not known (NaN), words stand for it; where none is, they stay as they are.
    """
    known = ~np.isnan(meaning)
    if not known.any():
        return words
    by_words = _scaled(words)
    by_meaning = by_words.copy()
    by_meaning[known] = _scaled(meaning[known])
    return (1 - MEANING) * by_words + MEANING * by_meaning


def fits(coverages: Scores, near: Scores) -> Scores:
    """How well passages answer on their own: what they have of the words, and how near they are.

    Usual nearness, or none that is known (NaN), changes nothing.
    """
    moved = coverages + STEEPNESS * (near - USUAL)
    return np.where(np.isnan(near), coverages, np.clip(moved, 0, 1)).astype(np.float32)


def _scaled(values: Scores) -> Scores:
    spread = values.max() - values.min() if len(values) else 0.0
    return (values - values.min()) / spread if spread > 0 else np.zeros_like(values)
