"""The index is always what the library is, and what did not change is not written again."""

import os
import signal
import subprocess
import sys
import textwrap
import threading

import pytest
import sqlalchemy as sa

from earwitness.library import shelving
from earwitness.library.intake import ChapterSource, SourcedChapter
from earwitness.library.search import index, searching
from earwitness.library.search.passages import Document, Kind, Passage
from earwitness.store.connection import open_store
from tests.library.search import talks


def contents(store):
    """All that is indexed, without the ids that it happens to have."""
    with store.reading() as connection:
        rows = connection.exec_driver_sql(
            "select d.kind, d.subject, p.heading, p.text, p.start_seconds from documents d"
            " join passages p on p.id between d.first and d.last order by d.kind, d.subject, p.id"
        ).all()
    return [tuple(row) for row in rows]


def ids(store, kind="transcript"):
    with store.reading() as connection:
        return connection.exec_driver_sql(
            "select subject, first, last from documents where kind = ? order by subject", (kind,)
        ).all()


def check_full_text(store):
    """FTS5's own comparison of the index with the passages."""
    with store.writing() as connection:
        connection.exec_driver_sql(
            "insert into passages_fts (passages_fts, rank) values ('integrity-check', 1)"
        )


def test_refreshing_twice_writes_nothing(library):
    before = ids(library)
    assert not index.refresh(library)
    with library.writing() as connection:
        connection.exec_driver_sql("insert into stale select 'episode', id from episodes")
    assert index.refresh(library)
    assert ids(library) == before
    check_full_text(library)


def test_only_what_changed_is_written_again(library):
    before = {subject: (first, last) for subject, first, last in ids(library)}
    chapters = [SourcedChapter(start_seconds=5, title="Greeting")]
    shelving.keep_chapters(library, "talks/networks", ChapterSource.PSC, chapters)
    index.refresh(library)
    after = {subject: (first, last) for subject, first, last in ids(library)}
    assert after.pop("talks/networks") != before.pop("talks/networks")
    assert after == before
    check_full_text(library)


def test_a_new_transcript_takes_the_place_of_the_old(library):
    new = talks.transcript(("Radia", "Bridges learn addresses."), digest="new")
    shelving.keep_transcript(library, "talks/networks", new)
    index.refresh(library)
    assert searching.search(library, "spanning") == []
    assert [hit.episode_id for hit in searching.search(library, "bridges")] == ["talks/networks"]
    check_full_text(library)


def test_what_is_removed_from_the_library_is_not_found_any_more(library):
    with library.writing() as connection:
        connection.execute(sa.text("delete from shows where id = 'talks'"))
    assert searching.search(library, "tree") == []
    index.refresh(library)
    assert contents(library) == []
    check_full_text(library)


def test_an_id_is_never_used_again(library):
    highest = max(last for _, _, last in ids(library))
    with library.writing() as connection:
        connection.execute(sa.text("delete from shows where id = 'talks'"))
    talks.keep(library, talks.NETWORKS)
    index.refresh(library)
    assert min(first for _, first, _ in ids(library)) > highest
    assert searching.search(library, "spanning")


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_killed_at_any_batch_the_rest_is_indexed_the_next_time(tmp_path, batches):
    program = textwrap.dedent(
        f"""
        import os, signal, pathlib
        from earwitness.library.search import index
        from earwitness.store.connection import open_store
        index._BATCH = 1
        seen = 0
        def stop(done, of):
            if done == {batches}:
                os.kill(os.getpid(), signal.SIGKILL)
        with open_store(pathlib.Path({str(tmp_path)!r})) as store:
            index.refresh(store, stop)
        """
    )
    with open_store(tmp_path) as store:
        talks.keep(store, talks.STORAGE, talks.NETWORKS, talks.NO_TIMES)
    killed = subprocess.run([sys.executable, "-c", program], check=False, env=dict(os.environ))
    assert killed.returncode == -signal.SIGKILL
    with open_store(tmp_path) as store:
        assert len(ids(store)) == batches
        index.refresh(store)
        assert len(ids(store)) == 3
        assert {hit.episode_id for hit in searching.search(store, "tree")} == {
            "talks/storage",
            "talks/networks",
        }
        check_full_text(store)


def test_who_writes_second_waits_until_ids_are_given_out(library, tmp_path):
    def document(word):
        passage = Passage(text=f"{word} is said here.")
        return Document(kind=Kind.CLAIM, subject=word, passages=(passage,))

    def write_other():
        with open_store(tmp_path) as other, index.writing(other) as connection:
            index.put(connection, "second", (Kind.CLAIM,), (document("second"),))

    other = threading.Thread(target=write_other)
    with index.writing(library) as connection:
        other.start()
        other.join(0.5)  # without a turn it would be done by now
        index.put(connection, "first", (Kind.CLAIM,), (document("first"),))
    other.join(60)
    for word in ("first", "second"):
        assert [hit.subject for hit in searching.search(library, f'"{word} is said"')] == [word]
    check_full_text(library)
