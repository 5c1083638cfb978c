"""The handlers of the functions: the same monitoring cut into steps, or a whole window at once.

Each takes and gives JSON. ``convert`` decodes a segment and stores what it sampled; each detector
fetches what it looks at; ``aggregate`` collects what they found. ``whole`` is the rival: a window
in one function, nothing stored. An event names the stream's ``address``, the ``number`` of the
window, ``seconds``, ``per_second``, and for the steps ``bucket``, ``prefix`` and ``together``.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from .detectors import DETECTORS, Finding, Flags, black, corruption, findings, freeze, silence
from .samples import Window, sample
from .service import fetch
from .storage import Shelf, client

Event = Mapping[str, Any]
Answer = dict[str, Any]

client()  # while the function starts, not in its first invocation


def convert(event: Event, _context: object) -> Answer:
    """Decode and sample a segment, store it; hands on the event, and what that took."""
    began = time.process_time()
    window = _sampled(event)
    _shelf(event).put(window)
    return {**event, "decoded": window.decoded, "cpu_seconds": time.process_time() - began}


def detect_black(event: Event, _context: object) -> Answer:
    """Find black pictures."""
    return _detect("black", event, lambda shelf: black(shelf.pictures()))


def detect_freeze(event: Event, _context: object) -> Answer:
    """Find pictures that stand still."""
    return _detect("freeze", event, lambda shelf: freeze(shelf.pictures()))


def detect_silence(event: Event, _context: object) -> Answer:
    """Find silence."""
    return _detect("silence", event, lambda shelf: silence(shelf.sound(), _cells(event)))


def detect_corruption(event: Event, _context: object) -> Answer:
    """Find what the decoder complained about."""
    return _detect("corruption", event, lambda shelf: corruption(shelf.damaged()))


def aggregate(event: list[Event], _context: object) -> Answer:
    """Store and give what all detectors found in the window, and what all steps took."""
    began = time.process_time()
    first = event[0]["window"]
    found = [finding for part in event for finding in part["found"]]
    _shelf(first).put_result(found)
    before = first["cpu_seconds"] + sum(part["cpu_seconds"] for part in event)
    return {
        "found": found,
        "decoded": first["decoded"],
        "cpu_seconds": before + time.process_time() - began,
    }


def whole(event: Event, _context: object) -> Answer:
    """Everything that the steps do, in one function."""
    began = time.process_time()
    window = _sampled(event)
    found: list[Finding] = []
    for name, detector in DETECTORS.items():
        found += findings(name, detector(window), window.start, window.cell)
    cpu_seconds = time.process_time() - began
    return {"found": found, "decoded": window.decoded, "cpu_seconds": cpu_seconds}


def _detect(name: str, event: Event, look: Callable[[Shelf], Flags]) -> Answer:
    began = time.process_time()
    flags = look(_shelf(event))
    found = findings(name, flags, event["number"] * event["seconds"], 1 / event["per_second"])
    return {"window": event, "found": found, "cpu_seconds": time.process_time() - began}


def _sampled(event: Event) -> Window:
    segment = fetch(event["address"], event["number"])
    start = event["number"] * event["seconds"]
    return sample(segment, start, event["seconds"], event["per_second"])


def _shelf(event: Event) -> Shelf:
    return Shelf(event["bucket"], event["prefix"], event["together"], _cells(event))


def _cells(event: Event) -> int:
    return round(float(event["seconds"]) * int(event["per_second"]))
