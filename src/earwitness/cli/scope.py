"""What the verbs that look something up share: where to look, and an index that is up to date."""

import sys

import click

from earwitness.cli import options
from earwitness.library import bundled, catalogue
from earwitness.library.search.scope import Scope
from earwitness.report import measured
from earwitness.store.connection import Store

_WORTH_TELLING = 100
"""Episodes to be indexed from which on progress is shown."""

show = click.option(
    "--show", type=options.Name(), help="Only this show: its id, or words of its title."
)
episode = click.option(
    "--episode", type=options.Name(), help="Only this episode: its id, or words of its title."
)


def prepare(store: Store) -> None:
    """The bundled shows on their shelf, and the index up to date."""
    bundled.shelve(store)
    measured.refresh(store, _progress)


def named(store: Store, show: str | None, episode: str | None) -> Scope:
    """Where to look. Raises NotInLibrary."""
    of_show = None if show is None else catalogue.find_show(store, show).id
    if episode is None:
        return Scope(show=of_show)
    return Scope(episode=catalogue.find_episode(store, episode, show=of_show).id)


def _progress(done: int, all_: int) -> None:
    if all_ >= _WORTH_TELLING and sys.stderr.isatty():
        print(f"\rindexing: {done} of {all_} episodes", end="", file=sys.stderr, flush=True)
