"""Timing every way to sync on a disk that others use: bounded, polite, and in random order.

The file has no name, so that nothing stays of it however this ends. Between two writes there is a
pause of nine times the last one's length, and it all stops when the device suffers. Ways and sizes
take turns, because what a shared device does in one second says nothing of the next.
"""

import contextlib
import errno
import math
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from earwitness.check import storage
from earwitness.check.target import NotSeen
from earwitness.claims.fsync import timed_writes
from earwitness.claims.fsync.evidence import Probed, Timed
from earwitness.claims.fsync.timed_writes import METHODS, Method, Writer

FILE_BYTES = 16 << 20
SIZES = (8192, 16384)
"""A page of PostgreSQL, and one of InnoDB."""
ROUNDS = 100
"""How often each way is tried with each size, when there is time."""
_ROW = 5
"""Writes of one way in a row, for counting its flushes."""
LONGEST_SECONDS = 60.0
WRITTEN_BYTES = FILE_BYTES + len(METHODS) * sum(SIZES) * ROUNDS + len(METHODS) * _ROW * SIZES[0]
"""All writes together, at the most."""

_PAUSE = 9.0
"""Times the length of a write: a duty of a tenth."""
_FREE_BYTES, _FREE_SHARE = 1 << 30, 0.05
"""What has to be free before anything is written."""
_SLOWEST_SECONDS = 1.0
"""Of one write: a device that takes longer is in trouble already."""
_MORE_PRESSURE = 25.0
"""Percent of the last 10 s in which somebody waited for a device, more than at the beginning."""
_LOOK_EVERY = 20
"""Writes between two looks at the pressure."""


@dataclass
class _Times:
    method: Method
    size: int
    nanoseconds: list[int] = field(default_factory=list)
    flushes: float | None = None


class _Stopped(Exception):
    pass


def probe(
    folder: Path,
    devices: Sequence[str],
    *,
    rounds: int = ROUNDS,
    seconds: float = LONGEST_SECONDS,
    pause: float = _PAUSE,
    pressure: Callable[[], float | None] = storage.pressure,
) -> Probed:
    """Write to an unnamed file in the folder and time it. ``devices``: whose flushes are counted.

    NotSeen, with the reason, when nothing may or can be written there.
    """
    _require_room(folder)
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(unnamed_file(folder))
        writers, refused = _writers(file, stack)
        probing = _Probing(begun + seconds, pause, pressure)
        times = [_Times(writer.method, size) for writer in writers for size in SIZES]
        stopped = None
        try:
            probing.count_flushes(writers, times, devices)
            probing.take_turns(writers, times, rounds)
        except _Stopped as reason:
            stopped = str(reason)
    return Probed(
        timed=tuple(_timed(one) for one in times if one.nanoseconds),
        refused=refused,
        written_bytes=FILE_BYTES + probing.written_bytes,
        seconds=round(time.monotonic() - begun, 3),
        stopped=stopped,
    )


@contextlib.contextmanager
def unnamed_file(folder: Path) -> Iterator[int]:
    """A filled file without a name in the folder. NotSeen when it cannot be made or filled."""
    try:
        file = _made(folder)
    except OSError as problem:
        needs = "write permission on the directory" if problem.errno == errno.EACCES else ""
        raise NotSeen(f"no file can be made here: {problem.strerror}", needs) from None
    try:
        piece = os.urandom(1 << 20)
        for begin in range(0, FILE_BYTES, len(piece)):
            os.pwrite(file, piece, begin)
        os.fsync(file)
        yield file
    except OSError as problem:
        if problem.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO):
            raise
        raise NotSeen(f"the file could not be written: {problem.strerror}") from None
    finally:
        os.close(file)


def _made(folder: Path) -> int:
    flags = os.O_RDWR | os.O_CLOEXEC
    if hasattr(os, "O_TMPFILE"):
        try:
            return os.open(folder, flags | os.O_TMPFILE, 0o600)
        except OSError as problem:
            # some network and user-space file systems have only files with names
            if problem.errno not in (errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT):
                raise
    file, name = tempfile.mkstemp(prefix=".earwitness-", dir=folder)
    Path(name).unlink()
    return file


def _require_room(folder: Path) -> None:
    facts = os.statvfs(folder)
    free, total = facts.f_bavail * facts.f_frsize, facts.f_blocks * facts.f_frsize
    needed = max(_FREE_BYTES, int(_FREE_SHARE * total))
    if free < needed:
        raise NotSeen(
            f"nothing was written: {free >> 20} MiB are free, and {needed >> 20} MiB have to be"
        )


