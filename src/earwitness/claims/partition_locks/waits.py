"""What active sessions wait for, sampled while a load runs.

A thread asks pg_stat_activity at a steady rate, as a monitoring system would, with SQL that every
managed server allows. A sampler competes with the load for the processors, so every figure comes
with the rate that was really reached. A share of waits is a symptom: what it costs is measured
elsewhere, in throughput and latency.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg import Connection

SAMPLES_PER_SECOND = 20.0

_ACTIVITY = """
select count(*), count(*) filter (where wait_event_type = 'LWLock' and wait_event = 'LockManager')
from pg_stat_activity
where state = 'active' and backend_type = 'client backend' and pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class Sample:
    """What one look at pg_stat_activity showed."""

    at: float
    """Seconds of the epoch, when the answer had arrived."""
    active: int
    """Sessions that were executing a statement, the sampler left out."""
    lock_manager: int
    """Those of them that waited for LWLock:LockManager."""


@dataclass(frozen=True)
class Waits:
    """The samples of a window, summed up."""

    hz: float
    """Samples per second that were really taken."""
    lock_manager_share: float | None
    """Of all active sessions seen, the share in LWLock:LockManager; None when none was active."""


@dataclass
class Recording:
    """Samples so far; complete when ``sampling`` has ended."""

    samples: list[Sample] = field(default_factory=list)


def summary(samples: Iterable[Sample], since: float, until: float) -> Waits:
    """The samples taken from ``since`` to ``until``, both in seconds of the epoch.

    ValueError when the window is empty.
    """
    if until <= since:
        raise ValueError(f"the window from {since} to {until} has no length")
    seen = [sample for sample in samples if since <= sample.at <= until]
    active = sum(sample.active for sample in seen)
    waiting = sum(sample.lock_manager for sample in seen)
    return Waits(
        hz=len(seen) / (until - since),
        lock_manager_share=waiting / active if active else None,
    )


@contextmanager
def sampling(
    connect: Callable[[], Connection[Any]], hz: float = SAMPLES_PER_SECOND
) -> Iterator[Recording]:
    """Sample in a thread for as long as the block runs.

    What went wrong in the thread is raised at the end of the block, unless the block itself failed.
    """
    recording = Recording()
    problems: list[Exception] = []
    stop = threading.Event()
    with connect() as connection:
        thread = threading.Thread(
            target=_sample,
            args=(connection, 1 / hz, stop, recording, problems),
            name="wait sampler",
            daemon=True,
        )
        thread.start()
        try:
            yield recording
        finally:
            stop.set()
            thread.join()
    if problems:
        raise problems[0]


def _sample(
    connection: Connection[Any],
    period: float,
    stop: threading.Event,
    recording: Recording,
    problems: list[Exception],
) -> None:
    due = time.monotonic()
    try:
        while not stop.is_set():
            row = connection.execute(_ACTIVITY).fetchone()
            assert row is not None, "an aggregate has a row"
            recording.samples.append(Sample(at=time.time(), active=row[0], lock_manager=row[1]))
            # a late sample does not make the next ones come in a burst
            due = max(due + period, time.monotonic())
            stop.wait(due - time.monotonic())
    except Exception as problem:
        problems.append(problem)
