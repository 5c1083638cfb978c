"""A wire of our own: who is at its ends, what it carries, and what is left of it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from earwitness.servers import postgres, tcp, wire
from earwitness.servers.postgres import Binaries
from earwitness.servers.process import MissingComponent
from earwitness.servers.wire import End, Wire

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")


@pytest.fixture
def over(workspace: Path) -> Iterator[Wire]:
    with ExitStack() as stack:
        try:
            made = stack.enter_context(wire.opened(workspace))
        except MissingComponent as missing:
            pytest.skip(missing.reason)
        yield made


def devices() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


def network_of(process: int | str) -> Path:
    return Path(f"/proc/{process}/ns/net").readlink()


def queue(end: End) -> str:
    """What decides when packets leave there."""
    with end.entered():
        shown = ["tc", "qdisc", "show", "dev", "wire"]
        return subprocess.run(shown, capture_output=True, text=True, check=True).stdout


def test_the_ends_reach_each_other_and_every_byte_is_counted(over: Wire) -> None:
    with over.server.entered():
        assert devices() == {"lo", "wire"}
        listener = socket.create_server((over.server.address, 0))
    assert "wire" not in devices()
    with over.client.entered():
        near = socket.create_connection(listener.getsockname(), timeout=5)
    with listener, near, listener.accept()[0] as far:
        before = tcp.received_bytes(near)
        far.sendall(b"x" * 30_000)
        got = 0
        while got < 30_000:
            got += len(near.recv(65536))
        assert tcp.received_bytes(near) - before == 30_000


def test_only_what_the_server_sends_is_limited_and_no_longer_than_asked(over: Wire) -> None:
    assert "tbf" not in queue(over.server)
    over.limit(100)
    assert "rate 100Mbit" in queue(over.server)
    over.limit(2.5)
    assert "rate 2500Kbit" in queue(over.server)
    assert "tbf" not in queue(over.client)
    over.limit(None)
    over.limit(None)
    assert "tbf" not in queue(over.server)


def test_its_networks_end_with_it(workspace: Path) -> None:
    try:
        with wire.opened(workspace) as over:
            holders = [over.server.holder.pid, over.client.holder.pid]
            assert len({network_of(pid) for pid in ("self", *holders)}) == 3
    except MissingComponent as missing:
        pytest.skip(missing.reason)
    assert not any(psutil.pid_exists(pid) for pid in holders)


def test_a_failure_inside_leads_back_to_our_own_network(over: Wire) -> None:
    here = network_of("thread-self")
    with pytest.raises(ZeroDivisionError), over.client.entered():
        assert network_of("thread-self") != here
        _ = 1 / 0
    assert network_of("thread-self") == here


def test_where_networks_are_refused_it_says_so(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = tmp_path / "unshare"
    refusing.write_text("#!/bin/sh\necho 'unshare failed: Operation not permitted' >&2; exit 1\n")
    refusing.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(MissingComponent, match="not permitted"), wire.opened(workspace):
        pass


def test_a_missing_program_is_named_with_what_installs_it(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARWITNESS_TC", "/nowhere/tc")
    with pytest.raises(MissingComponent, match="/nowhere/tc") as missing, wire.opened(workspace):
        pass
    assert missing.value.install == "apt-get install iproute2"


def test_a_server_there_answers_the_other_end_alone(
    over: Wire, newest: Binaries, workspace: Path
) -> None:
    address = over.server.address
    with ExitStack() as stack:
        with over.server.entered():
            server = stack.enter_context(postgres.running(newest, workspace, address=address))
        with over.client.entered():
            connection = server.connect(host=address)
        with connection:
            row = connection.execute("select host(inet_client_addr())").fetchone()
            assert row == (over.client.address,)
        with server.connect() as beside:  # the socket in its folder stays ours
            row = beside.execute("select inet_client_addr()").fetchone()
            assert row == (None,)
