"""A package for Anki: one note for each card, with marks that stay, so that a second import adds none.

The model, the decks and the notes have ids made from names; Anki knows a note again by its mark and
takes its text anew when the note in the file is newer than its own. So each note has the time of its
own card: what somebody edited in Anki stays until that very card says something else here. genanki is
an extra and is imported when it is used.
"""

import datetime as dt
import hashlib
import html
import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from earwitness.library.export import files
from earwitness.library.export.files import CannotExport, Exported
from earwitness.library.review.faces import Faces

INSTALL = "pip install 'earwitness[anki]'"
_MODEL_ID = 1_607_392_881
"""Chosen once at random, as Anki asks for; a change of the fields needs another one."""
_MODEL_CHANGED_AT = dt.datetime(2024, 1, 1, tzinfo=dt.UTC).timestamp()
"""When the model last changed: a later one replaces what somebody made of the model in Anki."""
_STYLE = (
    ".card{font-family:system-ui,sans-serif;font-size:20px;line-height:1.5;text-align:left;"
    "max-width:40em;margin:1em auto;white-space:pre-line}"
)
_DECK = "Earwitness"


def export(cards: Sequence[tuple[Faces, str]], file: Path) -> Exported:
    """Write the package from cards and when each last changed what it says.

    Raises CannotExport, also when genanki is missing.
    """
    genanki = _genanki()
    decks: dict[str, Any] = {}
    newest, model = 0.0, _model(genanki)
    for card, changed_at in cards:
        at = dt.datetime.fromisoformat(changed_at).timestamp()
        newest = max(newest, at)
        name = f"{_DECK}::{_one_line(card.deck)}"
        deck = decks.setdefault(name, genanki.Deck(_number(name), name))
        deck.add_note(_note(genanki, model, card, at))
    with files.replacing(file) as new:
        genanki.Package(list(decks.values())).write_to_file(str(new), timestamp=newest)
    return Exported(destination=str(file), changed=1, unchanged=0, items=len(cards))


def _note(genanki: ModuleType, model: Any, card: Faces, changed_at: float) -> Any:
    note = genanki.Note(
        model=model,
        fields=[_field(card.front), _field(card.back), html.escape(card.id)],
        guid=genanki.guid_for("earwitness", card.id),
        tags=["earwitness", card.kind],
    )
    write = note.write_to_db  # genanki knows one time only, that of the package

    def write_dated(cursor: object, _package: float, deck_id: int, ids: object) -> None:
        write(cursor, changed_at, deck_id, ids)

    note.write_to_db = write_dated
    return note


def _model(genanki: ModuleType) -> Any:
    model = genanki.Model(
        _MODEL_ID,
        "Earwitness",
        fields=[{"name": name} for name in ("Front", "Back", "Id")],
        templates=[
            {
                "name": "Card",
                "qfmt": "{{Front}}",
                "afmt": "{{FrontSide}}<hr id=answer>{{Back}}",
            }
        ],
        css=_STYLE,
    )
    described = model.to_json

    def described_dated(_package: float, deck_id: int) -> Any:
        return described(_MODEL_CHANGED_AT, deck_id)

    model.to_json = described_dated
    return model


def _field(text: str) -> str:
    """Text as HTML; what Anki would read as a field, a sound or a formula is taken apart."""
    plain = html.escape("".join(c for c in text if c >= " " or c in "\n\t"))
    # a mark without width keeps the letters and ends the meaning
    return re.sub(r"\{\{|\[(?=sound:|anki:|latex|\$)|\\(?=[(\[])", r"\g<0>&#8203;", plain)


def _number(name: str) -> int:
    """A number for a deck, always the same for a name, in the range of Anki's own."""
    digest = hashlib.sha256(name.encode()).digest()
    return (1 << 30) + int.from_bytes(digest[:4]) % (1 << 30)


def _one_line(name: str) -> str:
    return " ".join(name.replace("::", ":").split()) or "Own"


def _genanki() -> ModuleType:
    try:
        import genanki
    except ImportError as missing:
        raise CannotExport(f"a package for Anki needs genanki: {INSTALL}") from missing
    module: ModuleType = genanki
    return module
