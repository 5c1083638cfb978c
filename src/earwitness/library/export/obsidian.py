"""Notes for Obsidian: one Markdown file for each episode, one region and block id for each snip."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

from earwitness.library.export import files, regions, vault
from earwitness.library.export.files import Exported
from earwitness.library.export.gathering import EpisodeNote

KEY = "earwitness"
"""The key of the front matter that holds the id of the episode."""


def export(notes: Sequence[EpisodeNote], folder: Path, *, template: str | None = None) -> Exported:
    """Write or renew the notes below a folder. Raises CannotExport when the folder is none."""
    return vault.export(_FORMAT, notes, folder, template)


def _renewed(note: EpisodeNote, old: str | None, parts: list[tuple[str, str]]) -> str:
    return regions.merged(old, _front(note), parts)


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


_FORMAT = vault.Format(
    template="obsidian.md.j2",
    known=_episode_of,
    renew=_renewed,
    folder_of=lambda note: files.safe_name(note.episode.show_title),
)
