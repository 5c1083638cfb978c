"""Makes a transcript of an episode's recording with an engine, piece by piece.

What was heard in a piece is on disk before the next one begins, under a name that is made of the
recording, the engine and its model; so a process that is killed costs one piece, and a later call
goes on. The pieces become one transcript when all of them are there.
"""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from earwitness.library import jobs, shelving
from earwitness.library.catalogue import ShelvedEpisode
from earwitness.library.intake import Segment, Transcript, TranscriptSource
from earwitness.library.jobs import Job, JobKind
from earwitness.library.recognition import pieces
from earwitness.library.recognition.engine import Engine, Heard
from earwitness.library.recognition.pieces import Piece
from earwitness.store.connection import Store

FOLDER = "recognised"
"""Below the data folder; what was heard so far."""


def transcribe(
    store: Store,
    episode: ShelvedEpisode,
    audio: Path,
    engine: Engine,
    *,
    progress: Callable[[float], None],
    piece_seconds: float = pieces.SECONDS,
) -> Transcript:
    """The transcript of a recording, kept with its episode. Raises NotRecognised and JobTaken."""
    with jobs.working(store, JobKind.RECOGNISE, episode.id) as job:
        digest = _digest(audio, engine)
        so_far = store.file.parent / FOLDER / digest[:32]
        so_far.mkdir(parents=True, exist_ok=True)
        parts = pieces.cut(audio, piece_seconds)
        heard = _hear_all(audio, parts, engine, so_far, _Report(job, progress, parts))
        transcript = Transcript(
            source=TranscriptSource.RECOGNISED,
            format=engine.name,
            digest=digest,
            segments=tuple(_joined(parts, heard)),
            language=heard[0].language,
            origin=engine.model,
        )
        shelving.keep_transcript(store, episode.id, transcript)
        shutil.rmtree(so_far)
    return transcript


class _Report:
    """Says how far all pieces together are."""

    def __init__(
        self, job: Job, progress: Callable[[float], None], parts: tuple[Piece, ...]
    ) -> None:
        self._job = job
        self._progress = progress
        self._parts = len(parts)

    def of(self, number: int) -> Callable[[float], None]:
        """What the engine tells of a piece, counted from 0."""

        def tell(done: float) -> None:
            whole = (number + min(1.0, done)) / self._parts
            self._job.note(whole)
            self._progress(whole)

        return tell


def _hear_all(
    audio: Path, parts: tuple[Piece, ...], engine: Engine, so_far: Path, report: _Report
) -> list[Heard]:
    heard = []
    for number, part in enumerate(parts):
        kept = so_far / f"{part.begin}-{part.end}.json"
        if not kept.exists():
            _hear(audio, part, engine, kept, report.of(number))
        heard.append(msgspec.json.decode(kept.read_bytes(), type=Heard))
        report.of(number)(1.0)
    return heard


def _hear(
    audio: Path, part: Piece, engine: Engine, kept: Path, tell: Callable[[float], None]
) -> None:
    sound = audio if part.end is None else kept.with_suffix(audio.suffix)
    try:
        if sound is not audio:
            pieces.write(audio, part, sound)
        heard = engine.hear(sound, tell)
    finally:
        if sound is not audio:
            sound.unlink(missing_ok=True)
    beside = kept.with_suffix(".new")
    beside.write_bytes(msgspec.json.encode(heard))
    beside.replace(kept)


def _joined(parts: tuple[Piece, ...], heard: list[Heard]) -> list[Segment]:
    """All segments with times from the start of the recording."""
    return [
        msgspec.structs.replace(
            segment,
            start_seconds=_moved(segment.start_seconds, part),
            end_seconds=_moved(segment.end_seconds, part),
        )
        for part, one in zip(parts, heard, strict=True)
        for segment in one.segments
    ]


def _moved(seconds: float | None, part: Piece) -> float | None:
    return None if seconds is None else round(seconds + part.start_seconds, 3)


def _digest(audio: Path, engine: Engine) -> str:
    """A name for what comes of this recording with this engine."""
    with audio.open("rb") as file:
        sound = hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(f"{sound} {engine.name} {engine.model}".encode()).hexdigest()
