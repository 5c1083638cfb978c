"""How much may be asked of a language model, which costs money or the machine's time.

Some answers at once, and some in a stretch of time; those without a model are not counted.
"""

import contextlib
import threading
from collections.abc import Iterator

from earwitness.web.jobs.limits import Rate, TooMany

MOST_AT_ONCE = 4
MOST_ASKED, STRETCH_SECONDS = 60, 600.0


class Asking:
    """Who is being answered by the model."""

    def __init__(self) -> None:
        self._slots = threading.BoundedSemaphore(MOST_AT_ONCE)
        self._rate = Rate(MOST_ASKED, STRETCH_SECONDS, "the model was asked a lot just now")

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """As long as one answer takes. Raises TooMany."""
        if not self._slots.acquire(blocking=False):
            raise TooMany(f"the model answers {MOST_AT_ONCE} others; wait for one of them", 5.0)
        try:
            self._rate.take()
            yield
        finally:
            self._slots.release()
