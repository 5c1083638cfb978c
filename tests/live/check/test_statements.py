"""Statements and waits on real servers: what the server's own planner and pg_locks say, and rights."""

import contextlib
import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import msgspec
import psycopg
import pytest

from earwitness.check import kinds, postgresql, runner
from earwitness.check.evidence import Evidence, Unseen
from earwitness.check.postgresql import BUDGET
from earwitness.check.postgresql_statements import normalised
from earwitness.check.target import NotSeen
from earwitness.claims import registry
from earwitness.claims.partition_locks.observed import locks_held_after
from earwitness.servers import postgres
from earwitness.servers.postgres import Postgres
from earwitness.servers.workspace import workspace as new_workspace
from tests.live.conftest import ALL_MAJORS

PARTITIONS = 30
DAYS = f"""
create table shop.orders (id int, customer int, day date, note text) partition by range (day);
create index on shop.orders (id);
create table shop.events (id int, kind text) partition by list (kind);
create table shop.events_a partition of shop.events for values in ('a', 'it''s');
create table shop.events_b partition of shop.events for values in ('b');
create table shop.events_rest partition of shop.events default;
create table shop.people (id int, name text) partition by hash (id);
create table shop.customers (id int primary key, name text);
create view shop.recent as select * from shop.orders;
create materialized view shop.copied as select * from shop.orders;
do $$ begin
    for n in 0..{PARTITIONS - 1} loop
        execute format('create table shop.orders_%s partition of shop.orders for values from (%L) to (%L)',
            n, date '2024-01-01' + n, date '2024-01-02' + n);
    end loop;
    for n in 0..3 loop
        execute format('create table shop.people_%s partition of shop.people for values with (modulus 4, remainder %s)', n, n);
    end loop;
end $$;
"""
SENT = {
    "select count(*) from orders where id = 7": ("never", "never"),
    "select * from orders where day = '2024-01-03' and id = 7": ("custom_only", "custom_only"),
    "select * from shop.orders o where o.day between '2024-01-03' and '2024-01-04'": (
        "custom_only",
        "custom_only",
    ),
    "select id from orders where day in ('2024-01-03', '2024-01-04')": ("custom_only",) * 2,
    "select max(id) from orders where day = any('{2024-01-03}')": ("custom_only", "custom_only"),
    "select note from orders where day >= now() - interval '900 days'": ("never", "never"),
    "select id, note from orders where day = current_date": ("never", "never"),
    "select o.id from orders o join customers c on c.id = o.customer where c.name = 'geheim'": (
        "never",
        "never",
    ),
    "select note from orders where day = '2024-01-03' or id = 7": ("never", "unknown"),
    "select id from orders where ($1::date is null or day = $1)": ("custom_only", "unknown"),
    "select id from orders where note = 'held'": ("never", "never"),
    "select id from orders where id in (1,2) and note = 'a'||'b'": ("never", "never"),
    "select id from orders where extract(year from day) = 2024": ("never", "never"),
    "select id from orders where day >= timestamptz '2024-01-03 00:00'": ("never", "never"),
    "select id from (select id, day, count(*) over (partition by id) from orders) x "
    "where day = '2024-01-03'": ("never", "unknown"),
    "with x as (select * from orders) select id from x where x.day = '2024-01-03'": (
        "custom_only",
        "custom_only",
    ),
    "select id from recent where day = '2024-01-03'": ("custom_only", "unknown"),
    "select id from events where kind = 'it''s'": ("custom_only", "custom_only"),
    "select name from people where id = 5": ("custom_only", "custom_only"),
    "select name from people where id > 5": ("never", "never"),
    "select count(*) from recent where id = 7": ("unknown", "unknown"),
    "update orders set note = 'geheim' where id = 7": ("never", "never"),
}
"""Statement, and what is said of it: by the planner, and by text (14, 15, superusers)."""
SENT_AS = {
    "select id from orders where ($1::date is null or day = $1)": (
        "prepare p as {}; execute p ('2024-01-03')"
    ),
    "select id from orders where note = 'held'": (
        "begin; declare c cursor for {}; fetch all from c; commit"
    ),
}
"""Those that are sent in the wrapping of others."""


