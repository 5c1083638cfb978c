"""How fast transcripts are kept, beside what SQLite alone would take for the same rows.

Both arms write the same lines into a store of their own, a transcript a transaction, and are measured
in CPU time, as the machine may be busy; they alternate in pairs, and the ratio is taken inside each
pair. Lines are those of a folder of transcripts, drawn again and again from a seed; without the
folder they are made up:

    python benchmarks/library_ingest.py [--transcripts DIRECTORY] [--segments 200000] [--pairs 3]

Ends with 1 when fewer than 100,000 lines are kept in a second of CPU time.
"""

import argparse
import hashlib
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from earwitness.library import shelving
from earwitness.library.intake import (
    EpisodeFacts,
    Intake,
    NotReadable,
    Segment,
    ShowFacts,
    Source,
    Transcript,
    TranscriptSource,
)
from earwitness.library.reading import recognise
from earwitness.store.connection import Store, open_store

SEED = 20240605
LINES_OF_A_TRANSCRIPT = 1000
"""About an hour of speech."""
TARGET = 100_000
"""Lines in a second of CPU time: a library of a thousand hours within ten seconds."""

Arm = Callable[[Store, Sequence[Transcript]], None]


def lines(folder: Path | None) -> list[Segment]:
    """The lines of all transcripts in the folder, else as many made up."""
    found: list[Segment] = []
    for file in sorted(folder.glob("*")) if folder else ():
        try:
            read = recognise.read(file.read_bytes(), file.name)
        except NotReadable:
            continue
        if isinstance(read, Transcript):
            found += read.segments
    chance = random.Random(SEED)
    words = [f"word{number}" for number in range(5000)]
    return found or [Segment(text=" ".join(chance.choices(words, k=17))) for _ in range(5000)]


def resampled(known: Sequence[Segment], count: int) -> list[Transcript]:
    """So many lines in transcripts of an hour, with times."""
    chance = random.Random(SEED)
    made = []
    for number in range(count // LINES_OF_A_TRANSCRIPT):
        chosen = chance.choices(known, k=LINES_OF_A_TRANSCRIPT)
        segments = tuple(
            Segment(text=one.text, speaker=one.speaker, start_seconds=3.6 * place)
            for place, one in enumerate(chosen)
        )
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        made.append(
            Transcript(source=TranscriptSource.FILE, format="vtt", digest=digest, segments=segments)
        )
    return made


def shelved(store: Store, transcripts: Sequence[Transcript]) -> None:
    for number, transcript in enumerate(transcripts):
        shelving.keep_transcript(store, f"talk/episode-{number}", transcript)


def bare(store: Store, transcripts: Sequence[Transcript]) -> None:
    """The same rows by the driver alone."""
    insert = "insert into segments values (?, ?, ?, ?, ?, ?)"
    connection = store.engine.raw_connection()
    connection.execute("pragma foreign_keys = off")
    for number, transcript in enumerate(transcripts):
        rows = [
            (number, place, one.start_seconds, one.end_seconds, one.speaker, one.text)
            for place, one in enumerate(transcript.segments)
        ]
        connection.executemany(insert, rows)
        connection.commit()
    connection.close()


def cpu_seconds(arm: Arm, transcripts: Sequence[Transcript]) -> float:
    with tempfile.TemporaryDirectory(prefix="ew-") as folder, open_store(Path(folder)) as store:
        facts = [
            EpisodeFacts(guid=str(number), title=f"Episode {number}")
            for number in range(len(transcripts))
        ]
        show = ShowFacts(title="Talk")
        shelving.keep(store, Intake(source=Source.FEED, show=show, episodes=tuple(facts)))
        begun = time.process_time()
        arm(store, transcripts)
        return time.process_time() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--transcripts", type=Path)
    parser.add_argument("--segments", type=int, default=200_000)
    parser.add_argument("--pairs", type=int, default=3)
    arguments = parser.parse_args()
    transcripts = resampled(lines(arguments.transcripts), arguments.segments)
    count = sum(len(one.segments) for one in transcripts)
    arms: list[Arm] = [shelved, bare]
    seen = []
    for number in range(arguments.pairs):
        order = arms if number % 2 == 0 else arms[::-1]
        took = {arm: cpu_seconds(arm, transcripts) for arm in order}
        seen.append((took[shelved], took[bare]))
    ours, theirs = (count / statistics.median(column) for column in zip(*seen, strict=True))
    ratios = sorted(kept / alone for kept, alone in seen)
    print(f"{count} lines in {len(transcripts)} transcripts, {len(seen)} pairs, CPU time")
    print(f"kept        {ours:10,.0f} lines/s")
    print(f"SQLite alone{theirs:10,.0f} lines/s")
    print(f"ratio       {statistics.median(ratios):10.2f} x  ({ratios[0]:.2f} to {ratios[-1]:.2f})")
    if ours < TARGET:
        sys.exit(f"fewer than {TARGET:,} lines a second")


if __name__ == "__main__":
    main()
