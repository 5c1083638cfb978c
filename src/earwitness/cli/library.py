"""``earwitness library``: shows, episodes, transcripts and recordings."""

import contextlib
import datetime as dt
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click

from earwitness.cli import embed, library_store, options, shelves
from earwitness.cli.errors import CANNOT
from earwitness.cli.saying import say
from earwitness.library import (
    audio,
    bundled,
    catalogue,
    documents,
    listed,
    listing,
    removing,
    sync,
    transcribing,
)
from earwitness.library.adding import Adder, Addition
from earwitness.library.fetching.web import Web
from earwitness.library.reading import opml as opml_files
from earwitness.library.reading.opml import OpmlFeed
from earwitness.library.recognition import engine as engines
from earwitness.library.sync import Outcome
from earwitness.store.connection import Store, data_folder, open_store

ALLOW_HOSTS = "EARWITNESS_ALLOW_HOSTS"
_DOCUMENTS_OF_ADD = 20
_DOCUMENTS_OF_SYNC = 200

_Command = TypeVar("_Command", bound=Callable[..., Any] | click.Command)

_may_embed: Callable[[_Command], _Command] = click.option(
    "--embed/--no-embed",
    "may_embed",
    default=True,
    help="Let the embedding model, if there is one, take in what is new, in the background.",
)
_allow_host: Callable[[_Command], _Command] = click.option(
    "--allow-host",
    "hosts",
    multiple=True,
    metavar="HOST",
    help="A host that may be at any address, also in your own network; repeatable.",
)


def _most_documents(default: int) -> Callable[[_Command], _Command]:
    return click.option(
        "--documents",
        "most_documents",
        type=click.IntRange(0),
        default=default,
        show_default=True,
        help="How many transcripts and lists of chapters to fetch at most, of each show.",
    )


@click.group()
@options.data_of_all
def library() -> None:
    """Shows, episodes, transcripts and recordings."""


@library.command()
@click.argument("what", metavar="URL|FILE")
@click.option("--episode", type=options.Name(), help="Whose transcript or recording it is.")
@click.option(
    "--moves", type=options.Name(), metavar="SHOW", help="The show whose feed has moved to URL."
)
@click.option(
    "--apart",
    is_flag=True,
    help="A show of its own, also if the feed says that it is one of yours.",
)
@_most_documents(_DOCUMENTS_OF_ADD)
@_may_embed
@_allow_host
@options.output_format("text", "json")
@options.data
def add(  # noqa: PLR0917 - click calls it by name
    what: str,
    episode: str | None,
    moves: str | None,
    apart: bool,
    most_documents: int,
    may_embed: bool,
    hosts: tuple[str, ...],
    format_: str,
    data: Path | None,
) -> None:
    """Add what is at URL or in FILE.

    A feed, a list of feeds, a page, an export, a transcript or a recording.
    """
    is_address = what.startswith(("http://", "https://"))
    if (moves or apart) and not is_address:
        raise click.UsageError("--moves and --apart are for the address of a feed")
    web = _web(hosts)
    with _library(data) as store:
        added = Adder(store, web, _tell, moves, apart).add(what, episode)
        if is_address:
            _fetch_documents(store, web, added, most_documents)
        document = listing.addition(store, added)
        embed.start_after(store, may=may_embed)
    say(document, format_, shelves.added)
    sys.exit(CANNOT if added.failed else 0)


@library.command(name="list")
@options.output_format("text", "json")
@options.data
def list_(format_: str, data: Path | None) -> None:
    """All shows."""
    with _library(data) as store:
        say(listing.shows(store), format_, shelves.shows)


library.add_command(list_, name="shows")


@library.command()
@click.argument("show", required=False)
@options.output_format("text", "json")
@options.data
def episodes(show: str | None, format_: str, data: Path | None) -> None:
    """The episodes of SHOW, or all.

    With their chapters and the verdicts of their claims.
    """
    with _library(data) as store:
        chosen = None if show is None else catalogue.find_show(store, show).id
        rows = listing.episodes(store, catalogue.episodes(store, chosen))
    say(rows, format_, shelves.episodes)


@library.command()
@click.argument("episode")
@options.output_format("text", "json")
@options.data
def show(episode: str, format_: str, data: Path | None) -> None:
    """EPISODE with all that is known of it."""
    with _library(data) as store:
        document = listing.episode(store, catalogue.find_episode(store, episode))
    say(document, format_, shelves.episode)


@library.command()
@click.argument("episode")
@click.argument("file", required=False)
@options.output_format("text", "json")
@options.data
def transcript(episode: str, file: str | None, format_: str, data: Path | None) -> None:
    """Show the transcript of EPISODE, or give it the one in FILE."""
    with _library(data) as store:
        found = catalogue.find_episode(store, episode)
        if file is not None:
            added = Adder(store, _web(()), _tell).add(file, found.id)
            say(listing.addition(store, added), format_, shelves.added)
            return
        document = listing.transcript(store, found)
    if document is None:
        raise click.UsageError(
            f"{found.id} has no transcript: give one with `earwitness library transcript {found.id} "
            f"FILE`, or make one with `earwitness library transcribe {found.id}`"
        )
    say(document, format_, shelves.transcript)