@pytest.fixture(scope="module", params=ALL_MAJORS, ids=lambda major: f"pg{major}")
def server(request: pytest.FixtureRequest, fetch_postgres: ModuleType) -> Iterator[Postgres]:
    """That version with its contrib extensions, which only the fetched builds have for all."""
    with ExitStack() as stack:
        try:
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            patch.setenv("EARWITNESS_PG_BIN", os.fspath(fetch_postgres.fetch(request.param)))
            binaries = postgres.find(request.param)
        except (postgres.MissingComponent, fetch_postgres.FetchFailedError) as missing:
            pytest.skip(str(missing))
        folder = stack.enter_context(new_workspace(f"test-statements-{request.param}"))
        settings = {"shared_preload_libraries": "pg_stat_statements", "max_connections": 30}
        server = stack.enter_context(postgres.running(binaries, folder, settings=settings))
        with server.connect() as owner:
            owner.execute("create schema shop; create schema tools")
            owner.execute("create extension pg_stat_statements schema tools")
            owner.execute("create role reader login in role pg_monitor, pg_read_all_data")
            owner.execute("create role monitor login in role pg_monitor")
            owner.execute("create role stranger login")
            owner.execute("grant usage on schema tools to public")
            owner.execute(DAYS.encode())
            owner.execute("select tools.pg_stat_statements_reset()")
            owner.execute("set search_path = shop")
            for text in (*SENT, "select count(*) from copied"):
                owner.execute(SENT_AS.get(text, "{}").format(text).encode())
        yield server


def address(server: Postgres, user: str) -> str:
    return f"postgresql://{user}@/postgres?host={quote(os.fspath(server.socket), safe='')}"


def seen(server: Postgres, user: str, seconds: float | None = None, **limits: int) -> Evidence:
    kind, target = kinds.recognise(address(server, user))
    (check,) = registry.find("partition-locks").checks
    chosen = check if seconds is None else check.with_options({"sample-waits": f"{seconds:g}s"})
    budget = msgspec.structs.replace(BUDGET, **limits)
    return runner.gather(kind, target, (chosen,), budget=budget, version="1")


def statements(evidence: Evidence) -> dict[str, dict[str, Any]]:
    """By the text that is kept of them."""
    found = evidence.claims["partition-locks"]["statements"]
    assert found is not None, evidence.not_seen
    return {one["text"]: one for one in found}


def _bare(text: str) -> str:
    """Without what differs between versions: lists of values, and types before a value."""
    untyped = re.sub(r"\(\?::(?:interval|timestamptz)\)|(?:interval|timestamptz) \?", "?", text)
    unlisted = re.sub(r"\(\?[?, ]*\)", "(?)", untyped)
    return unlisted.replace("|| ?", "||?").replace("extract(year from", "extract(? from")


def expected(text: str) -> tuple[str, str]:
    """What has to be said of a text that was kept, by plan and by text."""
    for sent, said in SENT.items():
        if _bare(normalised(sent)) == _bare(text):
            return said
    raise AssertionError(text)


def test_what_prunes_and_when(server: Postgres) -> None:
    found = statements(seen(server, "reader"))
    assert {_bare(text) for text in found} == {_bare(normalised(text)) for text in SENT}
    planned = server.binaries.major >= postgresql.FIRST_MAJOR_PLANNING
    for text, one in found.items():
        by_plan, by_text = expected(text)
        assert one["prunes"] == (by_plan if planned else by_text), text
        plain = planned and not text.startswith("update")
        assert one["by"] == ("plan" if plain else "text"), (text, one["not_planned"])
        assert one["relations"]
        assert one["locks"] == one["fast"] + one["slow"]


