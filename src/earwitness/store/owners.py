"""Who owns a record: a process, known by its id and the time it started, since ids come again."""

import os
from dataclasses import dataclass

import psutil

_START_TIME_TOLERANCE = 1.0
"""Seconds by which two readings of one process's start time may differ."""


@dataclass(frozen=True)
class Owner:
    """A process of this machine."""

    pid: int
    started: float
    """Seconds since the epoch."""

    def is_alive(self) -> bool:
        """Whether that very process still runs."""
        try:
            return (
                abs(psutil.Process(self.pid).create_time() - self.started) < _START_TIME_TOLERANCE
            )
        except psutil.Error:
            return False


def this_process() -> Owner:
    """The process that asks."""
    return Owner(os.getpid(), psutil.Process().create_time())
