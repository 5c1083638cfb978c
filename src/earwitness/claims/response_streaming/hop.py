"""A reverse proxy from the standard library, to stand between client and function.

It speaks HTTP/1.0 or 1.1 to the function, and either stores an answer before it forwards it or
relays every piece as it comes. It behaves as such proxies do and is none of the well-known ones.
"""

import contextlib
import enum
import http.client
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from earwitness.claims.response_streaming import listening

_SECONDS = 60.0
_PIECE_BYTES = 65536


class Upstream(enum.StrEnum):
    """What the hop speaks to the function."""

    HTTP_10 = "1.0"
    HTTP_11 = "1.1"


class _Connection10(http.client.HTTPConnection):
    _http_vsn = 10
    _http_vsn_str = "HTTP/1.0"


_CONNECTIONS = {Upstream.HTTP_10: _Connection10, Upstream.HTTP_11: http.client.HTTPConnection}


@contextlib.contextmanager
def running(target: str, upstream: Upstream, *, stores: bool) -> Iterator[str]:
    """A hop in front of the URL ``target``; its own URL. ``stores``: before it forwards."""
    connect = _CONNECTIONS[upstream]
    address = urlsplit(target).netloc

    class Hop(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            with contextlib.closing(connect(address, timeout=_SECONDS)) as connection:
                connection.request("GET", self.path)
                answer = connection.getresponse()
                if stores:
                    self._forward(answer, answer.read())
                else:
                    self._relay(answer)

        def _forward(self, answer: http.client.HTTPResponse, body: bytes) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get_content_type())
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _relay(self, answer: http.client.HTTPResponse) -> None:
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get_content_type())
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            while piece := answer.read1(_PIECE_BYTES):
                self.wfile.write(listening.chunk(piece))
            self.wfile.write(listening.LAST_CHUNK)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with listening.serving(Hop) as url:
        yield url