@library.command(name="sync")
@click.argument("show", nargs=-1)
@_most_documents(_DOCUMENTS_OF_SYNC)
@_may_embed
@_allow_host
@options.output_format("text", "json")
@options.data
def sync_(
    *,
    show: tuple[str, ...],
    most_documents: int,
    may_embed: bool,
    hosts: tuple[str, ...],
    format_: str,
    data: Path | None,
) -> None:
    """Ask the feeds of the named shows, or of all, for what is new."""
    web = _web(hosts)
    with _library(data) as store:
        chosen = [catalogue.find_show(store, name) for name in show] or sync.with_feeds(store)
        for one in chosen:
            if not one.facts.feed_url:
                raise click.UsageError(f"{one.id} has no feed: add it by the address of one")
        done = sync.sync(store, web, chosen, tell=_tell, most_documents=most_documents)
        embed.start_after(store, may=may_embed)
    say(listing.synced(done), format_, shelves.synced)
    sys.exit(CANNOT if any(one.outcome is Outcome.FAILED for one in done) else 0)


@library.command()
@click.argument("episode", nargs=-1, required=True)
@_allow_host
@options.output_format("text", "json")
@options.data
def download(
    episode: tuple[str, ...], hosts: tuple[str, ...], format_: str, data: Path | None
) -> None:
    """Download recordings; what was interrupted goes on."""
    web = _web(hosts)
    with _library(data) as store:
        for name in episode:
            found = catalogue.find_episode(store, name)
            path = audio.download(store, web, found, progress=_Percent(f"{found.id}: downloaded"))
            say(listed.FileDocument(path=str(path)), format_, shelves.file)


@library.command()
@click.argument("episode")
@click.option("--engine", type=click.Choice(list(engines.ENGINES)), help="Default: what is here.")
@_allow_host
@options.output_format("text", "json")
@options.data
def transcribe(
    episode: str, engine: str | None, hosts: tuple[str, ...], format_: str, data: Path | None
) -> None:
    """Recognise what is said in EPISODE.

    What was interrupted goes on.
    """
    with _library(data) as store:
        found = catalogue.find_episode(store, episode)
        recogniser = engines.find(engine)
        recording = audio.download(
            store, _web(hosts), found, progress=_Percent(f"{found.id}: downloaded")
        )
        heard = _Percent(f"{found.id}: heard by {recogniser.name}")
        transcribing.transcribe(store, found, recording, recogniser, progress=heard)
        document = listing.transcript(store, found)
    assert document is not None
    say(document, format_, shelves.transcript)


@library.command()
@options.output_format("text", "json")
@options.data
def jobs(format_: str, data: Path | None) -> None:
    """What is done beside everything else, and how it stands.

    Downloads, recognitions, fetched documents and embedding.
    """
    with _library(data) as store:
        say(listing.all_jobs(store), format_, shelves.jobs)


@library.command()
@click.option("--to", type=options.Location(path_type=Path, dir_okay=False), metavar="FILE")
@options.data
def opml(to: Path | None, data: Path | None) -> None:
    """The feeds of all shows as a list that other applications read."""
    with _library(data) as store:
        feeds = [
            OpmlFeed(url=one.facts.feed_url or "", title=one.facts.title, link=one.facts.link)
            for one in sync.with_feeds(store)
        ]
    written = opml_files.write(feeds, "Earwitness", dt.datetime.now(dt.UTC))
    if to is None:
        sys.stdout.write(written.decode())
        return
    try:
        to.write_bytes(written)
    except OSError as problem:
        raise click.BadParameter(f"{to}: {problem.strerror}", param_hint="--to") from None
    print(to.absolute())


@library.command()
@click.argument("show")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.output_format("text", "json")
@options.data
def remove(show: str, yes: bool, format_: str, data: Path | None) -> None:
    """Remove SHOW with all that belongs to it.

    Its episodes, transcripts, recordings, snips and their cards.
    """
    with _library(data) as store:
        found = catalogue.find_show(store, show)
        if found.id in {one.id for one in bundled.shows()}:
            raise click.UsageError(f"{found.id} comes with Earwitness and stays")
        document = listing.removal(found.id, removing.belongings(store, found.id))
        if not (yes or _confirmed(f"Remove {shelves.removal(document)}?")):
            raise click.UsageError(
                f"{shelves.removal(document)} stays: `--yes` removes it without asking"
            )
        removing.remove(store, found.id)
    say(document, format_, shelves.removed)


for _command in (embed.embed, library_store.backup, library_store.restore, library_store.check):
    library.add_command(_command)


@contextlib.contextmanager
def _library(data: Path | None) -> Iterator[Store]:
    """The open store, with the shows that come with the package."""
    with open_store(data_folder(data)) as store:
        bundled.shelve(store)
        yield store


def _confirmed(question: str) -> bool:
    """The answer of whoever sits there; nobody's is no."""
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        return False


def _web(hosts: tuple[str, ...]) -> Web:
    from_environment = os.environ.get(ALLOW_HOSTS, "").replace(",", " ").split()
    return Web(allowed=frozenset(host.lower() for host in (*hosts, *from_environment)))


def _fetch_documents(store: Store, web: Web, added: Addition, most: int) -> None:
    for kept in added.kept:
        documents.fetch(store, web, kept.show, tell=_tell, most=most)


def _tell(line: str) -> None:
    print(shelves.plain(line), file=sys.stderr, flush=True)


class _Percent:
    """Progress on standard error: a line that is written over on a terminal, else every tenth."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._told = -1

    def __call__(self, done: float) -> None:
        """Tell it, when it is news."""
        on_terminal = sys.stderr.isatty()
        percent = int(done * 100)
        if percent == self._told or not (on_terminal or percent // 10 > self._told // 10):
            return
        self._told = percent
        end = "\n" if percent == 100 or not on_terminal else "\r"
        print(f"{self._what} {percent} %", file=sys.stderr, end=end, flush=True)
