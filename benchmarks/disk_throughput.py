"""PostgreSQL's commits per second on our disk, against one made of nbdkit and nbdfuse.

Both serve the same image to a loop device with ext4 on it, both hold writes back until a flush, and
take turns in pairs; the ratio is taken inside each pair. Needs root, and Debian's nbdkit and nbdfuse;
without them nothing is measured:

    python benchmarks/disk_throughput.py [--pairs 5] [--clients 8] [--commits 100]

Ends with 1 when the median ratio is below 0.9. Where others keep the machine busy the result is void,
because one thread of Python starves first, and it ends with 0.
"""

import argparse
import contextlib
import os
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from earwitness.claims.fsync import postgres_ledger
from earwitness.claims.fsync.postgres_ledger import Client
from earwitness.claims.fsync.postgres_rig import MAJOR, Rig
from earwitness.servers import folders, postgres, process, workspace
from earwitness.servers.disk import disk
from earwitness.servers.disk.disk import Mount
from earwitness.servers.process import MissingComponent

TARGET = 0.9
BUSY = 1.5
"""Load for each processor above which the result is void."""
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
        raise MissingComponent(f"{name} is not on this machine")
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("--pairs", 5), ("--clients", 8), ("--commits", 100)):
        parser.add_argument(name, type=int, default=default)
    arguments = parser.parse_args()
    loads, seen = [], []
    with workspace.workspace("benchmark-disk") as home:
        try:
            folder = folders.reachable(home / "rig", process.unprivileged())
            rig = Rig(folder, postgres.find(MAJOR), disk.find())
            for number in range(arguments.pairs):
                arms = {"ours": ours(rig), "theirs": theirs(rig, number)}
                took = {}
                for name in list(arms)[:: 1 if number % 2 else -1]:
                    loads.append(os.getloadavg()[0])
                    with arms[name] as mount:
                        took[name] = pace(rig, mount, arguments.clients, arguments.commits)
                seen.append((took["ours"], took["theirs"]))
                print(f"pair {number + 1}: ours {took['ours']:6.0f}/s, nbd {took['theirs']:6.0f}/s")
        except MissingComponent as missing:
            print(f"not measured: {missing.reason}")
            return
    ratio = statistics.median(own / other for own, other in seen)
    busy = max(loads) / (os.cpu_count() or 1)
    print(f"ratio {ratio:.2f} (target {TARGET}), load for each processor up to {busy:.1f}")
    if busy > BUSY:
        print("void: others kept the machine busy")
        return
    sys.exit(int(ratio < TARGET))


if __name__ == "__main__":
    main()
