"""The bench on which recordings are cut off: recorded once for each mode, judged many times.

All arms of a block share the workload; arms with the same mode also share the recording, the
instants and the luck of every write, so that they differ in nothing but the drive or in what
stops. Decides nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw
import numpy as np

from earwitness.claims.fsync import outage, recovery
from earwitness.claims.fsync.configuration import Configuration, Mode, configuration, promise
from earwitness.claims.fsync.history import History
from earwitness.claims.fsync.loss import Loss, compare
from earwitness.claims.fsync.outage import Luck
from earwitness.claims.fsync.recording import record
from earwitness.claims.fsync.tally import broken, tally
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm
from earwitness.experiment.observation import Observation

SQLITE = f"SQLite {apsw.sqlite_lib_version()}"
BINDING = f"apsw {apsw.apsw_version()}"

_WORKLOAD, _CUTS = 0, 1
"""Independent streams of random numbers of one block."""


@dataclass(frozen=True)
class Cut:
    """An instant of a recording, as the number of events before it, with the luck it meets."""

    instant: int
    luck: Luck


class CuttingBench:
    """SQLite on a recorded folder, and crash states of it that SQLite recovers."""

    def __init__(self, settings: BenchSettings, folder: Path) -> None:
        self._seed = settings.seed
        self._commits = settings.number("commits")
        self._checkpoint_pages = settings.number("checkpoint_pages")
        self._cuts = settings.number("cuts")
        self._modes = dict.fromkeys(configuration(arm).mode for arm in settings.arms)
        self._folder = folder
        self._recordings: Mapping[Mode, tuple[History, Sequence[Cut]]] = {}

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions, the size of the work, and where the disk is a model."""
        return {
            "database": f"{SQLITE} ({BINDING})",
            "workload": f"{self._commits} commits in a row, one client, a checkpoint every "
            f"{self._checkpoint_pages} pages",
            "cuts": f"{self._cuts} random instants of each recording",
            "disk": "modelled at SQLite's file system interface: what is flushed and what a cut "
            f"loses, by sectors of {outage.SECTOR_BYTES} bytes",
        }

    def block(self, block: int) -> None:
        """Record every mode that the arms name, with the same commits, and draw the cuts."""
        self._recordings = {mode: self._record(mode, block) for mode in self._modes}

    def trial(self, arm: Arm) -> Observation:
        """Cut the recording at every instant, let SQLite recover, and count what is missing."""
        chosen = configuration(arm)
        history, cuts = self._recordings[chosen.mode]
        losses = tuple(self._losses(chosen, history, cuts))
        values = {**tally(losses), "flushes": history.flushes / self._commits}
        if chosen.keeps_flushed:
            values["broken_promises"] = broken(promise(chosen.mode), losses)
        return Observation(values=values)

    def _record(self, mode: Mode, block: int) -> tuple[History, Sequence[Cut]]:
        history = record(
            mode,
            commits=self._commits,
            checkpoint_pages=self._checkpoint_pages,
            generator=np.random.default_rng([self._seed, block, _WORKLOAD]),
        )
        return history, tuple(self._draw(len(history), block))

    def _draw(self, events: int, block: int) -> Iterator[Cut]:
        """Cuts at different instants, from before the first event to after the last."""
        generator = np.random.default_rng([self._seed, block, _CUTS])
        count = min(self._cuts, events + 1)
        for instant in generator.choice(events + 1, size=count, replace=False):
            yield Cut(instant=int(instant), luck=outage.draw(generator, events))

    def _losses(
        self, chosen: Configuration, history: History, cuts: Sequence[Cut]
    ) -> Iterator[Loss]:
        for cut in cuts:
            files = outage.left(history, cut.instant, chosen.drive, chosen.stop, cut.luck)
            found = recovery.examine(files, self._folder)
            yield compare(history.acknowledged(cut.instant), found)
