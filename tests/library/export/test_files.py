"""Exports that are one file: Readwise's CSV, the JSON document and its way back, Anki's package."""

import csv
import io
import sys
import tempfile
import zipfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.library import catalogue, snips
from earwitness.library import snip_catalogue as read
from earwitness.library.export import anki, gathering, readwise
from earwitness.library.export import json as document
from earwitness.library.export.files import CannotExport
from earwitness.library.intake import NotReadable, SavedSnip
from earwitness.library.review.faces import Faces
from earwitness.library.snip import Contents
from earwitness.store.connection import open_store
from tests.library import samples


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "data") as opened:
        yield opened


def save(store, **contents):
    given_ = {"start_seconds": 20.0, "end_seconds": 40.0} | contents
    return snips.make(store, samples.shelve(store), Contents(**given_))


def notes(store):
    return gathering.gather(store, read.every(store, deleted=True))


def test_readwise_gets_its_columns(store):
    save(store, title="Slots", note="n, with comma", tags=("db locks", "x"))
    save(store, start_seconds=None, end_seconds=None, note="only a note")
    rows = list(csv.DictReader(io.StringIO(readwise.render(notes(store)))))
    assert list(rows[0]) == ["Highlight", "Title", "Author", "URL", "Note", "Location", "Date"]
    alone, quoted = sorted(rows, key=lambda row: row["Location"])
    assert quoted["Highlight"] == "A lock has a fast path. Sixteen slots, then the slow one."
    assert (quoted["Title"], quoted["Author"], quoted["Location"]) == ("Locks", "Talk", "20")
    assert quoted["URL"] == "https://talk.example/locks#t=20"
    assert quoted["Note"] == ".db-locks .x\nSlots\nn, with comma"
    assert alone["Highlight"] == "only a note" and alone["Location"] == ""
    assert len(quoted["Date"]) == len("2024-01-01 12:00:00")


@given(st.text(), st.text())
def test_any_text_comes_back_out_of_the_csv(quote, note):
    with tempfile.TemporaryDirectory() as folder, open_store(Path(folder)) as store:
        save(store, quote=f"q{quote}", quote_by_hand=True, note=f"n{note}")
        (row,) = csv.DictReader(io.StringIO(readwise.render(notes(store)), newline=""))
        assert (row["Highlight"], row["Note"]) == (f"q{quote}", f"n{note}")


test_any_text_comes_back_out_of_the_csv = settings(max_examples=15)(
    test_any_text_comes_back_out_of_the_csv
)


def test_what_was_kept_comes_back_whole_and_once(store, tmp_path):
    first = save(store, note="n", tags=("a",), favourite=True)
    snips.move(store, first.id, "+5s", None)
    snips.undo(store, first.id)
    snips.delete(store, save(store, title="gone").id)
    snips.keep_saved(store, "talk/locks", [SavedSnip(guid="g", note="from elsewhere")])
    file = tmp_path / "kept.json"
    assert document.export(notes(store), file).items == 3
    with open_store(tmp_path / "other") as other:
        done = document.restore(other, file.read_bytes())
        assert (done.changed, done.unchanged, done.problems) == (3, 0, ())
        assert document.restore(other, file.read_bytes()).changed == 0
        assert read.every(other, deleted=True) == read.every(store, deleted=True)
        assert read.history(other, first.id) == read.history(store, first.id)
        assert catalogue.find_episode(other, "locks").facts.title == "Locks"
        assert document.document(notes(other)) == document.document(notes(store))


def test_a_longer_history_goes_on_and_one_that_parted_stays(store, tmp_path):
    made = save(store)

    def note(of, text):
        snips.change(of, made.id, lambda c: msgspec.structs.replace(c, note=text))

    def exported():
        return msgspec.json.encode(document.document(notes(store)))

    with open_store(tmp_path / "other") as other:
        document.restore(other, exported())
        note(store, "later")
        assert document.restore(other, exported()).changed == 1
        assert read.find(other, made.id).contents.note == "later"
        note(store, "here")
        note(other, "there")
        done = document.restore(other, exported())
        assert done.changed == 0 and "changed here and elsewhere" in done.problems[0]
        assert read.find(other, made.id).contents.note == "there"


def test_import_does_not_turn_facts_back(store, tmp_path):
    save(store)
    old = msgspec.json.encode(document.document(notes(store)))
    samples.shelve(store, description="<p>newer</p>", duration_seconds=130.0)
    document.restore(store, old)
    assert catalogue.find_episode(store, "locks").facts.duration_seconds == 130.0


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"\xff\xfe", b"[]", b'{"schema": "earwitness/kept/9", "episodes": []}'],
)
def test_what_is_no_such_document_is_refused(store, content):
    with pytest.raises(NotReadable, match="no document earwitness/kept/1"):
        document.restore(store, content)


def test_a_package_without_genanki_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "genanki", None)
    with pytest.raises(CannotExport, match=r"pip install 'earwitness\[anki\]'"):
        anki.export([], tmp_path / "x.apkg")
    assert list(tmp_path.iterdir()) == []


def test_a_package_is_one_file_and_no_part_of_it_stays_behind(tmp_path):
    pytest.importorskip("genanki")
    face = Faces(id="own:1", kind="own", deck="Own", front="<b>Q</b> {{x}}", back="A")
    anki.export([(face, "2024-01-01T00:00:00+00:00")], tmp_path / "x.apkg")
    assert [file.name for file in tmp_path.iterdir()] == ["x.apkg"]
    assert zipfile.is_zipfile(tmp_path / "x.apkg")
