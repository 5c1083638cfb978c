"""Are the locks that a check predicts from the catalog those that PostgreSQL takes?

    python benchmarks/lock_prediction.py [--majors 14 15 16 17 18] [--servers 3] [--schemas 12] [--seed 1]

For every major version, servers with settings drawn at random; on every server, schemas drawn at
random: partitioned tables with further levels, default partitions, partitions that were attached and
detached, keys and indexes on the whole tree, on single partitions and on the parent only, tables that
others inherit from, and other tables made in between, so that the OIDs have gaps. A check without any
right to the tables predicts; then a plain SELECT that prunes nothing is run in an empty transaction,
and pg_locks is counted; twice, since the first query of a session also reads the catalog. A case is a
tree, and three numbers: all locks, those of the fast path, and the others.

Versions that Earwitness brings are used; the others are fetched as scripts/fetch_postgres.py does.
Exits with 1 when a single case differs, or a version could not be had.
"""

import argparse
import importlib.util
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from unittest import mock
from urllib.parse import quote

import msgspec

from earwitness.check import kinds, runner
from earwitness.check.postgresql import BUDGET
from earwitness.claims import registry
from earwitness.claims.partition_locks.evidence import PartitionTree
from earwitness.claims.partition_locks.observed import locks_held_after
from earwitness.servers import postgres
from earwitness.servers.postgres import Binaries, Postgres
from earwitness.servers.workspace import workspace

MAJORS = (14, 15, 16, 17, 18)
BROUGHT = (16, 18)
LIMITS = (10, 16, 17, 33, 64, 100, 128, 256, 500, 1024, 4097, 16_385)
"""Of max_locks_per_transaction: powers of two, their neighbours, the default, and others."""
CONNECTIONS = 40
INHERITED, SELDOM = 0.1, 0.2
"""Shares of trees that are no partition trees, and of those with something unusual."""
INDEXES = (
    "(id)",
    "(a)",
    "(b) include (a)",
    "((a + b))",
    "(a) where b > 1",
    "using hash (b)",
    "using brin (day)",
)


