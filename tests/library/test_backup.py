import contextlib
import os
import sqlite3
import subprocess
import sys
import textwrap
import time

import pytest

from earwitness.library import backup, catalogue, removing, shelving
from earwitness.library.intake import (
    EpisodeFacts,
    Intake,
    Segment,
    ShowFacts,
    Source,
    Transcript,
    TranscriptSource,
)
from earwitness.store import errors
from earwitness.store.connection import FILE_NAME, open_store


def feed(title, episodes=3):
    facts = [EpisodeFacts(guid=str(n), title=f"Episode {n}") for n in range(episodes)]
    return Intake(source=Source.FEED, show=ShowFacts(title=title), episodes=tuple(facts))


def titles(folder):
    with open_store(folder) as store:
        return [show.facts.title for show in catalogue.shows(store)]


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "data") as opened:
        shelving.keep(opened, feed("Before"))
        yield opened


@pytest.fixture
def folder(store):
    return store.file.parent


def test_a_backup_is_one_sound_file_and_can_be_put_back(store, folder):
    copy = backup.backup(store)
    assert copy.parent == folder / "backups"
    assert list(copy.parent.iterdir()) == [copy]
    shelving.keep(store, feed("After"))
    aside = backup.restore(folder, copy)
    assert titles(folder) == ["Before"]
    with contextlib.closing(sqlite3.connect(aside)) as old:
        assert {row[0] for row in old.execute("select title from shows")} == {"Before", "After"}


def test_a_store_that_is_open_sees_the_restored_one(store, folder):
    copy = backup.backup(store)
    shelving.keep(store, feed("After"))
    backup.restore(folder, copy)
    assert [show.facts.title for show in catalogue.shows(store)] == ["Before"]
    shelving.keep(store, feed("Later"))
    assert store.integrity() == "ok"


def test_a_backup_goes_where_it_is_asked_to_and_overwrites_nothing(store, tmp_path):
    target = tmp_path / "elsewhere" / "mine.db"
    assert backup.backup(store, target) == target
    before = target.read_bytes()
    with pytest.raises(backup.NotABackup, match=r"mine\.db is there already"):
        backup.backup(store, target)
    assert target.read_bytes() == before


def test_a_damaged_store_is_moved_aside_and_replaced(store, folder, tmp_path):
    copy = backup.backup(store)
    store.engine.dispose()
    (folder / FILE_NAME).write_bytes(b"no database" * 1000)
    aside = backup.restore(folder, copy)
    assert aside.read_bytes() == b"no database" * 1000
    assert titles(folder) == ["Before"]


def test_a_backup_can_be_put_where_there_was_nothing(store, tmp_path):
    assert backup.restore(tmp_path / "new", backup.backup(store)) is None
    assert titles(tmp_path / "new") == ["Before"]


def damaged(file):
    with file.open("r+b") as raw:
        raw.seek(4096)
        raw.write(os.urandom(file.stat().st_size - 4096))


def emptied(file):
    file.write_bytes(b"")


def foreign(file):
    file.unlink()
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("create table notes (text)")


def newer(file):
    with contextlib.closing(sqlite3.connect(file)) as other:
        other.execute("update alembic_version set version_num = '9999'")
        other.commit()


@pytest.mark.parametrize(
    ("harm", "problem"),
    [
        (damaged, backup.NotABackup),
        (emptied, backup.NotABackup),
        (foreign, backup.NotABackup),
        (newer, errors.StoreTooNew),
        (lambda file: file.unlink(), backup.NotABackup),
    ],
)
def test_what_cannot_be_put_back_changes_nothing(store, folder, harm, problem):
    copy = backup.backup(store)
    harm(copy)
    shelving.keep(store, feed("After"))
    with pytest.raises(problem) as told:
        backup.restore(folder, copy)
    assert "\n" not in str(told.value)
    assert titles(folder) == ["After", "Before"]
    assert not list(folder.glob("*.replaced-*"))


