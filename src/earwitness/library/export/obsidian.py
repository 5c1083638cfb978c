"""Notes for Obsidian: one Markdown file for each episode, one region and block id for each snip."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from earwitness.library.export import files, note_values, regions, templates
from earwitness.library.export.files import CannotExport, Exported
from earwitness.library.export.gathering import EpisodeNote
from earwitness.library.export.templates import Templates
from earwitness.library.export.vault import Vault

KEY = "earwitness"
"""The key of the front matter that holds the id of the episode."""
TEMPLATE = "obsidian.md.j2"


def export(notes: Sequence[EpisodeNote], folder: Path, *, template: str | None = None) -> Exported:
    """Write or renew the notes below a folder. Raises CannotExport when none can be written."""
    used, problem = templates.load(TEMPLATE, template)
    problems = [f"the template is not used: {problem}"] if problem else []
    vault = Vault.of(folder, _episode_of)
    changed = 0
    for note in notes:
        title = note.episode.facts.title
        file = vault.file(note.episode.id, files.safe_name(note.episode.show_title), title)
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
    """The text of a note, and why the user's template was not used for it, if it was not."""
    episode = note_values.of_episode(note)
    snips = [note_values.of_snip(kept, note) for kept in note.snips]
    named = [("head", "head", {"episode": episode, "snips": snips})]
    named += [(f"snip-{s['id']}", "snip", {"episode": episode, "snip": s}) for s in snips]
    if episode["notes"] or episode["links"] or episode["chapters"]:
        named.append(("notes", "notes", {"episode": episode}))
    if episode["transcript"]:
        named.append(("transcript", "transcript", {"episode": episode}))
    texts, problem = used.render([(block, values) for _, block, values in named])
    told = [(name, text) for (name, _, _), text in zip(named, texts, strict=True)]
    return regions.merged(old, _front(note), told), problem


def _front(note: EpisodeNote) -> dict[str, str]:
    facts, show = note.episode.facts, note.show.facts
    values = {
        KEY: note.episode.id,
        "title": facts.title,
        "show": show.title,
        "author": show.author,
        "date": (facts.date or "")[:10] or None,
        "source": facts.link,
        "recording": facts.enclosures[0].url if facts.enclosures else None,
        "website": show.link,
        "feed": show.feed_url,
    }
    return {name: _yaml(value) for name, value in values.items() if value}


def _episode_of(text: str) -> str | None:
    written = regions.front_value(text, KEY)
    if written is None:
        return None
    try:
        value = json.loads(written)
    except ValueError:
        value = written.strip("'\"")  # Obsidian writes front matter anew in its own manner
    return value if isinstance(value, str) and value else None


def _yaml(value: str) -> str:
    """A string as YAML has it: JSON's string, with the letters escaped that YAML refuses."""
    plain = json.dumps(value, ensure_ascii=False)
    return re.sub(
        r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]", lambda m: f"\\u{ord(m[0]):04x}", plain
    )
