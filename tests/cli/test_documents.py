"""Whatever a command prints as JSON is as its published schema says."""

import json
from pathlib import Path

import jsonschema
import pytest

SCHEMAS = Path(__file__).parents[2] / "docs" / "reference" / "schemas"


def valid(done, name=None):
    """The document that was printed, held against the schema that it names, or that is named here."""
    assert done.stdout, done.stderr
    document = json.loads(done.stdout)
    if name is None:
        name = document["schema"].removeprefix("earwitness/").replace("/", "-") + ".json"
    described = json.loads((SCHEMAS / name).read_text())
    jsonschema.Draft202012Validator.check_schema(described)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(described, format_checker=checker).validate(document)
    return document


@pytest.fixture
def say(earwitness):
    """Calls a command for JSON and holds it against its schema."""

    def said(*arguments, name=None):
        return valid(earwitness(*arguments, "--format", "json"), name)

    return said


def test_snips(say, tmp_path):
    made = say("snip", "ssd-fsync", "9:20", "--note", "why?", "--tag", "db")
    assert made["schema"] == "earwitness/snip/1"
    assert say("snips", "list")["snips"] == [made]
    assert say("snips", "show", "latest") == made
    assert say("snips", "edit", "latest", "--title", "Flush")["title"] == "Flush"
    assert say("snips", "move", "latest", "--end", "10:00")["end_seconds"] == 600.0
    assert say("snips", "undo", "latest")["end_seconds"] == 575.0
    assert say("snips", "tags", name="tags-1.json") == [{"tag": "db", "snips": 1}]
    assert len(say("snips", "history", "latest", name="snip-history-1.json")) == 4
    shared = say("snips", "share", "latest")
    assert "why?" in shared["text"] and shared["picture"] is None
    drawn = say("snips", "share", "latest", "--svg", str(tmp_path / "quote.svg"))
    assert drawn["picture"] == str(tmp_path / "quote.svg")
    assert say("snips", "delete", "latest")["deleted"] is True
    assert say("snips", "list")["snips"] == []


def test_cards(say):
    say("snip", "select-star", "7:30", "--note", "why?")
    made = say("review", "add", "--snips", "--front", "Q", "--back", "A")
    assert (made["schema"], made["new"]) == ("earwitness/made-cards/1", 2)
    own = next(id for id in made["cards"] if id.startswith("own:"))
    assert say("review", "grade", own, "good")["schema"] == "earwitness/card/1"
    assert say("review", "undo")["id"] == own
    assert say("review", "suspend", own)["suspended"] is True
    assert len(say("review", "list")["cards"]) == 2
    assert len(say("review", "due")["cards"]) == 1
    assert say("review", "stats")["cards"] == 2


def test_runs_claims_predictions_and_the_doctor(say, earwitness):
    for seed in ("1", "2"):
        ran = earwitness("run", "sorted-input", "--seed", seed, "--predict", "3x")
        assert ran.returncode in (0, 1), ran.stderr
    newest, older = (row["id"] for row in say("runs", "list", name="runs-1.json"))
    assert say("runs", "replay", newest)["agrees"] is True
    compared = say("runs", "compare", older, newest)
    assert compared["environment"]["seed"] == ["1", "2"] and "findings" not in compared
    assert len(say("predictions")["predictions"]) == 2
    assert say("doctor")["swept"] == []
    claims = say("claims", name="claims-1.json")
    assert say("claims", "sorted-input", name="claim-1.json") in claims


def test_the_library(say, tmp_path):
    said = tmp_path / "said.vtt"
    said.write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n")
    added = say("library", "add", str(said), "--no-embed")
    (episode,) = added["new"]
    say("library", "list")
    say("library", "episodes", name="library-episodes-1.json")
    say("library", "show", episode)
    say("library", "transcript", episode)
    say("library", "sync", "--no-embed")
    say("library", "jobs")
    say("library", "check")
    kept = say("library", "backup", str(tmp_path / "kept.db"))
    say("library", "restore", kept["path"])
    assert say("library", "remove", added["show"], "--yes")["episodes"] == 1


@pytest.mark.parametrize(
    "command",
    [
        ("--data", "{folder}", "library", "list"),
        ("library", "--data", "{folder}", "list"),
        ("library", "list", "--data", "{folder}"),
        ("--data", "{other}", "library", "--data", "{other}", "list", "--data", "{folder}"),
    ],
)
def test_the_data_folder_may_be_named_before_a_command(earwitness, tmp_path, command):
    folder, other = tmp_path / "mine", tmp_path / "other"
    done = earwitness(*(part.format(folder=folder, other=other) for part in command))
    assert done.returncode == 0, done.stderr
    assert (folder / "earwitness.db").exists() and not other.exists()
