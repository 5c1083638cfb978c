"""``earwitness library`` as a user calls it."""

import json
import random
import sqlite3
import subprocess
import time
from pathlib import Path

import jsonschema
import pytest

from tests.library import feeds, strangers

SEED = 20240605
SCHEMAS = Path(__file__).parents[2] / "docs" / "reference" / "schemas"


@pytest.fixture
def stranger():
    with strangers.stranger() as running:
        yield running


@pytest.fixture
def library(earwitness):
    def call(*arguments, code=0):
        done = earwitness("library", *arguments)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    return call


@pytest.fixture
def document(library):
    """The document of a verb, held against its published schema."""

    def call(*arguments, **options):
        found = json.loads(library(*arguments, "--format", "json", **options))
        kind = "library-episodes/1" if isinstance(found, list) else found["schema"]
        name = kind.removeprefix("earwitness/").replace("/", "-") + ".json"
        published = json.loads((SCHEMAS / name).read_text())
        jsonschema.Draft202012Validator(published).validate(found)
        return found

    return call


def test_the_library_is_never_empty_and_an_episode_names_its_claims(library, document):
    (show,) = document("list")["shows"]
    assert document("shows") == document("list")
    assert show["episodes"] == 10
    rows = document("episodes", show["id"])
    star = next(row for row in rows if row["claims"] == ["select-star"])
    assert star["date"] == "2023-05-02"
    assert star["chapters"][1] == {
        "start_seconds": 109.0,
        "title": "Database Page Layout",
        "sources": ["bundled"],
        "end_seconds": None,
        "url": None,
        "image": None,
        "listed": True,
    }
    assert document("show", "select-star")["episode"] == star
    assert "select-star" in library("episodes", show["id"])
    assert "Database Page Layout" in library("show", "select-star")


def test_from_a_feed_to_a_transcript(library, document, stranger, data):
    feeds.publish(stranger)
    allowed = ("--allow-host", "127.0.0.1")
    added = document("add", stranger.url("/feed"), *allowed)
    assert (added["schema"], added["id"], added["show"]) == (
        "earwitness/library-add/1",
        "talk",
        "talk",
    )
    assert len(added["new"]) == 3
    (row, *_) = document("episodes", "talk")
    assert (row["title"], row["transcript"]) == ("Episode 2", "feed")
    assert [c["title"] for c in row["chapters"]] == ["Intro", "On 2"]
    assert library("transcript", "episode-2") == "0:01  Ada: Hello 2\n"
    (synced,) = document("sync", *allowed)["shows"]
    assert (synced["outcome"], synced["documents"]) == ("unchanged", 0)
    path = document("download", "episode-2", *allowed)["path"]
    assert path == str(data / "audio/talk/episode-2.mp3")
    assert f'xmlUrl="{stranger.url("/feed")}"' in library("opml")
    assert document("jobs")["jobs"][0]["kind"] == "download"
    (told,) = document("transcript", "episode-2")["segments"]
    assert told == {
        "text": "Hello 2",
        "start_seconds": 1.0,
        "end_seconds": 2.0,
        "speaker": "Ada",
    }
    assert document("remove", "talk", "--yes") == {
        "schema": "earwitness/library-remove/1",
        "id": "talk",
        "episodes": 3,
        "transcripts": 3,
        "recordings": 1,
        "snips": 0,
        "cards": 0,
    }
    assert not (data / "audio/talk").exists()
    assert len(document("list")["shows"]) == 1


def test_hosts_may_be_allowed_by_the_environment(earwitness, stranger):
    feeds.publish(stranger)
    refused = earwitness("library", "add", stranger.url("/feed"))
    assert refused.returncode == 2
    assert "loopback" in refused.stderr and refused.stderr.count("\n") == 2
    allowed = {**earwitness.environment, "EARWITNESS_ALLOW_HOSTS": "a.example, 127.0.0.1"}
    done = type(earwitness)(allowed)("library", "add", stranger.url("/feed"))
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "nothing-here"),
        ("show", "no such episode"),
        ("episodes", "no-such-show"),
        ("transcript", "select-star"),
        ("transcribe", "select-star"),
        ("download", "select-star"),
        ("sync", "backend-engineering-show"),
        ("restore", "no-such-file"),
        ("remove", "backend-engineering-show", "--yes"),
        ("opml", "--to", "/proc/nowhere"),
    ],
)
def test_what_cannot_be_done_is_said_and_the_exit_code_is_2(library, arguments):
    assert library(*arguments, code=2) == ""


