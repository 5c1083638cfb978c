"""Rows that are read on request, on real servers: as wide as they travel, and nothing else of them."""

import os
import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from earwitness.check import kinds, runner
from earwitness.check.evidence import Evidence, Unseen
from earwitness.check.postgresql import BUDGET
from earwitness.claims import registry
from earwitness.claims.select_star import reading, tables
from earwitness.servers import postgres
from earwitness.servers.postgres import Postgres
from earwitness.servers.workspace import workspace
from tests.conftest import CommandLine

pytestmark = pytest.mark.live

MANY = 60_000
MADE = f"""
create role stranger login;
create role reader login in role pg_read_all_data;
create schema shop;
create domain shop.short as text check (length(value) < 90);
create table shop."Odd ""docs" (id int, body text, photo bytea, tags shop.short[], flag bool, seen jsonb,
    at timestamptz, price numeric, "c0; drop" text);
alter table shop."Odd ""docs" alter body set storage external;
insert into shop."Odd ""docs" select n, repeat('geheim', 700), decode(repeat('00ff', 1200), 'hex'),
    array['a', null]::text[], case when n % 3 > 0 then n % 3 = 1 end, jsonb_build_object('n', n), now(),
    n * 1.5, null from generate_series(1, 1100) n;
create table shop.many (id int, body text);
alter table shop.many alter body set storage external;
insert into shop.many select n, repeat('x', case when n % 20 = 0 then 2500 + n % 1000 else n % 50 end)
    from generate_series(1, {MANY}) n;
create table shop.parts (id int, body text) partition by range (id);
create table shop.hidden (id int, body text);
alter table shop.hidden alter body set storage external;
insert into shop.hidden select n, repeat('y', 4000) from generate_series(1, 1000) n;
alter table shop.hidden enable row level security;
create function shop.spies() returns bool language plpgsql cost 1 as $$ begin raise 'spied'; end $$;
create policy spies on shop.hidden using (shop.spies());
do $$ begin
    for n in 0..6 loop
        execute format('create table shop.parts_%s partition of shop.parts for values from (%s) to (%s)',
            n, n * 100, n * 100 + 100);
        execute format('alter table shop.parts_%s alter body set storage external', n);
    end loop;
end $$;
insert into shop.parts select n, repeat('z', 5000 + n) from generate_series(0, 699) n;
"""
DOCS = 'shop."Odd ""docs"'


