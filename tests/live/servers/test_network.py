"""A network of our own, and what becomes of it."""

import socket
import sys
from pathlib import Path

import pytest

from earwitness.servers import network, process, tcp
from earwitness.servers.network import MakeSocket
from earwitness.servers.process import MissingComponent

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")


def pair(make: MakeSocket) -> tuple[socket.socket, socket.socket]:
    with make() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        near = make()
        near.settimeout(5)
        near.connect(listener.getsockname())
        return near, listener.accept()[0]


def test_sockets_reach_each_other_there_and_nobody_here(workspace: Path) -> None:
    try:
        with network.own(workspace) as make:
            near, far = pair(make)
            with near, far:
                far.sendall(b"hello")
                assert near.recv(5) == b"hello"
                tcp.lose_everything(near)
            with make() as listener:
                listener.bind(("127.0.0.1", 0))
                listener.listen(1)
                with network.common() as outside, pytest.raises(ConnectionRefusedError):
                    outside.connect(listener.getsockname())
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    assert not (workspace / "network.sock").exists()


def test_where_namespaces_are_refused_it_says_so(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = workspace / "refusing.py"
    refusing.write_text("raise SystemExit('cannot start a network of its own: not permitted')")
    monkeypatch.setattr(network, "_CHILD", refusing)
    with pytest.raises(MissingComponent, match="not permitted"), network.own(workspace):
        pass


def test_a_holder_that_is_gone_gives_no_more_sockets(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[process.Process] = []
    begin = process.start

    def watched(*arguments: object, **options: object) -> process.Process:
        started.append(begin(*arguments, **options))  # type: ignore[arg-type]
        return started[-1]

    monkeypatch.setattr(process, "start", watched)
    try:
        with network.own(workspace) as make:
            started[0].stop()
            with pytest.raises(process.ServerFailed, match="gave no socket"):
                make()
    except MissingComponent as missing:
        pytest.skip(missing.reason)