def test_a_backup_brings_back_what_was_removed(document, library, stranger, tmp_path):
    feeds.publish(stranger)
    document("add", stranger.url("/feed"), "--allow-host", "127.0.0.1")
    copy = document("backup", str(tmp_path / "copy.db"))["path"]
    library("remove", "talk", code=2)  # nobody is there to say yes
    library("remove", "talk", "--yes")
    assert "kept in" in library("restore", copy)
    assert len(document("list")["shows"]) == 2
    assert document("check")["sound"]
    library("backup", copy, code=2)


def test_what_goes_with_a_show_is_said_before_it_goes(document, earwitness, library, stranger):
    feeds.publish(stranger, offers=False)
    document("add", stranger.url("/feed"), "--allow-host", "127.0.0.1")
    assert earwitness("snip", "talk/episode-1", "0:10").returncode == 0
    asked = earwitness("library", "remove", "talk")
    assert asked.returncode == 2
    assert "Remove talk with 3 episodes, 1 snip" in asked.stderr
    assert len(document("list")["shows"]) == 2
    assert library("remove", "talk", "--yes").startswith("removed talk with 3 episodes, 1 snip")


def test_an_unsound_store_is_told_by_the_exit_code(library, data):
    library("list")
    with sqlite3.connect(data / "earwitness.db") as raw:
        raw.execute("delete from shows")
    raw.close()
    assert "episodes: 10" in library("check", code=2)


def contents(data):
    """All that a sync leaves, but its times and the ids that count up."""
    with sqlite3.connect(data / "earwitness.db") as raw:
        tables = {
            "shows": "select id, title, feed_url, etag, body from shows order by id",
            "episodes": "select id, guid, place, body from episodes order by id",
            "chapters": "select * from chapters order by 1, 2, 3",
            "transcripts": "select episode, source, digest, chosen from transcripts order by 1, 3",
            "segments": "select episode, place, start_seconds, speaker, text from segments"
            " join transcripts on id = transcript order by 1, 2",
            "jobs": "select kind, subject, status, done from jobs order by 1, 2",
        }
        found = {name: raw.execute(query).fetchall() for name, query in tables.items()}
    raw.close()
    return found


def test_a_sync_that_is_killed_anywhere_ends_like_one_that_was_not(
    earwitness, stranger, data, tmp_path
):
    allowed = ("--allow-host", "127.0.0.1")
    feeds.publish(stranger, 40)
    undisturbed = tmp_path / "undisturbed"
    for verb in (("add", stranger.url("/feed"), "--documents", "0"), ("sync",)):
        done = earwitness("library", *verb, *allowed, "--data", str(undisturbed))
        assert done.returncode == 0, done.stderr
    chance, kills = random.Random(SEED), 0
    earwitness("library", "add", stranger.url("/feed"), "--documents", "0", *allowed)
    for _ in range(8):
        with earwitness.start("library", "sync", *allowed) as process:
            process.stderr.readline()  # it is asking
            time.sleep(chance.uniform(0.0, 0.3))
            kills += process.poll() is None
            process.kill()
    done = earwitness("library", "sync", *allowed)
    assert done.returncode == 0, done.stderr
    assert kills > 0
    assert contents(data) == contents(undisturbed)
    checked = earwitness("library", "check")
    assert checked.returncode == 0, checked.stdout


def test_two_syncs_at_once_do_everything_once(earwitness, stranger, data):
    allowed = ("--allow-host", "127.0.0.1")
    feeds.publish(stranger, 20)
    earwitness("library", "add", stranger.url("/feed"), "--documents", "0", *allowed)
    both = [earwitness.start("library", "sync", *allowed) for _ in range(2)]
    outputs = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    found = contents(data)
    assert len(found["transcripts"]) == 20
    assert {status for _, _, status, _ in found["jobs"]} == {"finished"}
    subprocess.run(earwitness.command("library", "check"), env=earwitness.environment, check=True)
