"""The monolith: one process that fetches a stream, decodes it once and runs its detectors on it.

``python -m pipeline.service ORDER RESULT``: two JSON files. The order names the stream's address,
its windows and the detectors that this clone runs; the result has what it found and what that took.
"""

import json
import sys
import time
import urllib.request
from pathlib import Path
from typing import TypedDict

from .detectors import DETECTORS, Finding, findings, joined
from .samples import sample

_FETCH_SECONDS = 20


class Order(TypedDict):
    """What a clone is to watch. ``seconds``: of a window; ``per_second``: cells."""

    address: str
    windows: int
    seconds: float
    per_second: int
    detectors: list[str]


class Result(TypedDict):
    """What it found, pictures it decoded, and CPU seconds of this process from first to last."""

    found: list[Finding]
    decoded: int
    cpu_seconds: float


def watch(order: Order) -> Result:
    """Watch the stream, window after window, everything in memory."""
    began = time.process_time()
    found: list[Finding] = []
    decoded = 0
    for number in range(order["windows"]):
        segment = fetch(order["address"], number)
        window = sample(segment, number * order["seconds"], order["seconds"], order["per_second"])
        decoded += window.decoded
        for name in order["detectors"]:
            found += findings(name, DETECTORS[name](window), window.start, window.cell)
    cpu_seconds = time.process_time() - began
    return Result(found=joined(found), decoded=decoded, cpu_seconds=cpu_seconds)


def fetch(address: str, number: int) -> bytes:
    """A segment of the stream, by its number. URLError when it cannot be had."""
    url = f"{address}/{number}"
    with urllib.request.urlopen(url, timeout=_FETCH_SECONDS) as answer:  # noqa: S310 - loopback
        content: bytes = answer.read()
    return content


def main(order: Path, result: Path) -> None:
    """Carry out the order in one file, write the result into the other."""
    result.write_text(json.dumps(watch(json.loads(order.read_text()))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
