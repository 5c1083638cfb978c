"""What a page of the site costs, how soon a stream speaks, and whether it stays that way.

A store of 2,000 episodes, a million lines of transcripts and 1,000 snips is made first. Pages are
asked of the application itself, in this process, so that the CPU time of each request can be told;
streams, memory and bytes are those of `earwitness serve` in a process of its own. With the program
of Datasette, the same list of episodes is asked of both in turn, and their CPU times are compared:

    python benchmarks/site.py [--datasette PROGRAM] [--requests 10000]
"""

import argparse
import asyncio
import contextlib
import gc
import gzip
import http.client
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from earwitness.experiment import events
from earwitness.library import catalogue, shelving, snip_catalogue, snips
from earwitness.library.intake import (
    ChapterSource,
    EpisodeFacts,
    Intake,
    Segment,
    ShowFacts,
    Source,
    SourcedChapter,
    Transcript,
    TranscriptSource,
)
from earwitness.library.review import cards, faces
from earwitness.library.snip import Contents
from earwitness.report import measured
from earwitness.store import runs
from earwitness.store.connection import Store, open_store
from earwitness.store.events import EventLog
from earwitness.web.app import build
from earwitness.web.site import Serving

EPISODES, LINES = 2000, 500
SITES = 5000
"""Rare words in the lines."""
SNIPS = 1000
"""More than somebody keeps in years."""
PAGE_CPU_MS = 50.0
FIRST_EVENT_MS = 200.0
STREAMS = 50
FIRST_LOAD_BYTES = 150_000
GROWTH = 1.05
"""How much larger the process may be at the end than after a fifth of the requests."""

PAGES = {
    "shows": "/",
    "show, newest": "/shows/long",
    "show, filtered": "/shows/long?words=number+19&order=title",
    "show, the last part": "/shows/long?first=1960",
    "episode with transcript": "/episodes/long/number-77",
    "search, rare words": "/search?q=77+4711",
    "search, a speaker of most passages": "/search?q=77+4711&show=long&speaker=guest",
    "search, words of most passages": "/search?q=flushes+sessions",
    "snips": "/snips",
    "snips, filtered": "/snips?words=number+19&tag=kept",
    "review": "/review",
    "review statistics": "/review/statistics",
    "claims": "/claims",
    "claim": "/claims/select-star",
    "predictions": "/predictions",
    "checks": "/checks",
}


def long_show(place: int, count: int) -> Intake:
    """A part of the show."""
    words = ("latency", "locks", "pages", "flushes", "sessions", "indexes", "sockets")
    said = [
        f"So {word} are what we look at when {other} go up" for word in words for other in words
    ]
    episodes = []
    for number in range(place, place + count):
        lines = tuple(
            Segment(
                text=f"{said[(line * 7 + number) % len(said)]} at {(line * 7919 + number) % SITES}",
                start_seconds=line * 4.0,
                end_seconds=line * 4.0 + 4,
                speaker="host" if line % 9 < 5 else "guest",
            )
            for line in range(LINES)
        )
        transcript = Transcript(
            source=TranscriptSource.FILE, format="vtt", digest=f"{number:064}", segments=lines
        )
        chapters = tuple(
            SourcedChapter(start_seconds=at * 200.0, title=f"Part {at}") for at in range(10)
        )
        episodes.append(
            EpisodeFacts(
                guid=str(number),
                slug=f"number-{number}",
                title=f"Number {number}: what we know of {words[number % len(words)]}",
                date=f"{2000 + number % 24}-0{number % 9 + 1}-11",
                duration_seconds=2000.0,
                description="<p>What was said, and by whom.</p>" * 5,
                chapters={ChapterSource.PSC: chapters},
                read=(transcript,),
            )
        )
    return Intake(
        source=Source.FEED, show=ShowFacts(slug="long", title="Long"), episodes=tuple(episodes)
    )


def fill(store: Store) -> None:
    intake = long_show(0, EPISODES)
    shelving.keep(store, intake)
    for facts in intake.episodes:
        for transcript in facts.read:
            shelving.keep_transcript(store, f"long/{facts.slug}", transcript)
    measured.refresh(store)


