"""The shows that come with the package, as facts.

Titles, dates, durations, chapters and links stand in ``shows/*.json``, next to our own one-line
wording of what each episode claims; this module only reads them. No sentence of a show's page may
stand there, and nothing here reads anything outside the package.
"""

import functools
from importlib import resources

import msgspec

from earwitness.library.show import Episode, Show

_FILES = ("backend_engineering_show.json",)


@functools.cache
def shows() -> tuple[Show, ...]:
    """All bundled shows; episodes newest first, as on the show's own page."""
    folder = resources.files("earwitness.library") / "shows"
    return tuple(msgspec.json.decode((folder / name).read_bytes(), type=Show) for name in _FILES)


def find_show(show_id: str) -> Show:
    """The bundled show of that id; KeyError when there is none."""
    return {show.id: show for show in shows()}[show_id]


def find_episode(show_id: str, episode_id: str) -> Episode:
    """That episode of a bundled show; KeyError when there is none."""
    return {episode.id: episode for episode in find_show(show_id).episodes}[episode_id]
