"""How much sooner WebVTT is read than by webvtt-py, with the same cues.

Both read the same generated transcript of about two hours: 2,820 cues with voices, entities and
settings. They take turns in random order; times are CPU times of this process, and the ratio is taken
within each turn:

    python benchmarks/transcript_parsing.py [--turns 15] [--cues 2820]

Exits with 1 when the cues differ, or when the median ratio is below 5.
"""

import argparse
import io
import random
import statistics
import sys
import time
from collections.abc import Callable

import webvtt

from earwitness.library.reading import vtt
from samples.words import WORDS

SEED = 5
TARGET = 5.0
NAMES = ("Ann", "Bob Roe", "Eve")
SECONDS_PER_CUE = 2.5

Cue = tuple[float, float, str, str]
"""Start, end, speaker, text."""


def generated(cues: int) -> str:
    rng = random.Random(SEED)
    blocks = ["WEBVTT - generated", "NOTE\nMade by a benchmark."]
    for number in range(cues):
        begin = number * SECONDS_PER_CUE
        said = " ".join(rng.choice(WORDS) for _ in range(9))
        text = f"<v {rng.choice(NAMES)}>{said}" if rng.random() < 0.3 else said
        settings = " align:start position:10%" if rng.random() < 0.2 else ""
        blocks.append(f"{number}\n{stamp(begin)} --> {stamp(begin + 2.25)}{settings}\n{text}")
    return "\n\n".join(blocks) + "\n"


def stamp(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes // 60):02}:{int(minutes % 60):02}:{rest:06.3f}"


def ours(text: str) -> list[Cue]:
    return [
        (one.start_seconds or 0, one.end_seconds or 0, one.speaker or "", one.text)
        for one in vtt.read_segments(text)
    ]


def theirs(text: str) -> list[Cue]:
    return [
        (seconds(one.start), seconds(one.end), one.voice or "", one.text)
        for one in webvtt.from_buffer(io.StringIO(text))
    ]


def seconds(stamp: str) -> float:
    hours, minutes, rest = stamp.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(rest)


def cpu_seconds(read: Callable[[], object]) -> float:
    begun = time.process_time()
    read()
    return time.process_time() - begun


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--cues", type=int, default=2820)
    arguments = parser.parse_args()
    text = generated(arguments.cues)
    arms: dict[str, Callable[[], object]] = {
        "ours": lambda: vtt.read_segments(text),
        "webvtt-py": lambda: list(webvtt.from_buffer(io.StringIO(text))),
    }
    rng, seen = random.Random(SEED), []
    for _ in range(arguments.turns):
        order = sorted(arms, key=lambda _: rng.random())
        seen.append({name: cpu_seconds(arms[name]) for name in order})
    ratios = sorted(turn["webvtt-py"] / turn["ours"] for turn in seen)
    ratio = statistics.median(ratios)
    print(f"{arguments.cues} cues, {arguments.turns} turns, CPU time")
    for name in arms:
        print(f"{name:10} {statistics.median(turn[name] for turn in seen) * 1000:6.1f} ms")
    print(f"ratio      {ratio:6.1f} x   ({ratios[0]:.1f} to {ratios[-1]:.1f})")
    same = ours(text) == theirs(text)
    print(f"same cues  {'yes' if same else 'NO'}")
    return int(not same or ratio < TARGET)


if __name__ == "__main__":
    sys.exit(main())
