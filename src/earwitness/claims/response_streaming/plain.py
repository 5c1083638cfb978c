"""A plain HTTP server that writes its answer in chunks: what streaming is without Lambda."""

import contextlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlsplit

from earwitness.claims.response_streaming import listening
from earwitness.claims.response_streaming.functions import story


class _Plain(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        parameters = dict(parse_qsl(urlsplit(self.path).query))
        story.tell(parameters, lambda data: self.wfile.write(listening.chunk(data)))
        self.wfile.write(listening.LAST_CHUNK)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Such a server; its URL."""
    with listening.serving(_Plain) as url:
        yield url
