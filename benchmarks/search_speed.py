"""What putting in, indexing and searching cost on a large library, beside an OR of every word.

The library is drawn anew from real transcripts: each episode is made of stretches of ten sentences
from them, so that words are as frequent and as near each other as in speech. Costs are CPU seconds
of one process. The peer is the usual way to query FTS5 with a sentence: an index of all lines, and
SQLite ranks whatever has any word of the question, stop words as well. Both arms search the same
lines and take turns.

    python benchmarks/search_speed.py [--segments 1500000] [--transcripts FOLDER] [--questions FILE]

Exits with 1 when a target is missed: put in and indexed at 100,000 segments a second or more, 95 of
100 searches within 120 ms, and the median search ten times as fast as the peer.
"""

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from earwitness.library import shelving
from earwitness.library.intake import (
    EpisodeFacts,
    Intake,
    Segment,
    ShowFacts,
    Source,
    Transcript,
    TranscriptSource,
)
from earwitness.library.search import index, searching
from earwitness.library.search.query import words_of
from earwitness.store.connection import Store, open_store

SEGMENTS_PER_SECOND = 100_000
P95_MILLISECONDS = 120.0
TIMES_FASTER = 10.0
EPISODE_SEGMENTS = 500
STRETCH = 10
EPISODES_AT_ONCE = 100
PEER_QUESTIONS = 10
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

_TURN = re.compile(r"\*\*(?P<speaker>[^*:]+):\*\*\s*(?P<said>.+)")
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")


def sentences(folder: Path) -> list[list[tuple[str, str]]]:
    """Speaker and sentence, transcript by transcript."""
    read = []
    for file in sorted(folder.glob("*.md")):
        lines: list[tuple[str, str]] = []
        speaker = ""
        for paragraph in file.read_text(encoding="utf-8").split("\n\n"):
            turn = _TURN.match(paragraph.strip())
            said = turn["said"] if turn else paragraph.strip()
            speaker = turn["speaker"] if turn else speaker
            lines += [(speaker, one) for one in _SENTENCE_END.split(said) if one]
        read.append(lines)
    return read


def episodes(
    transcripts: Sequence[Sequence[tuple[str, str]]], segments: int, draw: random.Random
) -> Iterator[EpisodeFacts]:
    """Drawn episodes until there are so many segments."""
    for number in range(-(-segments // EPISODE_SEGMENTS)):
        lines: list[Segment] = []
        while len(lines) < EPISODE_SEGMENTS:
            source = draw.choice(transcripts)
            at = draw.randrange(max(1, len(source) - STRETCH))
            lines += [
                Segment(text=text, speaker=speaker, start_seconds=4.0 * (len(lines) + i))
                for i, (speaker, text) in enumerate(source[at : at + STRETCH])
            ]
        transcript = Transcript(
            source=TranscriptSource.FILE,
            format="json",
            digest=str(number),
            segments=tuple(lines[:EPISODE_SEGMENTS]),
        )
        yield EpisodeFacts(guid=str(number), title=f"Episode {number}", read=(transcript,))


def put_in(store: Store, drawn: Iterator[EpisodeFacts]) -> tuple[float, float, int]:
    """CPU seconds of keeping and of indexing, and how many segments; drawing is not counted."""
    keeping = indexing = 0.0
    count = number = 0
    while batch := [one for _, one in zip(range(EPISODES_AT_ONCE), drawn, strict=False)]:
        show = ShowFacts(slug=f"show-{number}", title=f"Show {number}")
        intake = Intake(source=Source.FILE, show=show, episodes=tuple(batch))
        keeping += cost(lambda intake=intake: shelving.keep(store, intake))
        indexing += cost(lambda: index.refresh(store))
        count += sum(len(one.read[0].segments) for one in batch)
        number += 1
    return keeping, indexing, count


def cost(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def index_lines(store: Store) -> None:
    """The index of the peer, in the same file, with the same tokenizer."""
    with store.writing() as connection:
        connection.exec_driver_sql(
            "create virtual table peer using fts5"
            "(text, tokenize='porter unicode61 remove_diacritics 2')"
        )
        connection.exec_driver_sql("insert into peer (text) select text from segments")


def peer(store: Store, question: str) -> None:
    match = " OR ".join(f'"{word}"' for word in dict.fromkeys(words_of(question)))
    with store.reading() as connection:
        connection.exec_driver_sql(
            "select rowid, rank, snippet(peer, 0, '', '', '', 20) from peer"
            " where peer match ? order by rank limit 10",
            (match,),
        ).all()


def questions(
    file: Path, transcripts: Sequence[Sequence[tuple[str, str]]], draw: random.Random
) -> list[str]:
    """Real questions, and as many sentences of the library as queries."""
    meetings = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    asked = [one["query"] for meeting in meetings for one in meeting["specific_query_list"]]
    said = [text for lines in transcripts for _, text in lines if 6 <= len(text.split()) <= 14]
    return draw.sample(asked, min(150, len(asked))) + draw.sample(said, 150)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--segments", type=int, default=1_500_000)
    parser.add_argument("--transcripts", type=Path, default=SHARED / "transcripts")
    parser.add_argument("--questions", type=Path, default=SHARED / "spoken-qa" / "val.jsonl")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    draw = random.Random(arguments.seed)
    transcripts = sentences(arguments.transcripts)
    if not transcripts:
        print(f"no transcripts in {arguments.transcripts}: nothing was measured")
        return
    with (
        tempfile.TemporaryDirectory(prefix="earwitness-speed-") as folder,
        open_store(Path(folder)) as store,
    ):
        drawn = episodes(transcripts, arguments.segments, draw)
        keeping, indexing, count = put_in(store, drawn)
        rate = count / (keeping + indexing)
        print(f"{count:,} segments: kept in {keeping:.1f} s, indexed in {indexing:.1f} s of CPU")
        print(f"  {rate:,.0f} segments a second (target {SEGMENTS_PER_SECOND:,})")
        index_lines(store)
        asked = questions(arguments.questions, transcripts, draw)
        ours, theirs, ratios = [], [], []
        for place, question in enumerate(asked):
            ours.append(1000 * cost(lambda q=question: searching.search(store, q)))
            if place % (len(asked) // PEER_QUESTIONS) == 0:
                theirs.append(1000 * cost(lambda q=question: peer(store, q)))
                ratios.append(theirs[-1] / ours[-1])
    p50, p95 = np.percentile(ours, [50, 95])
    faster = float(np.median(ratios))
    print(f"{len(ours)} searches: median {p50:.1f} ms, 95 of 100 within {p95:.1f} ms (target 120)")
    print(f"  OR of every word: median {np.median(theirs):.0f} ms over {len(theirs)}")
    print(f"  {faster:.1f}x as fast ({min(ratios):.1f} to {max(ratios):.1f}; target 10)")
    missed = rate < SEGMENTS_PER_SECOND or p95 > P95_MILLISECONDS or faster < TIMES_FASTER
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
