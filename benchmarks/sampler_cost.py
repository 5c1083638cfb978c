"""What does sampling the waits of a loaded server cost, in processor time?

The thread that samples and the server process that answers it, while 64 clients run the query of
the claim on partitions. Target: both together at most 2 % of one core. Beside it the same sampler on
the same server without a load, where only a hundred idle sessions are looked at.

    python benchmarks/sampler_cost.py [--seconds 20]
"""

import argparse
import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psutil
import psycopg

import conditions
from earwitness.claims.partition_locks import load as loads
from earwitness.claims.partition_locks import waits
from earwitness.claims.partition_locks.claim import CLAIM
from earwitness.claims.partition_locks.target import target
from earwitness.servers import pgbench, postgres
from earwitness.servers.postgres import Postgres

CLIENTS = 64
IDLE = 100
MOST_PERCENT = 2.0
SETTINGS = {"max_connections": 700, "max_locks_per_transaction": 16}


@dataclass
class Cost:
    """Of one core, in percent."""

    thread: float = 0.0
    backend: float = 0.0
    hz: float = 0.0

    @property
    def both(self) -> float:
        return self.thread + self.backend


@contextlib.contextmanager
def watched(server: Postgres) -> Iterator[Cost]:
    """The sampler of the claim at work, and what it cost once the block has ended."""
    cost = Cost()
    sessions: list[psycopg.Connection[Any]] = []

    def connect() -> psycopg.Connection[Any]:
        sessions.append(server.connect())
        return sessions[-1]

    with waits.sampling(connect) as recording:
        backend = psutil.Process(sessions[0].info.backend_pid)
        (thread,) = (t for t in threading.enumerate() if t.name == "wait sampler")
        began, before = time.monotonic(), _seconds(thread, backend)
        yield cost
        after, lasted = _seconds(thread, backend), time.monotonic() - began
    cost.thread, cost.backend = (100 * (b - a) / lasted for a, b in zip(before, after, strict=True))
    cost.hz = len(recording.samples) / lasted


def _seconds(thread: threading.Thread, backend: psutil.Process) -> tuple[float, float]:
    """Processor seconds so far, counted by the kernel in hundredths."""
    (own,) = (t for t in psutil.Process().threads() if t.id == thread.native_id)
    served = backend.cpu_times()
    return own.user_time + own.system_time, served.user + served.system


def benchmark(seconds: int) -> bool:
    chosen = target(CLAIM.experiment("slots").arm("slots-16"), rows=20_000)
    with (
        conditions.machine("sampler-cost") as folder,
        postgres.running(postgres.find(18), folder, settings=SETTINGS) as server,
    ):
        with server.connect() as owner:
            owner.execute(chosen.orders.creation(seed=1).encode())
        with contextlib.ExitStack() as idle, watched(server) as alone:
            for _ in range(IDLE):
                idle.enter_context(server.connect())
            time.sleep(seconds / 2)
        with watched(server) as loaded:
            pgbench.run(server, loads.script(chosen), clients=CLIENTS, seconds=seconds)
        print(f"percent of one core, {server.version}")
        for name, cost in ((f"{IDLE} idle sessions", alone), (f"{CLIENTS} busy clients", loaded)):
            print(
                f"  {name:18} thread {cost.thread:.2f}  backend {cost.backend:.2f}  "
                f"at {cost.hz:.1f} samples/s"
            )
    met = loaded.both <= MOST_PERCENT
    return conditions.told("under load", loaded.both, f"<= {MOST_PERCENT} %", met=met, unit=" %")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=20)
    chosen = parser.parse_args()
    conditions.conducted(lambda: benchmark(chosen.seconds))
