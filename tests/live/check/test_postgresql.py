"""The guarded session and this check on real servers: what it sees, what it cannot do, how it ends."""

import json
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from urllib.parse import quote

import msgspec
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earwitness.check import kinds, postgresql, runner
from earwitness.check.evidence import Evidence
from earwitness.check.plan import Budget, Step
from earwitness.check.postgresql import BUDGET, Session
from earwitness.check.runner import Check
from earwitness.check.target import NotSeen, Unreachable
from earwitness.claims import registry
from earwitness.claims.partition_locks import probe
from earwitness.claims.partition_locks.exhaustion import hold
from earwitness.claims.partition_locks.observed import locks_held_after
from earwitness.servers import postgres
from earwitness.servers.postgres import Binaries, Postgres
from earwitness.servers.workspace import workspace as new_workspace
from tests.conftest import CommandLine
from tests.live.conftest import binaries_of

pytestmark = pytest.mark.live

CHECK = ("check", "--claim", "partition-locks")
CONNECTIONS = 30
PASSWORD = "s3cret «%41» /@:"


def started(stack: ExitStack, major: int, **configured: int) -> Postgres:
    folder = stack.enter_context(new_workspace(f"test-{secrets.token_hex(4)}"))
    try:
        binaries = postgres.find(major)
    except postgres.MissingComponent as missing:
        pytest.skip(missing.reason)
    server = stack.enter_context(postgres.running(binaries, folder, settings=configured))
    with server.connect() as owner:
        owner.execute("create role nobody_special login")
        owner.execute("create role monitor login in role pg_monitor")
        owner.execute("create role statistician login in role pg_read_all_stats")
        owner.execute("create role member login noinherit in role pg_monitor")
        owner.execute("create table public.t (v int); insert into t values (1)")
        owner.execute("create sequence public.s")
        owner.execute(
            "create function public.writes() returns int language sql as "
            "'insert into public.t values (2) returning v'"
        )
    return server


