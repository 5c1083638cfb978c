"""How much sooner a PostgreSQL is ready from the cached empty cluster than from initdb.

Both arms end with a server that accepts connections; they differ in where its data folder comes
from. They alternate in pairs, and the ratio is taken inside each pair, because the speed of the
machine drifts:

    python benchmarks/postgres_start.py [--major 18] [--pairs 7]
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from earwitness.servers import postgres, workspace


def seconds_until_ready(binaries: postgres.Binaries, folder: Path) -> float:
    begun = time.perf_counter()
    with postgres.running(binaries, folder):
        return time.perf_counter() - begun


def from_initdb(binaries: postgres.Binaries, folder: Path) -> float:
    """With an empty cache, so that the cluster has to be made first."""
    with tempfile.TemporaryDirectory(prefix="ew-") as empty:
        Path(empty).chmod(0o755)  # as root, the user that servers run as must reach it
        with mock.patch.dict(os.environ, {"EARWITNESS_CACHE": f"{empty}/cache"}):
            return seconds_until_ready(binaries, folder)


def pairs(binaries: postgres.Binaries, folder: Path, count: int) -> list[tuple[float, float]]:
    """Seconds from the template and from initdb; who is first alternates."""
    arms: list[Callable[[postgres.Binaries, Path], float]] = [seconds_until_ready, from_initdb]
    seen = []
    for number in range(count):
        order = arms if number % 2 == 0 else arms[::-1]
        took = {arm: arm(binaries, folder) for arm in order}
        seen.append((took[seconds_until_ready], took[from_initdb]))
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--major", type=int, default=18)
    parser.add_argument("--pairs", type=int, default=7)
    arguments = parser.parse_args()
    binaries = postgres.find(arguments.major)
    with workspace.workspace("benchmark-postgres-start") as folder:
        seconds_until_ready(binaries, folder)  # fills the cache
        seen = pairs(binaries, folder, arguments.pairs)
    template, initdb = (sorted(column) for column in zip(*seen, strict=True))
    ratios = sorted(slow / quick for quick, slow in seen)
    print(f"PostgreSQL {binaries.version} ({binaries.source}), {len(seen)} pairs")
    for name, took in (("template", template), ("initdb", initdb)):
        print(f"{name:9} {statistics.median(took):6.3f} s  ({took[0]:.3f} to {took[-1]:.3f})")
    print(f"ratio     {statistics.median(ratios):6.1f} x  ({ratios[0]:.1f} to {ratios[-1]:.1f})")


if __name__ == "__main__":
    main()
