"""An open-loop HTTP load: requests leave when they are due, whatever became of those before them.

When requests are due, starting the generator in a process of its own, and what it saw. The
generator itself is ``open_loop_program``; what is asked, and what an answer means, is the claims'
affair.

Latency counts from when a request was due, so that a generator or a server that stalls is charged
for every request that should have left meanwhile. Arrivals are a Poisson process: users do not
wait for each other.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from earwitness.servers import folders, process

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NO_ANSWER = 0
"""In place of a status: the connection failed, or nothing came while the client was patient."""
NOT_SENT = -1
"""In place of a status: as many requests were in flight as the generator may have."""

_PROGRAM = Path(__file__).with_name("open_loop_program.py")
_START_SECONDS = 15.0
"""More than an interpreter takes to start and to import numpy on a busy machine."""


@dataclass(frozen=True, kw_only=True)
class Phase:
    """A stretch of a load at one mean rate."""

    seconds: float
    rate: float
    """Requests due per second."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Answers:
    """What the generator saw; arrays have one entry for each request, in the order of ``due``."""

    due: Floats
    """Seconds after the begin of the load."""
    target: Integers
    """Which of the paths was asked."""
    status: Integers
    """HTTP status, ``NO_ANSWER`` or ``NOT_SENT``."""
    lateness: Floats
    """Seconds from when it was due until the generator took it up."""
    latency: Floats
    """Seconds from when it was due until the whole answer was there; NaN without an answer."""
    cpu_share: float
    """Of one core, what the generator used from begin to end."""
    began_at: float
    """Seconds of the epoch at the begin of the load."""

    def between(self, begin: float, end: float) -> "Answers":
        """Those that were due from ``begin`` until before ``end``."""
        return self.where((self.due >= begin) & (self.due < end))

    def where(self, chosen: npt.NDArray[np.bool_]) -> "Answers":
        """Those that ``chosen`` is true for."""
        return replace(
            self,
            due=self.due[chosen],
            target=self.target[chosen],
            status=self.status[chosen],
            lateness=self.lateness[chosen],
            latency=self.latency[chosen],
        )

    def count(self, *statuses: int) -> int:
        """How many have one of these statuses."""
        return int(np.isin(self.status, statuses).sum())

    @property
    def failed(self) -> int:
        """How many were answered with 5xx."""
        return int(((self.status >= 500) & (self.status < 600)).sum())

    def quantile(self, q: float) -> float:
        """Latency in seconds that a share ``q`` of all answers did not exceed.

        ValueError when there is no answer.
        """
        answered = self.latency[np.isfinite(self.latency)]
        if not len(answered):
            raise ValueError("nothing was answered")
        return float(np.quantile(answered, q))


def arrivals(phases: Sequence[Phase], seed: int) -> Floats:
    """When requests are due, in seconds after the begin: Poisson arrivals, phase after phase.

    The same seed gives the same arrivals. Given how many there are, the times of a Poisson process
    are independent and uniform, which is how they are drawn.
    """
    random = np.random.default_rng(seed)
    begin, drawn = 0.0, []
    for phase in phases:
        count = random.poisson(phase.rate * phase.seconds)
        drawn.append(np.sort(random.uniform(begin, begin + phase.seconds, count)))
        begin += phase.seconds
    return np.concatenate(drawn) if drawn else np.empty(0)


def run(
    folder: Path,
    *,
    port: int,
    paths: Sequence[str],
    due: Floats,
    target: Integers,
    in_flight: int,
    patience_seconds: float,
) -> Answers:
    """Send every request when it is due to ``127.0.0.1:port``, and return what became of it.

    ``folder``: a new one inside a workspace; ``paths``: what ``target`` counts; ``in_flight``: at
    most so many requests at a time (more are ``NOT_SENT``), on as many connections, which are kept.
    Answers must state their length. ValueError when not every request has a path; ServerFailed,
    quoting its output, when the generator fails; main thread only.
    """
    if len(due) != len(target) or not np.isin(target, range(len(paths))).all():
        raise ValueError("every request needs one of the paths")
    user = folders.reaching(Path(sys.executable), Path(np.__file__).parents[1], _PROGRAM)
    process.private_folder(folder, user)
    order = {
        "port": port,
        "paths": list(paths),
        "in_flight": in_flight,
        "patience_seconds": patience_seconds,
    }
    _give(folder, order, due, target)
    longest = _START_SECONDS + (float(due[-1]) if len(due) else 0.0) + 2 * patience_seconds
    with process.running(
        [sys.executable, "-P", "-B", _PROGRAM],
        folder,
        name="open-loop load",
        user=user,
        environment={"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    ) as generator:
        if generator.wait(longest) != 0:
            raise generator.failure("failed")
    return _seen(folder, due, target)


def _give(folder: Path, order: Mapping[str, Any], due: Floats, target: Integers) -> None:
    """Put down what the generator is to do, for its user to read."""
    asked, times = folder / "order.json", folder / "due.npz"
    asked.write_bytes(msgspec.json.encode(order))
    np.savez(times, due=due, target=target)
    for file in (asked, times):
        file.chmod(0o644)


def _seen(folder: Path, due: Floats, target: Integers) -> Answers:
    """What the generator has put down."""
    with np.load(folder / "answers.npz") as seen:
        return Answers(
            due=due,
            target=target,
            status=seen["status"],
            lateness=seen["lateness"],
            latency=seen["latency"],
            cpu_share=float(seen["cpu_share"]),
            began_at=float(seen["began_at"]),
        )