@pytest.fixture(scope="module", params=(16, 18), ids=lambda major: f"pg{major}")
def server(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    with ExitStack() as stack:
        yield started(stack, request.param, max_connections=CONNECTIONS)


@pytest.fixture
def doomed() -> Iterator[Postgres]:
    """A server that the test may end."""
    with ExitStack() as stack:
        yield started(stack, 18)


def address(server: Postgres, user: str = "postgres", password: str | None = None) -> str:
    login = user if password is None else f"{user}:{quote(password, safe='')}"
    return f"postgresql://{login}@/postgres?host={quote(os.fspath(server.socket), safe='')}"


def opened(server: Postgres, *steps: Step, user: str = "postgres", budget: Budget = BUDGET):
    kind, target = kinds.recognise(address(server, user))
    return kind.open_session(target, budget, steps)


def partition_locks() -> Check:
    (check,) = registry.find("partition-locks").checks
    return check


def seen(
    server: Postgres, *checks: Check, user: str = "postgres", budget: Budget = BUDGET
) -> Evidence:
    kind, target = kinds.recognise(address(server, user))
    return runner.gather(kind, target, checks or (partition_locks(),), budget=budget, version="1")


def remade(server: Postgres, creation: str) -> None:
    with server.connect() as owner:
        owner.execute("drop schema if exists shop cascade; create schema shop")
        owner.execute("set search_path = shop")
        owner.execute(creation.encode())


def partitioned(name: str, days: int, indexes: int = 1, split: int = 0, between: int = 0) -> str:
    """A partitioned table; its first ``split`` days are partitioned again, into two.

    Other tables made in between move the OIDs, and so the groups of slots.
    """
    made = [f"create table {name} (id int, a int, b int, c int, day int) partition by range (day);"]
    made += [f"create index on {name} ({column});" for column in ("a", "b", "c")[:indexes]]
    for day in range(days):
        below = " partition by hash (id)" if day < split else ""
        bounds = f"from ({day}) to ({day + 1})"
        made.append(f"create table {name}_{day} partition of {name} for values {bounds}{below};")
        if day < split:
            made += [
                f"create table {name}_{day}_{part} partition of {name}_{day} "
                f"for values with (modulus 2, remainder {part});"
                for part in (0, 1)
            ]
        made += [f"create table {name}_other_{day}_{n} (a int);" for n in range(between)]
    return "".join(made)


def inherited(name: str, tables: int) -> str:
    """A table that so many others inherit from, the last of them in two ways."""
    made = [f"create table {name} (a int primary key);"]
    made += [
        f"create table {name}_{n} (check (a = {n})) inherits ({name}); "
        f"create index on {name}_{n} (a);"
        for n in range(tables)
    ]
    made.append(f"create table {name}_both () inherits ({name}_0, {name}_1);")
    return "".join(made)


# What is seen.

shapes = st.tuples(st.integers(0, 40), st.integers(0, 3), st.integers(0, 3), st.integers(0, 2))


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(shapes=st.lists(shapes, min_size=1, max_size=3))
def test_every_tree_is_predicted_as_pg_locks_shows_it(
    server: Postgres, shapes: list[tuple[int, int, int, int]]
) -> None:
    remade(server, "".join(partitioned(f"t{n}", *shape) for n, shape in enumerate(shapes)))
    evidence = seen(server, user="nobody_special")
    trees = evidence.claims["partition-locks"]["partition_trees"]
    assert [tree["relation"] for tree in trees] == [f"shop.t{n}" for n in range(len(shapes))]
    # without pg_stat_statements, one further read finds that out
    assert len(evidence.reads) == 3
    for tree, (days, _, split, _) in zip(trees, shapes, strict=True):
        with server.connect() as session:
            count = locks_held_after(session, f"select sum(a) from {tree['relation']} where c = 1")
        assert (tree["locks"], tree["fast"], tree["slow"]) == (
            count.locks,
            count.fast_path,
            count.shared_table,
        )
        leaves = days + min(split, days)
        assert tree["partitions"] == leaves
        assert tree["locks"] == 1 + days + 2 * min(split, days) + tree["indexes"]


def test_every_version_is_predicted_by_its_own_rules(binaries: Binaries, workspace: Path) -> None:
    with postgres.running(binaries, workspace, settings={"max_connections": 20}) as server:
        remade(server, partitioned("t", 30, indexes=2, split=4, between=1) + inherited("old", 30))
        seen_here = seen(server).claims["partition-locks"]
        (tree,), (older,) = seen_here["partition_trees"], seen_here["inheritance_trees"]
        with server.connect() as session:
            count = locks_held_after(session, "select sum(a) from shop.t where c = 1")
            # constraints leave tables out of the plan, and no lock
            whole = locks_held_after(session, "select sum(a) from shop.old where a = 1")
    assert (tree["locks"], tree["fast"]) == (count.locks, count.fast_path)
    assert (older["locks"], older["fast"]) == (whole.locks, whole.fast_path)
    assert (older["relation"], older["partitions"]) == ("shop.old", 32)
    assert tree["slow"] > 0


def test_the_sessions_that_are_promised_fit(server: Postgres) -> None:
    remade(server, partitioned("wide", 200, indexes=3))
    (tree,) = seen(server).claims["partition-locks"]["partition_trees"]
    promised = tree["sessions_until_exhaustion"]
    assert 0 < promised < CONNECTIONS
    held = hold(server, "select sum(a) from shop.wide where c = 1", promised)
    assert held == (promised, "none")


def test_a_tree_without_partitions_is_predicted_too(binaries: Binaries, workspace: Path) -> None:
    """Until 15 the indexes of a root are opened only while it never had a partition."""
    with postgres.running(binaries, workspace) as server:
        remade(
            server,
            partitioned("never", 0, indexes=3)
            + partitioned("once", 1, indexes=3)
            + "drop table once_0; "
            + "create table upper (id int, day int) partition by range (day); create index on upper (id);"
            + "create table upper_0 partition of upper for values from (0) to (9) partition by hash (id)",
        )
        found = seen(server).claims["partition-locks"]["partition_trees"]
        assert [tree["partitions"] for tree in found] == [0, 0, 0]
        for tree in found:
            with server.connect() as session:
                count = locks_held_after(session, f"select * from {tree['relation']} where day > 0")
            assert tree["locks"] == count.locks, tree["relation"]


def test_a_version_whose_rules_are_not_known_is_one_clear_line(
    fetch_postgres: ModuleType, earwitness: CommandLine, workspace: Path
) -> None:
    with postgres.running(binaries_of(13, fetch_postgres), workspace) as server:
        check = (*CHECK, "--claim", "select-star", address(server))
        told = earwitness(*check)
        as_document = earwitness(*check, "--format", "json")
    assert (told.returncode, told.stderr) == (2, "")
    flat = " ".join(told.stdout.split())
    assert "how PostgreSQL 13 counts locks is not known here, only that of 14 to 18" in flat
    assert "the catalog of PostgreSQL 13 does not tell" in flat
    assert all(missed["essential"] for missed in json.loads(as_document.stdout)["not_seen"])


def test_the_lock_table_is_full_after_the_sessions_that_are_promised(binaries: Binaries) -> None:
    """What PostgreSQL's own sizing says, beside what it did: a lower bound, and not a wild one."""
    configured = {"max_connections": 60, "max_locks_per_transaction": 16}
    with (
        new_workspace(f"test-{secrets.token_hex(4)}") as folder,
        postgres.running(binaries, folder, settings=configured) as server,
    ):
        remade(server, partitioned("wide", 200, indexes=3))
        (tree,) = seen(server).claims["partition-locks"]["partition_trees"]
        promised = tree["sessions_until_exhaustion"]
        held, failure = hold(server, "select sum(a) from shop.wide where c = 1", 55)
        assert failure == "out of shared memory"
        # it gives out more while shared memory is left, commonly about twice as many
        assert 0 < promised <= held <= 3 * promised
        enough = tree["setting_for_all_sessions"]
    configured["max_locks_per_transaction"] = enough
    with (
        new_workspace(f"test-{secrets.token_hex(4)}") as folder,
        postgres.running(binaries, folder, settings=configured) as server,
    ):
        remade(server, partitioned("wide", 200, indexes=3))
        assert hold(server, "select sum(a) from shop.wide where c = 1", 55) == (55, "none")


def test_names_are_quoted_and_temporary_or_detached_partitions_are_left_out(
    server: Postgres,
) -> None:
    remade(server, partitioned('"Odd ""name"""', 0) + partitioned("kept", 3))
    with server.connect() as other:
        other.execute("alter table shop.kept detach partition shop.kept_2")
        other.execute("create temporary table brief (d int) partition by range (d)")
        trees = seen(server).claims["partition-locks"]["partition_trees"]
    assert {tree["relation"]: tree["partitions"] for tree in trees} == {
        'shop."Odd ""name"""': 0,
        "shop.kept": 2,
    }


def test_names_of_any_bytes_in_a_database_without_an_encoding(server: Postgres) -> None:
    """One that is not UTF-8 would else end every read, and the check would see nothing."""
    host = quote(os.fspath(server.socket), safe="")
    with server.connect() as owner:
        owner.execute(
            "create database bytes encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' template template0"
        )
    with psycopg.connect(f"postgresql://postgres@/bytes?host={host}", autocommit=True) as owner:
        owner.execute("set client_encoding = 'SQL_ASCII'")
        for name in (b"t\xe4bl", "t\u00e4bl".encode()):
            owner.execute(b'create table "%b" (a int) partition by range (a)' % name)
    kind, target = kinds.recognise(f"postgresql://nobody_special@/bytes?host={host}")
    evidence = runner.gather(kind, target, (partition_locks(),), budget=BUDGET, version="1")
    trees = evidence.claims["partition-locks"]["partition_trees"]
    assert [tree["relation"] for tree in trees] == ['public."t\\xe4bl"', 'public."t\u00e4bl"']


def test_no_partition_is_locked_by_looking(server: Postgres) -> None:
    remade(server, partitioned("kept", 5))
    held = postgresql.select(
        "held",
        "its own locks",
        "select relation::regclass::text from pg_locks where pid = pg_backend_pid() "
        "and relation >= 16384",
    )
    with opened(server, *probe.PLAN, held) as session:
        probe.probe(session)
        assert session.read(held) == ()


def test_every_read_gives_its_locks_back(server: Postgres) -> None:
    held = postgresql.select(
        "held",
        "its own locks",
        "select distinct relation::regclass::text from pg_locks where pid = pg_backend_pid() "
        "and relation <> 'pg_locks'::regclass",
    )
    reads = postgresql.select("reads", "rows", "select count(*) from public.t, pg_class")
    refused = postgresql.select("refused", "nothing", "select 1 / (v - v) from public.t")
    with opened(server, reads, refused, held) as session:
        session.read(reads)
        with pytest.raises(NotSeen):
            session.read(refused)
        assert session.read(held) == ()


def test_settings_of_the_role_do_not_count(server: Postgres) -> None:
    """Those that others chose would hold a snapshot, wait for one, or end the check too early."""
    chosen = postgresql.select(
        "chosen",
        "settings",
        "select current_setting('transaction_isolation'), "
        "current_setting('standard_conforming_strings'), "
        "current_setting('transaction_timeout', true)",
    )
    with server.connect() as owner:
        owner.execute("create role odd login")
        owner.execute("alter role odd set default_transaction_isolation = serializable")
        owner.execute("alter role odd set default_transaction_deferrable = on")
        owner.execute("alter role odd set standard_conforming_strings = off")
        if server.binaries.major >= 17:
            owner.execute("alter role odd set transaction_timeout = '7s'")
    with opened(server, chosen, user="odd") as session:
        ((isolation, conforming, timeout),) = session.read(chosen)
    assert (isolation, conforming) == ("read committed", "on")
    assert timeout == (f"{BUDGET.seconds:g}s" if server.binaries.major >= 17 else None)


# With which rights.


@pytest.mark.parametrize(
    ("user", "role"),
    [
        ("postgres", "superuser"),
        ("monitor", "pg_monitor"),
        ("statistician", "pg_read_all_stats"),
        ("member", "no rights to monitor"),  # it has them only after SET ROLE
        ("nobody_special", "no rights to monitor"),
    ],
)
def test_no_right_is_needed(server: Postgres, user: str, role: str) -> None:
    remade(server, partitioned("kept", 30))
    evidence = seen(server, user=user)
    assert evidence.facts["role"] == role
    assert evidence.facts["version"] == server.version
    assert evidence.facts["server"] == "primary"
    assert evidence.facts["connection"] == "direct"
    (missed,) = evidence.not_seen  # this server does not count statements
    assert "create extension pg_stat_statements" in missed.needs
    assert not missed.essential
    assert evidence.claims == seen(server).claims
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege)
    with server.connect(user="nobody_special") as reader, refused:
        reader.execute("select * from shop.kept")


