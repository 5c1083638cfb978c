import subprocess
import sys
import tempfile
import textwrap
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.library import bundled, catalogue, moment, shelving, snips
from earwitness.library import snip_catalogue as read
from earwitness.library.intake import SavedSnip
from earwitness.library.snip import Change, Contents, NothingToUndo, tags
from earwitness.store.connection import open_store
from tests.library import samples


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path) as opened:
        yield opened


def saved(store, start=20.0, end=40.0, **contents):
    episode = samples.shelve(store)
    return snips.make(store, episode, Contents(start_seconds=start, end_seconds=end, **contents))


def note(text):
    return lambda contents: msgspec.structs.replace(contents, note=text)


def test_a_snip_has_quote_chapter_and_time(store):
    made = saved(store, note="n", tags=("db",), favourite=True)
    assert made.contents.quote == "A lock has a fast path. Sixteen slots, then the slow one."
    assert made.contents.chapter == "Fast path"
    assert made.made_at.startswith("20")
    assert read.find(store, made.id) == made
    assert read.find(store, made.id[:4]) == made
    assert read.find(store, "latest") == made


def test_without_a_transcript_there_is_no_quote(store):
    bundled.shelve(store)
    episode = catalogue.find_episode(store, "select-star")
    made = snips.make(store, episode, Contents(start_seconds=450.0, end_seconds=470.0))
    assert made.contents.quote == ""
    assert made.contents.chapter == "How SELECT Works"


def test_the_quote_follows_the_bounds_unless_written_by_hand(store):
    made = saved(store)
    moved = snips.move(store, made.id, "-10s", None)
    assert (moved.contents.start_seconds, moved.contents.end_seconds) == (10, 40)
    assert moved.contents.quote.startswith("Host: Today")
    assert moved.contents.chapter == "Fast path"
    assert snips.move(store, made.id, "0:05", "0:30").contents.chapter == "Intro"
    snips.change(
        store,
        made.id,
        lambda c: msgspec.structs.replace(c, quote="Locks queue.", quote_by_hand=True),
    )
    assert snips.move(store, made.id, None, "0:50").contents.quote == "Locks queue."


def test_bounds_outside_of_the_episode_change_nothing(store):
    made = saved(store)
    with pytest.raises(moment.NoSuchMoment):
        snips.move(store, made.id, "5:00", None)
    with pytest.raises(moment.NoSuchMoment):
        snips.move(store, made.id, None, "-30s")
    assert read.find(store, made.id) == made


def test_every_change_is_an_entry_and_undo_is_one_too(store):
    made = saved(store)
    snips.change(store, made.id, note("one"))
    snips.change(store, made.id, note("two"))
    snips.delete(store, made.id)
    assert read.every(store) == []
    assert not snips.undo(store, made.id).contents.deleted
    assert snips.undo(store, made.id).contents.note == "one"
    snips.change(store, made.id, note("three"))
    assert snips.undo(store, made.id).contents.note == "one"
    assert snips.undo(store, made.id).contents == made.contents
    with pytest.raises(NothingToUndo):
        snips.undo(store, made.id)
    assert [(e.number, e.change, e.undoes) for e in read.history(store, made.id)] == [
        (1, Change.MADE, None),
        (2, Change.EDITED, None),
        (3, Change.EDITED, None),
        (4, Change.DELETED, None),
        (5, Change.UNDONE, 4),
        (6, Change.UNDONE, 3),
        (7, Change.EDITED, None),
        (8, Change.UNDONE, 7),
        (9, Change.UNDONE, 2),
    ]


def test_a_change_without_a_difference_is_none(store):
    made = saved(store, note="same")
    assert snips.change(store, made.id, note("same")) == made
    assert snips.change(store, made.id, note("other")).number == 2


CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("note"), st.text(max_size=10)),
        st.tuples(st.just("move"), st.sampled_from(["+5s", "-5s", "0:05", "0:18"])),
        st.tuples(st.just("delete"), st.just("")),
    ),
    max_size=6,
)


@settings(max_examples=15)
@given(CHANGES)
def test_as_many_undos_as_changes_give_what_was_there(changes):
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
        made = saved(store, start=25.0, end=60.0)
        states = [made.contents]
        for kind, value in changes:
            match kind:
                case "note":
                    after = snips.change(store, made.id, note(value))
                case "move":
                    after = snips.move(store, made.id, value, None)
                case _:
                    after = snips.delete(store, made.id)
            if after.contents != states[-1]:
                states.append(after.contents)
        for before in reversed(states[:-1]):
            assert snips.undo(store, made.id).contents == before
        with pytest.raises(NothingToUndo):
            snips.undo(store, made.id)
        numbers = [entry.number for entry in read.history(store, made.id)]
        assert numbers == list(range(1, 2 * len(states)))


WRITER = textwrap.dedent(
    """
    import pathlib, sys, msgspec
    from earwitness.library import snips
    from earwitness.store.connection import open_store
    folder, id, name = sys.argv[1:]
    with open_store(pathlib.Path(folder)) as store:
        for n in range(25):
            add = lambda c: msgspec.structs.replace(c, tags=(*c.tags, f"{name}{n}"))
            snips.change(store, id, add)
            print(n, flush=True)
    """
)