def keep_some(store: Store) -> None:
    """Snips of many episodes, and a card of each."""
    for episode in catalogue.episodes(store, "long")[:SNIPS]:
        contents = Contents(start_seconds=100.0, end_seconds=130.0, note="why?", tags=("kept",))
        snips.make(store, episode, contents)
    cards.keep(store, [faces.of_snip(one) for one in snip_catalogue.every(store)])


async def ask(app: Callable, address: str) -> int:
    """One request to the application itself; its status."""
    path, _, query = address.partition("?")
    status = 0

    async def receive() -> dict:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict) -> None:
        nonlocal status
        status = message.get("status", status)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(b"host", b"127.0.0.1"), (b"accept-encoding", b"gzip")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
        "root_path": "",
    }
    await app(scope, receive, send)
    return status


async def pages(folder: Path, repeats: int) -> dict[str, list[float]]:
    """CPU milliseconds of each request, pages in turn."""
    app = build(Serving(folder=folder))
    took: dict[str, list[float]] = {name: [] for name in PAGES}
    async with app.router.lifespan_context(app):
        for repeat in range(repeats + 1):
            for name, address in PAGES.items():
                begun = time.process_time()
                status = await ask(app, address)
                if status != 200:
                    raise SystemExit(f"{address}: status {status}")
                if repeat:  # the first one fills caches
                    took[name].append(1000 * (time.process_time() - begun))
    return took


@contextlib.contextmanager
def served(folder: Path) -> Iterator[tuple[psutil.Process, int]]:
    command = [sys.executable, "-m", "earwitness", "serve", "--no-open", "--port", "0"]
    process = subprocess.Popen([*command, "--data", str(folder)], stdout=subprocess.PIPE, text=True)
    try:
        port = int(process.stdout.readline().rstrip("/\n").rpartition(":")[2])
        get(http.client.HTTPConnection("127.0.0.1", port, timeout=60), "/")
        yield psutil.Process(process.pid), port
    finally:
        process.terminate()
        process.wait()


