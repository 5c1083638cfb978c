"""What does the catalog part of a check cost whoever runs it, for a thousand partitions?

    python benchmarks/catalog_cost.py [--major 18] [--partitions 10 1000] [--repeats 5]

A process of its own imports everything that a check of PostgreSQL needs, then checks a server with a
partitioned table, by every claim that looks at PostgreSQL, and judges what it saw. Reported, above what
the imports took: CPU seconds of that process, and how far its largest resident memory is above the
resident memory after the imports. Beside it what the reads took on the server. Sizes alternate; the
worst repeat counts.

Targets, for the largest number of partitions: under 1 s of CPU and 20 MB. Exits with 1 when missed.
"""

import argparse
import json
import os
import subprocess
import sys
import textwrap
from urllib.parse import quote

from earwitness.servers import postgres
from earwitness.servers.postgres import Postgres
from earwitness.servers.workspace import workspace

CPU_SECONDS = 1.0
MEGABYTES = 20.0
INDEXES = 3

CHECKING = """
    import json, resource, sys, time
    import psutil, psycopg, sqlglot, sqlglot.expressions
    from earwitness.check import kinds, runner
    from earwitness.claims import registry
    from earwitness.report import check_document, json as documents
    from earwitness.check.finding import Severity

    found, _ = registry.checks("postgresql")
    judges = {check.claim: check.judge for check in found}
    kind, target = kinds.recognise(sys.argv[1])

    unit = 1 if sys.platform == "darwin" else 1024  # bytes of one ru_maxrss
    memory, cpu = psutil.Process().memory_info().rss, time.process_time()
    evidence = runner.gather(kind, target, found, budget=kind.budget, version="0")
    judgement = runner.judge(evidence, judges)
    documents.encode(check_document.check_document(evidence, judgement, Severity.HIGH, "0"))
    cpu = time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - memory
    trees = evidence.claims["partition-locks"]["partition_trees"]
    print(json.dumps({
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
    command = [sys.executable, "-c", textwrap.dedent(CHECKING), address]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seen: dict[str, float] = json.loads(done.stdout)
    assert seen["partitions"] == [partitions]
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
    print("| partitions | CPU, s | memory, MB | reads on the server, s |")
    print("| ---: | ---: | ---: | ---: |")
    worst = {
        size: {key: max(one[key] for one in ones) for key in ("cpu", "memory", "server")}
        for size, ones in seen.items()
    }
    for size, most in worst.items():
        print(f"| {size} | {most['cpu']:.3f} | {most['memory']:.1f} | {most['server']:.3f} |")
    largest = worst[max(worst)]
    print(f"\ntargets for {max(worst)} partitions: {CPU_SECONDS:g} s and {MEGABYTES:g} MB")
    return int(largest["cpu"] >= CPU_SECONDS or largest["memory"] >= MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
