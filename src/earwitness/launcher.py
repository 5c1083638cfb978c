"""Starts the worker of a run, keeps what it says, and hands it on.

Every event is in the store before anybody sees it. Terminal and site both go through here; neither
starts servers itself.
"""

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import IO

import msgspec

import earwitness
from earwitness import order as orders
from earwitness.experiment import events
from earwitness.experiment.design import Depth
from earwitness.experiment.prediction import Prediction
from earwitness.order import Order
from earwitness.store import predictions as stored_predictions
from earwitness.store import runs
from earwitness.store.connection import Store
from earwitness.store.events import EventLog
from earwitness.store.runs import RunRecord

_PATIENCE_SECONDS = 4.0
"""How long a worker may take to stop; it ends its servers by force well before."""
_QUOTED_BYTES = 2000


@dataclass(frozen=True, kw_only=True)
class Request:
    """What somebody wants run."""

    claim: str
    depth: Depth
    seed: int
    budget_seconds: float | None = None
    predictions: Sequence[Prediction] = ()


class Stop:
    """Asks a run to end now; from any thread, at any time, and as often as one likes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._worker: subprocess.Popen[bytes] | None = None
        self.asked = False

    def ask(self) -> None:
        """The worker and its servers stop in order; the run is recorded as interrupted."""
        with self._lock:
            self.asked = True
            if self._worker is not None:
                self._worker.terminate()

    def watch(self, worker: subprocess.Popen[bytes]) -> None:
        """The worker that is to be stopped, as soon as there is one."""
        with self._lock:
            self._worker = worker
            if self.asked:
                worker.terminate()


def begin(store: Store, request: Request) -> RunRecord:
    """A record for the request, with its predictions written before anything is tried."""
    record = runs.begin(
        store,
        claim=request.claim,
        depth=request.depth.value,
        seed=request.seed,
        version=earwitness.__version__,
    )
    documents = [(p.hypothesis, msgspec.json.encode(p).decode()) for p in request.predictions]
    stored_predictions.keep(store, record.id, documents)
    return record


def carry_out(
    store: Store, record: RunRecord, request: Request, stop: Stop | None = None
) -> Generator[events.Event]:
    """The events of the run, each after it was stored; the record is closed at the end.

    Closing the iterator early, or any exception while it is consumed, stops the worker and its
    servers and leaves the record ``interrupted`` with everything observed so far; so does
    ``stop``, from elsewhere.
    """
    stop = stop or Stop()
    log = EventLog(store, record.id)
    last: events.Event | None = None
    with tempfile.TemporaryFile() as complaints:
        try:
            with _worker(_order(record, request), complaints, stop) as lines:
                for line in lines:
                    if not line.endswith(b"\n"):
                        break  # killed in the middle of a line: nothing of it was shown
                    last = events.decode(line)
                    log.append(line.decode().rstrip("\n"))
                    yield last
        except BaseException:
            with contextlib.suppress(Exception):  # the store itself may be what failed
                runs.end(store, record.id, "interrupted", message="stopped before its end")
            raise
        if stop.asked and not isinstance(last, events.Finished):
            runs.end(store, record.id, "interrupted", message="stopped when it was asked to")
            return
        if not isinstance(last, events.Finished | events.Failed):
            last = events.Failed(
                message="the worker ended unexpectedly", detail=_end_of(complaints)
            )
            log.append(events.encode(last).decode())
            yield last
    _close(store, record, last)


def _close(store: Store, record: RunRecord, last: events.Event) -> None:
    if isinstance(last, events.Finished):
        runs.end(store, record.id, "finished", verdict=last.result.verdict.value)
    elif isinstance(last, events.Failed):
        runs.end(store, record.id, "failed", message=last.message)


def _order(record: RunRecord, request: Request) -> Order:
    return Order(
        run=record.id,
        claim=request.claim,
        depth=request.depth,
        seed=request.seed,
        budget_seconds=request.budget_seconds,
    )


@contextlib.contextmanager
def _worker(order: Order, complaints: IO[bytes], stop: Stop) -> Iterator[IO[bytes]]:
    """The worker's output, line by line; the worker is gone when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "earwitness.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        # a session of its own: Ctrl-C reaches us alone, and we stop it in order
        start_new_session=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdin is not None and process.stdout is not None
    stop.watch(process)
    try:
        with contextlib.suppress(BrokenPipeError):  # it died at once; its end tells why
            process.stdin.write(orders.encode(order))
            process.stdin.flush()
        yield process.stdout
    finally:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _end_of(complaints: IO[bytes]) -> str:
    size = complaints.seek(0, os.SEEK_END)
    complaints.seek(max(0, size - _QUOTED_BYTES))
    return complaints.read().decode(errors="replace")
