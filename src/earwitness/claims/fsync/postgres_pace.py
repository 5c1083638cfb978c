"""The bench on which PostgreSQL's flushes are counted and its commits timed. Nothing is cut here.

Every trial has a disk and a server of its own; order and blocks are those of the runner, so that
settings are compared inside a block. Decides nothing.
"""

from collections.abc import Mapping

import numpy as np

from earwitness.claims.fsync.postgres_configuration import configuration
from earwitness.claims.fsync.postgres_cutting import described, work_of
from earwitness.claims.fsync.postgres_rig import Rig
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm
from earwitness.experiment.observation import Observation


class PaceBench:
    """PostgreSQL on a recorded disk, with the same commits for all arms of a block."""

    def __init__(self, settings: BenchSettings, rig: Rig) -> None:
        self._seed = settings.seed
        self._work = work_of(settings)
        self._rig = rig
        self._block = 0

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions, the size of the work, and what the disk is made of."""
        return {**self._rig.environment, "workload": described(self._work)}

    def block(self, block: int) -> None:
        """The block decides what is committed."""
        self._block = block

    def trial(self, arm: Arm) -> Observation:
        """Let the clients commit, and count."""
        generator = np.random.default_rng([self._seed, self._block])
        recording = self._rig.record(configuration(arm).recorded, self._work, generator)
        return Observation(
            values={
                "flushes": recording.flushes,
                "flush_disagreement": recording.disagreement,
                "pace": recording.commits / recording.seconds,
            }
        )
