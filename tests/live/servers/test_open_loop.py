"""The generator against a small real server: what it sends, and what it makes of the answers."""

import contextlib
import secrets
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from earwitness.servers import open_loop, ports
from earwitness.servers.open_loop import NO_ANSWER, NOT_SENT, Answers
from earwitness.servers.process import ServerFailed
from earwitness.servers.workspace import workspace

pytestmark = pytest.mark.live

PATHS = ("/200", "/500", "/slow", "/without-length", "/close")


class Visitor(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path == "/slow":
            time.sleep(0.3)
        self.send_response(500 if self.path == "/500" else 200)
        if self.path != "/without-length":
            self.send_header("Content-Length", "2")
        if self.path in ("/close", "/without-length"):
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def place() -> Iterator[Path]:
    with workspace(f"test-{secrets.token_hex(4)}") as folder:
        yield folder


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    made = ThreadingHTTPServer(("127.0.0.1", 0), Visitor)
    made.daemon_threads = True
    made.asked, made.connections = [], 0
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    with contextlib.closing(made.socket):
        yield made
        made.shutdown()
        thread.join()


def send(
    place: Path, port: int, targets: list[int], gap: float = 0.02, in_flight: int = 50
) -> Answers:
    return open_loop.run(
        place / "load",
        port=port,
        paths=PATHS,
        due=np.arange(len(targets)) * gap,
        target=np.array(targets, dtype=np.int64),
        in_flight=in_flight,
        patience_seconds=5,
    )


def test_every_request_is_sent_and_its_answer_kept(place: Path, server) -> None:
    seen = send(place, server.server_port, [0, 1, 3, 4, 0, 0, 1])
    assert list(seen.status) == [200, 500, NO_ANSWER, 200, 200, 200, 500]
    assert server.asked == ["/200", "/500", "/without-length", "/close", "/200", "/200", "/500"]
    assert np.isnan(seen.latency[2])
    assert (seen.lateness >= 0).all()
    answered = seen.where(seen.status != NO_ANSWER)
    assert (answered.latency >= answered.lateness).all()
    assert seen.cpu_share > 0
    assert abs(seen.began_at - time.time()) < 60


def test_connections_are_used_again(place: Path, server) -> None:
    seen = send(place, server.server_port, [0] * 20)
    assert seen.count(200) == 20
    assert server.connections < 20


def test_requests_do_not_wait_for_those_before_them(place: Path, server) -> None:
    """In a closed loop ten answers of 0.3 s would take 3 s, each sent when the last one came."""
    seen = send(place, server.server_port, [2] * 10)
    assert seen.count(200) == 10
    assert (seen.latency >= 0.3).all()
    assert server.connections == 10


def test_more_than_may_be_in_flight_is_not_sent(place: Path, server) -> None:
    seen = send(place, server.server_port, [2] * 10, gap=0.001, in_flight=3)
    assert seen.count(NOT_SENT) == 10 - len(server.asked)
    assert 3 <= len(server.asked) < 10
    assert np.isnan(seen.latency[seen.status == NOT_SENT]).all()


def test_a_server_that_is_not_there_does_not_answer(place: Path) -> None:
    (port,) = ports.free(1)
    assert list(send(place, port, [0, 0]).status) == [NO_ANSWER] * 2


@pytest.mark.parametrize("targets", [[0], [0, 9], [0, -1]])
def test_a_request_without_a_path_is_refused(place: Path, targets: list[int]) -> None:
    with pytest.raises(ValueError, match="one of the paths"):
        open_loop.run(
            place / "load",
            port=1,
            paths=PATHS,
            due=np.zeros(2),
            target=np.array(targets),
            in_flight=1,
            patience_seconds=1,
        )


def test_a_generator_that_fails_says_why(place: Path) -> None:
    with pytest.raises(ServerFailed, match=r"open-loop load failed: .*OverflowError"):
        send(place, 1 << 20, [0])