def get(connection: http.client.HTTPConnection, address: str) -> tuple[bytes, int]:
    """The body, and how many bytes came over the wire with its head."""
    connection.request("GET", address, headers={"Accept-Encoding": "gzip"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{address}: status {answer.status}")
    size = len(body) + sum(len(name) + len(value) + 4 for name, value in answer.getheaders())
    return gzip.decompress(body) if answer.getheader("content-encoding") else body, size


def first_load(port: int) -> int:
    """Bytes of the first page with all that it needs, before anything is cached."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    page, size = get(connection, "/")
    files = set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page.decode()))
    folder = next(iter(files)).rpartition("/")[0]
    script, _ = get(connection, f"{folder}/site.js")
    files |= {f"{folder}/{name}" for name in re.findall(r'from "\./([\w.]+)"', script.decode())}
    return size + sum(get(connection, file)[1] for file in files)


class Stream:
    """One open stream, read in a thread; when each event came."""

    def __init__(self, port: int, run: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.came: list[float] = []
        request = f"GET /api/runs/{run}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        self.begun = time.perf_counter()
        self.socket.sendall(request.encode())
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self) -> None:
        with contextlib.suppress(OSError):
            while data := self.socket.recv(65536):
                self.came += [time.perf_counter()] * data.count(b"event: event")

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


def streams(store: Store, process: psutil.Process, port: int) -> dict[str, float]:
    """Milliseconds to the first event, and from the store to the last of many streams."""
    record = runs.begin(store, claim="select-star", depth="proof", seed=1, version="0")
    log = EventLog(store, record.id)
    event = events.encode(events.Waiting(holder="nobody")).decode()
    log.append(event)
    firsts = []
    for _ in range(20):
        stream = Stream(port, record.id)
        while not stream.came:
            time.sleep(0.001)
        firsts.append(1000 * (stream.came[0] - stream.begun))
        stream.close()
    many = [Stream(port, record.id) for _ in range(STREAMS)]
    while not all(stream.came for stream in many):
        time.sleep(0.01)
    before, late = sum(process.cpu_times()[:2]), []
    for number in range(2, 22):
        written = time.perf_counter()
        log.append(event)
        while not all(len(stream.came) >= number for stream in many):
            time.sleep(0.001)
            if time.perf_counter() - written > 10:
                raise SystemExit("a stream was lost")
        late.append(1000 * (max(stream.came[-1] for stream in many) - written))
    used = 1000 * (sum(process.cpu_times()[:2]) - before) / 20
    for stream in many:
        stream.close()
    runs.end(store, record.id, "interrupted")
    return {
        "first event, p95 ms": quantile(firsts),
        f"event to the last of {STREAMS} streams, p95 ms": quantile(late),
        f"CPU of an event to {STREAMS} streams, ms": used,
    }


def memory(process: psutil.Process, port: int, requests: int) -> tuple[float, float]:
    """MiB of the process after a fifth of the requests, and after all."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    addresses = [address for address in PAGES.values() if "episodes" not in address]
    sizes = []
    for number in range(1, requests + 1):
        get(connection, addresses[number % len(addresses)])
        if number in (requests // 5, requests):
            sizes.append(process.memory_info().rss / 2**20)
    return sizes[0], sizes[1]


def beside_datasette(program: str, folder: Path, site: tuple[psutil.Process, int]) -> list[float]:
    """CPU of Datasette's page of the episodes over that of ours, in turns of 50 requests."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [program, "serve", str(folder / "earwitness.db"), "--port", str(port)]
    command += ["--setting", "default_page_size", "40"]
    other = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        arms = (
            (psutil.Process(other.pid), port, "/earwitness/episodes?show=long&_sort=place"),
            (*site, "/shows/long"),
        )
        wait_for(port)
        ratios = []
        for turn in range(8):
            used = {}
            for process, at, address in arms if turn % 2 else arms[::-1]:
                connection = http.client.HTTPConnection("127.0.0.1", at, timeout=60)
                begun = sum(process.cpu_times()[:2])
                for _ in range(50):
                    get(connection, address)
                used[at] = sum(process.cpu_times()[:2]) - begun
            ratios.append(used[port] / used[site[1]])
        return ratios[1:]  # the first turn fills caches
    finally:
        other.terminate()
        other.wait()


def wait_for(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise SystemExit(f"nothing answers at port {port}")


def quantile(numbers: list[float], share: float = 0.95) -> float:
    return sorted(numbers)[min(len(numbers) - 1, int(share * len(numbers)))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--datasette", help="the program of Datasette, to compare with")
    parser.add_argument("--requests", type=int, default=10_000, help="for the memory")
    parser.add_argument("--repeats", type=int, default=30, help="of each page")
    arguments = parser.parse_args()
    missed = []

    def told(what: str, value: float, most: float | None = None) -> None:
        target = "" if most is None else f"  (at most {most:g})"
        print(f"{what:48} {value:10.1f}{target}", flush=True)
        if most is not None and value > most:
            missed.append(what)

    os.environ.setdefault("COLUMNS", "100")
    os.environ["EARWITNESS_EMBED"] = "off"  # another process, which gives way to pages
    with tempfile.TemporaryDirectory(prefix="ew-") as name:
        folder = Path(name)
        with open_store(folder) as store:
            fill(store)
            keep_some(store)
            gc.collect()
            gc.freeze()  # what was filled in is no part of the site
            print(f"{EPISODES} episodes, {EPISODES * LINES} lines of transcripts")
            for page, took in asyncio.run(pages(folder, arguments.repeats)).items():
                told(f"{page}: median CPU ms", statistics.median(took))
                told(f"{page}: p95 CPU ms", quantile(took), PAGE_CPU_MS)
            with served(folder) as (process, port):
                told("first load, bytes", first_load(port), FIRST_LOAD_BYTES)
                for what, value in streams(store, process, port).items():
                    told(what, value, FIRST_EVENT_MS if "first" in what else None)
                early, late = memory(process, port, arguments.requests)
                told("memory after a fifth of the requests, MiB", early)
                told(f"memory after {arguments.requests} requests, MiB", late, early * GROWTH)
                if arguments.datasette:
                    ratios = beside_datasette(arguments.datasette, folder, (process, port))
                    told("Datasette's page over ours, CPU, median", statistics.median(ratios))
                    told("  least", min(ratios))
                    told("  most", max(ratios))
    if missed:
        raise SystemExit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
