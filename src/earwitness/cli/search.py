"""``earwitness search``: passages of everything in the library, with the second they stand at."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from earwitness.cli import options, scope
from earwitness.library.search import searching
from earwitness.library.search.embedding import making
from earwitness.library.search.hits import Hit
from earwitness.report import excerpts, found_document, json, words
from earwitness.store.connection import data_folder, open_store


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("query", required=False, nargs=-1)
@scope.show
@scope.episode
@click.option("--most", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--embed", is_flag=True, help="Make the vectors that are missing, first.")
@options.output_format("text", "json")
@options.data
def search(
    *,
    query: tuple[str, ...],
    show: str | None,
    episode: str | None,
    most: int,
    embed: bool,
    format_: str,
    data: Path | None,
) -> None:
    """Find QUERY in the library: words, "phrases", -word, begin*, and fields.

    Fields are show:, episode:, speaker:, chapter:, after: and before: with a day, such as
    after:2023-05-01.
    """
    if not query and not embed:
        raise click.UsageError("name something to look for")
    with open_store(data_folder(data)) as store:
        scope.prepare(store)
        if embed:
            making.embed(store, _embedding)
        if not query:
            return
        text = " ".join(query)
        where = scope.named(store, show, episode)
        hits = searching.search(store, text, scope=where, most=most)
    if format_ == "json":
        sys.stdout.buffer.write(json.encode(found_document.search_document(text, hits)))
        return
    terminal = Console(highlight=False)
    for hit in hits:
        terminal.print(_told(hit))
    if not hits:
        terminal.print("Nothing was found.")


def _told(hit: Hit) -> Text:
    """A hit in two or three lines: where, then the passage around the sentence that fits."""
    told = Text()
    told.append(place(hit.episode or hit.facts.title, hit.start_seconds, hit.chapter), "bold")
    told.append(f"  {hit.kind.value}", "dim")
    passage = Text(words.plain(f"\n  {excerpts.around(hit)}\n"))
    passage.highlight_words(hit.matched, "bold yellow", case_sensitive=False)
    return told.append(passage)


def place(title: str | None, seconds: float | None, chapter: str | None) -> str:
    """Where something stands: ``Title, 9:20 (Chapter)``."""
    told = words.plain(title or "This machine")
    if seconds is not None:
        told += f", {words.clock(seconds)}"
    return f"{told} ({words.plain(chapter)})" if chapter else told


def _embedding(done: int, all_: int) -> None:
    print(f"embedded {done} of {all_} passages", file=sys.stderr)