def _writers(file: int, stack: contextlib.ExitStack) -> tuple[tuple[Writer, ...], tuple[str, ...]]:
    """Every way that works here, and why the others do not."""
    writers, refused = [], []
    trial = timed_writes.buffer(SIZES[0])
    for method in METHODS:
        try:
            writer = stack.enter_context(timed_writes.opened(method, file, FILE_BYTES))
            writer.write(trial, SIZES[0], 0)
        except OSError as problem:
            if problem.errno in (errno.ENOSPC, errno.EIO, errno.EROFS):
                raise
            refused.append(f"{method.name}: {problem.strerror}")
        else:
            writers.append(writer)
    return tuple(writers), tuple(refused)


class _Probing:
    """What is measured so far, and when to stop."""

    def __init__(self, deadline: float, pause: float, pressure: Callable[[], float | None]) -> None:
        self.written_bytes = 0
        self._deadline = deadline
        self._pause = pause
        self._pressure = pressure
        self._calm = pressure() or 0.0
        self._writes = 0
        self._data = timed_writes.buffer(max(SIZES))
        self._random = random.Random(0)  # noqa: S311 - the order of writes is no secret

    def count_flushes(
        self, writers: Sequence[Writer], times: Sequence[_Times], devices: Sequence[str]
    ) -> None:
        """A few writes of each way in a row, and how often a device flushed for each of them."""
        for writer in writers:
            counted = [self._flushes_of(writer, devices) for _ in range(_ROW)]
            known = [flushes for flushes in counted if flushes is not None]
            for one in times:
                if one.method is writer.method and len(known) == _ROW:
                    one.flushes = sum(known) / _ROW

    def _flushes_of(self, writer: Writer, devices: Sequence[str]) -> int | None:
        """Of the devices during one write, without the pause after it; None: not counted."""
        before = _flushes(devices)
        took = self._write(writer, SIZES[0])
        after = _flushes(devices)
        self._rest(took)
        return None if before is None or after is None else after - before

    def take_turns(self, writers: Sequence[Writer], times: Sequence[_Times], rounds: int) -> None:
        """Every way with every size, in random order, again and again."""
        by_method = {writer.method.name: writer for writer in writers}
        for _ in range(rounds):
            for one in self._random.sample(times, len(times)):
                one.nanoseconds.append(self._one(by_method[one.method.name], one.size))

    def _one(self, writer: Writer, size: int) -> int:
        """Nanoseconds of one write at a random place, and a pause. Raises _Stopped."""
        took = self._write(writer, size)
        self._rest(took)
        return took

    def _write(self, writer: Writer, size: int) -> int:
        self._look()
        offset = self._random.randrange(FILE_BYTES // max(SIZES)) * max(SIZES)
        begun = time.perf_counter_ns()
        writer.write(self._data, size, offset)
        took = time.perf_counter_ns() - begun
        self.written_bytes += size
        self._writes += 1
        return took

    def _rest(self, took: int) -> None:
        if took > _SLOWEST_SECONDS * 1e9:
            raise _Stopped(f"one write took {took / 1e9:.1f} s")
        time.sleep(took / 1e9 * self._pause)

    def _look(self) -> None:
        if time.monotonic() > self._deadline:
            raise _Stopped("the time was up")
        if self._writes % _LOOK_EVERY == 0:
            now = self._pressure()
            if now is not None and now > self._calm + _MORE_PRESSURE:
                raise _Stopped(
                    f"somebody waited for a device in {now:g} % of the last 10 s, and in "
                    f"{self._calm:g} % before"
                )


def _flushes(devices: Sequence[str]) -> int | None:
    """The most that any of the devices has flushed so far; None when none is counted."""
    counted = [counters.flushes for name in devices if (counters := storage.counters(name))]
    return max(counted) if counted else None


def _timed(times: _Times) -> Timed:
    ordered = sorted(number / 1000 for number in times.nanoseconds)
    return Timed(
        method=times.method.name,
        size=times.size,
        durable=times.method.durable,
        count=len(ordered),
        least=round(ordered[0], 1),
        median=round(statistics.median(ordered), 1),
        p90=_percentile(ordered, 0.9),
        p99=_percentile(ordered, 0.99),
        p999=_percentile(ordered, 0.999),
        most=round(ordered[-1], 1),
        histogram=_histogram(ordered),
        flushes=times.flushes,
    )


def _percentile(ordered: Sequence[float], share: float) -> float:
    """The least time that so large a share does not exceed."""
    return round(ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)], 1)


def _histogram(ordered: Sequence[float]) -> tuple[tuple[float, int], ...]:
    """By powers of two of a microsecond; empty bins are left out."""
    bins: dict[int, int] = {}
    for time_ in ordered:
        place = max(0, math.ceil(math.log2(max(time_, 1.0))))
        bins[place] = bins.get(place, 0) + 1
    return tuple((float(2**place), count) for place, count in sorted(bins.items()))
