"""``earwitness export``: snips handed on to other applications."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from earwitness import card_faces
from earwitness.cli import options
from earwitness.cli.saying import say
from earwitness.cli.snips import chosen
from earwitness.library import bundled
from earwitness.library import snip_catalogue as read
from earwitness.library.export import anki as anki_package
from earwitness.library.export import files, gathering
from earwitness.library.export import json as document
from earwitness.library.export import logseq as logseq_pages
from earwitness.library.export import obsidian as obsidian_notes
from earwitness.library.export import readwise as readwise_file
from earwitness.library.export.files import CannotExport, Exported
from earwitness.library.export.gathering import EpisodeNote
from earwitness.library.snip import Snip
from earwitness.report.words import plain
from earwitness.store.connection import Store, data_folder, open_store

_Command = TypeVar("_Command", bound=Callable[..., Any])

to_folder = click.argument("destination", type=options.Location(path_type=Path, file_okay=False))
to_file = click.argument("destination", type=options.Location(path_type=Path, dir_okay=False))
template_file = click.option(
    "--template",
    type=options.Location(path_type=Path, dir_okay=False),
    help="A Jinja file with blocks head, snip, notes, transcript.",
)
with_transcript = click.option(
    "--with-transcript", is_flag=True, help="The whole transcript too, where there is one."
)
_WHICH = (
    click.option("--show", type=options.Name(), help="Only of this show."),
    click.option("--episode", type=options.Name(), help="Only of this episode."),
    click.option("--tag", type=options.Name(), help="Only snips with this tag."),
    click.option("--favourite", is_flag=True, help="Only favourites."),
    options.output_format("text", "json"),
    options.data,
)


def into_a_file(command: _Command) -> _Command:
    """What every export into a file is asked: where, which snips, and how to tell of it."""
    return _asking(command, to_file, *_WHICH)


def into_a_folder(command: _Command) -> _Command:
    """The same of exports that keep a note for each episode in a folder."""
    return _asking(command, to_folder, *_WHICH, template_file, with_transcript)


def _asking(command: _Command, *questions: Callable[[_Command], _Command]) -> _Command:
    for question in reversed(questions):
        command = question(command)
    return command


@click.group()
@options.data_of_all
def export() -> None:
    """Snips for Obsidian, Logseq, Readwise and Anki, or as JSON."""


@export.command()
@into_a_folder
def obsidian(**asked: Any) -> None:
    """One note for each episode below the folder DESTINATION.

    What you wrote there is kept.
    """
    _keep_notes(obsidian_notes.export, **asked)


@export.command()
@into_a_folder
def logseq(**asked: Any) -> None:
    """One page for each episode in the graph DESTINATION.

    What you wrote there is kept.
    """
    _keep_notes(logseq_pages.export, **asked)


@export.command()
@into_a_file
def readwise(*, destination: Path, format_: str, data: Path | None, **choice: Any) -> None:
    """The CSV file DESTINATION, for Readwise's import."""
    with open_store(data_folder(data)) as store:
        notes = _notes(store, False, **choice)
    _tell(readwise_file.export(notes, destination), format_)


@export.command()
@into_a_file
def anki(*, destination: Path, format_: str, data: Path | None, **choice: Any) -> None:
    """The package DESTINATION for Anki, with snips as cards.

    Without a choice, all other cards too.
    """
    with open_store(data_folder(data)) as store:
        notes = _notes(store, False, **choice)
        asked = card_faces.of_notes(notes)
        if not any(choice.values()):
            asked += card_faces.of_others(store)
    _tell(anki_package.export(asked, destination), format_, "cards")


@export.command()
@into_a_file
def json(*, destination: Path, format_: str, data: Path | None, **choice: Any) -> None:
    """The file DESTINATION with all that was kept.

    `earwitness snips import` reads it in.
    """
    with open_store(data_folder(data)) as store:
        notes = _notes(store, False, **choice)
    _tell(document.export(notes, destination), format_)


def _keep_notes(
    export_notes: Callable[..., Exported],
    *,
    destination: Path,
    template: Path | None,
    with_transcript: bool,
    format_: str,
    data: Path | None,
    **choice: Any,
) -> None:
    with open_store(data_folder(data)) as store:
        notes = _notes(store, with_transcript, **choice)
    _tell(export_notes(notes, destination, template=_text(template)), format_)


def _notes(store: Store, transcripts: bool, **choice: Any) -> list[EpisodeNote]:
    return gathering.gather(store, _snips(store, **choice), transcripts=transcripts)


def _snips(
    store: Store, show: str | None, episode: str | None, tag: str | None, favourite: bool
) -> Sequence[Snip]:
    bundled.shelve(store)
    of_show, of_episode = chosen(store, show, episode)
    return read.every(store, show=of_show, episode=of_episode, tag=tag, favourite=favourite)


def _text(template: Path | None) -> str | None:
    """The text of a template. Raises CannotExport when it cannot be read."""
    if template is None:
        return None
    text = files.read(template)
    if text is None:
        raise CannotExport(f"there is no template {template}")
    return text


def _tell(done: Exported, format_: str, noun: str = "snips") -> None:
    for problem in done.problems:
        print(plain(problem), file=sys.stderr)
    say(
        done,
        format_,
        lambda one: print(f"{one.destination}: {one.items} {noun}, {one.changed} written"),
    )