def test_a_catalog_that_was_closed_is_named_with_its_grant(server: Postgres) -> None:
    with server.connect() as owner:
        owner.execute("revoke select on pg_catalog.pg_inherits from public")
        try:
            evidence = seen(server, user="monitor")
        finally:
            owner.execute("grant select on pg_catalog.pg_inherits to public")
    assert evidence.claims == {}
    (missed,) = evidence.not_seen
    assert "permission denied for table pg_inherits" in missed.reason
    assert "pg_catalog.pg_inherits" in missed.needs
    assert missed.essential
    assert evidence.reads[-1].failed == missed.reason


# What it cannot do.

WRITES = [
    "with gone as (delete from public.t returning v) select * from gone",
    "with more as (insert into public.t values (3) returning v) select * from more",
    "select * into public.copy_of_t from public.t",
    "select v from public.t for update",
    "select nextval('public.s')",
    "select setval('public.s', 7)",
    "select public.writes()",
    "select lo_create(0)",
    "select query_to_xml('insert into public.t values (4)', true, true, '')",
    "select set_config('transaction_read_only', 'off', true)",
    "select set_config('transaction_read_only', 'off', false)",
    "select 1; insert into public.t values (5)",
    "select 1; commit",
]


@pytest.mark.parametrize("text", WRITES)
def test_nothing_can_be_written_even_by_a_superuser(server: Postgres, text: str) -> None:
    wrong = postgresql.select("wrong", "nothing", text)
    fine = postgresql.select("fine", "the rows", "select v from public.t")
    before = contents(server)
    with opened(server, wrong, fine) as session:
        with pytest.raises(NotSeen):
            session.read(wrong)
        assert session.read(fine) == ((1,),)  # one that is refused ends only itself
    assert contents(server) == before


