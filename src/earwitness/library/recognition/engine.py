"""What recognises speech, as one protocol, and how an engine is found by its name.

An engine gets a file of audio and returns what was said with times from the start of that file; it
knows nothing of episodes, and a recording that is cut into pieces comes to it piece by piece.
"""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec

from earwitness.library.intake import Segment
from earwitness.trouble import Trouble

Progress = Callable[[float], None]
"""Is told how much is done, from 0 to 1."""


class NoEngine(Trouble):
    """An engine that cannot be used here; the message is one line and says what to do."""


class NotRecognised(Trouble):
    """An engine that failed at a piece; the message is one line."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine heard in a file."""

    segments: tuple[Segment, ...]
    language: str | None = None


class Engine(Protocol):
    """Something that recognises speech."""

    @property
    def name(self) -> str:
        """Its name, which becomes the ``format`` of the transcript."""
        ...

    @property
    def model(self) -> str:
        """What it recognises with, which becomes the ``origin`` of the transcript."""
        ...

    def hear(self, audio: Path, progress: Progress) -> Heard:
        """What is said in the file. Raises NotRecognised and NoEngine."""
        ...


ENGINES: Mapping[str, str] = {
    "endpoint": "earwitness.library.recognition.openai_endpoint",
    "faster-whisper": "earwitness.library.recognition.faster_whisper",
}
"""Modules by the name of their engine, imported only when one is asked for."""


def find(name: str | None) -> Engine:
    """The engine of that name; None: the first that can be used here. Raises NoEngine."""
    if name is not None:
        return _open(name)
    reasons = []
    for one in ENGINES:
        try:
            return _open(one)
        except NoEngine as problem:
            reasons.append(f"{one}: {problem}")
    raise NoEngine("nothing here recognises speech; " + "; ".join(reasons))


def states() -> dict[str, str]:
    """Of each engine what it would recognise with, or what it lacks; no model is loaded."""
    return {name: _state(module) for name, module in ENGINES.items()}


def _state(module: str) -> str:
    try:
        return str(importlib.import_module(module).chosen())
    except NoEngine as problem:
        return str(problem)


def _open(name: str) -> Engine:
    if name not in ENGINES:
        raise NoEngine(f"there is no engine {name!r}: {', '.join(ENGINES)}")
    engine: Engine = importlib.import_module(ENGINES[name]).open_engine()
    return engine
