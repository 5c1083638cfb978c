"""``earwitness library embed``: the vectors of the embedding model, in the background of a machine."""

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import click

from earwitness.cli import options, scope
from earwitness.cli.saying import say
from earwitness.library import listed
from earwitness.library.jobs import JobTaken
from earwitness.library.search.embedding import background, making, vectors
from earwitness.store.connection import Store, data_folder, open_store

INTERRUPTED = 130


@click.command()
@click.option("--until-input-ends", is_flag=True, help="Stop when standard input ends.")
@options.output_format("text", "json")
@options.data
def embed(*, until_input_ends: bool, format_: str, data: Path | None) -> None:
    """Make the vectors that passages lack.

    It needs the embedding model, gives way to everything else, waits while an experiment runs, and may be stopped at any time;
    the next one goes on.
    """
    stop = threading.Event()
    _stop_on_signals(stop)
    if until_input_ends:
        threading.Thread(target=_watch_input, args=(stop,), daemon=True).start()
    background.give_way()
    with open_store(data_folder(data)) as store:
        made = 0
        try:
            made = _until_nothing_is_missing(store, stop)
        except JobTaken as other:
            print(other, file=sys.stderr)
        done, whole = vectors.counts(store)
    document = listed.EmbedDocument(made=made, embedded=done, passages=whole)
    say(document, format_, lambda _: None)
    if stop.is_set():
        sys.exit(INTERRUPTED)


def start_after(store: Store, *, may: bool) -> None:
    """After something came into the library: let the vectors be made, and say so."""
    if may and background.wanted():
        background.start(store.file.parent, with_us=False)
        print(
            "embedding what is new in the background: see `earwitness library jobs`",
            file=sys.stderr,
        )


def _until_nothing_is_missing(store: Store, stop: threading.Event) -> int:
    """With what comes into the library meanwhile; how many vectors were made."""
    go_on, made = background.between_experiments(stop.is_set), 0
    while go_on():
        scope.prepare(store)
        if not making.any_missing(store):
            break
        made += making.embed(store, _tell, go_on=go_on)
    return made


def _tell(done: int, all_: int) -> None:
    print(f"embedded {done} of {all_} passages", file=sys.stderr)


def _stop_on_signals(stop: threading.Event) -> None:
    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, asked)


def _watch_input(stop: threading.Event) -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    stop.set()
