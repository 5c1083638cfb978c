"""Anki itself imports the package, twice: the second time adds nothing."""

import dataclasses
import datetime as dt

import pytest

from earwitness.library.export import anki
from earwitness.library.review.faces import Faces

pytestmark = pytest.mark.live
pytest.importorskip("genanki")
collection = pytest.importorskip("anki.collection")

FIRST, LATER = "2024-01-01T00:00:00+00:00", "2024-06-01T00:00:00+00:00"


def faces():
    return [
        Faces(
            id=f"snip:{n}",
            kind="snip",
            deck=("Talk", "A::b")[n % 2],
            front=f"<script>alert({n})</script> {{{{Front}}}} [sound:x.mp3] \\(x\\)",
            back=f"a & b\nline {n}",
        )
        for n in range(40)
    ]


@pytest.fixture
def col(tmp_path):
    opened = collection.Collection(str(tmp_path / "collection.anki2"))
    yield opened
    opened.close()


def imported(col, file):
    from anki.import_export_pb2 import ImportAnkiPackageOptions

    options = ImportAnkiPackageOptions(merge_notetypes=True)
    request = collection.ImportAnkiPackageRequest(package_path=str(file), options=options)
    log = col.import_anki_package(request).log
    return len(log.new), len(log.updated), len(log.duplicate)


def test_a_second_import_adds_nothing_and_a_change_is_taken(col, tmp_path):
    cards = [(face, FIRST) for face in faces()]
    anki.export(cards, tmp_path / "one.apkg")
    anki.export(cards, tmp_path / "two.apkg")
    assert imported(col, tmp_path / "one.apkg") == (40, 0, 0)
    new, _, _ = imported(col, tmp_path / "two.apkg")
    assert new == 0
    assert (col.note_count(), col.card_count()) == (40, 40)
    changed = [(dataclasses.replace(face, back="changed"), LATER) for face, _ in cards[:1]]
    anki.export([*changed, *cards[1:]], tmp_path / "three.apkg")
    new, _, _ = imported(col, tmp_path / "three.apkg")
    assert (new, col.note_count()) == (0, 40)
    assert len(col.find_notes("back:changed")) == 1
    assert {deck.name for deck in col.decks.all_names_and_ids()} >= {
        "Earwitness::Talk",
        "Earwitness::A:b",
    }


def edit(col, words, text):
    """What somebody does in Anki's editor, now."""
    note = col.get_note(col.find_notes(words)[0])
    note["Back"] = text
    col.update_note(note)


def test_what_was_edited_in_anki_stays_until_its_own_card_changes(col, tmp_path):
    earlier, later = dt.datetime.now(dt.UTC), dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    cards = [(face, earlier.isoformat()) for face in faces()[:3]]
    anki.export(cards, tmp_path / "one.apkg")
    imported(col, tmp_path / "one.apkg")
    edit(col, '"line 1"', "mine 1")
    edit(col, '"line 2"', "mine 2")
    model = col.models.by_name("Earwitness")
    model["css"] = ".card{color:teal}"
    col.models.update_dict(model)
    changed = (dataclasses.replace(cards[1][0], back="changed here"), later.isoformat())
    anki.export([cards[0], changed, cards[2]], tmp_path / "two.apkg")
    assert imported(col, tmp_path / "two.apkg")[0] == 0
    backs = sorted(col.get_note(id)["Back"] for id in col.find_notes(""))
    assert backs == ["a &amp; b\nline 0", "changed here", "mine 2"]
    assert col.models.by_name("Earwitness")["css"] == ".card{color:teal}"


def test_what_is_shown_is_the_text_and_nothing_else(col, tmp_path):
    anki.export([(face, FIRST) for face in faces()], tmp_path / "one.apkg")
    imported(col, tmp_path / "one.apkg")
    card = col.get_card(col.find_cards("line 7")[0])
    question, answer = card.question(), card.answer()
    assert "<script>" not in question and "&lt;script&gt;alert(7)" in question
    assert card.question_av_tags() == []
    assert "a &amp; b\nline 7" in answer
    assert "anki-mathjax" not in question and "\\(x" not in question
