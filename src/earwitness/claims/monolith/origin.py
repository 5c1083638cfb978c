"""Where streams come from: segments over plain HTTP on loopback, and how often they were fetched.

The same for whoever watches, so no part of anybody's bill.
"""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from earwitness.claims.monolith.stream import Stream

_LOOPBACK = "127.0.0.1"


class Origin:
    """Serves segments at ``/<stream>/<number>``; made by ``serving``."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        self._streams = streams
        self._fetched = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((_LOOPBACK, 0), self._handler())
        self._server.daemon_threads = True

    def address(self, stream: int) -> str:
        """Of a stream, without a slash at its end."""
        return f"http://{_LOOPBACK}:{self._server.server_address[1]}/{stream}"

    @property
    def fetched(self) -> int:
        """Segments that were fetched so far."""
        with self._lock:
            return self._fetched

    def serve(self) -> None:
        """Serve until ``close``."""
        self._server.serve_forever(poll_interval=0.05)

    def close(self) -> None:
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()

    def _segment(self, path: str) -> bytes | None:
        try:
            stream, number = map(int, path.strip("/").split("/"))
            return self._streams[stream].segments[number]
        except (ValueError, IndexError):
            return None

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        origin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = origin._segment(self.path)
                if content is None:
                    self.send_error(404)
                    return
                with origin._lock:
                    origin._fetched += 1
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        return Handler


@contextlib.contextmanager
def serving(streams: Sequence[Stream]) -> Iterator[Origin]:
    """An origin of these streams, gone on return."""
    origin = Origin(streams)
    thread = threading.Thread(target=origin.serve, name="origin", daemon=True)
    thread.start()
    try:
        yield origin
    finally:
        origin.close()
        thread.join()
