"""A folder of notes that other programs and people write to as well: which note is of which episode.

A note is known by the id of its episode that stands in it, so one that was renamed or moved to
another folder below is found again. A file that is not ours is never written over.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from earwitness.library.export import files

Known = Callable[[str], str | None]
"""Which episode a note is of, from its text; None: it is none of ours."""


@dataclass
class Vault:
    """The notes below a folder, by the episode that each is of."""

    folder: Path
    notes: dict[str, Path]
    names: set[str]
    """Paths of all notes in the folder that must not be taken, in small letters."""

    @classmethod
    def of(cls, folder: Path, known: Known) -> "Vault":
        """Look through the folder; hidden folders are passed over. Raises CannotExport."""
        if folder.exists() and not folder.is_dir():
            raise files.CannotExport(f"{folder} is a file: a folder is needed")
        vault = cls(folder, {}, set())
        for file in _notes(folder):
            vault.names.add(str(file).casefold())
            try:
                text = files.read(file)
            except files.CannotExport:
                continue  # somebody's file that is no text of ours
            episode = known(text or "")
            if episode is not None:
                vault.notes.setdefault(episode, file)
        return vault

    def file(self, episode_id: str, folder: str, title: str) -> Path:
        """Where the note of an episode is, or a free name in that folder for a new one."""
        if episode_id in self.notes:
            return self.notes[episode_id]
        name = files.safe_name(title)
        for number in range(1, len(self.names) + 2):
            numbered = f"{name} {number}" if number > 1 else name
            file = self.folder / folder / f"{numbered}.md"
            if str(file).casefold() not in self.names:
                break
        self.names.add(str(file).casefold())
        self.notes[episode_id] = file
        return file


def _notes(folder: Path) -> Iterable[Path]:
    for file in sorted(folder.rglob("*.md")):
        below = file.relative_to(folder).parts
        if not any(part.startswith(".") for part in below) and file.is_file():
            yield file
