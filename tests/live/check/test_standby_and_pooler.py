"""Ways to PostgreSQL that are not a direct connection to a primary."""

import os
import shutil
import socket as socket_
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg
import pytest

from earwitness.check import kinds, runner
from earwitness.check.evidence import Evidence
from earwitness.check.postgresql import BUDGET
from earwitness.claims import registry
from earwitness.servers import postgres, process
from earwitness.servers.postgres import Postgres

pytestmark = pytest.mark.live

TABLES = """
create table kept (a int, day int) partition by range (day);
create index on kept (a);
create table kept_0 partition of kept for values from (0) to (1);
create table kept_1 partition of kept for values from (1) to (2);
"""
POOLER_PORT = 6432


@pytest.fixture
def primary(workspace: Path) -> Iterator[Postgres]:
    configured = {"wal_level": "replica", "max_wal_senders": 3}
    with postgres.running(postgres.find(18), workspace, settings=configured) as server:
        with server.connect() as owner:
            owner.execute(TABLES)
        yield server


def seen(host: Path, port: int = 5432) -> Evidence:
    kind, target = kinds.recognise(f"host={host} port={port} user=postgres dbname=postgres")
    (check,) = registry.find("partition-locks").checks
    return runner.gather(kind, target, (check,), budget=BUDGET, version="1")


def test_a_standby_shows_the_same(primary: Postgres) -> None:
    before = seen(primary.socket)
    with primary.connect() as owner:  # which a standby refuses to be
        owner.execute("alter system set default_transaction_isolation = serializable")
    (primary.data / "standby.signal").touch()  # it recovers for ever, and answers meanwhile
    primary.restart()
    evidence = seen(primary.socket)
    assert evidence.message is None
    assert (before.facts["server"], evidence.facts["server"]) == ("primary", "standby")
    assert evidence.claims == before.claims


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_pooler_gets_its_connection_back_as_it_was(
    primary: Postgres, workspace: Path, mode: str
) -> None:
    """With one server connection, whoever comes next gets the one that the check had."""
    with pooler(primary, workspace / "pooler", mode) as socket:
        before = limits(socket)
        evidence = seen(socket, POOLER_PORT)
        assert limits(socket) == before
    assert evidence.message is None
    assert evidence.facts["connection"] == "pooled"
    assert evidence.claims == seen(primary.socket).claims


def test_rows_are_measured_through_a_pooler(primary: Postgres, workspace: Path) -> None:
    with primary.connect() as owner:
        owner.execute(
            "create table docs as select n, repeat('x', 9) as body from generate_series(1, 50) n"
        )
        owner.execute("alter table docs alter body set storage external")
        owner.execute("insert into docs select 0, repeat('y', 9000) from generate_series(1, 50)")
        owner.execute("analyze docs")
    (check,) = registry.find("select-star").checks
    with pooler(primary, workspace / "pooler", "transaction") as socket:
        before = limits(socket)
        kind, target = kinds.recognise(
            f"host={socket} port={POOLER_PORT} user=postgres dbname=postgres"
        )
        budget = msgspec.structs.replace(BUDGET, steps=100)
        evidence = runner.gather(
            kind,
            target,
            (check.with_options({"measure-width": "yes"}),),
            budget=budget,
            version="1",
        )
        assert limits(socket) == before
    assert evidence.facts["connection"] == "pooled"
    (docs,) = evidence.claims["select-star"]["measured"]
    # a message of 7 bytes with two lengths of 4; one or two digits and 9 letters, or a digit and 9,000
    digits = sum(len(str(n)) for n in range(1, 51)) + 50
    assert docs["bytes_per_row"] == 15 + (digits + 50 * 9 + 50 * 9000) / 100
    assert docs["exact"]


def test_what_others_left_in_a_pooled_connection_is_not_believed(
    primary: Postgres, workspace: Path
) -> None:
    with pooler(primary, workspace / "pooler", "transaction") as socket:
        with client(socket) as other:
            other.execute("create temporary table pg_class as table pg_catalog.pg_class limit 0")
        assert seen(socket, POOLER_PORT).claims == seen(primary.socket).claims


def test_a_pooler_without_transactions_is_refused_in_one_line(
    primary: Postgres, workspace: Path
) -> None:
    with pooler(primary, workspace / "pooler", "statement") as socket:
        evidence = seen(socket, POOLER_PORT)
    assert not evidence.reached
    assert evidence.message is not None
    assert "transaction blocks not allowed" in evidence.message
    assert "\n" not in evidence.message


def limits(socket: Path) -> list[object]:
    names = ("statement_timeout", "lock_timeout", "transaction_read_only", "search_path")
    names += ("idle_in_transaction_session_timeout", "application_name")
    with client(socket) as connection:
        return [connection.execute(f"show {name}".encode()).fetchone() for name in names]


def client(socket: Path) -> psycopg.Connection[tuple[object, ...]]:
    address = f"host={socket} port={POOLER_PORT} user=postgres dbname=postgres"
    return psycopg.connect(address, autocommit=True, prepare_threshold=None)


def listens(path: Path) -> bool:
    """Whether somebody answers there; the file is there a moment before that."""
    with socket_.socket(socket_.AF_UNIX) as tried:
        return tried.connect_ex(os.fspath(path)) == 0


@contextmanager
def pooler(server: Postgres, folder: Path, mode: str) -> Iterator[Path]:
    """PgBouncer with a single connection to the server; gives the folder of its socket."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed")
    folder.mkdir()
    folder.chmod(0o711)
    socket = process.private_folder(server.socket.with_name(".pooler"), server.user)
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"[databases]\n* = host={server.socket} port={server.port} user=postgres\n"
        f"[pgbouncer]\npool_mode = {mode}\nlisten_addr =\nlisten_port = {POOLER_PORT}\n"
        f"unix_socket_dir = {socket}\nauth_type = any\ndefault_pool_size = 1\n"
    )
    config.chmod(0o644)
    running = process.start([program, config], socket, name="pgbouncer", user=server.user)
    try:
        running.wait_until(lambda: listens(socket / f".s.PGSQL.{POOLER_PORT}"), 10)
        yield socket
    finally:
        running.stop()
        shutil.rmtree(socket, ignore_errors=True)