def test_nothing_that_was_sent_as_a_value_is_kept(server: Postgres) -> None:
    kept = msgspec.json.encode(seen(server, "reader")).decode()
    for value in ("geheim", "it's", "it''s", "2024-01", "900 days"):
        assert value not in kept


def test_locks_are_those_that_the_statement_takes(server: Postgres) -> None:
    found = statements(seen(server, "reader"))
    never = found["select count(*) from orders where id = ?"]
    with server.connect() as session:
        count = locks_held_after(session, "select count(*) from shop.orders where id = 7")
    assert (never["locks"], never["fast"], never["slow"]) == (
        count.locks,
        count.fast_path,
        count.shared_table,
    )
    if server.binaries.major < postgresql.FIRST_MAJOR_PLANNING:
        return
    custom = found["select * from orders where day = ? and id = ?"]
    with server.connect() as session:
        session.execute("set plan_cache_mode = force_generic_plan; set search_path = shop")
        session.execute("prepare p (date, int) as select * from orders where day = $1 and id = $2")
        making = locks_held_after(session, "execute p ('2024-01-03', 7)")
        later = locks_held_after(session, "execute p ('2024-01-03', 7)")
    assert custom["locks"] == making.locks
    assert later.locks == 1 + PARTITIONS + 1  # the indexes of those that were pruned are left out
    with server.connect() as session:
        values = "select * from shop.orders where day = '2024-01-03' and id = 7"
        assert custom["custom_locks"] == locks_held_after(session, values).locks


def test_nothing_is_executed_and_no_lock_is_kept(server: Postgres) -> None:
    planned = postgresql.planning("plan", "nothing")
    held = postgresql.select(
        "held",
        "own locks",
        "select count(*) from pg_locks where pid = pg_backend_pid() and relation >= 16384",
    )
    kind, target = kinds.recognise(address(server, "reader"))
    with kind.open_session(target, BUDGET, (planned, held)) as session:
        if server.binaries.major < postgresql.FIRST_MAJOR_PLANNING:
            with pytest.raises(NotSeen):
                session.locks_of_plan(planned, "select 1")
            return
        assert len(session.locks_of_plan(planned, "select id from shop.orders where id = $1")) == 62
        for text in (
            "select pg_sleep(60)",
            "select id from shop.customers for update",
            "select id from shop.nothing",
        ):
            with contextlib.suppress(NotSeen):
                session.locks_of_plan(planned, text)
        for text in (
            "select 1; create table shop.made as select 1",
            "select 1; commit; create table shop.made as select 1",
            "select 1; set transaction_read_only = off",
        ):
            with pytest.raises(NotSeen, match="SyntaxError"):
                session.locks_of_plan(planned, text)
        assert session.read(held) == ((0,),)
    assert session.record[-1].text == held.text
    with server.connect() as owner:
        assert owner.execute("select to_regclass('shop.made')").fetchone() == (None,)


def test_no_function_of_somebody_is_run_by_planning(server: Postgres) -> None:
    """Whoever may send a statement would have their function run with the rights of the check."""
    planned = postgresql.planning("plan", "nothing")
    with server.connect() as owner:
        owner.execute(
            "create or replace function shop.secret() returns int immutable language plpgsql as "
            "$$ begin raise exception 'it was run'; end $$"
        )
        owner.execute("grant usage on schema shop to public")
    kind, target = kinds.recognise(address(server, "reader"))
    with kind.open_session(target, BUDGET, (planned,)) as session:
        if server.binaries.major < postgresql.FIRST_MAJOR_PLANNING:
            return
        statement = "select note from shop.orders where id = shop.secret()"
        with pytest.raises(NotSeen, match="calls what the system does not define"):
            session.locks_of_plan(planned, statement)
        assert session.record == []


# With which rights, and what is said where they are missing.


