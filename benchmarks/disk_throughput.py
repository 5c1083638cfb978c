"""PostgreSQL's commits per second on our disk, against one made of nbdkit and nbdfuse.

Both serve the same image to a loop device with ext4 on it, both hold writes back until a flush, and
take turns in pairs; the ratio is taken inside each pair. Needs root, and Debian's nbdkit and nbdfuse;
without them nothing is measured:

    python benchmarks/disk_throughput.py [--pairs 9] [--clients 8] [--commits 200] [--wait 600]

Target: a median ratio of at least 0.9. Where others keep the machine busy the result is void, because
one thread of Python starves first; ``--wait``: for how many seconds to wait for quiet before.
"""

import argparse
import contextlib
import random
import shutil
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import conditions
from earwitness.claims.fsync import postgres_ledger
from earwitness.claims.fsync.postgres_ledger import Client
from earwitness.claims.fsync.postgres_rig import MAJOR, Rig
from earwitness.servers import folders, postgres, process
from earwitness.servers.disk import disk
from earwitness.servers.disk.disk import Mount
from earwitness.servers.process import MissingComponent

TARGET = 0.9
SEED = 1
SETTINGS = {"fsync": True, "full_page_writes": True, "max_connections": 20}


@contextlib.contextmanager
def ours(rig: Rig) -> Iterator[Mount]:
    with rig.disk() as made, rig.mount(made) as mount:
        yield mount


@contextlib.contextmanager
def theirs(rig: Rig, number: int) -> Iterator[Mount]:
    folder = folders.reachable(rig.folder / f"nbd-{number}", None)
    image, socket, file = folder / "image", folder / "s", folder / "disk"
    shutil.copyfile(rig.image, image)
    file.touch()
    nbdkit = [program("nbdkit"), "-f", "-U", socket, "--filter=cache", "file", image]
    nbdfuse = [program("unshare"), "--mount", "--propagation", "private", program("nbdfuse")]
    with process.running([*nbdkit, "cache=writeback"], folder, name="nbdkit") as server:
        server.wait_until(socket.exists, 10)
        with process.running([*nbdfuse, file, "--unix", socket], folder, name="nbdfuse") as fuse:
            through = Path(f"/proc/{fuse.pid}/root") / file.relative_to("/")
            fuse.wait_until(lambda: through.stat().st_size > 0, 10)
            name = f"nbd-{number}-fs"
            with disk.mounted(file, rig.folder, name=name, inside=fuse) as mount:
                yield mount
    shutil.rmtree(folder)


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingComponent(f"{name} is not on this machine", "apt-get install nbdkit nbdfuse")
    return found


def pace(rig: Rig, mount: Mount, clients: int, commits: int) -> float:
    """Commits per second of so many clients at once."""

    def work(number: int) -> None:
        with server.connect() as connection:
            generator = np.random.default_rng(number)
            client = Client(number, clients)
            for _ in postgres_ledger.commits(connection, client, commits, None, generator):
                pass

    with rig.server(mount, SETTINGS) as server:
        threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return clients * commits / (time.perf_counter() - begun)


def benchmark(pairs: int, clients: int, commits: int, wait: float) -> bool:
    order = random.Random(SEED)
    ratios = []
    with conditions.machine("disk-throughput", wait) as home:
        for name in ("nbdkit", "nbdfuse", "unshare"):
            program(name)
        folder = folders.reachable(home / "rig", process.unprivileged())
        rig = Rig(folder, postgres.find(MAJOR), disk.find())
        for number in range(1, pairs + 1):
            arms = [("ours", ours(rig)), ("nbd", theirs(rig, number))]
            order.shuffle(arms)
            took = {}
            for name, made in arms:
                with made as mount:
                    took[name] = pace(rig, mount, clients, commits)
            ratios.append(took["ours"] / took["nbd"])
            each = ", ".join(f"{name} {took[name]:.0f}/s" for name in ("ours", "nbd"))
            print(f"pair {number}: {each}, ratio {ratios[-1]:.2f}", flush=True)
    ratio = statistics.median(ratios)
    return conditions.told(
        f"commits per second on our disk over those on nbdkit with nbdfuse, median of {pairs} pairs",
        ratio,
        f">= {TARGET:g}",
        met=ratio >= TARGET,
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("--pairs", 9), ("--clients", 8), ("--commits", 200), ("--wait", 0)):
        parser.add_argument(name, type=int, default=default)
    chosen = parser.parse_args()
    conditions.conducted(
        lambda: benchmark(chosen.pairs, chosen.clients, chosen.commits, chosen.wait)
    )
