"""What the benchmarks on PostgreSQL share: the machine to themselves, and how a target is told.

A benchmark takes its turn as an experiment does, and looks before and after whether anybody else
keeps the processors busy: then it is void, which is no verdict on the code. It ends with 1 when a
target is missed, with 0 when all are met, when it is void, and when a component is missing.
"""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from earwitness.experiment.bench import Unavailable
from earwitness.experiment.turn import turn
from earwitness.servers import workspace
from earwitness.servers.process import MissingComponent

FOREIGN_PERCENT = 25.0
"""Of all processors, kept busy by others while nothing of ours runs; more voids the benchmark."""
LOOK_SECONDS = 2.0
PATIENCE_SECONDS = 20.0
"""How long to wait for quiet with the turn in hand."""


class Void(Exception):
    """The machine was not quiet, so nothing was measured that could be held against a target."""


@contextlib.contextmanager
def machine(name: str, wait_seconds: float = 0.0) -> Iterator[Path]:
    """A workspace, with the machine's turn and with nobody else busy before and after.

    ``wait_seconds``: how long to wait for quiet before the turn is asked for.
    """
    if wait_seconds:
        print(f"waiting for quiet for {wait_seconds:.0f} s at most", flush=True)
        _wait_for_quiet(wait_seconds)
    with turn(f"benchmark {name}", lambda holder: print(f"waiting for {holder}", flush=True)):
        _wait_for_quiet(PATIENCE_SECONDS)
        with workspace.workspace(f"benchmark-{name}") as folder:
            yield folder
        if (busy := _busy_percent()) > FOREIGN_PERCENT:
            raise Void(f"others {_kept(busy)} after the measurement")


def told(what: str, value: float, target: str, *, met: bool, unit: str = "") -> bool:
    """Print one figure beside its target; whether it is met."""
    print(f"{what}: {value:.3g}{unit}, target {target}: {'met' if met else 'MISSED'}", flush=True)
    return met


def conducted(benchmark: Callable[[], bool]) -> None:
    """Run it (it says whether all targets are met) and leave with the exit status."""
    try:
        met = benchmark()
    except Void as void:
        print(f"void: {void}")
    except (MissingComponent, Unavailable) as missing:
        print(f"unavailable: {missing.reason}")
        if missing.install:
            print(f"to install it: {missing.install}")
    else:
        sys.exit(0 if met else 1)


def _wait_for_quiet(seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (busy := _busy_percent()) > FOREIGN_PERCENT:
        if time.monotonic() > deadline:
            raise Void(f"for {seconds:.0f} s others {_kept(busy)} before the measurement")


def _busy_percent() -> float:
    return psutil.cpu_percent(interval=LOOK_SECONDS)


def _kept(busy: float) -> str:
    allowed = f"{FOREIGN_PERCENT:.0f} % is allowed"
    return f"kept {busy:.0f} % of the processors busy, of which {allowed},"
