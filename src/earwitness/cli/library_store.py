"""``earwitness library backup``, ``restore`` and ``check``: the store that a library is in."""

import sys
from pathlib import Path

import click

from earwitness.cli import options, shelves
from earwitness.cli.errors import CANNOT
from earwitness.cli.saying import say
from earwitness.library import backup as backups
from earwitness.library import listed, listing
from earwitness.store.connection import data_folder, open_store


@click.command()
@click.argument("file", required=False, type=options.Location(path_type=Path))
@options.output_format("text", "json")
@options.data
def backup(file: Path | None, format_: str, data: Path | None) -> None:
    """Copy the store, which may be in use meanwhile.

    Into FILE, or into the folder of backups.
    """
    with open_store(data_folder(data)) as store:
        written = backups.backup(store, file)
    say(listed.FileDocument(path=str(written)), format_, shelves.file)


@click.command()
@click.argument("file", type=options.Location(path_type=Path))
@options.output_format("text", "json")
@options.data
def restore(file: Path, format_: str, data: Path | None) -> None:
    """Put the backup FILE in the place of the store.

    The store is put aside.
    """
    folder = data_folder(data)
    aside = backups.restore(folder, file)
    with open_store(folder):  # an older one is brought up to date
        pass
    say(listed.FileDocument(path=str(aside) if aside else None), format_, shelves.restored)


@click.command()
@options.output_format("text", "json")
@options.data
def check(format_: str, data: Path | None) -> None:
    """Look at every page, reference and index of the store."""
    with open_store(data_folder(data)) as store:
        document = listing.condition(backups.check(store))
    say(document, format_, shelves.condition)
    sys.exit(0 if document.sound else CANNOT)
