import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import textwrap

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from earwitness.store import (
    errors,
    events,
    library_tables,
    migrate,
    predictions,
    review_tables,
    runs,
    search_tables,
)
from earwitness.store.connection import FILE_NAME, HEAD, data_folder, open_store


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path) as opened:
        yield opened


def begin(store, claim="race"):
    return runs.begin(store, claim=claim, depth="proof", seed=1, version="0.1.0")


def test_the_data_folder_is_the_chosen_one_then_the_variable_then_the_users_own(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("EARWITNESS_DATA", str(tmp_path / "variable"))
    assert data_folder(tmp_path / "chosen") == tmp_path / "chosen"
    assert data_folder() == tmp_path / "variable"
    monkeypatch.delenv("EARWITNESS_DATA")
    assert data_folder().name == "earwitness"


def test_migrations_and_tables_say_the_same(store):
    assert ScriptDirectory.from_config(migrate.configuration()).get_heads() == [HEAD]
    with store.reading() as connection:
        # the full text keeps tables of its own, which are SQLite's business
        ours = {"include_name": lambda name, *_: not str(name).startswith("passages_fts")}
        context = MigrationContext.configure(connection, opts=ours)
        for tables in (library_tables, review_tables, search_tables):
            assert compare_metadata(context, tables.metadata) == []


def test_a_current_store_is_opened_without_the_migration_tool(store, tmp_path):
    program = textwrap.dedent(
        f"""
        import pathlib, sys
        from earwitness.store.connection import open_store
        with open_store(pathlib.Path({str(tmp_path)!r})) as store:
            assert store.integrity() == "ok"
        sys.exit("alembic" in sys.modules)
        """
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_newer_store_is_refused_and_left_alone(store, tmp_path):
    with store.writing() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(errors.StoreTooNew, match="newer Earwitness"), open_store(tmp_path):
        pass
    assert (tmp_path / FILE_NAME).read_bytes() == before


@pytest.mark.parametrize("damage", [b"this is not a database at all" * 200, None])
def test_a_damaged_store_is_named_and_left_alone(tmp_path, damage):
    with open_store(tmp_path) as opened:
        for _ in range(300):
            begin(opened)
    file = tmp_path / FILE_NAME
    if damage is None:
        with file.open("r+b") as raw:
            raw.seek(4096)
            raw.write(os.urandom(file.stat().st_size - 4096))
    else:
        file.write_bytes(damage)
    before = file.read_bytes()
    with (
        pytest.raises(errors.StoreCorrupt, match=r"damaged.*nothing was changed"),
        open_store(tmp_path) as opened,
    ):
        runs.every(opened)
    assert file.read_bytes() == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_the_right_to_write_is_named(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(errors.StoreError, match="cannot be"), open_store(tmp_path):
            pass
    finally:
        tmp_path.chmod(0o700)


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(errors.StoreError, match="cannot be used"), open_store(tmp_path / "file"):
        pass


def full_disk_program(folder):
    return textwrap.dedent(
        f"""
        import pathlib, sys
        from earwitness.store import errors, events, runs
        from earwitness.store.connection import open_store
        with open_store(pathlib.Path({str(folder)!r})) as store:
            record = runs.begin(store, claim="race", depth="proof", seed=1, version="0")
            log = events.EventLog(store, record.id)
            kept = 0
            try:
                while True:
                    kept = log.append("x" * 1000)
            except errors.StoreFull as full:
                print(kept, str(full))
            (pathlib.Path({str(folder)!r}) / "ballast").unlink()
            assert len(list(events.read(store, record.id))) == kept
            assert log.append("more") == kept + 1
        """
    )


@pytest.mark.skipif(shutil.which("unshare") is None, reason="util-linux's unshare is missing")
def test_a_full_disk_is_named_and_what_was_acknowledged_is_kept(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    mount = f"mount -t tmpfs -o size=2m none {folder} && head -c 1m /dev/zero > {folder}/ballast"
    own_namespace = ["unshare", "--mount", "--map-root-user"]
    if subprocess.run([*own_namespace, "true"], check=False, capture_output=True).returncode != 0:
        pytest.skip("this machine grants no mount namespace of our own")
    program = full_disk_program(folder)
    done = subprocess.run(
        [*own_namespace, "sh", "-c", f'{mount} && exec "$0" -c "$1"', sys.executable, program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    kept, _, message = done.stdout.partition(" ")
    assert int(kept) > 20
    assert "no space is left" in message
    assert list(folder.iterdir()) == []


def test_events_are_numbered_without_gaps_and_read_from_anywhere(store):
    record = begin(store)
    log = events.EventLog(store, record.id)
    assert [log.append(body) for body in ("a", "b", "c")] == [1, 2, 3]
    assert list(events.read(store, record.id)) == [(1, "a"), (2, "b"), (3, "c")]
    assert list(events.read(store, record.id, after=2)) == [(3, "c")]


def test_an_event_cannot_be_written_over(store):
    record = begin(store)
    events.EventLog(store, record.id).append("first")
    with pytest.raises(errors.StoreError, match="UNIQUE"):
        events.EventLog(store, record.id).append("forged")
    assert list(events.read(store, record.id)) == [(1, "first")]


def test_runs_are_found_by_id_by_its_beginning_and_by_latest(store):
    older, newer = begin(store), begin(store, "other")
    assert runs.find(store, older.id) == older
    assert runs.find(store, "race-") == older
    assert runs.find(store, "latest") == newer
    assert [record.id for record in runs.every(store)] == [newer.id, older.id]
    assert runs.every(store, claim="race") == [older]
    begin(store)
    with pytest.raises(runs.UnknownRun, match="2 runs begin"):
        runs.find(store, "race-")
    with pytest.raises(runs.UnknownRun, match="no run '%'"):
        runs.find(store, "%")


def test_a_run_ends_once(store):
    record = begin(store)
    runs.end(store, record.id, "finished", verdict="supported")
    runs.end(store, record.id, "failed", message="too late")
    found = runs.find(store, record.id)
    assert (found.status, found.verdict, found.message) == ("finished", "supported", None)
    assert found.finished_at >= found.started_at
    assert runs.newest_by_claim(store) == {"race": found}


def test_a_running_record_of_a_dead_owner_is_interrupted_and_a_live_one_is_not(store, tmp_path):
    program = textwrap.dedent(
        f"""
        import os, pathlib
        from earwitness.store import runs
        from earwitness.store.connection import open_store
        with open_store(pathlib.Path({str(tmp_path)!r})) as store:
            print(runs.begin(store, claim="race", depth="proof", seed=1, version="0").id)
            os.sys.stdout.flush()
            os.kill(os.getpid(), 9)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    mine = begin(store)
    assert runs.find(store, done.stdout.strip()).status == "interrupted"
    assert runs.find(store, mine.id).status == "running"


def test_predictions_belong_to_their_run(store):
    one, other = begin(store), begin(store, "other")
    predictions.keep(store, one.id, [("h", "{}"), ("i", "[]")])
    predictions.keep(store, other.id, [])
    assert [p.hypothesis for p in predictions.every(store)] == ["h", "i"]
    assert predictions.every(store, run=other.id) == []


WRITER = textwrap.dedent(
    """
    import pathlib, sys
    from earwitness.store import events, runs
    from earwitness.store.connection import open_store
    with open_store(pathlib.Path(sys.argv[1])) as store:
        record = runs.begin(store, claim="race", depth="proof", seed=1, version="0")
        log = events.EventLog(store, record.id)
        while True:
            print(log.append("x" * 200), record.id, flush=True)
    """
)


def test_two_new_processes_at_once_and_sigkill_lose_nothing_acknowledged(tmp_path):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    acknowledged = {}
    for writer in writers:
        for line in writer.stdout:
            number, run = line.split()
            acknowledged[run] = int(number)
            if int(number) >= 50:
                break
    for writer in writers:
        writer.kill()
        for line in writer.stdout:
            with contextlib.suppress(ValueError):
                number, run = line.split()
                acknowledged[run] = int(number)
        writer.wait()
    with open_store(tmp_path) as store:
        assert store.integrity() == "ok"
        assert len(acknowledged) == 2
        for run, number in acknowledged.items():
            stored = [n for n, _ in events.read(store, run)]
            assert stored == list(range(1, len(stored) + 1))
            assert len(stored) >= number


def test_an_older_store_is_copied_before_it_is_brought_up_to_date(tmp_path, monkeypatch):
    with open_store(tmp_path) as opened:
        begin(opened)
    file = tmp_path / FILE_NAME
    with contextlib.closing(sqlite3.connect(file)) as raw:
        raw.executescript("drop table predictions; update alembic_version set version_num = '0000'")
    with pytest.raises(Exception, match="0000"):  # no such step: the upgrade must fail as a whole
        migrate.upgrade(file, "0000")
    assert (tmp_path / "earwitness.before-0000.db").exists()
