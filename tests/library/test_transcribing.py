"""Recognition by a real server in a process of its own, and what survives a kill."""

import contextlib
import json
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from earwitness.library import catalogue, jobs, shelving, transcribing
from earwitness.library.intake import EpisodeFacts, Intake, ShowFacts, Source
from earwitness.library.recognition import engine, openai_endpoint
from earwitness.library.recognition.engine import NoEngine, NotRecognised
from earwitness.store.connection import open_store
from tests.library.recognition.test_pieces import wav

SERVER = Path(__file__).parent / "recognition" / "speech_server.py"


@contextlib.contextmanager
def speech_server(folder, *arguments):
    port, log = folder / "port", folder / "log"
    port.unlink(missing_ok=True)
    command = [sys.executable, str(SERVER), str(port), str(log), *arguments]
    with subprocess.Popen(command) as process:
        try:
            while not (port.exists() and port.read_text()):
                time.sleep(0.02)
            yield f"http://127.0.0.1:{port.read_text()}/v1"
        finally:
            process.kill()


def requests(folder):
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "data") as opened:
        facts = EpisodeFacts(guid="1", title="One")
        intake = Intake(source=Source.FEED, show=ShowFacts(title="Talk"), episodes=(facts,))
        shelving.keep(opened, intake)
        yield opened


@pytest.fixture
def episode(store):
    return catalogue.find_episode(store, "talk/one")


@pytest.fixture
def audio(tmp_path):
    return wav(tmp_path / "one.wav", 7)


def use(monkeypatch, url, **variables):
    monkeypatch.setenv(openai_endpoint.ADDRESS, url)
    for name, value in variables.items():
        monkeypatch.setenv(f"EARWITNESS_RECOGNITION_{name}", value)


def test_a_long_recording_becomes_one_transcript(store, episode, audio, tmp_path, monkeypatch):
    told = []
    with speech_server(tmp_path) as url:
        use(monkeypatch, url, KEY="secret", MODEL="large")
        one = engine.find(None)
        transcribing.transcribe(store, episode, audio, one, progress=told.append, piece_seconds=3)
    assert [
        (path, key, fields["model"], seconds) for path, key, fields, seconds in requests(tmp_path)
    ] == [
        ("/v1/audio/transcriptions", "Bearer secret", "large", seconds)
        for seconds in (3.0, 3.0, 1.0)
    ]
    (kept,) = catalogue.transcripts(store, episode.id)
    assert (kept.format, kept.origin, kept.language) == ("endpoint", "large", "english")
    lines = catalogue.segments(store, kept.id)
    assert [(line.start_seconds, line.text) for line in lines] == [
        (n, f"second {n % 3}") for n in range(7)
    ]
    assert told == sorted(told) and told[-1] == 1.0
    assert [job.status for job in jobs.every(store)] == ["finished"]
    assert list((store.file.parent / transcribing.FOLDER).iterdir()) == []


PROGRAM = textwrap.dedent(
    """
    import pathlib, sys
    from earwitness.library import catalogue, transcribing
    from earwitness.library.recognition import engine
    from earwitness.store.connection import open_store
    with open_store(pathlib.Path(sys.argv[1])) as store:
        episode = catalogue.find_episode(store, "talk/one")
        transcribing.transcribe(
            store, episode, pathlib.Path(sys.argv[2]), engine.find("endpoint"),
            progress=lambda done: print(done, flush=True), piece_seconds=2,
        )
    """
)


def test_a_process_that_is_killed_costs_one_piece(store, episode, audio, tmp_path, monkeypatch):
    command = [sys.executable, "-c", PROGRAM, str(store.file.parent), str(audio)]
    with speech_server(tmp_path, "3") as url:
        use(monkeypatch, url)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while not (tmp_path / "log").exists() or len(requests(tmp_path)) < 3:
                time.sleep(0.02)
            process.kill()
    assert [job.status for job in jobs.every(store)] == ["interrupted"]
    assert catalogue.transcripts(store, episode.id) == []
    before = len(requests(tmp_path))
    with speech_server(tmp_path) as url:
        use(monkeypatch, url)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    assert [seconds for *_, seconds in requests(tmp_path)[before:]] == [2.0, 1.0]
    (kept,) = catalogue.transcripts(store, episode.id)
    assert [line.start_seconds for line in catalogue.segments(store, kept.id)] == list(range(7))


@pytest.mark.parametrize(
    ("model", "problem"), [("none", "answers 404: no such model"), ("bare", "without times")]
)
def test_a_server_that_refuses_or_knows_no_times_is_named(
    store, episode, audio, tmp_path, monkeypatch, model, problem
):
    with speech_server(tmp_path) as url:
        use(monkeypatch, url, MODEL=model)
        with pytest.raises(NotRecognised, match=problem):
            transcribing.transcribe(
                store, episode, audio, engine.find("endpoint"), progress=lambda _: None
            )
    assert [job.status for job in jobs.every(store)] == ["failed"]


def test_nobody_at_the_address(audio, monkeypatch):
    use(monkeypatch, "http://127.0.0.1:1/v1")
    with pytest.raises(NotRecognised, match="cannot be asked: Connection refused"):
        engine.find("endpoint").hear(audio, lambda _: None)


@pytest.mark.parametrize("url", [None, "ftp://a/", "http://service.example/v1"])
def test_an_endpoint_that_cannot_be_used_says_why(monkeypatch, url):
    monkeypatch.setenv("EARWITNESS_RECOGNITION_KEY", "secret")
    if url is None:
        monkeypatch.delenv(openai_endpoint.ADDRESS, raising=False)
    else:
        monkeypatch.setenv(openai_endpoint.ADDRESS, url)
    with pytest.raises(NoEngine, match="EARWITNESS_RECOGNITION_URL"):
        engine.find("endpoint")


def test_a_key_that_others_can_read_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "key"
    file.write_text("from a file\n")
    file.chmod(0o644)
    use(monkeypatch, "https://service.example/v1", KEY_FILE=str(file))
    with pytest.raises(NoEngine, match="chmod 600"):
        engine.find("endpoint")
    file.chmod(0o600)
    assert engine.find("endpoint").key == "from a file"
    file.unlink()
    with pytest.raises(NoEngine, match="No such file"):
        engine.find("endpoint")


def test_nothing_that_recognises_names_every_way_to_get_it(monkeypatch):
    monkeypatch.delenv(openai_endpoint.ADDRESS, raising=False)
    monkeypatch.delenv("EARWITNESS_WHISPER_MODEL", raising=False)
    with pytest.raises(
        NoEngine, match=r"endpoint: set EARWITNESS_RECOGNITION_URL.*faster-whisper: "
    ):
        engine.find(None)
    with pytest.raises(NoEngine, match="no engine 'parrot': endpoint, faster-whisper"):
        engine.find("parrot")
