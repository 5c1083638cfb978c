"""Recognition by faster-whisper on this machine, with a model that is in a folder of it.

The package would download a model that it is only told the name of, and a tokenizer that it does not
find beside the model; so a folder has to be named, and everything has to be in it.
"""

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from earwitness.library.intake import Segment
from earwitness.library.recognition.engine import Heard, NoEngine, NotRecognised, Progress

FOLDER = "EARWITNESS_WHISPER_MODEL"
_FILES = ("config.json", "model.bin", "tokenizer.json")


@dataclass(frozen=True, kw_only=True)
class FasterWhisper:
    """A model that is loaded."""

    whisper: Any
    """``faster_whisper.WhisperModel``, which has no types."""
    model: str
    name: str = "faster-whisper"

    def hear(self, audio: Path, progress: Progress) -> Heard:
        """Recognise the file; it is heard while the segments are asked for."""
        try:
            parts, info = self.whisper.transcribe(str(audio), vad_filter=True)
            segments = []
            for part in parts:
                segments.append(
                    Segment(text=part.text.strip(), start_seconds=part.start, end_seconds=part.end)
                )
                if info.duration:
                    progress(part.end / info.duration)
        except (RuntimeError, ValueError, OSError) as problem:
            raise NotRecognised(f"faster-whisper: {' '.join(str(problem).split())[:200]}") from None
        return Heard(segments=tuple(one for one in segments if one.text), language=info.language)


def chosen() -> Path:
    """The folder of the model that the environment names. Raises NoEngine."""
    if importlib.util.find_spec("faster_whisper") is None:
        raise NoEngine("install it with: pip install 'earwitness[recognition]'")
    return _folder(os.environ.get(FOLDER))


def open_engine() -> FasterWhisper:
    """The model that the environment names, loaded. Raises NoEngine."""
    folder = chosen()
    opener: Callable[..., Any] = importlib.import_module("faster_whisper").WhisperModel
    try:
        whisper = opener(str(folder), device="auto", compute_type="auto", local_files_only=True)
    except (RuntimeError, ValueError, OSError) as problem:
        why = " ".join(str(problem).split())[:200]
        raise NoEngine(f"the model in {folder} cannot be loaded: {why}") from None
    return FasterWhisper(whisper=whisper, model=folder.name)


def _folder(name: str | None) -> Path:
    if not name:
        raise NoEngine(f"set {FOLDER} to the folder of a model; none is downloaded")
    folder = Path(name)
    missing = [file for file in _FILES if not (folder / file).is_file()]
    if missing:
        raise NoEngine(f"{FOLDER}: {folder} has no {', '.join(missing)}")
    return folder
