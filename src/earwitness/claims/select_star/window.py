"""Which rows the arms of a block read: consecutive ids at a place that the seed and block decide.

Pure. The same for every arm of a block, so that they are compared on the same rows, and another
for every block, so that no verdict hangs on one place of a table.
"""

from dataclasses import dataclass

import numpy as np

from earwitness.experiment.bench import BenchSettings


@dataclass(frozen=True, kw_only=True)
class Window:
    """``fetched`` ids of a table whose ids go from 1 to ``rows``."""

    seed: int
    rows: int
    fetched: int

    def first(self, block: int) -> int:
        """The first id that the arms of this block read."""
        place = np.random.default_rng([self.seed, block])
        return int(place.integers(1, self.rows - self.fetched + 1, endpoint=True))


def window(settings: BenchSettings) -> Window:
    """The window of a plan; KeyError when it sets no ``rows`` or ``fetched``."""
    return Window(
        seed=settings.seed, rows=settings.number("rows"), fetched=settings.number("fetched")
    )