@pytest.fixture(scope="module", params=(16, 18), ids=lambda major: f"pg{major}")
def server(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    with ExitStack() as stack:
        folder = stack.enter_context(workspace(f"test-{secrets.token_hex(4)}"))
        try:
            binaries = postgres.find(request.param)
        except postgres.MissingComponent as missing:
            pytest.skip(missing.reason)
        settings = {"wal_level": "replica", "max_wal_senders": 3}  # so that it can be a standby
        running = stack.enter_context(postgres.running(binaries, folder, settings=settings))
        with running.connect() as owner:
            owner.execute(MADE.encode())
            owner.execute("grant usage on schema shop to public")
            owner.execute("vacuum (analyze)")
            tables.load(owner, "wide", 1000)
        yield running


def address(server: Postgres, user: str) -> str:
    return f"postgresql://{user}@/postgres?host={quote(os.fspath(server.socket), safe='')}"


def gathered(server: Postgres, user: str = "reader", **limits: Any) -> Evidence:
    (check,) = registry.find("select-star").checks
    kind, target = kinds.recognise(address(server, user))
    budget = msgspec.structs.replace(BUDGET, steps=100, **limits)
    return runner.gather(
        kind, target, [check.with_options({"measure-width": "yes"})], budget=budget, version="1"
    )


def measured(evidence: Evidence) -> dict[str, dict[str, Any]]:
    return {one["relation"]: one for one in evidence.claims["select-star"]["measured"]}


def missed(evidence: Evidence, relation: str) -> Unseen:
    (one,) = [one for one in evidence.not_seen if one.what == f"widths of rows of {relation}"]
    return one


def on_the_wire(server: Postgres, relation: str) -> float:
    """Bytes of a mean row, as the server really sends them."""
    with server.connect() as owner:
        row = owner.execute(f"select count(*) from {relation}".encode()).fetchone()
        assert row is not None
        return reading.sent_bytes(owner, f"select * from {relation}") / row[0]


@pytest.mark.parametrize("relation", [DOCS, "public.wide"])
def test_what_is_called_exact_is_what_travels(server: Postgres, relation: str) -> None:
    one = measured(gathered(server))[relation]
    assert one["exact"]
    assert (one["share"], one["error"]) == (1.0, None)
    assert one["bytes_per_row"] == pytest.approx(on_the_wire(server, relation), abs=0.001)


def test_of_a_large_table_a_part_is_read_and_called_an_estimate(server: Postgres) -> None:
    one = measured(gathered(server))["shop.many"]
    assert not one["exact"]
    assert 0 < one["rows"] < MANY
    assert one["error"] > 0
    # three times the interval: one sample, always of the same pages
    assert abs(one["bytes_per_row"] - on_the_wire(server, "shop.many")) < 3 * one["error"]


def test_of_many_partitions_the_largest_are_read_one_by_one(server: Postgres) -> None:
    one = measured(gathered(server))["shop.parts"]
    assert (one["partitions"], one["partitions_read"], one["exact"]) == (7, 5, False)
    assert 5_000 < one["bytes_per_row"] < 5_750


def test_the_widest_columns_are_named_and_no_value_is_kept(server: Postgres) -> None:
    evidence = gathered(server)
    columns = measured(evidence)[DOCS]["columns"]
    assert [column["name"] for column in columns[:2]] == ["photo", "body"]
    assert columns[0]["bytes_per_row"] == 4 + 2 + 2 * 2400
    assert columns[1]["bytes_per_row"] == 4 + 6 * 700
    assert b"geheim" not in msgspec.json.encode(evidence)


def test_nothing_is_read_unless_it_is_asked_for(server: Postgres) -> None:
    (check,) = registry.find("select-star").checks
    kind, target = kinds.recognise(address(server, "reader"))
    evidence = runner.gather(kind, target, [check], budget=BUDGET, version="1")
    assert evidence.claims["select-star"]["measured"] is None
    assert not {"row-widths", "measured-tables"} & {read.name for read in evidence.reads}


def test_without_select_the_grant_is_named(server: Postgres) -> None:
    evidence = gathered(server, "stranger")
    assert measured(evidence) == {}
    one = missed(evidence, "shop.many")
    assert "permission denied" in one.reason
    assert 'grant select on "shop"."many"' in one.needs
    assert not one.essential


def test_policies_of_row_security_are_not_run(server: Postgres) -> None:
    evidence = gathered(server)
    one = missed(evidence, "shop.hidden")
    assert "row security" in one.reason
    assert "bypassrls" in one.needs
    assert "spied" not in str(evidence)
    assert "shop.hidden" in measured(gathered(server, "postgres"))  # to whom they do not apply


def test_a_table_that_somebody_alters_is_not_waited_for(server: Postgres) -> None:
    with server.connect(autocommit=False) as owner:
        owner.execute("lock table shop.parts_3 in access exclusive mode")
        evidence = gathered(server)
    assert "for a lock" in missed(evidence, "shop.parts").reason
    assert {"shop.many", DOCS} <= measured(evidence).keys()  # the others are measured all the same


def test_locks_are_given_back_after_each_table(server: Postgres) -> None:
    from earwitness.check import postgresql
    from earwitness.claims.select_star import measured as measuring
    from earwitness.claims.select_star import probe

    held = postgresql.select(
        "held",
        "own locks",
        "select count(*) from pg_locks where pid = pg_backend_pid() and relation >= 16384",
    )
    kind, target = kinds.recognise(address(server, "reader"))
    budget = msgspec.structs.replace(BUDGET, steps=100)
    plan = (*probe.PLAN, *probe.asked({"measure-width": "yes"}), held)
    with kind.open_session(target, budget, plan) as session:
        assert measuring.read(session, ["shop.many"], [])
        assert session.read(held) == ((0,),)


def test_when_time_runs_out_the_rest_is_named_and_nothing_is_lost(server: Postgres) -> None:
    evidence = gathered(server, seconds=5.5, step_seconds=5.0)
    assert evidence.claims["select-star"]["tables"]
    assert measured(evidence) == {}
    assert "budget of time" in missed(evidence, "shop.many").reason


def test_rows_of_a_standby_are_not_read(server: Postgres) -> None:
    (server.data / "standby.signal").touch()
    server.restart()
    try:
        evidence = gathered(server)
    finally:
        (server.data / "standby.signal").unlink()
        server.restart()
    assert measured(evidence) == {}
    (one,) = [one for one in evidence.not_seen if one.what == "widths of rows"]
    assert "standby" in one.reason
    assert one.needs == "the same check of its primary"


def test_the_command_names_what_it_would_read_and_says_what_it_measured(
    server: Postgres, earwitness: CommandLine
) -> None:
    asked = ("check", "--claim", "select-star", address(server, "reader"), "--measure-width")
    planned = " ".join(earwitness(*asked, "--plan").stdout.split())
    assert "tablesample system" in planned
    assert "about 20,000 rows or 32 MB" in planned
    assert "(at most 50 times)" in planned
    told = earwitness(*asked)
    assert told.returncode == 0, told.stderr
    flat = " ".join(told.stdout.split())
    assert "exactly (all 1,100 rows)" in flat
    assert "geheim" not in flat
