"""Does a sampler that only asks with SQL see as many waiters as an extension inside the server?

PostgreSQL 15 under a load that queues for the lock manager, watched at once by ours (20 times a
second, pg_stat_activity) and by pg_wait_sampling (100 times a second, in the server). Compared is
the mean number of sessions in LWLock:LockManager over the same window. Theirs is rows of its
history over its samples, because under load its samples come later than its period says. Target:
within 25 %, by the median of the rounds.

    python benchmarks/waiters_beside_an_extension.py [--rounds 6] [--seconds 4]
"""

import argparse
import statistics
import time

import psycopg

import conditions
from earwitness.claims.partition_locks import load as loads
from earwitness.claims.partition_locks import waits
from earwitness.claims.partition_locks.claim import CLAIM
from earwitness.claims.partition_locks.target import target
from earwitness.servers import pgbench, postgres
from earwitness.servers.postgres import MissingComponent, Postgres, ServerFailed

MAJOR = 15
CLIENTS = 64
WITHIN = 0.25
INSTALL = "apt-get install postgresql-15 postgresql-15-pg-wait-sampling"
SETTINGS = {
    "max_connections": 700,
    "max_locks_per_transaction": 16,
    "shared_preload_libraries": "pg_wait_sampling",
    "pg_wait_sampling.history_period": 10,  # ms
    "pg_wait_sampling.history_size": 100_000,  # rows; a round makes some 30 000
}
# Every server has background processes that always wait, so a sample without rows does not occur.
THEIRS = """
select count(*) filter (where event_type = 'LWLock' and event = 'LockManager')::float8,
    count(distinct ts)
from pg_wait_sampling_history where ts between to_timestamp(%s) and to_timestamp(%s)
"""


def one_round(server: Postgres, script: str, seconds: int) -> tuple[float, float]:
    """Mean waiters by ours and by theirs, from when every client was warm."""
    with waits.sampling(server.connect) as recording:
        load = pgbench.run(server, script, clients=CLIENTS, seconds=seconds)
    begin, end = load.warm_at() or load.began_at, load.ended_at
    ours = [sample.lock_manager for sample in recording.samples if begin <= sample.at <= end]
    time.sleep(0.1)  # its history is a little behind
    with server.connect() as asking:
        row = asking.execute(THEIRS, [begin, end]).fetchone()
    assert row is not None, "an aggregate has a row"
    print(
        f"  ours {statistics.mean(ours):6.2f} in {len(ours)} samples  "
        f"theirs {row[0] / row[1]:6.2f} in {row[1]} samples",
        flush=True,
    )
    return statistics.mean(ours), row[0] / row[1]


def benchmark(rounds: int, seconds: int) -> bool:
    try:
        binaries = postgres.find(MAJOR)
    except MissingComponent as missing:
        raise MissingComponent(missing.reason, INSTALL) from missing
    chosen = target(CLAIM.experiment("slots").arm("slots-16"), rows=20_000)
    with conditions.machine("waiters") as folder:
        try:
            with postgres.running(binaries, folder, settings=SETTINGS) as server:
                with server.connect() as owner:
                    owner.execute("create extension pg_wait_sampling")
                    owner.execute(chosen.orders.creation(seed=1).encode())
                print(f"{server.version}, {CLIENTS} clients: mean sessions in LWLock:LockManager")
                script = loads.script(chosen)
                ratios = [
                    a / b for a, b in (one_round(server, script, seconds) for _ in range(rounds))
                ]
        except (ServerFailed, psycopg.errors.UndefinedFile) as failed:
            if "pg_wait_sampling" not in str(failed):
                raise
            raise MissingComponent(
                "pg_wait_sampling is not in this PostgreSQL", INSTALL
            ) from failed
    ratio = statistics.median(ratios)
    met = abs(ratio - 1) <= WITHIN
    return conditions.told("ours over theirs", ratio, f"1 +- {WITHIN}", met=met)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=int, default=4)
    chosen = parser.parse_args()
    conditions.conducted(lambda: benchmark(chosen.rounds, chosen.seconds))
