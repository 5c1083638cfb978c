"""How much longer is the tail of latency when a session's fast-path slots do not hold its locks?

The bench of the claim on partitions: one binary, one query, 64 clients, a hundred partitions with
two indexes; only the number of slots differs, 16 or 1024. Pairs in random order; the ratio of the
p99 latencies is taken inside each pair. Target: at least 2, with the whole 95 % interval above 1.

    python benchmarks/tail_with_few_slots.py [--pairs 9] [--seconds 4]
"""

import argparse
import math

import numpy as np

import conditions
from earwitness.claims.partition_locks.claim import CLAIM
from earwitness.claims.partition_locks.experiment import open_bench
from earwitness.experiment import schedule
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Fixed, Plan
from earwitness.experiment.statistics import paired_fixed

FEW, MANY = "slots-16", "slots-1024"
LEAST = 2.0
SEED = 1
SETTINGS = {"rows": 20_000, "clients": 64, "warm_seconds": 1, "max_connections": 700}


def benchmark(pairs: int, seconds: int) -> bool:
    experiment = CLAIM.experiment("slots")
    arms = (experiment.arm(FEW), experiment.arm(MANY))
    plan = Plan(design=Fixed(blocks=pairs), settings={**SETTINGS, "seconds": seconds})
    logs = []
    with conditions.machine("tail") as folder:
        settings = BenchSettings(
            plan=plan, arms=arms, seed=SEED, workspace=folder, announce=lambda _: None
        )
        with open_bench(experiment, settings) as bench:
            print(f"p99 latency in ms, share of waits; {next(iter(bench.environment.values()))}")
            for pair in range(1, pairs + 1):
                seen = {}
                for arm in schedule.order(arms, seed=SEED, experiment="tail", block=pair):
                    seen[arm.name] = bench.trial(arm).values
                few, many = seen[FEW], seen[MANY]
                logs.append(math.log(few["p99_ms"] / many["p99_ms"]))
                print(
                    f"  {few['p99_ms']:6.0f} {few['lock_manager_share']:.2f}  "
                    f"{many['p99_ms']:6.0f} {many['lock_manager_share']:.2f}  "
                    f"{math.exp(logs[-1]):.2f} x",
                    flush=True,
                )
    found = paired_fixed(np.array(logs))
    effect, low, high = (math.exp(end) for end in (found.effect, found.low, found.high))
    print(f"p99 with 16 slots over that with 1024: {effect:.2f} [{low:.2f}, {high:.2f}]")
    return conditions.told(
        "ratio", effect, f">= {LEAST:g}, interval above 1", met=effect >= LEAST and low > 1
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--seconds", type=int, default=4)
    chosen = parser.parse_args()
    conditions.conducted(lambda: benchmark(chosen.pairs, chosen.seconds))
