"""A real nginx: private, reloaded when it says so, gone afterwards."""

import os
import signal
import socket
import urllib.request
from pathlib import Path

import psutil
import pytest

from earwitness.servers import liveness, nginx, ports
from earwitness.servers.nginx import Nginx
from earwitness.servers.process import MissingComponent, ServerFailed
from earwitness.servers.program import Program

ANSWER = "server {{ listen 127.0.0.1:@port:web@; location / {{ return 200 '{}'; }} }}"


@pytest.fixture(scope="module")
def program() -> Program:
    try:
        return nginx.find()
    except MissingComponent as missing:
        pytest.skip(missing.reason)


def get(server: Nginx, name: str = "web") -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.ports[name]}/", timeout=5) as answer:
        return answer.read().decode()


def test_it_answers_as_configured_and_says_its_version(program: Program, workspace: Path) -> None:
    with nginx.running(program, workspace, config=ANSWER.format("hello")) as server:
        assert get(server) == "hello"
        assert server.version == f"nginx {program.version}"
        server.require_alive()


def test_it_runs_without_roots_privileges(program: Program, workspace: Path) -> None:
    with nginx.running(program, workspace, config=ANSWER.format("x")) as server:
        everybody = [psutil.Process(server.pid), *psutil.Process(server.pid).children()]
        assert len(everybody) == 2
        assert all(process.uids().effective != 0 for process in everybody)


def test_it_listens_nowhere_else(program: Program, workspace: Path) -> None:
    with nginx.running(program, workspace, config=ANSWER.format("x")) as server:
        bound = [c.laddr for c in psutil.Process(server.pid).net_connections(kind="inet")]
        assert {(a.ip, a.port) for a in bound} == {("127.0.0.1", server.ports["web"])}


def test_two_run_side_by_side(program: Program, workspace: Path) -> None:
    with (
        nginx.running(program, workspace, config=ANSWER.format("1"), name="one") as one,
        nginx.running(program, workspace, config=ANSWER.format("2"), name="two") as two,
    ):
        assert (get(one), get(two)) == ("1", "2")


def test_after_a_reload_every_answer_is_the_new_one(program: Program, workspace: Path) -> None:
    words = workspace / "words.conf"
    for_all(words, "return 200 first;")
    config = f"server {{ listen 127.0.0.1:@port:web@; location / {{ include {words}; }} }}"
    with nginx.running(program, workspace, config=config) as server:
        assert get(server) == "first"
        # a connection that stays open keeps the old worker, which may accept no more
        with socket.create_connection(("127.0.0.1", server.ports["web"])) as kept:
            kept.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"first" in kept.recv(4096)
            for_all(words, "return 200 second;")
            server.reload()
            assert {get(server) for _ in range(20)} == {"second"}


def for_all(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o644)


def test_a_reload_that_fails_says_why_and_leaves_it_running(
    program: Program, workspace: Path
) -> None:
    words = workspace / "words.conf"
    for_all(words, "return 200 first;")
    config = f"server {{ listen 127.0.0.1:@port:web@; location / {{ include {words}; }} }}"
    with nginx.running(program, workspace, config=config) as server:
        for_all(words, "no such directive;")
        with pytest.raises(ServerFailed, match=r'did not reload: .*unknown directive "no"'):
            server.reload()
        assert get(server) == "first"


def test_a_configuration_that_is_wrong_is_quoted(program: Program, workspace: Path) -> None:
    with (
        pytest.raises(ServerFailed, match=r'did not start: .*unknown directive "nonsense"'),
        nginx.running(program, workspace, config="nonsense;"),
    ):
        pass


def test_a_port_that_is_taken_in_between_is_replaced(
    program: Program, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        offers = [(taken.getsockname()[1],), ports.free(1)]
        monkeypatch.setattr(ports, "free", lambda _count: offers.pop(0))
        with nginx.running(program, workspace, config=ANSWER.format("x")) as server:
            assert get(server) == "x"
        assert offers == []


def test_nothing_is_left(program: Program, workspace: Path) -> None:
    with nginx.running(program, workspace, config=ANSWER.format("x")) as server:
        family = [liveness.identity(server.pid), *liveness.descendants(server.pid)]
    assert not any(liveness.exists(process) for process in family if process is not None)
    with pytest.raises(ServerFailed, match="is not running"):
        _ = server.pid


def test_workers_end_with_a_master_that_was_killed(program: Program, workspace: Path) -> None:
    with nginx.running(program, workspace, config=ANSWER.format("x")) as server:
        workers = liveness.descendants(server.pid)
        os.kill(server.pid, signal.SIGKILL)
    assert len(workers) == 1
    assert not any(liveness.exists(worker) for worker in workers)