@pytest.mark.parametrize("text", ["insert into public.t values (6)", "commit", "set role monitor"])
def test_what_does_not_read_is_not_even_sent(server: Postgres, text: str) -> None:
    step = Step(name="wrong", purpose="nothing", text=text)
    before = contents(server)
    with opened(server, step) as session, pytest.raises(NotSeen, match="was not sent"):
        session.read(step)
    assert contents(server) == before


def test_what_was_not_announced_is_not_even_sent(server: Postgres) -> None:
    step = postgresql.select("other", "nothing", "select 1")
    with opened(server) as session:
        with pytest.raises(NotSeen, match="was not sent"):
            session.read(step)
        assert session.record == []


def contents(server: Postgres) -> list[tuple[object, ...]]:
    with server.connect() as owner:
        rows = owner.execute("select v from public.t").fetchall()
        rows += owner.execute("select last_value, is_called from public.s").fetchall()
        rows += owner.execute("select count(*) from pg_largeobject_metadata").fetchall()
        rows += owner.execute("select count(*) from pg_class where oid >= 16384").fetchall()
    return rows


def test_nothing_stays_behind(server: Postgres) -> None:
    seen(server)
    with server.connect() as owner:
        deadline = time.monotonic() + 10
        sessions = "select count(*) from pg_stat_activity where application_name = 'earwitness'"
        while owner.execute(sessions).fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert owner.execute("select * from pg_prepared_statements").fetchall() == []


