"""The bench on which the power of a disk under PostgreSQL is cut: recorded once, judged many times.

Arms with the same recording share its instants and the luck of every block as well, so that they
differ in nothing but the disk, or in when it is cut. Decides nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from earwitness.claims.fsync import loss
from earwitness.claims.fsync.loss import Loss, Obstacle
from earwitness.claims.fsync.postgres_configuration import (
    Configuration,
    Moments,
    Recorded,
    configuration,
)
from earwitness.claims.fsync.postgres_rig import Left, Recording, Rig, Work
from earwitness.claims.fsync.tally import tally
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm
from earwitness.experiment.observation import Observation
from earwitness.servers.disk import volatile
from earwitness.servers.disk.volatile import Luck

_WORKLOAD, _CUTS = 0, 1
"""Independent streams of random numbers of one block."""


_SAID: Mapping[Moments, str] = {
    Moments.RANDOM: "random ones",
    Moments.WORST: "those before the flushes that save most",
}


@dataclass(frozen=True)
class Cut:
    """An instant of a recording, by CLOCK_MONOTONIC in nanoseconds, with the luck it meets."""

    instant: int
    seed: tuple[int, ...]

    def luck(self, blocks: int) -> Luck:
        """Drawn anew each time, always the same: of many cuts all at once it would fill the memory."""
        return volatile.draw(np.random.default_rng(self.seed), blocks)


@dataclass(frozen=True)
class _Take:
    """A recording with its cuts."""

    recording: Recording
    cuts: Mapping[Moments, Sequence[Cut]]


class CuttingBench:
    """PostgreSQL on a recorded disk, and crash states of it that PostgreSQL recovers."""

    def __init__(self, settings: BenchSettings, rig: Rig) -> None:
        self._seed = settings.seed
        self._work = work_of(settings)
        self._cuts = settings.number("cuts")
        self._check = bool(settings.setting("check_file_system", False))
        self._arms = tuple(configuration(arm) for arm in settings.arms)
        self._moments = dict.fromkeys(_SAID[chosen.moments] for chosen in self._arms)
        self._rig = rig
        self._takes: Mapping[Recorded, _Take] = {}

    @property
    def environment(self) -> Mapping[str, str]:
        """Versions, the size of the work, and what the disk is made of."""
        return {
            **self._rig.environment,
            "workload": described(self._work),
            "cuts": f"{self._cuts} instants of each recording: {' or '.join(self._moments)}",
        }

    def block(self, block: int) -> None:
        """Make the recordings that the arms name, in random order, and draw the cuts."""
        wanted = list(dict.fromkeys(chosen.recorded for chosen in self._arms))
        np.random.default_rng([self._seed, block]).shuffle(wanted)
        self._takes = {recorded: self._take(recorded, block) for recorded in wanted}

    def trial(self, arm: Arm) -> Observation:
        """Cut the recording at every instant, let PostgreSQL recover, count what is missing."""
        chosen = configuration(arm)
        take = self._takes[chosen.recorded]
        judged = list(self._judged(chosen, take))
        lefts = [left for left, _ in judged]
        return Observation(
            values={
                **tally([loss for _, loss in judged]),
                "not_mounted": sum(of.found.obstacle is Obstacle.FILE_SYSTEM for of in lefts),
                "not_started": sum(of.found.obstacle is Obstacle.SERVER for of in lefts),
                "unsound": sum(of.sound is False for of in lefts),
                "flushes": take.recording.flushes,
                "flush_disagreement": take.recording.disagreement,
            }
        )

    def _take(self, recorded: Recorded, block: int) -> _Take:
        generator = np.random.default_rng([self._seed, block, _WORKLOAD])
        recording = self._rig.record(recorded, self._work, generator)
        return _Take(recording, cuts_of(recording, self._cuts, [self._seed, block, _CUTS]))

    def _judged(self, chosen: Configuration, take: _Take) -> Iterator[tuple[Left, Loss]]:
        recording = take.recording
        for cut in take.cuts[chosen.moments]:
            luck = cut.luck(len(recording.writes))
            pieces = volatile.left(recording.writes, cut.instant, chosen.cache, luck)
            left = self._rig.examine(pieces, check=self._check)
            yield left, loss.compare_clients(recording.acknowledged_by(cut.instant), left.found)


def work_of(settings: BenchSettings) -> Work:
    """What the plan says of the clients; KeyError when it does not."""
    return Work(
        clients=settings.number("clients"),
        commits=settings.number("commits"),
        checkpoint_commits=settings.number("checkpoint_commits"),
    )


def described(work: Work) -> str:
    """The work in words, for the record."""
    clients = "one client" if work.clients == 1 else f"each of {work.clients} clients at once"
    checkpoints = "no checkpoint meanwhile"
    if work.checkpoint_commits <= work.commits:
        checkpoints = f"a checkpoint every {work.checkpoint_commits} commits of the first"
    return f"{work.commits} commits in a row by {clients}; {checkpoints}"


def cuts_of(
    recording: Recording, most: int, seed: Sequence[int]
) -> Mapping[Moments, Sequence[Cut]]:
    """Random cuts from the first acknowledgement to the last, and those at the worst moments."""
    first, last = recording.span
    random = np.random.default_rng(seed).uniform(first, last, most)
    instants = {
        Moments.RANDOM: [int(at) for at in random],
        Moments.WORST: volatile.worst_instants(recording.writes, first, last, most),
    }
    return {
        moments: [Cut(at, (*seed, kind, number)) for number, at in enumerate(chosen)]
        for kind, (moments, chosen) in enumerate(instants.items())
    }