def fetcher() -> ModuleType:
    path = Path(__file__).parents[1] / "scripts" / "fetch_postgres.py"
    spec = importlib.util.spec_from_file_location("fetch_postgres", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def binaries(major: int) -> Binaries:
    if major in BROUGHT:
        return postgres.find(major)
    folder = fetcher().fetch(major)
    with mock.patch.dict(os.environ, {"EARWITNESS_PG_BIN": os.fspath(folder)}):
        return postgres.find(major)


def schema(name: str, rng: random.Random) -> Iterator[str]:
    """Statements that make one tree."""
    yield from (inherited if rng.random() < INHERITED else partitioned)(name, rng)


def partitioned(name: str, rng: random.Random) -> Iterator[str]:
    """Statements that make one partition tree."""
    strategy = rng.choice(["range (day)", "list (day)", "hash (id)"])
    key = rng.choice(["", "", ", primary key (id, day)", ", unique (day, id, a)"])
    yield f"create table {name} (id int, a int, b int, day int{key}) partition by {strategy}"
    for index in rng.sample(INDEXES, rng.randint(0, 3)):
        yield f"create index on {name} {index}"
    if rng.random() < SELDOM:
        yield f"create index on only {name} (day)"
    count = rng.choice([0, 1, 2, rng.randint(3, 20), rng.randint(20, 70)])
    for n in range(count):
        bound = {
            "range (day)": f"for values from ({n}) to ({n + 1})",
            "list (day)": f"for values in ({n})",
            "hash (id)": f"for values with (modulus {count}, remainder {n})",
        }[strategy]
        if n and n == count - 1 and "day" in strategy:
            bound = "default"
        yield from partition(name, n, bound, rng)
        for other in range(rng.choice([0, 0, 0, 1, 3])):
            yield f"create table {name}_other_{n}_{other} (a int primary key)"
    if count and rng.random() < SELDOM:
        yield f"alter table {name} detach partition {name}_0"


def partition(name: str, n: int, bound: str, rng: random.Random) -> Iterator[str]:
    """Statements that make one partition, with others below it or an index of its own."""
    kind = rng.choice(["plain", "plain", "indexed", "split", "attached"])
    if kind == "attached":
        yield f"create table {name}_{n} (day int not null, b int, a int, id int not null)"
        yield f"create index on {name}_{n} (a)"
        yield f"alter table {name} attach partition {name}_{n} {bound}"
        return
    below = " partition by hash (id)" if kind == "split" else ""
    yield f"create table {name}_{n} partition of {name} {bound}{below}"
    if kind == "indexed":
        yield f"create index on {name}_{n} (b, a)"
    parts = rng.randint(0, 3) if kind == "split" else 0
    for part in range(parts):
        yield (
            f"create table {name}_{n}_{part} partition of {name}_{n} "
            f"for values with (modulus {parts}, remainder {part})"
        )


def inherited(name: str, rng: random.Random) -> Iterator[str]:
    """Statements that make a table, and others that inherit from it, some in two steps or ways."""
    yield f"create table {name} (id int primary key, a int, b int, day int)"
    count = rng.randint(1, 40)
    for n in range(count):
        above = {name, *(f"{name}_{rng.randrange(n)}" for _ in range(n and rng.choice([0, 0, 2])))}
        yield f"create table {name}_{n} (check (day = {n})) inherits ({', '.join(sorted(above))})"
        for index in rng.sample(INDEXES, rng.randint(0, 2)):
            yield f"create index on {name}_{n} {index}"


def predicted(server: Postgres) -> list[PartitionTree]:
    """By a check of somebody who may read no table."""
    checks = [
        check for check in registry.find("partition-locks").checks if check.kind == "postgresql"
    ]
    address = f"postgresql://stranger@/postgres?host={quote(os.fspath(server.socket), safe='')}"
    kind, target = kinds.recognise(address)
    evidence = runner.gather(kind, target, checks, budget=BUDGET, version="0")
    seen = evidence.claims["partition-locks"]
    trees = [*seen["partition_trees"], *seen["inheritance_trees"]]
    return msgspec.convert(trees, list[PartitionTree])


def cases(server: Postgres, schemas: int, rng: random.Random) -> Iterator[bool]:
    """Whether each tree was predicted; one that was not is printed."""
    with server.connect() as owner:
        owner.execute("create role stranger login")
        for number in range(schemas):
            for statement in schema(f"t{number}", rng):
                owner.execute(statement.encode())
    trees = predicted(server)
    assert len(trees) >= schemas  # what was detached can be one of its own
    for tree in trees:
        with server.connect() as session:
            query = f"select sum(a) from {tree.relation} where b = 1 and day >= -1"
            held = [locks_held_after(session, query) for _ in ("first", "later")]
        said = (tree.locks, tree.fast, tree.slow)
        did = {(one.locks, one.fast_path, one.shared_table) for one in held}
        if did != {said}:
            print(f"  {tree.relation}: predicted {said}, pg_locks has {did}")
        yield did == {said}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--majors", type=int, nargs="+", default=MAJORS)
    parser.add_argument("--servers", type=int, default=3)
    parser.add_argument("--schemas", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    total: Counter[bool] = Counter()
    print("| PostgreSQL | max_locks_per_transaction | trees | equal to pg_locks |")
    print("| --- | --- | ---: | ---: |")
    for major in arguments.majors:
        rng = random.Random(f"{arguments.seed} {major}")
        seen: Counter[bool] = Counter()
        found = binaries(major)
        limits = rng.sample(LIMITS, arguments.servers)
        for limit in limits:
            settings = {"max_locks_per_transaction": limit, "max_connections": CONNECTIONS}
            with (
                workspace(f"benchmark-locks-{major}-{limit}") as folder,
                postgres.running(found, folder, settings=settings) as server,
            ):
                seen.update(cases(server, arguments.schemas, rng))
        chosen = ", ".join(map(str, limits))
        print(f"| {found.version} | {chosen} | {seen.total()} | {seen[True]} |", flush=True)
        total.update(seen)
    print(f"\n{total[True]} of {total.total()} predicted exactly; target: all")
    return 0 if total[False] == 0 and total[True] else 1


if __name__ == "__main__":
    sys.exit(main())
