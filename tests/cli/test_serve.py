"""``earwitness serve``: whom it lets in, what it refuses, how it ends."""

import http.client
import os
import signal
import socket
import statistics
import time
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import CommandLine

OPEN = ("serve", "--host", "0.0.0.0", "--port", "0", "--no-open")


@pytest.fixture
def ended(earwitness: CommandLine):
    """Start it, read its address, and be sure that it ends."""
    started = []

    def start(*arguments: str, **environment: str) -> tuple[str, object]:
        process = CommandLine({**earwitness.environment, **environment}).start(*arguments)
        started.append(process)
        return process.stdout.readline().strip(), process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_it_prints_its_address_once_it_answers_and_ends_politely(ended) -> None:
    address, process = ended("serve", "--port", "0", "--no-open")
    with urllib.request.urlopen(address, timeout=30) as answer:
        assert b"See when it" in answer.read()
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    assert "Traceback" not in process.stderr.read()


def test_a_connection_that_is_kept_answers_as_soon_as_a_new_one(ended) -> None:
    address, _ = ended("serve", "--port", "0", "--no-open")
    kept = http.client.HTTPConnection(address.removeprefix("http://").rstrip("/"), timeout=30)

    def seconds() -> float:
        begun = time.perf_counter()
        kept.request("GET", "/checks")
        kept.getresponse().read()
        return time.perf_counter() - begun

    new, again = [], []
    for _ in range(15):
        kept.close()
        new.append(seconds())
        again.append(seconds())
    kept.close()
    # a system that waits for more to send, and another that waits to confirm: 40 ms each time
    assert statistics.median(again) < 5 * statistics.median(new)


def test_others_are_let_in_only_with_a_password(earwitness: CommandLine, data: Path) -> None:
    refused = earwitness(*OPEN)
    assert refused.returncode == 2
    assert "EARWITNESS_PASSWORD" in refused.stderr
    assert str(data / "password") in refused.stderr
    assert not data.exists()


def test_the_password_comes_from_the_environment(ended) -> None:
    address, process = ended(*OPEN, EARWITNESS_PASSWORD="correct horse")
    port = address.rstrip("/").rpartition(":")[2]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30) as answer:
        assert answer.url.endswith("/login")
    process.send_signal(signal.SIGINT)
    process.wait(20)
    assert "TLS" in process.stderr.read()


def test_a_file_with_the_password_has_to_be_ones_own(earwitness: CommandLine, data: Path) -> None:
    data.mkdir()
    file = data / "password"
    file.write_text("correct horse\n")
    file.chmod(0o644)
    refused = earwitness(*OPEN)
    assert refused.returncode != 0
    assert f"chmod 600 {file}" in refused.stderr
    file.chmod(0o600)
    file.write_text("\n")
    assert "EARWITNESS_PASSWORD" in earwitness(*OPEN).stderr


def test_a_port_in_use_is_told_in_a_line(earwitness: CommandLine) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = earwitness("serve", "--port", str(taken.getsockname()[1]), "--no-open")
    assert refused.returncode != 0
    assert "cannot listen" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_store_that_cannot_be_used_is_told_before_anything_listens(
    earwitness: CommandLine, data: Path
) -> None:
    data.mkdir()
    (data / "earwitness.db").write_text("this is no store, and long enough to be seen as none" * 99)
    refused = earwitness("serve", "--port", "0", "--no-open")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert "damaged" in refused.stderr


def test_what_is_missing_is_named_with_the_command_that_installs_it(
    earwitness: CommandLine, tmp_path: Path
) -> None:
    (tmp_path / "starlette.py").write_text("raise ModuleNotFoundError(name='starlette')")
    path = os.pathsep.join((str(tmp_path), earwitness.environment["PYTHONPATH"]))
    without = CommandLine({**earwitness.environment, "PYTHONPATH": path})
    refused = without("serve", "--no-open")
    assert refused.returncode != 0
    assert "pip install 'earwitness[web]'" in refused.stderr
