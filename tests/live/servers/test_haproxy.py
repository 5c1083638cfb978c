"""A real HAProxy: private, taking commands, gone afterwards."""

import socket
import urllib.request
from pathlib import Path

import psutil
import pytest

from earwitness.servers import haproxy, ports
from earwitness.servers.haproxy import HAProxy
from earwitness.servers.process import MissingComponent, ServerFailed
from earwitness.servers.program import Program

CONFIG = """
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend web
    bind 127.0.0.1:@port:web@
    http-request return status 200 content-type text/plain string hello
"""


@pytest.fixture(scope="module")
def program() -> Program:
    try:
        return haproxy.find()
    except MissingComponent as missing:
        pytest.skip(missing.reason)


def get(server: HAProxy) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.ports['web']}/", timeout=5) as answer:
        return answer.read().decode()


def test_it_answers_as_configured_and_takes_commands(program: Program, workspace: Path) -> None:
    with haproxy.running(program, workspace, config=CONFIG) as server:
        assert get(server) == "hello"
        assert f"Version: {program.version}" in server.command("show info")
        assert "Unknown command" in server.command("make tea")


def test_it_runs_without_roots_privileges_and_listens_nowhere_else(
    program: Program, workspace: Path
) -> None:
    with haproxy.running(program, workspace, config=CONFIG) as server:
        process = psutil.Process(server.pid)
        assert process.uids().effective != 0
        bound = [c.laddr for c in process.net_connections(kind="inet")]
        assert {(a.ip, a.port) for a in bound} == {("127.0.0.1", server.ports["web"])}


def test_a_configuration_that_is_wrong_is_quoted(program: Program, workspace: Path) -> None:
    with (
        pytest.raises(ServerFailed, match="nonsense"),
        haproxy.running(program, workspace, config="nonsense\n"),
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
        with haproxy.running(program, workspace, config=CONFIG) as server:
            assert get(server) == "hello"
        assert offers == []


def test_nothing_is_left(program: Program, workspace: Path) -> None:
    before = set(workspace.iterdir())
    with haproxy.running(program, workspace, config=CONFIG) as server:
        process = psutil.Process(server.pid)
    assert not process.is_running()
    assert set(workspace.iterdir()) - before <= {workspace / "haproxy", workspace / "debts.jsonl"}
    with pytest.raises(ServerFailed, match="is not running"):
        server.command("show info")