def test_two_processes_that_edit_at_once_lose_nothing(store, tmp_path):
    made = saved(store)
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), made.id, name], stdout=subprocess.PIPE
        )
        for name in "ab"
    ]
    assert [writer.communicate()[0].count(b"\n") for writer in writers] == [25, 25]
    after = read.find(store, made.id)
    assert set(after.contents.tags) == {f"{name}{n}" for name in "ab" for n in range(25)}
    assert after.number == 51


def test_a_killed_writer_loses_nothing_that_it_acknowledged(store, tmp_path):
    made = saved(store)
    command = [sys.executable, "-c", WRITER, str(tmp_path), made.id, "k"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        acknowledged = [int(writer.stdout.readline()) for _ in range(5)]
        writer.kill()
        acknowledged += [int(line) for line in writer.stdout]
    after = read.find(store, made.id)
    history = read.history(store, made.id)
    assert {f"k{n}" for n in acknowledged} <= set(after.contents.tags)
    assert history[-1].contents == after.contents and after.number == len(history)
    assert store.integrity() == "ok"


def test_who_names_what_was_seen_is_refused_after_another_change(store):
    made = saved(store)
    snips.change(store, made.id, note("first"), seen=1)
    with pytest.raises(snips.ChangedMeanwhile, match="entry 2, not 1"):
        snips.change(store, made.id, note("second"), seen=1)
    for later in (snips.delete, snips.undo):
        with pytest.raises(snips.ChangedMeanwhile):
            later(store, made.id, seen=1)
    assert read.find(store, made.id).contents.note == "first"
    assert len(read.history(store, made.id)) == 2


def test_edits_of_threads_wait_for_each_other(store):
    made = saved(store)

    def add(name):
        snips.change(store, made.id, lambda c: msgspec.structs.replace(c, tags=(*c.tags, name)))

    threads = [threading.Thread(target=add, args=(str(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(read.find(store, made.id).contents.tags) == {str(n) for n in range(8)}


def test_what_was_saved_elsewhere_is_kept_once_and_as_it_was_changed(store):
    episode = samples.shelve(store)
    theirs = SavedSnip(
        guid="g",
        start_seconds=25.0,
        quote="q",
        tags=("#a b", "a b"),
        saved_at="2024-01-01T00:00:00+00:00",
    )
    assert snips.keep_saved(store, episode.id, [theirs, theirs]) == 1
    (kept,) = read.every(store)
    assert kept.contents.tags == ("a b",) and kept.contents.chapter == "Fast path"
    assert kept.made_at.startswith("2024-01-01")
    snips.change(store, kept.id, note("mine"))
    snips.delete(store, kept.id)
    assert snips.keep_saved(store, episode.id, [theirs]) == 0
    assert read.every(store) == []
    assert snips.keep_saved(store, episode.id, []) == 0


def test_a_moment_without_a_place_needs_both_bounds_to_get_one(store):
    episode = samples.shelve(store)
    snips.keep_saved(store, episode.id, [SavedSnip(guid="g", note="n")])
    (kept,) = read.every(store)
    with pytest.raises(moment.NoSuchMoment, match="both"):
        snips.move(store, kept.id, "+5s", None)
    assert snips.move(store, kept.id, "0:20", "0:40").contents.quote.startswith("A lock")


def test_snips_are_listed_by_what_is_asked(store):
    made = saved(store, title="Fast", tags=("DB",), favourite=True)
    other = saved(store, start=60.0, end=70.0, note="slow queue")
    assert read.every(store) == [made, other]
    assert read.every(store, tag="#db") == [made]
    assert read.every(store, favourite=True) == [made]
    assert read.every(store, words="QUEUE slow") == [other]
    assert read.every(store, show="talk", episode=made.episode) == [made, other]
    assert read.every(store, show="none") == []
    assert read.counts(store) == {made.episode: 2}
    assert read.tags(store) == {"DB": 1}


def test_an_unknown_or_ambiguous_snip_is_named(store):
    saved(store)
    for name in ("nope", "%", ""):
        with pytest.raises(read.NoSuchSnip, match="no snip"):
            read.find(store, name)
    with pytest.raises(read.NoSuchSnip):
        snips.change(store, "nope", note("x"))


def test_a_snip_goes_with_its_episode_and_no_other(store):
    made = saved(store)
    with store.writing() as connection:
        connection.exec_driver_sql("delete from shows")
    assert read.every(store, deleted=True) == []
    assert read.history(store, made.id) == []


def test_a_later_transcript_gives_a_quote_when_asked(store):
    episode = samples.shelve(store, lines=())
    made = snips.make(store, episode, Contents(start_seconds=20.0, end_seconds=30.0))
    shelving.keep_transcript(store, episode.id, samples.transcript(samples.LINES))
    edit = snips.requoting(store, made, lambda contents: contents)
    assert snips.change(store, made.id, edit).contents.quote == "A lock has a fast path."


def test_tags_are_told_apart_by_their_words():
    assert tags(("#a", "a", " b  c ", "#", "")) == ("a", "b c")
