"""``earwitness library embed``, and who starts it."""

import pytest
from click.testing import CliRunner

from earwitness.cli.main import earwitness_command
from earwitness.library.search.embedding import background, model

TRANSCRIPT = "WEBVTT\n\n00:00.000 --> 00:04.000\nA line.\n"


@pytest.fixture
def started(monkeypatch):
    """The folders for which a process would be started."""
    folders = []
    monkeypatch.setattr(background, "start", lambda folder, with_us: folders.append(folder))
    monkeypatch.setattr(model, "is_installed", lambda: True)
    return folders


def add(tmp_path, *options, **environment):
    file = tmp_path / "line.vtt"
    file.write_text(TRANSCRIPT)
    command = ["library", "add", str(file), "--episode", "select-star", *options]
    environment = {"EARWITNESS_DATA": str(tmp_path / "data"), "EARWITNESS_EMBED": ""} | environment
    done = CliRunner().invoke(earwitness_command, command, env=environment)
    assert done.exit_code == 0, done.output
    return done.stderr


def test_what_is_added_is_embedded_in_the_background(started, tmp_path):
    assert "in the background" in add(tmp_path)
    assert started == [tmp_path / "data"]


def test_it_is_left_when_it_is_not_wanted(started, tmp_path, monkeypatch):
    add(tmp_path, "--no-embed")
    add(tmp_path, EARWITNESS_EMBED="off")
    monkeypatch.setattr(model, "is_installed", lambda: False)
    add(tmp_path)
    assert started == []


@pytest.mark.skipif(model.is_installed(), reason="the embedding model is installed")
def test_without_the_model_it_says_how_to_get_it(earwitness):
    done = earwitness("library", "embed")
    assert done.returncode == 2
    assert model.INSTALL in done.stderr
    assert "Traceback" not in done.stderr
