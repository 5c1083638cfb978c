"""pgbench on a real server: what it counts, and what is an outcome and what a mistake."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from earwitness.servers import pgbench, postgres
from earwitness.servers.postgres import Binaries, MissingComponent, Postgres, ServerFailed


@pytest.fixture
def server(newest: Binaries, workspace: Path) -> Iterator[Postgres]:
    with postgres.running(newest, workspace, settings={"max_connections": 20}) as running:
        yield running


def scalar(server: Postgres, query: str) -> object:
    with server.connect() as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_what_is_logged_is_what_the_server_did(server: Postgres) -> None:
    with server.connect() as connection:
        connection.execute("create table done (client int, x int)")
    before = time.time()
    load = pgbench.run(
        server,
        "insert into done values (:client_id, :x);\n",
        clients=3,
        seconds=1,
        variables={"x": 7},
        mode="extended",
    )
    after = time.time()
    assert load.transactions == scalar(server, "select count(*) from done") > 0
    assert scalar(server, "select array_agg(distinct client order by client) from done") == (
        sorted(set(load.client.tolist()))
    )
    assert scalar(server, "select min(x) = 7 and max(x) = 7 from done")
    assert load.failures == 0
    assert before - 0.1 <= load.began_at <= load.ended_at <= after + 0.1
    assert load.tps == pytest.approx(load.transactions / load.seconds)
    assert load.latencies_ms.min() >= 0
    assert load.quantile(0) <= load.quantile(0.5) <= load.quantile(1)
    warm = load.warm()
    assert warm is not None
    assert warm.transactions < load.transactions
    assert load.version == server.binaries.version


def test_its_files_and_processes_are_gone(server: Postgres) -> None:
    pgbench.run(server, "select 1;\n", clients=1, seconds=1)
    assert sorted(p.name for p in server.folder.iterdir() if "pgbench" in p.name) == []
    assert not [c for c in psutil.Process().children() if "pgbench" in c.name()]


def test_a_failing_statement_is_an_outcome(server: Postgres) -> None:
    script = "select 1 / (:client_id - 1);\nselect pg_sleep(0.01);\n"
    load = pgbench.run(server, script, clients=3, seconds=1)
    assert load.messages == {"division by zero": 1}
    assert set(load.client.tolist()) == {0, 2}
    assert load.warm_at() is None


def test_an_exhausted_lock_table_is_an_outcome(newest: Binaries, workspace: Path) -> None:
    settings = {"max_locks_per_transaction": 10, "max_connections": 10}
    with postgres.running(newest, workspace, settings=settings) as server:
        lock = (
            "do $$ begin for i in 1..50000 loop perform pg_advisory_xact_lock(i); "
            "end loop; end $$;\n"
        )
        load = pgbench.run(server, lock, clients=1, seconds=1)
        assert load.messages == {"out of shared memory": 1}
        assert load.transactions == 0
        assert load.tps == 0


def test_refused_connections_are_an_outcome(server: Postgres) -> None:
    load = pgbench.run(server, "select 1;\n", clients=40, seconds=1)
    assert load.transactions == 0
    assert list(load.messages) == ["sorry, too many clients already"]


def test_deadlocks_are_counted_and_tried_again(server: Postgres) -> None:
    with server.connect() as connection:
        connection.execute("create table pair (id int primary key, n int)")
        connection.execute("insert into pair values (0, 0), (1, 0)")
        connection.execute("alter system set deadlock_timeout = '5ms'")
        connection.execute("select pg_reload_conf()")
    script = (
        "begin;\n"
        "update pair set n = n + 1 where id = :client_id;\n"
        "select pg_sleep(0.01);\n"
        "update pair set n = n + 1 where id = 1 - :client_id;\n"
        "commit;\n"
    )
    load = pgbench.run(server, script, clients=2, seconds=1)
    assert load.messages.get("deadlock detected", 0) > 0
    assert scalar(server, "select sum(n) from pair") == 2 * load.transactions
    tried = pgbench.run(server, script, clients=2, seconds=1, max_tries=100)
    assert tried.messages == {}


def test_a_script_that_cannot_be_read_is_a_mistake(server: Postgres) -> None:
    with pytest.raises(ServerFailed, match="invalid command"):
        pgbench.run(server, "\\nonsense\n", clients=1, seconds=1)


def test_it_is_bounded(server: Postgres) -> None:
    with pytest.raises(ServerFailed, match=r"pgbench did not finish within 1.2 s"):
        pgbench.run(server, "select pg_sleep(30);\n", clients=1, seconds=1, patience_seconds=0.2)
    assert not [c for c in psutil.Process().children() if "pgbench" in c.name()]


def test_a_server_that_dies_under_the_load_raises(server: Postgres) -> None:
    with (
        pytest.raises(ServerFailed, match=r"PostgreSQL 18.* stopped unexpectedly"),
        pgbench.started(server, "select 1;\n", clients=2, seconds=20) as load,
    ):
        time.sleep(0.3)
        os.kill(server.pid, 9)
        load.wait()


def test_a_sampler_can_run_beside_it(server: Postgres) -> None:
    with pgbench.started(server, "select pg_sleep(0.01);\n", clients=4, seconds=1) as running:
        seen = []
        while running.running:
            query = "select count(*) from pg_stat_activity where application_name = 'pgbench'"
            seen.append((time.time(), scalar(server, query)))
            time.sleep(0.01)
        load = running.wait()
    warm_at = load.warm_at()
    assert warm_at is not None
    assert [n for at, n in seen if warm_at < at < load.ended_at - 0.1] != []
    assert {n for at, n in seen if warm_at < at < load.ended_at - 0.1} == {4}


def test_leaving_early_stops_it(server: Postgres) -> None:
    with pgbench.started(server, "select 1;\n", clients=2, seconds=60):
        pass
    assert not [c for c in psutil.Process().children() if "pgbench" in c.name()]


def test_with_a_rate_waiting_counts_as_latency(server: Postgres) -> None:
    load = pgbench.run(server, "select pg_sleep(0.05);\n", clients=1, seconds=1, rate=100)
    assert load.lags_ms is not None
    assert load.lags_ms[-1] > load.lags_ms[0]
    assert load.latencies_ms[-1] >= load.lags_ms[-1] + 50


def test_settings_for_the_sessions_of_the_load(server: Postgres) -> None:
    with server.connect() as connection:
        connection.execute("create table seen (name text, plan text)")
    script = (
        "insert into seen values (current_setting('application_name'), "
        "current_setting('plan_cache_mode'));\n"
    )
    session = {"plan_cache_mode": "force_generic_plan", "my.x": r"a b\c"}
    pgbench.run(server, script, clients=1, seconds=1, session=session)
    assert scalar(server, "select string_agg(distinct plan, ',') from seen") == "force_generic_plan"
    spaced = "insert into seen values (current_setting('my.x'), '');\n"
    pgbench.run(server, spaced, clients=1, seconds=1, session=session)
    assert scalar(server, "select string_agg(distinct name, ',') from seen where plan = ''") == (
        r"a b\c"
    )


def test_the_same_seed_gives_the_same_choices(server: Postgres) -> None:
    with server.connect() as connection:
        connection.execute("create table drawn (id serial, run int, n int)")
    script = "\\set n random(1, 1000000000)\ninsert into drawn (run, n) values (:run, :n);\n"
    for run, seed in enumerate((5, 5, 6)):
        pgbench.run(server, script, clients=1, seconds=1, seed=seed, variables={"run": run})
    first = "select array_agg(n) from (select n from drawn where run = {} order by id limit 20) x"
    draws = [scalar(server, first.format(run)) for run in range(3)]
    assert draws[0] == draws[1] != draws[2]


def test_a_server_without_its_own_pgbench_gets_another(
    without_pgbench: Binaries, newest: Binaries, workspace: Path
) -> None:
    assert not (without_pgbench.folder / "pgbench").exists()
    assert pgbench.find(newest).path.parent == newest.folder
    with postgres.running(without_pgbench, workspace) as server:
        load = pgbench.run(server, "select 1;\n", clients=2, seconds=1)
        assert load.transactions > 0
        assert load.version != without_pgbench.version


def test_without_any_pgbench(without_pgbench: Binaries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("earwitness.servers.postgres_binaries._SYSTEM_FOLDERS", ())
    monkeypatch.setenv("PATH", "")
    with pytest.raises(MissingComponent) as caught:
        pgbench.find(without_pgbench)
    assert caught.value.install == "pip install 'earwitness[postgres]'"
    assert [c.missing for c in pgbench.components()] == ["not found"]