def test_a_sound_store_has_nothing_to_complain_of(store):
    condition = backup.check(store)
    assert condition.is_sound
    assert condition.missing_recordings == ()


def test_rows_that_belong_to_nothing_are_found(store):
    with contextlib.closing(sqlite3.connect(store.file)) as raw:
        raw.execute("delete from shows")
        raw.commit()
    condition = backup.check(store)
    assert (condition.is_sound, condition.dangling) == (False, ("episodes: 3",))


def test_an_index_that_lost_its_text_is_found(store):
    with contextlib.closing(sqlite3.connect(store.file)) as raw:
        raw.executescript(
            """
            create table heard (id integer primary key, text);
            create virtual table words using fts5 (text, content='heard', content_rowid='id');
            insert into heard values (1, 'told');
            insert into words (rowid, text) values (1, 'told');
            """
        )
        assert backup.check(store).is_sound
        raw.execute("update heard set text = 'changed'")
        raw.commit()
    (complaint,) = backup.check(store).indexes
    assert complaint.startswith("words: ")


WRITER = textwrap.dedent(
    """
    import pathlib, sys
    from earwitness.library import shelving
    from earwitness.library.intake import EpisodeFacts, Intake, ShowFacts, Source
    from earwitness.store.connection import open_store
    with open_store(pathlib.Path(sys.argv[1])) as store:
        for number in range(int(sys.argv[3])):
            facts = EpisodeFacts(guid=f"{sys.argv[2]} {number}", title=f"{sys.argv[2]} {number}")
            intake = Intake(source=Source.FEED, show=ShowFacts(title="Shared"), episodes=(facts,))
            shelving.keep(store, intake)
            print(number, flush=True)
    """
)


def writer(folder, name, count):
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder), name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_processes_that_write_at_once_lose_nothing(store, folder):
    writers = [writer(folder, name, 40) for name in ("a", "b")]
    copies = []
    while any(process.poll() is None for process in writers):
        copies.append(backup.backup(store, folder / f"copy {len(copies)}.db"))
    for process in writers:
        process.stdout.close()
    assert [process.returncode for process in writers] == [0, 0]
    assert len(catalogue.episodes(store, "shared")) == 80
    assert backup.check(store).is_sound
    assert len(copies) > 1


def test_a_writer_that_is_killed_loses_nothing_acknowledged(store, folder):
    for _ in range(3):
        process = writer(folder, "killed", 10_000)
        acknowledged = [int(process.stdout.readline()) for _ in range(10)]
        process.kill()
        acknowledged += [int(line) for line in process.stdout.read().split()]
        process.wait()
        kept = {episode.facts.guid for episode in catalogue.episodes(store, "shared")}
        assert {f"killed {number}" for number in acknowledged} <= kept
    assert backup.check(store).is_sound


def large(name):
    """A show with a few megabytes of transcript."""
    segments = tuple(Segment(text=f"{name} {number} " + "word " * 40) for number in range(20_000))
    said = Transcript(source=TranscriptSource.FILE, format="vtt", digest=name, segments=segments)
    facts = EpisodeFacts(guid=name, title=name, read=(said,))
    return Intake(source=Source.FEED, show=ShowFacts(title=name), episodes=(facts,))


RESTORE = "import pathlib, sys; from earwitness.library import backup; print(flush=True); "
RESTORE += "backup.restore(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))"


def test_a_restore_that_is_killed_leaves_the_old_store_or_the_new_one(store, folder):
    shelving.keep(store, large("new"))
    copy = backup.backup(store)
    removing.remove(store, "new")
    shelving.keep(store, large("old"))
    seen = set()
    for number in range(10):
        command = [sys.executable, "-c", RESTORE, str(folder), str(copy)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(0.015 * number)  # at the first it has not begun
            process.kill()
        seen.add(tuple(titles(folder)))
        assert backup.check(store).is_sound
    assert seen <= {("Before", "old"), ("Before", "new")}
    assert ("Before", "old") in seen