def test_who_reaches_the_machine_plans_nothing(server: Postgres) -> None:
    with server.connect() as owner:
        owner.execute("create role outgoing login in role pg_monitor, pg_read_all_data")
        owner.execute("grant pg_write_server_files to outgoing")
    evidence = seen(server, "outgoing")
    assert {one["by"] for one in statements(evidence).values()} == {"text"}
    if server.binaries.major >= postgresql.FIRST_MAJOR_PLANNING:
        (missed,) = [one for one in evidence.not_seen if one.what == "plans of statements"]
        assert "reaches the server's files" in missed.reason
        assert missed.needs


def test_a_superuser_plans_nothing(server: Postgres) -> None:
    evidence = seen(server, "postgres")
    found = statements(evidence)
    assert {one["by"] for one in found.values()} == {"text"}
    for text, one in found.items():
        assert one["prunes"] == expected(text)[1], text
    (missed,) = [one for one in evidence.not_seen if one.what == "plans of statements"]
    assert not missed.essential


def test_without_select_the_grant_is_named(server: Postgres) -> None:
    evidence = seen(server, "monitor")
    assert {one["by"] for one in statements(evidence).values()} == {"text"}
    if server.binaries.major < postgresql.FIRST_MAJOR_PLANNING:
        return
    grants = [one.needs for one in evidence.not_seen if one.what == "plans of statements"]
    assert any("grant select on shop.orders" in grant for grant in grants)
    assert not any(one.essential for one in evidence.not_seen)


def test_without_the_right_to_texts_the_grant_is_named(server: Postgres) -> None:
    evidence = seen(server, "stranger")
    assert evidence.claims["partition-locks"]["statements"] == ()
    missed = {one.what: one for one in evidence.not_seen}
    assert missed["statements of other roles"].needs == "grant pg_read_all_stats"


@pytest.mark.parametrize("setting", ["pg_stat_statements.track = none", "compute_query_id = off"])
def test_where_nothing_is_counted_that_is_said(server: Postgres, setting: str) -> None:
    """Else a query that is sent a thousand times a second would not be there, and all be well."""
    name = setting.partition(" ")[0]
    with server.connect() as owner:
        owner.execute(f"alter system set {setting}".encode())
        owner.execute("select pg_reload_conf()")
        try:
            wait_for(server, setting)
            evidence = seen(server, "reader")
        finally:
            owner.execute(f"alter system reset {name}".encode())
            owner.execute("select pg_reload_conf()")
    assert evidence.claims["partition-locks"]["statements"] is None
    (missed,) = evidence.not_seen
    assert missed.reason == f"nothing is counted: {setting.replace('=', 'is')}"
    assert missed.needs.startswith(name)


def wait_for(server: Postgres, setting: str) -> None:
    """Until a reload has reached new sessions."""
    name, value = setting.split(" = ")
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with server.connect() as session:
            if session.execute("select current_setting(%s)", [name]).fetchone() == (value,):
                return
        time.sleep(0.05)
    raise AssertionError(setting)


def test_of_an_old_extension_the_update_is_named(server: Postgres) -> None:
    """As it stays after pg_upgrade."""
    with server.connect() as owner:
        owner.execute("create database upgraded")
    host = quote(os.fspath(server.socket), safe="")
    upgraded = f"postgresql://postgres@/upgraded?host={host}"
    with psycopg.connect(upgraded, autocommit=True) as owner:
        owner.execute("create extension pg_stat_statements version '1.4'")
        owner.execute("create table t (a int) partition by range (a)")
    kind, target = kinds.recognise(upgraded)
    checks = [registry.find(claim).checks[0] for claim in ("partition-locks", "select-star")]
    evidence = runner.gather(kind, target, checks, budget=BUDGET, version="1")
    needs = {one.claim: one.needs for one in evidence.not_seen}
    assert needs == dict.fromkeys(needs, "alter extension pg_stat_statements update")
    assert len(needs) == 2


