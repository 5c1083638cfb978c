"""The times that the probe of a disk gives, against those of fio, and what one timed call costs.

On a disk of our own whose flush takes a known time, by turns of a few writes each, because two long
runs on a shared machine cannot be compared. Both write 8 KiB with O_DSYNC. Needs root and Debian's
fio; without them nothing is measured:

    python benchmarks/probe_latency.py [--pairs 12] [--writes 60] [--wait 600]

Targets: a median ratio of at most 1.10 for flushes of 0.5 ms and longer, and of 1.30 for 0.1 ms; at most
1 us in memory for a timed call that does nothing; the same flushes counted by the disk and the kernel.
Void where others keep the machine busy; ``--wait``: for how many seconds to wait for quiet before.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import conditions
from earwitness.claims.fsync import probing, timed_writes
from earwitness.claims.fsync.timed_writes import METHODS
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


def benchmark(pairs: int, writes: int, wait: float) -> bool:
    if shutil.which("fio") is None:
        raise MissingComponent("fio is not on this machine", "apt-get install fio")
    met = True
    with conditions.machine("probe-latency", wait) as home:
        disk.format_image(disk.find(), home / "image", 64 << 20)
        seen = {seconds: compared(home, seconds, pairs, writes) for seconds in FLUSHES}
        cost = overhead()
    for seconds, (ratio, own, difference) in seen.items():
        name = f"flush of {seconds * 1000:g} ms"
        target = FLUSHES[seconds]
        what = f"{name}, ours ({own:.0f} us) over fio's"
        met &= conditions.told(what, ratio, f"<= {target:.2f}", met=ratio <= target)
        met &= conditions.told(f"{name}, flushes differ by", difference, "0", met=difference == 0)
    return met & conditions.told(
        "a timed call that does nothing",
        cost,
        f"<= {OVERHEAD_MICROSECONDS:g}",
        met=cost <= OVERHEAD_MICROSECONDS,
        unit=" us",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("--pairs", 12), ("--writes", 60), ("--wait", 0)):
        parser.add_argument(name, type=int, default=default)
    chosen = parser.parse_args()
    conditions.conducted(lambda: benchmark(chosen.pairs, chosen.writes, chosen.wait))
