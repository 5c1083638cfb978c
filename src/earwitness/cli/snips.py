"""``earwitness snips``: saved moments listed, changed, shared, taken back, and read in again."""

import sys
from collections.abc import Iterable
from pathlib import Path

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from earwitness.cli import options, outcome
from earwitness.cli.saying import say
from earwitness.library import bundled, catalogue, quote_card, sharing
from earwitness.library import snip as values
from earwitness.library import snip_catalogue as read
from earwitness.library import snips as kept
from earwitness.library.export import files
from earwitness.library.export import json as snips_json
from earwitness.library.intake import NotReadable
from earwitness.library.snip import Contents, Snip
from earwitness.report import snip_words
from earwitness.report.kept_document import SharedDocument, SnipDocument, SnipsDocument, TagRow
from earwitness.report.words import plain
from earwitness.store.connection import Store, data_folder, open_store

seen = click.option(
    "--seen",
    type=click.IntRange(1),
    metavar="NUMBER",
    help="Refuse when the newest entry of the history is another one.",
)


@click.group()
@options.data_of_all
def snips() -> None:
    """Saved moments: list, show, edit, move, undo, share, import."""


@snips.command(name="list")
@click.option("--show", type=options.Name(), help="Only of this show.")
@click.option("--episode", type=options.Name(), help="Only of this episode.")
@click.option("--tag", type=options.Name(), help="Only with this tag.")
@click.option("--favourite", is_flag=True, help="Only favourites.")
@click.option("--search", default="", help="Only with all of these words.")
@click.option("--deleted", is_flag=True, help="Deleted ones too.")
@options.output_format("text", "json")
@options.data
def list_(
    *,
    show: str | None,
    episode: str | None,
    tag: str | None,
    favourite: bool,
    search: str,
    deleted: bool,
    format_: str,
    data: Path | None,
) -> None:
    """Snips in the order of the shows' pages."""
    with open_store(data_folder(data)) as store:
        bundled.shelve(store)
        of_show, of_episode = chosen(store, show, episode)
        found = read.every(
            store,
            show=of_show,
            episode=of_episode,
            tag=tag,
            favourite=favourite,
            words=search,
            deleted=deleted,
        )
        document = SnipsDocument(snips=tuple(_document(store, one) for one in found))
    say(document, format_, lambda _: _print(found))


@snips.command(name="show")
@click.argument("snip")
@options.output_format("text", "json")
@options.data
def show_(snip: str, format_: str, data: Path | None) -> None:
    """SNIP in full (an id, its beginning, or latest)."""
    with open_store(data_folder(data)) as store:
        _tell(store, read.find(store, snip, deleted=True), format_)


@snips.command()
@click.argument("snip")
@click.option("--title", help="What you call it.")
@click.option("--note", help="What you say about it, in place of what you said.")
@click.option("--add-note", help="A line that is added to the note.")
@click.option("--quote", help="What was said; empty: from the transcript again.")
@click.option("--tag", type=options.Name(), multiple=True, help="A tag more; repeatable.")
@click.option("--untag", type=options.Name(), multiple=True, help="A tag less; repeatable.")
@click.option("--favourite/--no-favourite", default=None, help="One of the best, or not.")
@seen
@options.output_format("text", "json")
@options.data
def edit(
    *,
    snip: str,
    title: str | None,
    note: str | None,
    add_note: str | None,
    quote: str | None,
    tag: tuple[str, ...],
    untag: tuple[str, ...],
    favourite: bool | None,
    seen: int | None,
    format_: str,
    data: Path | None,
) -> None:
    """Change what SNIP says; what is not named stays."""
    gone = {name.casefold() for name in values.tags(untag)}

    def changed(what: Contents) -> Contents:
        said = what.note if note is None else note
        if add_note:
            said = f"{said}\n{add_note}" if said else add_note
        names = values.tags((*what.tags, *tag))
        return msgspec.structs.replace(
            what,
            title=what.title if title is None else title,
            note=said,
            quote=what.quote if quote is None else quote,
            quote_by_hand=what.quote_by_hand if quote is None else bool(quote),
            tags=tuple(name for name in names if name.casefold() not in gone),
            favourite=what.favourite if favourite is None else favourite,
        )

    with open_store(data_folder(data)) as store:
        found = read.find(store, snip)
        edited = kept.change(store, found.id, kept.requoting(store, found, changed), seen=seen)
        _tell(store, edited, format_)


@snips.command()
@click.argument("snip")
@click.option("--start", help="Where it begins: +5s, -5s or 12:34.")
@click.option("--end", help="Where it ends: +5s, -5s or 13:10.")
@seen
@options.output_format("text", "json")
@options.data
def move(
    *,
    snip: str,
    start: str | None,
    end: str | None,
    seen: int | None,
    format_: str,
    data: Path | None,
) -> None:
    """Move the bounds of SNIP.

    Its quote follows unless it was written by hand.
    """
    if start is None and end is None:
        raise click.UsageError("give --start, --end or both")
    with open_store(data_folder(data)) as store:
        found = read.find(store, snip)
        _tell(store, kept.move(store, found.id, start, end, seen=seen), format_)


