"""How much may be started: so many at once, and so many in a stretch of time. No clock but one."""

import threading
import time
from collections import deque
from collections.abc import Callable


class TooMany(Exception):
    """Not now; the message says what to wait for."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds
        """After how long it is worth trying again."""


class Rate:
    """At most ``most`` within the last ``seconds``."""

    def __init__(
        self, most: int, seconds: float, what: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._what, self._clock = most, seconds, what, clock
        self._taken: deque[float] = deque()
        self._lock = threading.Lock()

    def take(self) -> None:
        """Count one. Raises TooMany."""
        with self._lock:
            self._look()
            self._taken.append(self._clock())

    def look(self) -> None:
        """Raise TooMany when there is no room for one more."""
        with self._lock:
            self._look()

    def _look(self) -> None:
        now = self._clock()
        while self._taken and self._taken[0] <= now - self._seconds:
            self._taken.popleft()
        if len(self._taken) >= self._most:
            wait = self._taken[0] + self._seconds - now
            raise TooMany(f"{self._what}: try again in {max(1, round(wait))} s", wait)
