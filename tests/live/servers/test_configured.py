"""Starting, reloading and restarting a server that one program and a few files make."""

import signal
import socket
import sys
from pathlib import Path

import psutil
import pytest

from earwitness.servers import configured, folders
from earwitness.servers.configured import FOLDER, Recipe
from earwitness.servers.process import ServerFailed

pytestmark = pytest.mark.live

PROGRAM = """
import signal, socket, sys
from pathlib import Path
words = Path("words")
said = words.read_bytes()
def again(*_): global said; said = words.read_bytes()
signal.signal(signal.SIGHUP, again)
server = socket.create_server(("127.0.0.1", int(sys.argv[1])))
while True:
    client, _ = server.accept()
    client.sendall(said)
    client.close()
"""
RECIPE = Recipe(
    name="Speaker 1",
    command=(sys.executable, "-I", f"{FOLDER}/speaker.py", "@port:door@"),
    files={"speaker.py": PROGRAM, "words": "first"},
    reload=signal.SIGHUP,
)


def heard(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        said = b""
        while received := connection.recv(100):
            said += received
    return said.decode()


def user():
    return folders.reaching(Path(sys.executable))


def test_it_reads_its_files_again_and_keeps_its_port(workspace: Path) -> None:
    with configured.running(RECIPE, workspace, name="speaker", user=user()) as server:
        port = server.ports["door"]
        assert heard(port) == "first"
        (server.folder / "words").write_text("second")
        assert heard(port) == "first"
        server.reload()
        while heard(port) == "first":
            server.require_alive()
        (server.folder / "words").write_text("third")
        before = server.pid
        server.restart()
        server.await_ready()
        assert server.pid != before
        assert heard(port) == "third"
        spent = server.cpu_seconds()
        for _ in range(50):
            heard(port)
        assert server.cpu_seconds() > spent > 0
        pid = server.pid
    assert not psutil.pid_exists(pid)


def test_one_that_does_not_start_says_why(workspace: Path) -> None:
    recipe = Recipe(
        name="Broken 1",
        command=(sys.executable, "-c", "raise SystemExit('no way')", "@port:door@"),
    )
    with (
        pytest.raises(ServerFailed, match="Broken 1 did not start: no way"),
        configured.running(recipe, workspace, name="broken", user=user()),
    ):
        pass
