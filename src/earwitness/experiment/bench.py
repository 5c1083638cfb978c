"""What the runner asks of the place where trials happen.

Protocols and the values that cross them. A claim's ``experiment.py`` implements them with real
servers; nothing here knows one.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from earwitness.experiment.design import Arm, Experiment, Plan, Setting
from earwitness.experiment.events import ServerReady
from earwitness.experiment.observation import Observation


class Unavailable(Exception):
    """The bench cannot be opened here: a component is missing or a right is not granted.

    ``install`` is the command that would help, where there is one.
    """

    def __init__(self, reason: str, install: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.install = install


@dataclass(frozen=True, kw_only=True)
class BenchSettings:
    """What a bench is opened with."""

    plan: Plan
    arms: tuple[Arm, ...]
    """Only these will be tried: servers that no arm names need not start."""
    seed: int
    """For data that the bench generates; the order of trials has its own."""
    workspace: Path
    """An empty folder of this run, removed afterwards."""
    announce: Callable[[ServerReady], None]

    def number(self, name: str) -> int:
        """A whole number from the plan's settings; KeyError when the plan does not set it."""
        return int(self.plan.settings[name])

    def setting(self, name: str, default: Setting) -> Setting:
        """A setting of the plan, or the default."""
        return self.plan.settings.get(name, default)


class Bench(Protocol):
    """Running servers on which arms are tried."""

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions and settings of what runs, for the record."""
        return {}

    def block(self, block: int) -> None:
        """Prepare what the arms of one block share; by default nothing."""

    def trial(self, arm: Arm) -> Observation:
        """Try one arm and say what was seen; decide nothing."""
        ...


OpenBench = Callable[[Experiment, BenchSettings], AbstractContextManager[Bench]]
