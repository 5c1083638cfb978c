"""A folder of notes that other programs and people write to as well, and ours in it renewed.

A note is known by the id of its episode that stands in it, so one that was renamed or moved to
another folder below is found again. A file that is not ours is never written over.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from earwitness.library.export import files, note_values, templates
from earwitness.library.export.files import CannotExport, Exported
from earwitness.library.export.gathering import EpisodeNote

Known = Callable[[str], str | None]
"""Which episode a note is of, from its text; None: it is none of ours."""


Renew = Callable[[EpisodeNote, str | None, list[tuple[str, str]]], str]
"""The new text of a note from its old one, if there is one, and its parts by name, rendered."""


@dataclass(frozen=True)
class Format:
    """What one application asks of its notes."""

    template: str
    """The package's own template for it."""
    known: Known
    renew: Renew
    folder_of: Callable[[EpisodeNote], str]
    """Where a new note goes, below the folder of all."""


def export(
    form: Format, notes: Sequence[EpisodeNote], folder: Path, template: str | None
) -> Exported:
    """Write or renew the notes below a folder; ``template`` is the text of a user's own.

    A note that cannot be written is told of, and the others go on. Raises CannotExport when the
    folder is none.
    """
    used, broken = templates.load(form.template, template)
    problems = [f"the template is not used: {broken}"] if broken else []
    vault = Vault.of(folder, form.known)
    changed = 0
    for note in notes:
        title = note.episode.facts.title
        parts = note_values.blocks(note)
        texts, problem = used.render([(block, values) for _, block, values in parts])
        named = [(name, text) for (name, _, _), text in zip(parts, texts, strict=True)]
        file = vault.file(note.episode.id, form.folder_of(note), title)
        try:
            text = form.renew(note, files.read(file), named)
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
            raise CannotExport(f"{folder} is a file: a folder is needed")
        vault = cls(folder, {}, set())
        for file in _notes(folder):
            vault.names.add(str(file).casefold())
            try:
                text = files.read(file)
            except CannotExport:
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
