"""Function and client in step: the function writes on only when the client's view is settled.

The function reports every write at a gate and halts there. Before it is let on, either the client
has everything that was written, or it has been given time enough: so many other answers came whole
over the same way, and so many seconds passed. A count of answers is a clock that a busy machine
slows down as much as the answer that is waited for. So whether the first byte came before the last
was written is a fact of order and not of speed.
"""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from earwitness.claims.response_streaming.reading import Reading

LOOPBACK = "127.0.0.1"
_REPORT_SECONDS = 30.0
_POLL_SECONDS = 0.1
_AT_ONCE_SECONDS = 0.01
"""What is on its way mostly arrives within this; only then other answers are asked for."""
_GO = b"+"


class Stuck(Exception):
    """The function did not report its next write."""


@dataclass(frozen=True)
class Patience:
    """How long a client is given before what it lacks counts as held back."""

    answers: int
    """Whole answers over the same way."""
    seconds: float
    """At least so long in any case."""


@dataclass(frozen=True)
class Seen:
    """One answer, seen from both of its ends. Bytes of the body."""

    written_at_first: int
    """Bytes that the function had written when the client saw its first."""
    before_last: bool
    """Whether that was before the function wrote its last."""
    held_bytes: int
    """The most that was written and had not reached the client, patience at its end."""


class Gate:
    """Where the function halts: a loopback socket, for one function at a time."""

    def __init__(self) -> None:
        self._listener = socket.create_server((LOOPBACK, 0))
        self._listener.settimeout(_POLL_SECONDS)

    @property
    def port(self) -> int:
        """The port that the kernel chose."""
        return int(self._listener.getsockname()[1])

    def reports(self, reading: Reading, total: int) -> Iterator[int]:
        """Bytes written so far, after each write; the function goes on when the next is asked for.

        Ends with ``total``. Stuck when the function does not come, or breaks off.
        """
        with self._function(reading) as function, function.makefile("rb") as lines:
            written = 0
            try:
                while written < total:
                    written = int(lines.readline() or b"0")
                    if not written:
                        raise Stuck("the function left its gate before it had written all")
                    yield written
                    function.sendall(_GO)
            except OSError as problem:
                raise Stuck(f"the function left its gate after {written} bytes") from problem

    def close(self) -> None:
        """Listen no more."""
        self._listener.close()

    def _function(self, reading: Reading) -> socket.socket:
        deadline = time.monotonic() + _REPORT_SECONDS
        while time.monotonic() < deadline and not reading.ended:
            with contextlib.suppress(TimeoutError):
                function, _ = self._listener.accept()
                function.settimeout(_REPORT_SECONDS)
                return function
        raise Stuck("the function did not come to its gate")


@contextlib.contextmanager
def opened() -> Iterator[Gate]:
    """A gate, closed on return."""
    gate = Gate()
    try:
        yield gate
    finally:
        gate.close()


def watch(
    gate: Gate, reading: Reading, total: int, patience: Patience, other: Callable[[], object]
) -> Seen:
    """Let the function write on, step by step, until it has written ``total`` bytes.

    ``other`` fetches a whole answer over the same way.
    """
    at_first, held = 0, 0
    for written in gate.reports(reading, total):
        if written >= total:
            continue  # what arrives from now on is no longer before the last
        _settle(reading, written, patience, other)
        arrived = reading.arrived
        held = max(held, written - arrived)
        if not at_first and arrived:
            at_first = written
    return Seen(written_at_first=at_first or total, before_last=bool(at_first), held_bytes=held)


def _settle(reading: Reading, size: int, patience: Patience, other: Callable[[], object]) -> None:
    """Return when so many bytes have arrived, or patience is at its end."""
    if reading.wait_for(size, _AT_ONCE_SECONDS):
        return
    began, answers = time.monotonic(), 0
    while answers < patience.answers or time.monotonic() - began < patience.seconds:
        other()
        answers += 1
        if reading.wait_for(size, _AT_ONCE_SECONDS / 2):
            return


def wrong_bytes(received: bytes, expected: bytes) -> int:
    """Bytes that are missing, too many, or not what was written."""
    differing = sum(a != b for a, b in zip(received, expected, strict=False))
    return differing + abs(len(received) - len(expected))
