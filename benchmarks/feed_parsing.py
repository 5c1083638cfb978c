"""How much sooner a feed is read than by feedparser and podcastparser, and what each of them keeps.

All read the same generated feeds of 730 episodes (``samples``). They take turns in random order;
times are CPU times of this process, the ratio is taken within each turn, and its median is judged.

Reading has two parts. *Parsing* gives every element and every field of one element: dates, lengths,
addresses, recordings, persons. That is what podcastparser does, so these two are compared. *The
whole* sanitises HTML besides, which feedparser does, and finds links and chapters in notes, which
neither does; it is compared with feedparser, and the ratio to podcastparser is told.

Of the namespaced feed podcastparser passes over two elements of five, as it does not know the
namespace of Podcasting 2.0; this ratio is told and not judged.

    python benchmarks/feed_parsing.py [--rounds 9] [--episodes 730] [--feed FILE ...]

Exits with 1 when a target is missed: 8 times feedparser, 3 times podcastparser, nothing lost.
"""

import argparse
import gc
import io
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import feedparser
import podcastparser

from earwitness.library.intake import Element, EpisodeFacts, Intake
from earwitness.library.reading import feed
from earwitness.library.reading.namespaces import PREFIXES
from samples import feeds

ARMS: dict[str, Callable[[bytes], object]] = {
    "parsed": feed.parse,
    "whole": feed.read,
    "feedparser": lambda data: feedparser.parse(io.BytesIO(data)),
    "podcastparser": lambda data: podcastparser.parse("https://a.example/", io.BytesIO(data)),
}


@dataclass(frozen=True)
class Comparison:
    """A peer over a part of ours, and how many times sooner ours is to be."""

    peer: str
    ours: str
    target: float | None = None


COMPARISONS = (
    Comparison("feedparser", "whole", 8.0),
    Comparison("podcastparser", "parsed", 3.0),
    Comparison("podcastparser", "whole"),
)
PASSED_OVER = {("namespaced", "podcastparser")}
"""Feeds of which a peer passes over so much that the ratio is not judged."""


def turns(data: bytes, rounds: int) -> list[dict[str, float]]:
    """CPU seconds of each arm, once a turn, in random order."""
    rng, seen = random.Random(feeds.SEED), []
    for _ in range(rounds):
        order = sorted(ARMS, key=lambda _: rng.random())
        seen.append({name: cpu_seconds(ARMS[name], data) for name in order})
    return seen


def cpu_seconds(read: Callable[[bytes], object], data: bytes) -> float:
    gc.collect()  # what one leaves behind is not cleared away in the time of another
    begun = time.process_time()
    read(data)
    return time.process_time() - begun


def measured(kind: str, data: bytes, rounds: int) -> bool:
    """Measure and tell; whether every target is met."""
    seen = turns(data, rounds)
    print(f"{kind}: {len(data) / 1e6:.2f} MB, {rounds} turns, CPU time")
    for name in ARMS:
        print(f"  {name:14} {statistics.median(turn[name] for turn in seen) * 1000:7.1f} ms")
    good = True
    for one in COMPARISONS:
        ratios = sorted(turn[one.peer] / turn[one.ours] for turn in seen)
        ratio, told = statistics.median(ratios), ""
        if one.target is not None and (kind, one.peer) not in PASSED_OVER:
            met = ratio >= one.target
            told, good = f"  {'met' if met else 'MISSED'}: {one.target:g} x", good and met
        print(
            f"  {one.peer} / {one.ours}:  {ratio:.1f} x  ({ratios[0]:.1f} to {ratios[-1]:.1f}){told}"
        )
    return good


def lost(data: bytes) -> Counter[str]:
    """The tags of a generated feed that are not found again in what was read of it."""
    intake = feed.read(data)
    holders = Counter({"rss": 1, "channel": 1, "item": len(intake.episodes)})
    return tags_of(data) - tags_kept(intake) - holders


def tags_of(data: bytes) -> Counter[str]:
    """How often each tag stands in the feed, counted by the standard library."""
    namespaces = {f"{{{uri}}}": prefix for uri, prefix in PREFIXES.items()}
    counted: Counter[str] = Counter()
    for element in ElementTree.fromstring(data).iter():
        uri, brace, local = element.tag.rpartition("}")
        prefix = namespaces[uri + brace] if brace else ""
        counted[f"{prefix}:{local}" if prefix else local] += 1
    return counted


def tags_kept(intake: Intake) -> Counter[str]:
    """How often each tag is found again, in a field or among the elements."""
    kept: Counter[str] = Counter()
    for episode in intake.episodes:
        kept += fields_of(episode)
        kept += elements_of(episode.elements)
    show = intake.show
    kept += Counter({"podcast:funding": len(show.funding), "itunes:category": len(show.categories)})
    kept += Counter({"podcast:guid": bool(show.guid), "title": 1, "link": 1, "language": 1})
    kept += Counter({"atom:link": 1, "description": 1, "itunes:image": 1})
    return kept + elements_of(show.elements)


def fields_of(episode: EpisodeFacts) -> Counter[str]:
    kept = {element.name for element in episode.elements}
    described = "content:encoded" if "description" in kept else "description"
    single = {
        "title": episode.title,
        "link": episode.link,
        "guid": episode.guid,
        "pubDate": episode.date,
        described: episode.description,
        "itunes:duration": episode.duration_seconds,
        "itunes:episodeType": episode.kind,
        "itunes:episode": episode.number,
        "itunes:image": episode.image,
        "podcast:chapters": episode.chapters_link,
        "psc:chapters": episode.chapters,
    }
    counted = Counter({tag: 1 for tag, value in single.items() if value})
    counted["enclosure"] = len(episode.enclosures)
    counted["podcast:transcript"] = len(episode.transcripts)
    counted["podcast:person"] = len(episode.persons)
    counted["podcast:soundbite"] = len(episode.soundbites)
    counted["psc:chapter"] = sum(len(chapters) for chapters in episode.chapters.values())
    return counted


def elements_of(elements: Iterable[Element]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for element in elements:
        counted[element.name] += 1
        counted += elements_of(element.children)
    return counted


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--episodes", type=int, default=730)
    parser.add_argument("--feed", type=Path, nargs="*", default=[], help="measure these besides")
    arguments = parser.parse_args()
    good = True
    for kind in feeds.KINDS:
        data = feeds.generated(kind, arguments.episodes)
        good &= measured(kind, data, arguments.rounds)
        missing = lost(data)
        print(f"  tags lost      {sum(missing.values())}  {dict(missing) or ''}")
        good &= not missing
    for path in arguments.feed:
        measured(path.name, path.read_bytes(), arguments.rounds)
    first = feedparser.parse(io.BytesIO(feeds.generated("namespaced", 1))).entries[0]
    print(
        f"transcripts of an episode: {len(feeds.TRANSCRIPTS)} in the feed; feedparser keeps"
        f" {'one' if 'podcast_transcript' in first else 'none'}"
    )
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
