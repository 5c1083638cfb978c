"""The runs that were started from a page, each in a thread that reads its worker's events.

A run belongs to this process, not to a tab: it goes on when a page is closed, it is stopped when
somebody asks, and when the process ends its record is left ``interrupted``. A claim that runs here
already is not started twice; whoever asks again is shown the run that there is. Taking turns with
runs from elsewhere on the machine is the worker's affair.
"""

import threading
from contextlib import closing, suppress
from dataclasses import dataclass

from earwitness import launcher
from earwitness.launcher import Request, Stop
from earwitness.store import runs
from earwitness.store.connection import Store
from earwitness.store.errors import StoreError
from earwitness.store.runs import RunRecord
from earwitness.web.jobs.limits import Rate, TooMany

MOST_AT_ONCE = 4
"""Runs of this process that may be under way: one has the machine, the others wait for it."""
MOST_STARTED, STRETCH_SECONDS = 30, 600.0
"""So many runs may be started from pages in so long."""
_PATIENCE_SECONDS = 6.0
"""How long a run may take to stop at the end; its worker ends by force well before."""


@dataclass(frozen=True)
class _Job:
    record: RunRecord
    stop: Stop
    thread: threading.Thread


class Running:
    """Starts runs and knows those that it started."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()
        self._rate = Rate(MOST_STARTED, STRETCH_SECONDS, "many runs were started just now")

    def start(self, request: Request) -> RunRecord:
        """Begin a run, or give that of the same claim which is under way. Raises TooMany."""
        with self._lock:
            self._forget_ended()
            for job in self._jobs.values():
                if job.record.claim == request.claim:
                    return job.record
            if len(self._jobs) >= MOST_AT_ONCE:
                raise TooMany(f"{MOST_AT_ONCE} runs are under way; wait for one, or stop it", 10.0)
            self._rate.take()
            record = launcher.begin(self._store, request)
            stop = Stop()
            thread = threading.Thread(
                target=self._carry_out, args=(record, request, stop), name=record.id
            )
            self._jobs[record.id] = _Job(record, stop, thread)
            thread.start()
            return record

    def owns(self, run: str) -> bool:
        """Whether the run is under way in this process, so that it can be stopped from here."""
        with self._lock:
            self._forget_ended()
            return run in self._jobs

    def stop(self, run: str) -> bool:
        """Ask a run to stop; False when it is not under way here."""
        with self._lock:
            job = self._jobs.get(run)
        if job is None or not job.thread.is_alive():
            return False
        job.stop.ask()
        return True

    def close(self) -> None:
        """Stop everything and wait until it has stopped."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop.ask()
        for job in jobs:
            job.thread.join(_PATIENCE_SECONDS)

    def _carry_out(self, record: RunRecord, request: Request, stop: Stop) -> None:
        try:
            with closing(launcher.carry_out(self._store, record, request, stop)) as happening:
                for _ in happening:
                    pass  # each event is in the store by now, and pages read it from there
        finally:
            # whatever went wrong, nobody may find it running; one that ended stays as it is
            with suppress(StoreError):
                runs.end(self._store, record.id, "failed", message="the site could not carry it on")

    def _forget_ended(self) -> None:
        self._jobs = {id: job for id, job in self._jobs.items() if job.thread.is_alive()}
