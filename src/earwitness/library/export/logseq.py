"""Pages for Logseq: one for each episode, one block with a UUID of its own for each snip."""

import uuid
from collections.abc import Sequence
from pathlib import Path

from earwitness.library.export import files, outline, vault
from earwitness.library.export.files import Exported
from earwitness.library.export.gathering import EpisodeNote
from earwitness.library.export.outline import Block

FOLDER = "pages"
"""Where Logseq keeps its pages below the folder of a graph."""
_SPACE = uuid.UUID("3c2f1a64-8d55-4e0b-9a0e-0d1f8f2b6a71")
"""Chosen once at random; block ids are made from it and a name (RFC 9562, version 5)."""


def export(notes: Sequence[EpisodeNote], folder: Path, *, template: str | None = None) -> Exported:
    """Write or renew the pages of a graph. Raises CannotExport when the folder is none."""
    return vault.export(_FORMAT, notes, folder, template)


def _renewed(note: EpisodeNote, old: str | None, parts: list[tuple[str, str]]) -> str:
    blocks = [_block(note.episode.id, name, text) for name, text in parts]
    return outline.merged(old, _properties(note), blocks)


def _episode_of(text: str) -> str | None:
    return outline.page_property(text, outline.PROPERTY)


def _block(episode_id: str, name: str, text: str) -> Block:
    return outline.block(name, text, id=str(uuid.uuid5(_SPACE, f"{episode_id}\n{name}")))


def _properties(note: EpisodeNote) -> dict[str, str]:
    facts = note.episode.facts
    values = {
        outline.PROPERTY: note.episode.id,
        "type": "episode",
        "show": f"[[{files.safe_name(note.episode.show_title)}]]",
        "date": (facts.date or "")[:10],
        "source": facts.link,
    }
    return {name: " ".join(value.split()) for name, value in values.items() if value}


_FORMAT = vault.Format(
    template="logseq.md.j2", known=_episode_of, renew=_renewed, folder_of=lambda _: FOLDER
)
