"""A real HTTP server on loopback that answers as endpoints of models do, and as they break."""

import contextlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Endpoint(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, manner, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.manner, self.answer = manner, answer
        self.requests = []
        self.over = threading.Event()
        self.hung_up = threading.Event()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((self.path, dict(self.headers), body))
        getattr(self, f"_{self.server.manner}")()

    def _begin(self, status=200, kind="text/event-stream"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def _events(self, *documents):
        for document in documents:
            self.wfile.write(f"data: {document}\n\n".encode())
            self.wfile.flush()

    def _pieces(self):
        text = self.server.answer
        for at in range(0, len(text), 7):
            delta = {"choices": [{"delta": {"content": text[at : at + 7]}}]}
            yield json.dumps(delta)

    def _streamed(self):
        self._begin()
        self.wfile.write(b": a comment, as some send to keep the line open\n\n")
        role = json.dumps({"choices": [{"delta": {"role": "assistant"}}]})
        usage = json.dumps({"choices": [], "usage": {"total_tokens": 1}})
        end = json.dumps({"choices": [{"delta": {}, "finish_reason": "stop"}]})
        self._events(role, *self._pieces(), end, usage, "[DONE]")

    def _whole(self):
        self._begin(kind="application/json")
        message = {"choices": [{"message": {"content": self.server.answer}}]}
        self.wfile.write(json.dumps(message).encode())

    def _refused(self):
        self._begin(500, "application/json")
        self.wfile.write(b'{"error": "no"}')

    def _hanging(self):
        self._begin()
        self.server.over.wait(30)

    def _malformed(self):
        self._begin()
        self._events("{this is no JSON")

    def _cut(self):
        self._begin()
        self._events(*list(self._pieces())[:3])
        self.connection.shutdown(socket.SHUT_RDWR)

    def _limited(self):
        self._begin()
        end = json.dumps({"choices": [{"delta": {}, "finish_reason": "length"}]})
        self._events(*self._pieces(), end, "[DONE]")

    def _endless(self):
        self._begin()
        with contextlib.suppress(OSError):
            for _ in range(100):
                self.wfile.write(b"x" * 100_000)
                time.sleep(0.001)

    def _dripping(self):
        """A sentence after the other, until nobody listens."""
        self._begin()
        said = json.dumps({"choices": [{"delta": {"content": "And so on. "}}]})
        try:
            while not self.server.over.wait(0.02):
                self._events(said)
        except OSError:
            self.server.hung_up.set()

    def _nonsense(self):
        self._begin(kind="application/json")
        self.wfile.write(b"[1, 2]")


@contextlib.contextmanager
def endpoint(manner, answer=""):
    server = Endpoint(manner, answer)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