# What it may cost.


def limited(**limits: float) -> Budget:
    return msgspec.structs.replace(BUDGET, **limits)


def test_a_slow_statement_is_cancelled_and_the_next_one_is_not(server: Postgres) -> None:
    slow = postgresql.select("slow", "nothing", "select pg_sleep(60)")
    fine = postgresql.select("fine", "nothing", "select 1")
    with opened(server, slow, fine, budget=limited(step_seconds=0.2)) as session:
        with pytest.raises(NotSeen, match=r"longer than 0\.2 s and was cancelled"):
            session.read(slow)
        assert session.read(fine) == ((1,),)


def test_a_lock_is_not_waited_for(server: Postgres) -> None:
    blocked = postgresql.select("blocked", "nothing", "select count(*) from public.t")
    with server.connect() as owner, owner.transaction():
        owner.execute("lock table public.t in access exclusive mode")
        with opened(server, blocked) as session, pytest.raises(NotSeen, match="for a lock"):
            session.read(blocked)


def test_rows_and_reads_are_bounded(server: Postgres) -> None:
    many = postgresql.select("many", "nothing", "select * from generate_series(1, 10000000)")
    fine = postgresql.select("fine", "nothing", "select 1 where false")
    more = postgresql.select("more", "nothing", "select 2 where false")
    with opened(server, many, fine, more, budget=limited(rows=50, steps=2)) as session:
        with pytest.raises(NotSeen, match="50 rows"):
            session.read(many)
        assert session.read(fine) == ()
        with pytest.raises(NotSeen, match="2 reads"):
            session.read(more)
        assert [(read.name, read.rows) for read in session.record] == [("many", 50), ("fine", 0)]


