"""How the web is asked: limits, which hosts are the user's own, and manners.

A host is asked one thing at a time, with a pause in between, and what failed in passing is tried
again after a while that grows and is never quite the same. Hosts that the user allowed are their
own and get no pause. Waiting goes through ``sleep``, so that a test need not wait.
"""

import contextlib
import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from earwitness.library.fetching.problems import Answered, NotFetched

_Result = TypeVar("_Result")

MEBIBYTE = 1024 * 1024
_LONGEST_PATIENCE = 120.0
"""Seconds; a server that wants to be left alone for longer is asked another day."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one answer may cost."""

    seconds: float = 60.0
    """From the first connection to the last byte, redirects included."""
    idle_seconds: float = 15.0
    """Without a byte."""
    bytes: int = 20 * MEBIBYTE
    """Of the body, on the wire and unpacked; the largest feeds known have a few million."""
    redirects: int = 5


@dataclass(frozen=True, kw_only=True)
class Web:
    """The web as one process asks it. May be shared by threads."""

    allowed: frozenset[str] = frozenset()
    """Hosts, in lower case, that may be anywhere: the user's own."""
    limits: Limits = Limits()
    pause_seconds: float = 1.0
    """Between two requests to one host."""
    tries: int = 3
    first_wait_seconds: float = 1.0
    """Before the second try; doubled before each further one."""
    sleep: Callable[[float], None] = time.sleep
    _turns: "dict[str, _Turn]" = field(default_factory=dict)

    @contextlib.contextmanager
    def turn(self, host: str) -> Iterator[None]:
        """Be the only one who asks this host, after its pause."""
        turn = self._turns.setdefault(host, _Turn())
        with turn.lock:
            if host not in self.allowed and turn.ended is not None:
                self.sleep(max(0.0, turn.ended + self.pause_seconds - time.monotonic()))
            try:
                yield
            finally:
                turn.ended = time.monotonic()

    def patiently(self, request: Callable[[], _Result], *, seconds: float = math.inf) -> _Result:
        """What the request returns; repeated when it fails in passing. Raises NotFetched.

        ``seconds``: once the tries together took so long, there is none more.
        """
        spent = 0.0
        for number in range(self.tries - 1):
            began = time.monotonic()
            try:
                return request()
            except NotFetched as problem:
                spent += time.monotonic() - began
                wait = self._wait(problem, number)
                if wait is None or spent >= seconds:
                    raise
                self.sleep(wait)
        return request()

    def _wait(self, problem: NotFetched, number: int) -> float | None:
        """Seconds before the next try; None: there shall be none."""
        if not problem.passing:
            return None
        asked_for = problem.retry_after if isinstance(problem, Answered) else None
        if asked_for is not None and asked_for > _LONGEST_PATIENCE:
            return None
        # up to half as long again, so that many clients do not come back together
        growing = self.first_wait_seconds * (1 << number) * random.uniform(1.0, 1.5)  # noqa: S311
        return max(growing, asked_for or 0.0)


@dataclass
class _Turn:
    """Who asks a host, and when the last one ended."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    ended: float | None = None
