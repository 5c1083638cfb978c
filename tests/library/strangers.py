"""A web server of the test's own on loopback, whose answers are bytes or a function of its own."""

import contextlib
import dataclasses
import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

Handler = Callable[[http.server.BaseHTTPRequestHandler], None]


@dataclasses.dataclass
class Stranger:
    """A server; ``pages`` may be changed while it runs, ``seen`` has every request."""

    port: int
    pages: dict[str, Handler | bytes] = dataclasses.field(default_factory=dict)
    seen: list[tuple[str, dict[str, str]]] = dataclasses.field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@contextlib.contextmanager
def stranger(tls: tuple[Path, Path] | None = None) -> Iterator[Stranger]:
    """A running server, with TLS where a certificate and its key are given."""

    class Handling(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            told.seen.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            page = told.pages.get(self.path)
            with contextlib.suppress(ConnectionError):
                if page is None:
                    answer(self, b"nothing here", status=404)
                elif isinstance(page, bytes):
                    answer(self, page)
                else:
                    page(self)
            self.close_connection = True

        do_POST = do_GET

        def log_message(self, *_: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handling)
    server.daemon_threads = True
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    told = Stranger(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(
    request: http.server.BaseHTTPRequestHandler,
    body: bytes = b"",
    status: int = 200,
    **headers: str,
) -> None:
    """Send an answer; underscores in names of headers are dashes."""
    request.send_response(status)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in ({"Content-Length": str(len(body))} | named).items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


def redirect(to: str, status: int = 302) -> Handler:
    return lambda request: answer(request, status=status, Location=to)
