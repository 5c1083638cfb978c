"""Pages for Logseq: one for each episode, one block with a UUID of its own for each snip."""

import uuid
from collections.abc import Sequence
from pathlib import Path

from earwitness.library.export import files, note_values, outline, templates
from earwitness.library.export.files import CannotExport, Exported
from earwitness.library.export.gathering import EpisodeNote
from earwitness.library.export.outline import Block
from earwitness.library.export.templates import Templates
from earwitness.library.export.vault import Vault

FOLDER = "pages"
"""Where Logseq keeps its pages below the folder of a graph."""
TEMPLATE = "logseq.md.j2"
_SPACE = uuid.UUID("3c2f1a64-8d55-4e0b-9a0e-0d1f8f2b6a71")
"""Chosen once at random; block ids are made from it and a name (RFC 9562, version 5)."""


def export(notes: Sequence[EpisodeNote], folder: Path, *, template: str | None = None) -> Exported:
    """Write or renew the pages of a graph. Raises CannotExport when none can be written."""
    used, problem = templates.load(TEMPLATE, template)
    problems = [f"the template is not used: {problem}"] if problem else []
    vault = Vault.of(folder, lambda text: outline.page_property(text, outline.PROPERTY))
    changed = 0
    for note in notes:
        title = note.episode.facts.title
        file = vault.file(note.episode.id, FOLDER, title)
        try:
            text, problem = render(note, files.read(file), used)
            changed += files.write(file, text.encode())
        except CannotExport as failure:
            problem = str(failure)
        if problem:
            problems.append(f"{title}: {problem}")
    return Exported(
        destination=str(folder),
        changed=changed,
        unchanged=len(notes) - changed,
        items=sum(len(note.snips) for note in notes),
        problems=tuple(problems),
    )


def render(note: EpisodeNote, old: str | None, used: Templates) -> tuple[str, str | None]:
    """The text of a page, and why the user's template was not used for it, if it was not."""
    episode = note_values.of_episode(note)
    snips = [note_values.of_snip(kept, note) for kept in note.snips]
    named = [("head", "head", {"episode": episode, "snips": snips})]
    named += [(f"snip-{s['id']}", "snip", {"episode": episode, "snip": s}) for s in snips]
    if episode["notes"] or episode["links"] or episode["chapters"]:
        named.append(("notes", "notes", {"episode": episode}))
    if episode["transcript"]:
        named.append(("transcript", "transcript", {"episode": episode}))
    texts, problem = used.render([(block, values) for _, block, values in named])
    blocks = [
        _block(note.episode.id, name, text) for (name, _, _), text in zip(named, texts, strict=True)
    ]
    return outline.merged(old, _properties(note), blocks), problem


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
