"""How many crash states are judged in a second, and whether an honest disk ever loses a commit.

A state is a disk or a folder as a cut left it: put there, mounted where there is something to mount,
recovered by the database itself, examined, and compared with what the client was told. PostgreSQL
needs root; without it only SQLite is timed:

    python benchmarks/disk_crash_states.py [--cuts 30] [--wait 600]

Targets: 3 states of PostgreSQL and 12 of SQLite in a second; nothing lost on the disk that flushes; the
same flushes counted by the disk and the kernel. Where others keep the machine busy the rates are void,
and the counts are held against their targets all the same. ``--wait``: for how many seconds to wait for
quiet before.
"""

import argparse
import time
from pathlib import Path

from msgspec.structs import replace

import conditions
from earwitness.claims.fsync.claim import CLAIM
from earwitness.claims.fsync.experiment import open_bench
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.design import Depth, Setting

TARGETS = {"postgres": 3.0, "power-cut": 12.0}
ARMS = {"postgres": "postgres-honest", "power-cut": "honest"}
SETTINGS: dict[str, dict[str, Setting]] = {
    "postgres": {"commits": 300, "checkpoint_commits": 100, "check_file_system": False},
    "power-cut": {},
}


def judged(id: str, cuts: int, home: Path) -> tuple[float, dict[str, float]]:
    """States per second, and what was seen."""
    experiment = CLAIM.experiment(id)
    plan = experiment.plan_at(Depth.STUDY)
    assert plan is not None
    settings = BenchSettings(
        plan=replace(plan, settings={**plan.settings, **SETTINGS[id], "cuts": cuts}),
        arms=(experiment.arm(ARMS[id]),),
        seed=1,
        workspace=home,
        announce=lambda _: None,
    )
    with open_bench(experiment, settings) as bench:
        bench.block(1)
        begun = time.perf_counter()
        seen = bench.trial(settings.arms[0]).values
        return seen["cuts"] / (time.perf_counter() - begun), dict(seen)


def counted(id: str, seen: dict[str, float]) -> bool:
    """Whether what no load excuses is as it should be."""
    harmed = conditions.told(
        f"{id}, harmed of {seen['cuts']:.0f} cuts",
        seen["harmed_cuts"],
        "0",
        met=not seen["harmed_cuts"],
    )
    difference = seen.get("flush_disagreement", 0.0)
    return harmed & conditions.told(f"{id}, flushes differ by", difference, "0", met=not difference)


def benchmark(cuts: int, wait: float) -> bool:
    rates: dict[str, float] = {}
    met = True
    try:
        with conditions.machine("crash-states", wait) as home:
            for id in TARGETS:
                try:
                    rates[id], seen = judged(id, cuts, home)
                except Unavailable as reason:
                    print(f"{id} not timed: {reason.reason}")
                    continue
                print(f"{id}: {rates[id]:.1f} states per second", flush=True)
                met &= counted(id, seen)
    except conditions.Void:
        if met:
            raise
        return False
    for id, rate in rates.items():
        target = TARGETS[id]
        met &= conditions.told(
            f"{id}, states per second", rate, f">= {target:g}", met=rate >= target
        )
    return met


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=30)
    parser.add_argument("--wait", type=int, default=0)
    chosen = parser.parse_args()
    conditions.conducted(lambda: benchmark(chosen.cuts, chosen.wait))
