"""Does our way of making load, with its log and its sampler, cost throughput?

The same script by plain pgbench and by ours, on one server, in pairs whose order alternates. Ours
writes every transaction to a log, and asks 20 times a second what sessions wait for. Two scripts of
the claim on partitions: one query that is answered in a fraction of a millisecond, where a log costs
most, and one without the partition key. Target: at least 0.95 of the throughput.

    python benchmarks/load_overhead.py [--pairs 10] [--seconds 2]
"""

import argparse
import os
import re
import statistics
import subprocess
from pathlib import Path

import conditions
from earwitness.claims.partition_locks import load as loads
from earwitness.claims.partition_locks import waits
from earwitness.claims.partition_locks.claim import CLAIM
from earwitness.claims.partition_locks.target import target
from earwitness.servers import pgbench, postgres, process
from earwitness.servers.postgres import Postgres

CLIENTS = 16
LEAST = 0.95
SETTINGS = {"max_connections": 700, "max_locks_per_transaction": 16}


def plain(server: Postgres, folder: Path, script: str, seconds: int) -> float:
    """Transactions per second that pgbench itself reports, without the time to connect."""
    program = pgbench.find(server.binaries)
    file = folder / "script.sql"
    file.write_text(script)
    file.chmod(0o644)
    command = [program.path, "--no-vacuum", "--username=postgres", "--random-seed=1"]
    command += [f"--host={server.socket}", f"--port={server.port}", f"--file={file}"]
    command += [f"--client={CLIENTS}", f"--jobs={min(CLIENTS, os.cpu_count() or 1)}"]
    command += [f"--time={seconds}", "postgres"]
    user = process.unprivileged()
    whom = {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": []}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
        cwd="/",
        start_new_session=True,  # as ours: Linux shares out processors by session
        **whom,
    )
    found = re.search(r"tps = ([\d.]+) \(without initial connection time\)", done.stdout)
    assert found is not None, done.stdout
    return float(found[1])


def ours(server: Postgres, _folder: Path, script: str, seconds: int) -> float:
    with waits.sampling(server.connect):
        return pgbench.run(server, script, clients=CLIENTS, seconds=seconds).tps


def ratio(server: Postgres, folder: Path, script: str, pairs: int, seconds: int) -> float:
    """The median over the pairs of our throughput over that of plain pgbench."""
    ratios = []
    for number in range(pairs):
        order = [plain, ours] if number % 2 == 0 else [ours, plain]
        tps = {one: one(server, folder, script, seconds) for one in order}
        ratios.append(tps[ours] / tps[plain])
        print(f"  plain {tps[plain]:9.0f}  ours {tps[ours]:9.0f}  {ratios[-1]:.3f}", flush=True)
    return statistics.median(ratios)


def benchmark(pairs: int, seconds: int) -> bool:
    medians = {}
    with (
        conditions.machine("load-overhead") as folder,
        postgres.running(postgres.find(18), folder, settings=SETTINGS) as server,
    ):
        for name in ("keyed", "slots-16"):
            arm = CLAIM.experiment("slots").arm(name)
            chosen = target(arm, rows=20_000)
            with server.connect() as owner:
                owner.execute("drop table if exists orders_100_2")
                owner.execute(chosen.orders.creation(seed=1).encode())
            print(f"{arm.title}: {CLIENTS} clients, {seconds} s, transactions/s")
            medians[name] = ratio(server, folder, loads.script(chosen), pairs, seconds)
    met = [
        conditions.told(f"ours over plain, {name}", median, f">= {LEAST}", met=median >= LEAST)
        for name, median in medians.items()
    ]
    return all(met)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=2)
    chosen = parser.parse_args()
    conditions.conducted(lambda: benchmark(chosen.pairs, chosen.seconds))
