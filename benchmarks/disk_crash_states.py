"""How many crash states are judged in a second, and whether an honest disk ever loses a commit.

A state is a disk or a folder as a cut left it: put there, mounted where there is something to mount,
recovered by the database itself, examined, and compared with what the client was told. PostgreSQL
needs root; without it only SQLite is timed:

    python benchmarks/disk_crash_states.py [--cuts 30]

Ends with 1 when fewer than 3 states of PostgreSQL or 12 of SQLite are judged in a second, when the
disk and the kernel counted different flushes, or when the disk that flushes lost anything. Where
others keep the machine busy the rates are void, and only the counts are held against it.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from msgspec.structs import replace

from earwitness.claims.fsync.claim import CLAIM
from earwitness.claims.fsync.experiment import open_bench
from earwitness.experiment.bench import BenchSettings, Unavailable
from earwitness.experiment.design import Depth, Setting
from earwitness.servers import workspace

BUSY = 1.5
"""Load for each processor above which a rate is void."""
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=30)
    arguments = parser.parse_args()
    harmed = slow = False
    with workspace.workspace("benchmark-crash-states") as home:
        for id, target in TARGETS.items():
            try:
                rate, seen = judged(id, arguments.cuts, home)
            except Unavailable as reason:
                print(f"{id:10} not timed: {reason.reason}")
                continue
            agree = seen.get("flush_disagreement", 0) == 0
            print(
                f"{id:10} {rate:7.1f} states/s (target {target:g}), {seen['cuts']:.0f} cuts, "
                f"{seen['harmed_cuts']:.0f} harmed, flushes {'agree' if agree else 'DISAGREE'}"
            )
            slow |= rate < target
            harmed |= seen["harmed_cuts"] > 0 or not agree
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    print(f"load for each processor {busy:.1f}{', rates are void' if busy > BUSY else ''}")
    sys.exit(int(harmed or (slow and busy <= BUSY)))


if __name__ == "__main__":
    main()
