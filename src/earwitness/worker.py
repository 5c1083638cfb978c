"""Executes one run: ``python -m earwitness.worker``.

Reads one order from its standard input, owns every server of the run, and writes events as JSON
lines to its standard output. It knows no store and no terminal. The end of its standard input, or
a signal, stops everything: whoever started it need only die for nothing to be left running.
"""

import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from typing import BinaryIO, NoReturn

import psutil

from earwitness import order as orders
from earwitness.claims import registry
from earwitness.experiment import consistency, events, machine
from earwitness.experiment.bench import Bench, BenchSettings, OpenBench, Unavailable
from earwitness.experiment.budget import Budget
from earwitness.experiment.design import Experiment
from earwitness.experiment.runner import Emit, Run
from earwitness.experiment.turn import turn
from earwitness.order import Order
from earwitness.servers import workspace
from earwitness.servers.process import MissingComponent, ServerFailed

GRACE_SECONDS = 1.5
"""How long servers may take to stop once the order to stop has come."""

EXIT_FAILED = 1
EXIT_STOPPED = 130


class Stopped(BaseException):
    """The run is to end now; raised in the main thread so that every bench is closed."""


def main() -> int:
    """Carry out the order on standard input; the exit code says how it went."""
    emit = _pen(_take_standard_output())
    order = orders.decode(sys.stdin.buffer.readline())
    _stop_on_signals()
    threading.Thread(target=_stop_at_end_of, args=(sys.stdin.fileno(),), daemon=True).start()
    try:
        _carry_out(order, emit)
    except Stopped:
        return EXIT_STOPPED
    except (ServerFailed, registry.BrokenClaim, registry.UnknownClaim) as problem:
        emit(events.Failed(message=str(problem)))
    except Exception as problem:
        message = f"{type(problem).__name__}: {problem}"
        emit(events.Failed(message=message, detail=traceback.format_exc()))
    else:
        return 0
    return EXIT_FAILED


def _carry_out(order: Order, emit: Emit) -> None:
    installed = registry.find(order.claim)
    contradictions = consistency.problems(installed.claim)
    if contradictions:
        raise registry.BrokenClaim(f"claim {order.claim}: {'; '.join(contradictions)}")
    open_bench = _naming_what_is_missing(installed.open_bench)
    with turn(order.run, lambda holder: emit(events.Waiting(holder=holder))):
        workspace.sweep()
        with workspace.workspace(order.run.removeprefix(f"{order.claim}-")) as folder:
            run = Run(
                claim=installed.claim,
                depth=order.depth,
                seed=order.seed,
                budget=Budget(order.budget_seconds),
                open_bench=open_bench,
                workspace=folder,
                emit=emit,
            )
            run.conduct(machine.environment())


def _naming_what_is_missing(open_bench: OpenBench) -> OpenBench:
    """The same bench, with a missing component told in the runner's word for it."""

    @contextlib.contextmanager
    def opened(experiment: Experiment, settings: BenchSettings) -> Iterator[Bench]:
        try:
            with open_bench(experiment, settings) as bench:
                yield bench
        except MissingComponent as missing:
            raise Unavailable(missing.reason, missing.install) from missing

    return opened


def _take_standard_output() -> BinaryIO:
    """Standard output for events alone; what anything else prints goes to standard error."""
    private = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return private


def _pen(output: BinaryIO) -> Emit:
    def emit(event: events.Event) -> None:
        output.write(events.encode(event) + b"\n")

    return emit


def _stop_on_signals() -> None:
    def stop(_number: int, _frame: object) -> NoReturn:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # once is enough; closing must not be disturbed
        raise Stopped

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


def _stop_at_end_of(descriptor: int) -> None:
    """Wait until the launcher is gone or closes our input; stop politely, then by force."""
    while os.read(descriptor, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()
    os._exit(EXIT_STOPPED)


if __name__ == "__main__":
    sys.exit(main())