def test_what_was_read_is_shared_and_so_is_what_was_refused(server: Postgres) -> None:
    fine = postgresql.select("fine", "nothing", "select clock_timestamp()")
    wrong = postgresql.select("wrong", "nothing", "select 1/0")
    with opened(server, fine, wrong) as session:
        assert session.read(fine) is session.read(fine)
        for _ in range(2):
            with pytest.raises(NotSeen, match="division by zero"):
                session.read(wrong)
        assert [read.name for read in session.record] == ["fine", "wrong"]


# How it ends when the server does.


def sleeping(seconds: float = 30) -> Check:
    step = postgresql.select("sleep", "nothing", f"select pg_sleep({seconds:g})")

    def looks(session: Session) -> dict[str, str]:
        session.read(step)
        return {}

    return Check(
        claim="sleep",
        title="sleeps",
        kind="postgresql",
        plan=(step,),
        probe=looks,
        judge=lambda _: (),
    )


def once_asleep(server: Postgres, then: Callable[[int], None]) -> threading.Thread:
    """Do something with the process id of the check's backend as soon as it sleeps."""

    def watch() -> None:
        query = "select pid from pg_stat_activity where wait_event = 'PgSleep'"
        with server.connect() as owner:
            while (row := owner.execute(query).fetchone()) is None:
                time.sleep(0.01)
        then(row[0])

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def test_a_server_that_stops_in_the_middle(doomed: Postgres) -> None:
    thread = once_asleep(doomed, lambda _: os.kill(doomed.pid, signal.SIGQUIT))
    budget = limited(step_seconds=20.0)
    evidence = seen(doomed, partition_locks(), sleeping(), partition_locks(), budget=budget)
    thread.join()
    assert evidence.reached
    assert evidence.message is not None
    assert evidence.message.startswith("the connection was lost: ")
    assert "\n" not in evidence.message
    assert list(evidence.claims) == ["partition-locks"]
    assert [missed.reason for missed in evidence.not_seen] == [evidence.message] * 2


def test_a_session_that_is_terminated(server: Postgres) -> None:
    def terminate(pid: int) -> None:
        with server.connect() as owner:
            owner.execute("select pg_terminate_backend(%s)", [pid])

    thread = once_asleep(server, terminate)
    evidence = seen(server, sleeping(), budget=limited(step_seconds=20.0))
    thread.join()
    assert evidence.message is not None
    assert "terminating connection" in evidence.message


def test_what_was_seen_is_kept_when_the_session_ends_later(server: Postgres) -> None:
    remade(server, partitioned("kept", 3))
    check = partition_locks().with_options({"sample-waits": "20s"})

    def terminate() -> None:
        with server.connect() as owner:
            ask = "select pg_terminate_backend(pid) from pg_stat_activity "
            sampling = "where application_name = 'earwitness' and query like '%wait_event_type%'"
            while owner.execute((ask + sampling).encode()).fetchone() is None:
                time.sleep(0.01)

    thread = threading.Thread(target=terminate)
    thread.start()
    evidence = seen(server, check)
    thread.join()
    assert [tree["relation"] for tree in evidence.claims["partition-locks"]["partition_trees"]] == [
        "shop.kept"
    ]
    (missed,) = [one for one in evidence.not_seen if one.what == "waits"]
    assert "terminating connection" in missed.reason
    assert missed.essential
    assert evidence.message == missed.reason


def test_a_server_that_freezes_does_not_hold_us(server: Postgres) -> None:
    frozen: list[int] = []

    def freeze(pid: int) -> None:
        os.kill(pid, signal.SIGSTOP)
        frozen.append(pid)

    thread = once_asleep(server, freeze)
    try:
        evidence = seen(server, sleeping(), budget=limited(seconds=2.0, step_seconds=20.0))
    finally:
        thread.join()
        os.kill(frozen[0], signal.SIGCONT)
    assert evidence.message == "the budget of 2 s was used up, and the connection was cut"
    assert evidence.seconds < 20


