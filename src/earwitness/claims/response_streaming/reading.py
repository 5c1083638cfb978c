"""A client that reads one answer over a real socket, in a thread, and knows what has arrived.

``http.client`` does the protocol. What "arrived" means is what a program behind it would see: a
client that fills a buffer first sees nothing until the buffer is full.
"""

import contextlib
import http.client
import json
import threading
import time
from urllib.parse import urlsplit

_SILENCE_SECONDS = 60.0
_AS_IT_COMES_BYTES = 65536


class Reading:
    """One request, and its answer so far."""

    def __init__(self, url: str, query: str, *, fill_bytes: int = 0) -> None:
        """Start to ask ``url``; ``fill_bytes``: of the buffer it fills first, 0 for none."""
        self.status: int | None = None
        """Of the answer, once its head has arrived."""
        self.problem: str | None = None
        """Why the answer could not be read to its end."""
        self.first_seconds: float | None = None
        """From the request to the first bytes of the body."""
        self.seconds = 0.0
        """From the request to the end of the answer."""
        self._kind = ""
        self._body = bytearray()
        self._changed = threading.Condition()
        self._thread = threading.Thread(
            target=self._read, args=(url, query, fill_bytes), name="reading", daemon=True
        )
        self._thread.start()

    @property
    def arrived(self) -> int:
        """Bytes of the body that a program has seen."""
        return len(self._body)

    @property
    def ended(self) -> bool:
        """Whether nothing more will arrive."""
        return not self._thread.is_alive()

    def wait_for(self, size: int, seconds: float) -> bool:
        """Whether so many bytes have arrived, or the answer ended, before ``seconds`` passed."""
        with self._changed:
            return self._changed.wait_for(lambda: self.arrived >= size or self.ended, seconds)

    def finish(self) -> bytes:
        """What the whole answer says, without JSON around it; TimeoutError when it does not end."""
        self._thread.join(_SILENCE_SECONDS)
        if not self.ended:
            raise TimeoutError(f"the answer did not end within {_SILENCE_SECONDS:g} s")
        body = bytes(self._body)
        if self._kind == "application/json" and self.status == 200:
            said = json.loads(body)
            return said.encode() if isinstance(said, str) else body
        return body

    def _read(self, url: str, query: str, fill_bytes: int) -> None:
        address = urlsplit(url)
        began = time.perf_counter()
        try:
            connection = http.client.HTTPConnection(address.netloc, timeout=_SILENCE_SECONDS)
            with contextlib.closing(connection):
                connection.request("GET", f"/?{query}")
                answer = connection.getresponse()
                self.status, self._kind = answer.status, answer.headers.get_content_type()
                while piece := (
                    answer.read(fill_bytes) if fill_bytes else answer.read1(_AS_IT_COMES_BYTES)
                ):
                    self._take(piece, time.perf_counter() - began)
        except (OSError, http.client.HTTPException) as problem:
            self.problem = f"{type(problem).__name__}: {problem}"
        self.seconds = time.perf_counter() - began

    def _take(self, piece: bytes, seconds: float) -> None:
        with self._changed:
            if self.first_seconds is None:
                self.first_seconds = seconds
            self._body += piece
            self._changed.notify_all()


def ask(url: str, query: str) -> bytes:
    """One whole answer; ConnectionError when it cannot be had."""
    reading = Reading(url, query)
    body = reading.finish()
    if reading.problem is not None or reading.status != 200:
        raise ConnectionError(f"{url}: {reading.problem or f'status {reading.status}'}")
    return body
