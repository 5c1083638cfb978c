"""Sorts lists and counts."""

import contextlib
import random
import time
from collections.abc import Iterator

from earwitness.experiment.bench import Bench, BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.observation import Observation


class Counted(int):
    """A number that counts how often it is compared."""

    comparisons = 0

    def __lt__(self, other: int) -> bool:
        Counted.comparisons += 1
        return int(self) < int(other)


class SortBench(Bench):
    """One list, made anew for every trial."""

    def __init__(self, items: int, seed: int) -> None:
        self._items = items
        self._random = random.Random(seed)

    def trial(self, arm: Arm) -> Observation:
        """Sort once and count."""
        numbers = [Counted(number) for number in range(self._items)]
        if arm.name == "shuffled":
            self._random.shuffle(numbers)
        elif arm.name == "reversed":
            numbers.reverse()
        Counted.comparisons = 0
        began = time.perf_counter()
        numbers.sort()
        seconds = time.perf_counter() - began
        return Observation(values={"comparisons": Counted.comparisons, "seconds": seconds})


@contextlib.contextmanager
def open_bench(experiment: Experiment, settings: BenchSettings) -> Iterator[SortBench]:
    """Nothing to start."""
    yield SortBench(settings.number("items"), settings.seed)