def test_nobody_listens() -> None:
    kind, target = kinds.recognise(f"postgresql://me:{quote(PASSWORD, safe='')}@127.0.0.1:1/shop")
    with pytest.raises(Unreachable) as refused, kind.open_session(target, BUDGET, ()):
        pass
    assert "cannot connect to postgresql://me@127.0.0.1:1/shop" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_socket_that_is_not_there(tmp_path: Path) -> None:
    kind, target = kinds.recognise(f"host={tmp_path} user=me")
    missing = pytest.raises(Unreachable, match="No such file or directory")
    with missing, kind.open_session(target, BUDGET, ()):
        pass


def test_an_error_of_the_driver_without_secrets(server: Postgres) -> None:
    step = postgresql.select("echo", "nothing", f"select 'x{quote(PASSWORD)}'::int")
    kind, target = kinds.recognise(address(server, password=PASSWORD))
    with kind.open_session(target, BUDGET, (step,)) as session, pytest.raises(NotSeen) as refused:
        session.read(step)
    assert quote(PASSWORD) not in str(refused.value)
    assert "***" in str(refused.value)


# From the command line.


@pytest.fixture
def guarded(doomed: Postgres) -> Postgres:
    """A server that asks one role for a password."""
    with doomed.connect() as owner:
        literal = PASSWORD.replace("'", "''")
        owner.execute(f"create role clerk login password '{literal}'".encode())
        rules = "local all clerk scram-sha-256\nlocal all all trust\n"
        (doomed.data / "pg_hba.conf").write_text(rules)
        owner.execute("select pg_reload_conf()")
    return doomed


def test_the_right_password(guarded: Postgres, earwitness: CommandLine) -> None:
    remade(guarded, partitioned("small", 3))
    given = earwitness(*CHECK, address(guarded, "clerk", PASSWORD), "--format", "json")
    assert given.returncode == 0, given.stderr
    assert PASSWORD not in given.stdout + given.stderr
    assert quote(PASSWORD, safe="") not in given.stdout + given.stderr
    by_variable = CommandLine({**earwitness.environment, "PGPASSWORD": PASSWORD})
    assert by_variable(*CHECK, address(guarded, "clerk")).returncode == 0


@pytest.mark.parametrize("format_", ["text", "json", "junit", "sarif", "markdown"])
def test_the_wrong_password(guarded: Postgres, earwitness: CommandLine, format_: str) -> None:
    wrong = f"Wr0ng{PASSWORD}"
    refused = earwitness(*CHECK, address(guarded, "clerk", wrong), "--format", format_)
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert 'password authentication failed for user "clerk"' in line
    assert (refused.stdout == "") == (format_ == "text")
    assert "Wr0ng" not in refused.stdout + refused.stderr


def test_evidence_is_saved_and_judged_again(
    guarded: Postgres, earwitness: CommandLine, tmp_path: Path
) -> None:
    remade(guarded, partitioned("wide", 200, indexes=3))
    file = tmp_path / "new" / "evidence.json"
    found = earwitness(
        *CHECK,
        address(guarded),
        "--save-evidence",
        str(file),
        "--format",
        "json",
        "--fail-on",
        "low",
    )
    assert found.returncode == 1
    again = earwitness("judge", str(file), "--format", "json", "--fail-on", "low")
    assert (again.returncode, again.stdout) == (1, found.stdout)
    from_document = tmp_path / "check.json"
    from_document.write_text(found.stdout)
    once_more = earwitness("judge", str(from_document), "--format", "json", "--fail-on", "low")
    assert once_more.stdout == found.stdout
    assert earwitness("judge", str(file), "--fail-on", "critical").returncode == 0


def test_the_text_names_the_table_and_the_fix(guarded: Postgres, earwitness: CommandLine) -> None:
    remade(guarded, partitioned("wide", 200, indexes=3))
    told = earwitness(*CHECK, address(guarded, "monitor"))
    flat = " ".join(told.stdout.split())
    assert "table shop.wide" in flat
    assert "804 relation locks" in flat
    assert "max_locks_per_transaction = " in flat
    assert "3 reads" in flat
    assert told.stderr == ""