def test_a_budget_of_plannings_is_kept(server: Postgres) -> None:
    evidence = seen(server, "reader", plannings=3)
    found = statements(evidence).values()
    tried = [read for read in evidence.reads if read.name == "planned-statements"]
    assert len(tried) == (3 if server.binaries.major >= postgresql.FIRST_MAJOR_PLANNING else 0)
    assert all(one["by"] == "text" for one in found if "budget" in one["not_planned"])
    assert evidence.not_seen == () or server.binaries.major < 16


def test_in_a_closed_catalog_the_grants_of_the_page_are_enough(server: Postgres) -> None:
    page = (Path(__file__).parents[3] / "docs" / "how-to" / "check-postgresql.md").read_text()
    (catalog,) = re.findall(r"grant select on (pg_catalog[^;]*) to watcher;", page)
    (roles,) = set(re.findall(r"grant (pg_monitor, pg_read_all_data) to watcher;", page))
    checks = [
        check.with_options({"sample-waits": "1s", "measure-width": "yes"})
        for check in registry.checks("postgresql")[0]
    ]
    kind, target = kinds.recognise(address(server, "watcher"))
    budget = msgspec.structs.replace(BUDGET, steps=120)

    def missed() -> list[Unseen]:
        evidence = runner.gather(kind, target, checks, budget=budget, version="1")
        return [one for one in evidence.not_seen if "denied" in one.reason]

    with server.connect() as owner:
        owner.execute("create role watcher login")
        owner.execute(f"revoke select on {catalog} from public".encode())
        try:
            closed = missed()
            owner.execute(
                f"grant select on {catalog} to watcher; grant {roles} to watcher".encode()
            )
            opened = missed()
        finally:
            owner.execute(f"grant select on {catalog} to public".encode())
            owner.execute(f"revoke select on {catalog} from watcher".encode())
            owner.execute("drop role watcher")
    assert closed
    assert all(one.needs for one in closed)
    assert opened == []


# Waits.


def test_waits_are_sampled_at_the_rate_that_is_told(server: Postgres) -> None:
    with server.connect() as busy, ThreadPoolExecutor(1) as pool:
        sleeping = pool.submit(busy.execute, "select pg_sleep(5)")
        with server.connect() as looking:
            while not looking.execute(
                "select 1 from pg_stat_activity where wait_event = 'PgSleep'"
            ).fetchone():
                time.sleep(0.01)
        evidence = seen(server, "monitor", seconds=1.0)
        waits = evidence.claims["partition-locks"]["waits"]
        sleeping.result()
    assert 2 <= waits["samples"] <= 11
    assert 0 < waits["hertz"] <= 11
    assert waits["active"] == waits["samples"]  # one session, seen anew each time
    assert waits["lock_manager"] == 0
    idle = seen(server, "monitor", seconds=1.0).claims["partition-locks"]["waits"]
    assert idle["active"] == 0


def test_waits_of_others_need_a_right(server: Postgres) -> None:
    with server.connect():
        evidence = seen(server, "stranger", seconds=1.0)
    assert evidence.claims["partition-locks"]["waits"] is None
    (missed,) = [one for one in evidence.not_seen if one.what == "waits"]
    assert "pg_read_all_stats" in missed.needs


# Stars.


