import csv
import json
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import pytest


@pytest.fixture
def made(earwitness):
    """A snip of the bundled show, as the document that making it printed."""
    done = earwitness(
        *("snip", "select-star", "7:30", "--context", "20s", "--note", "why?", "--tag", "db"),
        *("--favourite", "--format", "json"),
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def told(done):
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(done, *parts):
    assert done.returncode == 2
    assert done.stdout == "" and "Traceback" not in done.stderr
    assert all(part in done.stderr for part in parts), done.stderr
    return done.stderr


def test_a_snip_of_the_bundled_show_needs_no_transcript(made):
    assert made["schema"] == "earwitness/snip/1"
    assert (made["episode_id"], made["chapter"]) == (
        "backend-engineering-show/select-star",
        "How SELECT Works",
    )
    assert (made["start_seconds"], made["end_seconds"]) == (430.0, 470.0)
    assert (made["quote"], made["note"], made["tags"]) == ("", "why?", ["db"])
    assert made["favourite"] is True and made["made_at"]


def test_a_range_and_a_chapter_are_starting_points_too(earwitness):
    ranged = told(earwitness("snip", "select-star", "12:34-13:10", "--format", "json"))
    assert (ranged["start_seconds"], ranged["end_seconds"]) == (754.0, 790.0)
    chapter = ("snip", "ssd-fsync", "--from-chapter", "FSYNC = off", "--format", "json")
    done = told(earwitness(*chapter))
    assert (done["start_seconds"], done["end_seconds"]) == (1273.0, 1410.0)
    assert (done["title"], done["chapter"]) == ("fsync = off", "fsync = off")


def test_a_snip_is_of_the_chapter_at_the_place_that_was_named(earwitness):
    named = told(earwitness("snip", "ssd-fsync", "9:20", "--format", "json"))
    assert named["chapter"] == "SSD ignores the flush"
    ranged = told(earwitness("snip", "ssd-fsync", "9:00-9:25", "--format", "json"))
    assert ranged["chapter"] == "SSD Cache"
    moved = ("snips", "move", ranged["id"], "--end", "10:00", "--format", "json")
    assert told(earwitness(*moved))["chapter"] == "15 Year old Firefox fsync bug"


def test_what_was_said_cannot_speak_to_the_terminal(earwitness, tmp_path):
    said = tmp_path / "said.vtt"
    said.write_text("WEBVTT\n\n09:15.000 --> 09:30.000\n\x1b[31mred\x9b2J \x07bell\n")
    assert earwitness("library", "transcript", "ssd-fsync", str(said)).returncode == 0
    printed = [
        earwitness("snip", "ssd-fsync", "9:20", "--tag", "a\x1b[1m"),
        earwitness("snips", "list"),
        earwitness("snips", "show", "latest"),
        earwitness("snips", "share", "latest"),
        earwitness("snips", "tags"),
        earwitness("review", "add", "--snips", "--front", "\x1b]0;x\x07", "--back", "b"),
        earwitness("review", "due"),
    ]
    for done in printed:
        assert done.returncode == 0, done.stderr
        assert not {"\x1b", "\x9b", "\x07"} & set(done.stdout), done.args
    assert all("red" in done.stdout for done in printed[:4])


@pytest.mark.parametrize(
    "command",
    [
        ("library", "add"),
        ("library", "transcript", "select-star"),
        ("library", "backup"),
        ("library", "episodes"),
        ("library", "list", "--data"),
        ("snips", "list", "--show"),
        ("snips", "list", "--tag"),
        ("export", "obsidian"),
        ("export", "anki", "a.apkg", "--episode"),
        ("claims",),
    ],
)
def test_nothing_is_not_taken_for_everything_or_for_the_current_folder(
    earwitness, command, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.vtt").write_text("WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n")
    refused(earwitness(*command, ""))
    assert [file.name for file in tmp_path.glob("*.*")] == ["one.vtt"]


def test_what_cannot_be_saved_is_said_in_one_line(earwitness):
    refused(earwitness("snip", "select-star", "99:99"), "no place")
    refused(earwitness("snip", "select-star", "59:00"), "after the end")
    refused(earwitness("snip", "no-such-episode", "1:00"), "no episode is called")
    refused(
        earwitness("snip", "ssd-fsync", "--from-chapter", "x?"), "no chapter is called", "Intro"
    )
    refused(earwitness("snip", "ssd-fsync", "--from-soundbite", "1"), "0 soundbites")
    refused(earwitness("snip", "ssd-fsync"), "give one of")


def test_edit_move_undo_delete_and_history(earwitness, made):
    id = made["id"]
    edit = ("snips", "edit", id, "--add-note", "more", "--untag", "DB", "--tag", "x", "--seen", "1")
    edited = told(earwitness(*edit, "--no-favourite", "--format", "json"))
    assert (edited["note"], edited["tags"], edited["favourite"]) == ("why?\nmore", ["x"], False)
    refused(earwitness(*edit), "changed meanwhile")
    moved = told(
        earwitness("snips", "move", id, "--start", "-5s", "--end", "8:00", "--format", "json")
    )
    assert (moved["start_seconds"], moved["end_seconds"]) == (425.0, 480.0)
    back = told(earwitness("snips", "undo", id, "--format", "json"))
    assert (back["start_seconds"], back["number"]) == (430.0, 4)
    assert earwitness("snips", "delete", id).returncode == 0
    refused(earwitness("snips", "edit", id, "--note", "x"), "no snip")
    assert told(earwitness("snips", "undo", id, "--format", "json"))["deleted"] is False
    history = told(earwitness("snips", "history", id, "--format", "json"))
    assert [entry["change"] for entry in history] == [
        *("made", "edited", "moved", "undone", "deleted", "undone"),
    ]
    assert "undone (entry 3)" in earwitness("snips", "history", id).stdout


def test_listing_and_tags(earwitness, made):
    for filters in (
        (),
        ("--tag", "db"),
        ("--favourite",),
        ("--search", "WHY"),
        ("--episode", "select-star"),
    ):
        document = told(earwitness("snips", "list", *filters, "--format", "json"))
        assert [one["id"] for one in document["snips"]] == [made["id"]], filters
    assert told(earwitness("snips", "list", "--tag", "none", "--format", "json"))["snips"] == []
    assert made["id"] in earwitness("snips", "list").stdout
    assert told(earwitness("snips", "tags", "--format", "json")) == [{"tag": "db", "snips": 1}]


def test_a_list_shortens_what_is_long(earwitness):
    quote = "word " * 200 + "end"
    earwitness("snip", "select-star", "7:30", "--quote", quote, "--tag", "databases")
    listed = earwitness("snips", "list").stdout
    assert "\N{HORIZONTAL ELLIPSIS}" in listed and "end" not in listed
    assert "#databases" in listed and len(listed.splitlines()) < 10


def test_one_soundbite_is_one(earwitness):
    feed = Path(__file__).parents[2] / "docs" / "examples" / "talks" / "feed.xml"
    earwitness("library", "add", str(feed))
    refused(earwitness("snip", "queue", "--from-soundbite", "2"), "1 soundbite:")


def test_sharing(earwitness, made, tmp_path):
    assert "SELECT *" in earwitness("snips", "share", made["id"]).stdout
    done = earwitness("snips", "share", "latest", "--svg", str(tmp_path / "card.svg"))
    assert ET.parse(done.stdout.strip()).getroot().tag.endswith("svg")


def test_exports_and_the_way_back(earwitness, made, tmp_path):
    for format_ in ("obsidian", "logseq"):
        for changed in (1, 0):
            done = told(earwitness("export", format_, str(tmp_path / format_), "--format", "json"))
            assert (done["changed"], done["items"]) == (changed, 1)
    earwitness("export", "readwise", str(tmp_path / "r.csv"))
    with (tmp_path / "r.csv").open(newline="") as file:
        assert [row["Note"] for row in csv.DictReader(file)] == [".db"]
    assert earwitness("export", "anki", str(tmp_path / "a.apkg")).returncode == 0
    assert zipfile.is_zipfile(tmp_path / "a.apkg")
    assert told(earwitness("review", "list", "--format", "json"))["cards"] == []
    earwitness("export", "json", str(tmp_path / "kept.json"))
    other = ("--data", str(tmp_path / "other"))
    restored = told(
        earwitness("snips", "import", str(tmp_path / "kept.json"), *other, "--format", "json")
    )
    assert (restored["changed"], restored["problems"]) == (1, [])
    shown = told(earwitness("snips", "show", made["id"], *other, "--format", "json"))
    assert shown == made


def test_a_broken_template_is_told_and_breaks_nothing(earwitness, made, tmp_path):
    template = tmp_path / "mine.j2"
    template.write_text("{% block snip %}{{ unknown }}{% endblock %}")
    vault = str(tmp_path / "vault")
    done = earwitness("export", "obsidian", vault, "--template", str(template))
    assert done.returncode == 0
    assert "'unknown' is undefined" in done.stderr
    assert "1 written" in done.stdout


def test_what_cannot_be_read_or_written_is_said_in_one_line(earwitness, made, tmp_path):
    (tmp_path / "bad.json").write_text("{")
    refused(earwitness("snips", "import", str(tmp_path / "bad.json")), "no document")
    refused(earwitness("snips", "import", str(tmp_path / "none.json")), "there is no file")
    template = ("--template", str(tmp_path / "none.j2"))
    refused(
        earwitness("export", "obsidian", str(tmp_path / "v"), *template), "there is no template"
    )
    (tmp_path / "file").write_text("")
    refused(earwitness("export", "readwise", str(tmp_path / "file" / "r.csv")), "cannot be written")
