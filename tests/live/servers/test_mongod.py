"""A real MongoDB: starts, serves whom it should, stops, and says why it did not."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from earwitness.servers import liveness, mongod
from earwitness.servers import workspace as workspaces
from earwitness.servers.mongod import Binary, MissingComponent, ServerFailed

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as somebody else")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the sweep ends servers")
ENGINE = "storage.wiredTiger.engineConfig.configString"


@pytest.fixture
def binary() -> Binary:
    pytest.importorskip("pymongo")
    try:
        return mongod.find()
    except MissingComponent as missing:
        pytest.skip(missing.reason)


def test_starts_answers_and_is_gone(binary: Binary, workspace: Path) -> None:
    with mongod.running(binary, workspace) as server, server.connect() as client:
        assert client.server_info()["version"] == binary.version
        assert server.version == f"MongoDB {binary.version}"
        assert server.ready_seconds > 0
        pid = server.pid
        listening = psutil.Process(pid).net_connections(kind="inet")
        assert [c for c in listening if c.status == psutil.CONN_LISTEN] == []
        assert [file.name for file in server.socket.iterdir()] == ["mongodb-27017.sock"]
        assert server.socket.stat().st_mode & 0o077 == 0
    assert not psutil.pid_exists(pid)
    assert sorted(p.name for p in workspace.iterdir()) == ["debts.jsonl", "owner.json"]


def test_settings_are_applied_over_the_defaults(binary: Binary, workspace: Path) -> None:
    settings = {"setParameter.ttlMonitorSleepSecs": 17, "net.bindIp": "127.0.0.1"}
    with (
        mongod.running(binary, workspace, settings=settings) as server,
        server.connect() as client,
    ):
        wanted = {"getParameter": 1, "ttlMonitorSleepSecs": 1, "ttlMonitorEnabled": 1}
        seen = client.admin.command(wanted)
        assert (seen["ttlMonitorSleepSecs"], seen["ttlMonitorEnabled"]) == (17, False)
        cache = client.admin.command("serverStatus")["wiredTiger"]["cache"]
        assert cache["maximum bytes configured"] == 256 * 2**20
        listening = psutil.Process(server.pid).net_connections(kind="inet")
        assert listening == [], "it must stay private"


def test_two_side_by_side_and_a_name_is_taken_once(binary: Binary, workspace: Path) -> None:
    with (
        mongod.running(binary, workspace, name="a") as a,
        mongod.running(binary, workspace, name="b") as b,
        a.connect() as one,
        b.connect() as other,
    ):
        one.test.only_here.insert_one({})
        assert other.test.list_collection_names() == []
        with pytest.raises(FileExistsError), mongod.running(binary, workspace, name="a"):
            pass
        assert one.test.list_collection_names() == ["only_here"]


@AS_ROOT
def test_as_root_it_runs_as_nobody_and_other_users_cannot_connect(
    binary: Binary, workspace: Path
) -> None:
    with mongod.running(binary, workspace) as server:
        assert psutil.Process(server.pid).username() == "nobody"
        address = os.fspath(server.socket / "mongodb-27017.sock")
        knock = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
        stranger = subprocess.run(
            ["/usr/bin/env", "python3", "-c", knock, address],
            user=1,
            group=1,
            extra_groups=[],
            capture_output=True,
            text=True,
            cwd="/",
            env={"PATH": "/usr/bin:/bin"},
            check=False,
        )
        assert "PermissionError" in stranger.stderr
        socket.socket(socket.AF_UNIX).connect(address)  # the same address lets us in


@AS_ROOT
def test_a_program_that_only_root_can_reach_is_copied_to_its_cache(
    binary: Binary, root: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = root / "hidden"
    hidden.mkdir(mode=0o700)
    shutil.copy(binary.path, hidden / "mongod")
    monkeypatch.setenv("EARWITNESS_MONGOD", str(hidden / "mongod"))
    monkeypatch.setenv("EARWITNESS_CACHE", str(root / "cache"))
    with mongod.running(mongod.find(), workspace) as server:
        assert root / "cache" in Path(psutil.Process(server.pid).exe()).parents
    monkeypatch.setenv("EARWITNESS_CACHE", str(hidden / "cache"))
    with (
        pytest.raises(MissingComponent, match="cannot be reached"),
        mongod.running(mongod.find(), workspace),
    ):
        pass


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"setParameter.no_such": 1}, "no_such"),
        ({ENGINE: "no_such=1"}, "no_such"),
        ({"storage.no_such": 1}, "storage.no_such"),
    ],
)
def test_a_bad_setting_is_named(
    settings: dict[str, object], said: str, binary: Binary, workspace: Path
) -> None:
    with (
        pytest.raises(ServerFailed, match=f"MongoDB .* did not start: .*{said}") as caught,
        mongod.running(binary, workspace, settings=settings),
    ):
        pass
    assert "\n" not in str(caught.value)
    assert sorted(p.name for p in workspace.iterdir()) == ["debts.jsonl", "owner.json"]


def test_a_server_that_dies_is_noticed(binary: Binary, workspace: Path) -> None:
    with mongod.running(binary, workspace) as server:
        psutil.Process(server.pid).kill()
        with pytest.raises(ServerFailed, match="stopped unexpectedly"):
            while True:
                server.require_alive()
    assert not server.folder.exists()


def test_without_the_driver_it_is_not_started(
    binary: Binary, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> str:
        raise mongod_metadata.PackageNotFoundError(name)

    import importlib.metadata as mongod_metadata

    monkeypatch.setattr(mongod_metadata, "version", missing)
    with (
        pytest.raises(MissingComponent, match="PyMongo is not installed"),
        mongod.running(binary, workspace),
    ):
        pass
    assert "PyMongo" in {component.name for component in mongod.components() if component.missing}


WORKER = """
import pathlib, sys, time
from earwitness.servers import mongod, workspace
with (
    workspace.workspace("killed", root=pathlib.Path(sys.argv[1])) as folder,
    mongod.running(mongod.find(), folder) as server,
):
    print(server.pid, flush=True)
    time.sleep(60)
"""


@LINUX
def test_a_killed_worker_takes_its_server_along_and_leaves_files_to_the_sweep(
    binary: Binary, root: Path
) -> None:
    command = [sys.executable, "-c", WORKER, str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        server = liveness.identity(int(worker.stdout.readline()))
        assert server is not None
        worker.kill()
    deadline = time.monotonic() + 2
    while liveness.exists(server) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not liveness.exists(server)
    [swept] = workspaces.sweep(root)
    assert swept.folder == root / "killed"
    assert not swept.folder.exists()
