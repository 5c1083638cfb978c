"""The times that the probe of a disk gives, against those of fio, and what one timed call costs.

On a disk of our own whose flush takes a known time, by turns of a few writes each, because two long
runs on a shared machine cannot be compared. Both write 8 KiB with O_DSYNC. Needs root and Debian's
fio; without them nothing is measured:

    python benchmarks/probe_latency.py [--pairs 12] [--writes 60]

Ends with 1 when the median ratio is above 1.10 for flushes of 0.5 ms and longer, or above 1.30 for
0.1 ms; when a timed call that does nothing takes more than 1 us in memory; or when the disk and the
kernel counted different flushes.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from earwitness.claims.fsync import probing, timed_writes
from earwitness.claims.fsync.timed_writes import METHODS
from earwitness.servers import workspace
from earwitness.servers.disk import disk, log
from earwitness.servers.process import MissingComponent

SIZE = 8192
FLUSHES = {0.0001: 1.30, 0.0005: 1.10, 0.002: 1.10}
"""Seconds of a flush, and the ratio that is allowed."""
OVERHEAD_MICROSECONDS = 1.0
O_DSYNC = next(method for method in METHODS if method.name == "O_DSYNC")


def ours(folder: Path, writes: int) -> float:
    """Median of our own timed writes, in microseconds."""
    data = timed_writes.buffer(SIZE)
    with (
        probing.unnamed_file(folder) as file,
        timed_writes.opened(O_DSYNC, file, probing.FILE_BYTES) as writer,
    ):
        took = []
        for number in range(writes):
            begun = time.perf_counter_ns()
            writer.write(data, SIZE, number * 7 % 1000 * SIZE)
            took.append((time.perf_counter_ns() - begun) / 1000)
    return statistics.median(took)


def fio(folder: Path, writes: int) -> float:
    """The same by fio, in a file that is filled first: else its blocks are new, and flushed twice."""
    command = ["fio", "--name=x", f"--directory={folder}", "--rw=randwrite", f"--bs={SIZE}"]
    command += ["--ioengine=psync", "--sync=dsync", f"--size={probing.FILE_BYTES}"]
    command += ["--overwrite=1", "--end_fsync=0"]
    command += [f"--number_ios={writes}", "--output-format=json", "--unlink=1"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    percentiles = json.loads(done.stdout)["jobs"][0]["write"]["clat_ns"]["percentile"]
    return percentiles["50.000000"] / 1000


def overhead() -> float:
    """Microseconds of a timed call that has nothing to do: fdatasync of a file in memory."""
    with tempfile.TemporaryFile(dir="/dev/shm") as file:
        took = []
        for _ in range(20_000):
            begun = time.perf_counter_ns()
            os.fdatasync(file.fileno())
            took.append((time.perf_counter_ns() - begun) / 1000)
    return statistics.median(took)


def compared(home: Path, seconds: float, pairs: int, writes: int) -> tuple[float, float, int]:
    """Median ratio, our median, and by how many flushes disk and kernel differ."""
    name = f"disk-{seconds:g}"
    with disk.served(home / "image", home, name=name, flush_seconds=seconds) as served:
        fs = disk.mounted(served.file, home, name=f"{name}-fs", inside=served.process)
        with fs as mount:
            ratios, own = [], []
            for number in range(pairs):
                arms = [ours, fio] if number % 2 else [fio, ours]
                took = {arm: arm(mount.from_here, writes) for arm in arms}
                ratios.append(took[ours] / took[fio])
                own.append(took[ours])
        records = served.records()
    difference = abs(mount.flushes - log.flushes(records, mount.attached_at))
    return statistics.median(ratios), statistics.median(own), difference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=12)
    parser.add_argument("--writes", type=int, default=60)
    arguments = parser.parse_args()
    missed = False
    with workspace.workspace("benchmark-probe") as home:
        try:
            disk.format_image(disk.find(), home / "image", 64 << 20)
            for seconds, target in FLUSHES.items():
                ratio, own, difference = compared(home, seconds, arguments.pairs, arguments.writes)
                print(
                    f"flush of {seconds * 1000:g} ms: ours {own:.0f} us, ratio to fio {ratio:.3f} "
                    f"(at most {target:.2f}), flushes differ by {difference}"
                )
                missed |= ratio > target or difference > 0
        except (MissingComponent, FileNotFoundError) as missing:
            print(f"not measured: {missing}")
            return
    cost = overhead()
    print(f"a timed call that does nothing: {cost:.2f} us (at most {OVERHEAD_MICROSECONDS:g})")
    sys.exit(int(missed or cost > OVERHEAD_MICROSECONDS))


if __name__ == "__main__":
    main()
