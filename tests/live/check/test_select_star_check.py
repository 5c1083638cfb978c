"""What a check sees of stored rows on real servers, with no right to any table."""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from urllib.parse import quote

import msgspec
import pytest

from earwitness.check import kinds, runner
from earwitness.check.evidence import Evidence
from earwitness.check.finding import Severity
from earwitness.check.postgresql import BUDGET
from earwitness.check.target import Unreachable
from earwitness.claims import registry
from earwitness.claims.select_star import tables
from earwitness.claims.select_star.evidence import StoredRows
from earwitness.claims.select_star.judge import judge
from earwitness.servers import postgres
from earwitness.servers.postgres import Postgres
from earwitness.servers.workspace import workspace
from tests.conftest import CommandLine

pytestmark = pytest.mark.live

ROWS = 1200


@pytest.fixture(scope="module", params=(15, 16, 18), ids=lambda major: f"pg{major}")
def server(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    with ExitStack() as stack:
        folder = stack.enter_context(workspace(f"test-{secrets.token_hex(4)}"))
        try:
            binaries = postgres.find(request.param)
        except postgres.MissingComponent as missing:
            pytest.skip(missing.reason)
        running = stack.enter_context(postgres.running(binaries, folder))
        with running.connect() as owner:
            owner.execute("create role nobody_special login")
            tables.load(owner, "wide", ROWS)
        yield running


@pytest.fixture(autouse=True)
def clean(server: Postgres) -> None:
    with server.connect() as owner:
        owner.execute("drop schema if exists shop cascade; create schema shop")


def address(server: Postgres, user: str) -> str:
    return f"postgresql://{user}@/postgres?host={quote(os.fspath(server.socket), safe='')}"


def gathered(server: Postgres, user: str = "nobody_special") -> Evidence:
    (check,) = registry.find("select-star").checks
    kind, target = kinds.recognise(address(server, user))
    return runner.gather(kind, target, [check], budget=BUDGET, version="1")


def seen(server: Postgres, user: str = "nobody_special") -> StoredRows:
    return msgspec.convert(gathered(server, user).claims["select-star"], StoredRows)


def test_tables_are_kept_when_the_session_ends_later(
    server: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ends(*_: object) -> None:
        raise Unreachable("the connection was lost")

    monkeypatch.setattr("earwitness.claims.select_star.fetched.read", ends)
    evidence = gathered(server)
    assert evidence.claims["select-star"]["tables"][0]["relation"] == "public.wide"
    (missed,) = evidence.not_seen
    assert (missed.reason, missed.essential) == ("the connection was lost", True)


def test_a_wide_table_is_seen_without_a_right_to_it(server: Postgres) -> None:
    (wide,) = seen(server).tables
    assert (wide.relation, wide.rows) == ("public.wide", ROWS)
    # 4.3 kB of compressed text and 4 kB of bytes, in pieces with headers, on pages with some room
    assert 8_300 < wide.out_of_line_per_row < 11_000
    assert 500 < wide.bytes_per_row - wide.out_of_line_per_row < 1_000
    assert wide.planned_bytes_per_row is None


def test_who_may_read_the_table_also_sees_how_little_a_plan_says(server: Postgres) -> None:
    (wide,) = seen(server, "postgres").tables
    with server.connect() as owner:
        row = owner.execute("explain (format json) select * from wide").fetchone()
    assert row is not None
    width = row[0][0]["Plan"]["Plan Width"]
    assert wide.planned_bytes_per_row is not None
    # the planner adds no rounding of its own, but each column's width is rounded once
    assert abs(wide.planned_bytes_per_row - width) <= 1
    assert wide.bytes_per_row > 10 * width


def test_a_partitioned_table_is_one(server: Postgres) -> None:
    with server.connect() as owner:
        owner.execute(
            "create table shop.docs (id int, body text) partition by range (id);"
            "create table shop.docs_a partition of shop.docs for values from (0) to (1000);"
            "create table shop.docs_b partition of shop.docs for values from (1000) to (9000)"
            " partition by range (id);"
            "create table shop.docs_b1 partition of shop.docs_b for values from (1000) to (9000);"
            "alter table shop.docs_a alter body set storage external;"
            "alter table shop.docs_b1 alter body set storage external;"
            "insert into shop.docs select n, repeat('x', 6000) from generate_series(1, 1500) n;"
        )
        owner.execute("vacuum (analyze) shop.docs")
    docs = next(table for table in seen(server).tables if table.relation == "shop.docs")
    assert docs.rows == 1500
    assert 6_000 < docs.out_of_line_per_row < 9_000


def test_a_table_that_was_never_counted_is_unknown_and_an_empty_one_is_not(
    server: Postgres,
) -> None:
    before = seen(server)
    with server.connect() as owner:
        owner.execute("create table shop.new as select 1 as a; create table shop.empty (a text)")
        owner.execute("create temporary table hidden as select 1 as a")
        after = seen(server)
        assert (before.unknown, after.unknown) == (0, 1)
        assert after.known == before.known
        owner.execute("analyze shop.new")
        counted = seen(server)
    assert (counted.unknown, counted.known) == (0, before.known + 1)


def test_a_table_that_somebody_alters_does_not_blind_the_check(server: Postgres) -> None:
    by_files = seen(server)
    with server.connect(autocommit=False) as owner:
        owner.execute("lock table wide in access exclusive mode")
        evidence = gathered(server)
    assert not any(missed.essential for missed in evidence.not_seen)
    found = evidence.claims["select-star"]
    assert found["sizes"] == "last vacuum"
    (wide,) = found["tables"]
    assert wide["out_of_line_per_row"] == by_files.tables[0].out_of_line_per_row
    assert [read.name for read in evidence.reads if read.failed] == ["stored-bytes"]


def test_nothing_of_the_tables_is_locked_or_read(server: Postgres) -> None:
    with server.connect() as owner:
        owner.execute("select pg_stat_reset()")
        gathered(server)
        row = owner.execute(
            "select sum(seq_scan + coalesce(idx_scan, 0)), count(*) from pg_stat_user_tables"
        ).fetchone()
    assert row is not None
    assert row[0] == 0
    assert row[1] > 0


def test_many_partitions_are_few_rows(server: Postgres) -> None:
    with server.connect() as owner:
        owner.execute("create table shop.many (id int, body text) partition by list (id)")
        owner.execute(
            "do $$ begin for n in 1..300 loop execute format("
            "'create table shop.many_%s partition of shop.many for values in (%s)', n, n); "
            "end loop; end $$"
        )
    evidence = gathered(server, "postgres")
    assert not any(missed.essential for missed in evidence.not_seen)
    assert len(evidence.reads) == 3
    assert sum(read.rows for read in evidence.reads) < 20


def test_the_command_says_it_and_judges_it_again(
    server: Postgres, earwitness: CommandLine, tmp_path
) -> None:
    saved = tmp_path / "evidence.json"
    arguments = ("check", "--claim", "select-star", address(server, "nobody_special"))
    done = earwitness(*arguments, "--save-evidence", str(saved), "--fail-on", "low")
    assert done.returncode == 1, done.stderr
    assert "public.wide" in done.stdout
    again = earwitness("judge", str(saved), "--fail-on", "medium")
    assert again.returncode == 0, again.stderr
    assert "public.wide" in again.stdout


def test_a_table_of_short_rows_is_nothing_to_do(server: Postgres) -> None:
    with server.connect() as owner:
        owner.execute("create database short_rows")
    try:
        with server.connect("short_rows") as owner:
            owner.execute("create table t as select n from generate_series(1, 5000) n")
            owner.execute("analyze t")
        (check,) = registry.find("select-star").checks
        kind, target = kinds.recognise(
            address(server, "postgres").replace("/postgres?", "/short_rows?")
        )
        evidence = runner.gather(kind, target, [check], budget=BUDGET, version="1")
    finally:
        with server.connect() as owner:
            owner.execute("drop database short_rows")
    (found,) = judge(evidence.claims["select-star"])
    assert (found.id, found.severity) == ("select-star/inline", Severity.INFO)
