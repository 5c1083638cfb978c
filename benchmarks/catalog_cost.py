"""What does the catalog part of a check cost whoever runs it, for a thousand partitions?

    python benchmarks/catalog_cost.py [--major 18] [--partitions 10 1000] [--repeats 5]

A process of its own imports everything that a check of PostgreSQL needs, then checks a server with a
partitioned table, by every claim that reads its catalog, and judges what it saw. Reported, above what
the imports took: seconds from before connecting until the document is written, CPU seconds of that
process, and how far its largest resident memory is above the resident memory after the imports. Beside
it what the reads took, the server's part. Sizes alternate; the worst repeat counts.

The claim on fsync is left out: it reads no catalog, and rests for seconds between two readings.

Targets, for the largest number of partitions: under 1 s and 20 MB. Exits with 1 when missed.
"""

import argparse
import json
import os
import subprocess
import sys
import textwrap
from typing import Any
from urllib.parse import quote

from earwitness.servers import postgres
from earwitness.servers.postgres import Postgres
from earwitness.servers.workspace import workspace

SECONDS = 1.0
MEGABYTES = 20.0
INDEXES = 3
OF_THE_CATALOG = ("partition-locks", "select-star")

CHECKING = """
    import json, resource, sys, time
    import psutil, psycopg, sqlglot, sqlglot.expressions
    from earwitness.check import kinds, runner
    from earwitness.claims import registry
    from earwitness.report import check_document, json as documents
    from earwitness.check.finding import Severity

    every, _ = registry.checks("postgresql")
    found = [check for check in every if check.claim in sys.argv[2:]]
    judges = {check.claim: check.judge for check in found}
    kind, target = kinds.recognise(sys.argv[1])

    unit = 1 if sys.platform == "darwin" else 1024  # bytes of one ru_maxrss
    memory = psutil.Process().memory_info().rss
    clock, cpu = time.perf_counter(), time.process_time()
    evidence = runner.gather(kind, target, found, budget=kind.budget, version="0")
    judgement = runner.judge(evidence, judges)
    documents.encode(check_document.check_document(evidence, judgement, Severity.HIGH, "0"))
    clock, cpu = time.perf_counter() - clock, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - memory
    trees = evidence.claims["partition-locks"]["partition_trees"]
    print(json.dumps({
        "clock": clock,
        "cpu": cpu,
        "memory": memory / 1e6,
        "server": sum(read.seconds for read in evidence.reads),
        "partitions": [tree["partitions"] for tree in trees],
    }))
"""


def database(server: Postgres, partitions: int) -> str:
    """A database with one tree; its name."""
    name = f"tree_{partitions}"
    with server.connect() as owner:
        owner.execute(f"create database {name}".encode())
    with server.connect(name) as owner:
        owner.execute("create table t (a int, b int, c int, d int) partition by range (d)")
        for column in ("a", "b", "c")[:INDEXES]:
            owner.execute(f"create index on t ({column})".encode())
        for first in range(0, partitions, 100):  # all in one transaction would take too many locks
            made = (
                f"create table t_{n} partition of t for values from ({n}) to ({n + 1});"
                for n in range(first, min(first + 100, partitions))
            )
            owner.execute("".join(made).encode())
    return name


def checked(server: Postgres, name: str, partitions: int) -> dict[str, float]:
    address = f"postgresql://postgres@/{name}?host={quote(os.fspath(server.socket), safe='')}"
    command = [sys.executable, "-c", textwrap.dedent(CHECKING), address, *OF_THE_CATALOG]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seen: dict[str, Any] = json.loads(done.stdout)
    assert seen.pop("partitions") == [partitions]
    return seen


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--major", type=int, default=18)
    parser.add_argument("--partitions", type=int, nargs="+", default=(10, 1000))
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    binaries = postgres.find(arguments.major)
    settings = {"max_locks_per_transaction": 1024}
    with (
        workspace("benchmark-catalog-cost") as folder,
        postgres.running(binaries, folder, settings=settings) as server,
    ):
        names = {size: database(server, size) for size in arguments.partitions}
        seen: dict[int, list[dict[str, float]]] = {size: [] for size in names}
        for _ in range(arguments.repeats):
            for size, name in names.items():
                seen[size].append(checked(server, name, size))
    print(f"PostgreSQL {binaries.version}, {INDEXES} indexes, worst of {arguments.repeats}\n")
    print("| partitions | seconds | reads, s | CPU here, s | memory here, MB |")
    print("| ---: | ---: | ---: | ---: | ---: |")
    worst = {
        size: {key: max(one[key] for one in ones) for key in ("clock", "server", "cpu", "memory")}
        for size, ones in seen.items()
    }
    for size, most in worst.items():
        clock, server, cpu, memory = most.values()
        print(f"| {size} | {clock:.3f} | {server:.3f} | {cpu:.3f} | {memory:.1f} |")
    largest = worst[max(worst)]
    print(f"\ntargets for {max(worst)} partitions: {SECONDS:g} s and {MEGABYTES:g} MB")
    return int(largest["clock"] >= SECONDS or largest["memory"] >= MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
