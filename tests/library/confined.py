"""Something hostile done in a process of its own, with limits of memory and of CPU time.

The process is a fork, so that its imports are done and what it takes is that of the work alone. CPU
time is asked of the system for that process; a busy machine makes little difference to it, and a slow
one is given more.
"""

import gc
import os
import resource
import statistics
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CPU_SECONDS = 1.0
"""That anything hostile may take, on a processor that goes round ``_loop`` in ``_LOOP_SECONDS``."""
_LOOP_SECONDS = 0.004
_ROUNDS = 100_000
MEMORY = 200 * 1024 * 1024
"""Bytes that it may take besides what the process has at its start."""
_KILLED_AFTER = 10
"""CPU seconds; nothing that is right comes near."""


@dataclass(frozen=True)
class Ended:
    """How it ended."""

    said: str
    cpu_seconds: float


def confined(work: Callable[[], str]) -> Ended:
    """What the work returns, or the error that ends it; fails where it is killed by its limits."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _do(work, writing)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, f"killed by its limits: {os.waitstatus_to_exitcode(status)}; {said}"
    cpu, _, said = said.partition("\n")
    return Ended(said, float(cpu))


def most_cpu_seconds() -> float:
    """What anything hostile may take here and now."""
    return CPU_SECONDS * max(1.0, statistics.median(_loop() for _ in range(5)) / _LOOP_SECONDS)


def _loop() -> float:
    begun, total = time.process_time(), 0
    for number in range(_ROUNDS):
        total += number * number % 7
    return time.process_time() - begun


def _do(work: Callable[[], str], writing: int) -> None:
    """Work in the child, and end it."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        most = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
        gc.freeze()  # what the tests before have made is none of its objects
        began = _used()
        limit = int(began) + _KILLED_AFTER
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
        said = work()
        took = _used() - began
        os.write(writing, f"{took}\n{said}"[:4000].encode())
    except BaseException:
        os.write(writing, traceback.format_exc()[-2000:].encode())
        os._exit(1)
    os._exit(0)


def _used() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