def test_stars_are_found_and_their_stored_bytes_counted(server: Postgres) -> None:
    with server.connect() as owner:
        owner.execute("create table if not exists shop.docs (id int primary key, body text)")
        owner.execute("alter table shop.docs alter body set storage external")
        owner.execute("truncate shop.docs; select tools.pg_stat_statements_reset()")
        owner.execute(
            "insert into shop.docs select n, repeat('x', 6000) from generate_series(1, 1500) n"
        )
        owner.execute("vacuum (analyze) shop.docs")
        for n in range(5):
            owner.execute(f"select * from shop.docs where id between {n} and {n + 99}".encode())
        owner.execute("select count(*) from shop.docs where exists (select * from shop.docs)")
    (check,) = registry.find("select-star").checks
    kind, target = kinds.recognise(address(server, "monitor"))
    evidence = runner.gather(kind, target, (check,), budget=BUDGET, version="1")
    assert evidence.not_seen == ()
    found = evidence.claims["select-star"]
    (one,) = [one for one in found["statements"] if one["relations"] == ("shop.docs",)]
    assert (one["calls"], one["rows"]) == (5, 499)
    assert 6000 * 499 < one["bytes"] < 9000 * 499
    assert found["statements_seconds"] > 0
    (told,) = [one for one in check.judge(found) if one.id == "select-star/fetched"]
    assert "499 rows" in told.statement
    budget = msgspec.structs.replace(BUDGET, steps=100)
    kind, target = kinds.recognise(address(server, "reader"))
    evidence = runner.gather(
        kind, target, (check.with_options({"measure-width": "yes"}),), budget=budget, version="1"
    )
    found = evidence.claims["select-star"]
    (docs,) = [one for one in found["measured"] if one["relation"] == "shop.docs"]
    # a message of 7 bytes, two lengths of 4, the digits of an id of at most 1500, and the text
    assert docs["exact"]
    assert 6015 + 3 < docs["bytes_per_row"] < 6015 + 4
    (told,) = [one for one in check.judge(found) if one.id == "select-star/fetched"]
    assert f"{499 * docs['bytes_per_row']:,.0f} bytes went to clients" in told.statement


ROWS_OF = {
    "select * from shop.seen_whole where id <= 3": 3,
    "select w from shop.seen_whole w where id <= 4": 4,
    "select row_to_json(w) from shop.seen_whole w where id < 6": 5,
    "copy (select * from shop.seen_whole where id <= 6) to stdout": 6,
    "select p.n, w.* from shop.few p join shop.seen_whole w on w.id = p.n": 2,
}
"""Statements that fetch whole rows, each as many as nobody else."""
NOT_WHOLE = (
    "select shop.looked()",
    "select md5(w::text) from shop.seen_whole w",
    "create temp table copied as select * from shop.seen_whole",
    "begin; set transaction read only; commit",
)


def test_whole_rows_count_where_a_client_gets_them(server: Postgres) -> None:
    with server.connect() as owner:
        owner.execute(
            "create table shop.seen_whole (id int primary key, body text); "
            "alter table shop.seen_whole alter body set storage external; "
            "insert into shop.seen_whole select n, repeat('x', 6000) from generate_series(1, 4000) n; "
            "delete from shop.seen_whole where id % 20 > 0 and id > 20; "
            "create table shop.few as select n from generate_series(1, 2) n; "
            "create function shop.looked() returns int language plpgsql as $$ declare r record; "
            "begin for r in select * from shop.seen_whole loop null; end loop; return 1; end $$"
        )
        owner.execute("vacuum analyze shop.seen_whole")
        owner.execute("vacuum analyze shop.few")
        owner.execute("set pg_stat_statements.track = 'all'")
        owner.execute("select tools.pg_stat_statements_reset()")
        for text in (*ROWS_OF, *NOT_WHOLE):
            if not text.startswith("copy"):
                owner.execute(text.encode())
                continue
            with owner.cursor().copy(text.encode()) as copied:
                assert sum(1 for _ in copied.rows()) == 6
    (check,) = registry.find("select-star").checks
    kind, target = kinds.recognise(address(server, "monitor"))
    evidence = runner.gather(kind, target, (check,), budget=BUDGET, version="1")
    found = [
        one
        for one in evidence.claims["select-star"]["statements"]
        if "shop.seen_whole" in one["relations"]
    ]
    assert {one["rows"] for one in found} == set(ROWS_OF.values()), found
    # a row is 6000 bytes in four pieces, whatever room in the TOAST file the deleted ones left
    widths = {one["bytes"] and one["bytes"] // one["rows"] for one in found}
    assert 6000 < min(widths) == max(widths) < 10_000