@snips.command()
@click.argument("snip")
@options.output_format("text", "json")
@options.data
def history(snip: str, format_: str, data: Path | None) -> None:
    """Everything that was ever done to SNIP, oldest first."""
    with open_store(data_folder(data)) as store:
        found = read.find(store, snip, deleted=True)
        entries = read.history(store, found.id)
    say(entries, format_, lambda every: print(plain("\n".join(snip_words.changes(every)))))


@snips.command()
@click.argument("snip")
@options.output_format("text", "json")
@options.data
def undo(snip: str, format_: str, data: Path | None) -> None:
    """Take back the newest change of SNIP that stands, also a deletion."""
    with open_store(data_folder(data)) as store:
        found = read.find(store, snip, deleted=True)
        _tell(store, kept.undo(store, found.id), format_)


@snips.command()
@click.argument("snip")
@options.output_format("text", "json")
@options.data
def delete(snip: str, format_: str, data: Path | None) -> None:
    """Delete SNIP; undo brings it back."""
    with open_store(data_folder(data)) as store:
        document = _document(store, kept.delete(store, read.find(store, snip).id))
    say(
        document,
        format_,
        lambda gone: print(f"deleted {gone.id}; to bring it back: earwitness snips undo {gone.id}"),
    )


@snips.command()
@click.argument("snip")
@click.option(
    "--svg",
    type=options.Location(path_type=Path, dir_okay=False),
    help="Write the quote as a picture to this file, and print its path.",
)
@options.output_format("text", "json")
@options.data
def share(snip: str, svg: Path | None, format_: str, data: Path | None) -> None:
    """SNIP as text with a link to its place, or as a picture."""
    with open_store(data_folder(data)) as store:
        found = read.find(store, snip)
        facts = catalogue.find_episode(store, found.episode).facts
    document = SharedDocument(
        snip=found.id,
        text=sharing.text(found, facts),
        link=sharing.link(found, facts),
        picture=None if svg is None else str(outcome.write(quote_card.draw(found), svg)),
    )
    say(
        document,
        format_,
        lambda shared: (
            print(shared.picture) if shared.picture else print(plain(shared.text), end="")
        ),
    )


@snips.command()
@options.output_format("text", "json")
@options.data
def tags(format_: str, data: Path | None) -> None:
    """Every tag, and how many snips have it."""
    with open_store(data_folder(data)) as store:
        counts = read.tags(store)
    rows = tuple(TagRow(tag=tag, snips=count) for tag, count in counts.items())
    lines = (f"{row.snips:>5}  {plain(row.tag)}" for row in rows)
    say(rows, format_, lambda _: print("\n".join(lines) or "No tags yet."))


@snips.command(name="import")
@click.argument("file", type=options.Location(path_type=Path, dir_okay=False))
@options.output_format("text", "json")
@options.data
def import_(file: Path, format_: str, data: Path | None) -> None:
    """Read in what `earwitness export json` wrote to FILE.

    What is here already stays.
    """
    content = files.read(file)
    if content is None:
        raise NotReadable(f"there is no file {file}")
    with open_store(data_folder(data)) as store:
        bundled.shelve(store)
        done = snips_json.restore(store, content.encode())
    for problem in done.problems:
        print(plain(problem), file=sys.stderr)
    say(
        done,
        format_,
        lambda one: print(f"{one.changed} new or longer, {one.unchanged} here already"),
    )


def chosen(store: Store, show: str | None, episode: str | None) -> tuple[str | None, str | None]:
    """Ids of the show and of the episode that were named. Raises NotInLibrary."""
    of_show = catalogue.find_show(store, show).id if show else None
    of_episode = catalogue.find_episode(store, episode, show=of_show).id if episode else None
    return of_show, of_episode


def _document(store: Store, one: Snip) -> SnipDocument:
    return snip_words.described(one, catalogue.find_episode(store, one.episode).facts)


def _tell(store: Store, one: Snip, format_: str) -> None:
    facts = catalogue.find_episode(store, one.episode).facts
    told = snip_words.told(one, sharing.link(one, facts))
    say(snip_words.described(one, facts), format_, lambda _: print(plain(told), end=""))


def _print(found: Iterable[Snip]) -> None:
    rows = list(found)
    if not rows:
        print("No snips. Save one: earwitness snip select-star 7:30 --note 'why is it slow?'")
        return
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Snip", no_wrap=True)
    table.add_column("Place", no_wrap=True)
    table.add_column("Says", overflow="fold")
    for one in rows:
        star = f" {snip_words.STAR}" if one.contents.favourite else ""
        tags = "".join(f" #{tag}" for tag in one.contents.tags)
        said = Text.assemble(
            plain(snip_words.short(one.contents)),
            "\n",
            (plain(one.episode_title + tags), "dim"),
        )
        table.add_row(plain(one.id) + star, plain(snip_words.places(one.contents)), said)
    Console().print(table)
