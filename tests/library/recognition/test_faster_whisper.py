"""What comes out of faster-whisper becomes segments; its model is never downloaded."""

import dataclasses
import importlib.util

import pytest

from earwitness.library.intake import Segment
from earwitness.library.recognition import engine, faster_whisper
from earwitness.library.recognition.engine import NoEngine, NotRecognised


@dataclasses.dataclass
class Part:
    start: float
    end: float
    text: str


@dataclasses.dataclass
class Info:
    duration: float
    language: str = "en"


@dataclasses.dataclass
class Whisper:
    """Says what it was given, as the model of that package does: lazily."""

    parts: list

    def transcribe(self, audio, **options):
        return self._said(), Info(duration=self.parts[-1].end)

    def _said(self):
        for part in self.parts:
            if part.text == "trouble":
                raise RuntimeError("CUDA failed\nwith error 2")
            yield part


def hear(tmp_path, *parts, told=print):
    one = faster_whisper.FasterWhisper(whisper=Whisper(list(parts)), model="small")
    return one.hear(tmp_path / "a.wav", told)


def test_segments_and_progress(tmp_path):
    told = []
    heard = hear(
        tmp_path, Part(0, 2, " Hello "), Part(2, 3, " "), Part(3, 4, "there"), told=told.append
    )
    assert heard.language == "en"
    assert heard.segments == (
        Segment(text="Hello", start_seconds=0, end_seconds=2),
        Segment(text="there", start_seconds=3, end_seconds=4),
    )
    assert told == [0.5, 0.75, 1.0]


def test_trouble_of_the_engine_is_one_line(tmp_path):
    with pytest.raises(NotRecognised, match=r"CUDA failed with error 2"):
        hear(tmp_path, Part(0, 1, "trouble"))


def test_without_the_package_the_command_is_named(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(NoEngine, match=r"pip install 'earwitness\[recognition\]'"):
        engine.find("faster-whisper")


@pytest.mark.parametrize("files", [[], ["config.json", "model.bin"]])
def test_a_folder_that_lacks_something_is_refused_before_anything_is_loaded(
    tmp_path, monkeypatch, files
):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    monkeypatch.setenv("EARWITNESS_WHISPER_MODEL", str(tmp_path))
    for name in files:
        (tmp_path / name).touch()
    with pytest.raises(NoEngine, match=r"has no .*tokenizer\.json"):
        engine.find("faster-whisper")
