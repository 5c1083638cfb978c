"""The shows that come with the package, as facts.

Titles, dates, durations, chapters and links stand in ``shows/*.json``, next to our own one-line
wording of what each episode claims; this module only reads them. No sentence of a show's page may
stand there, and nothing here reads anything outside the package.
"""

import functools
from importlib import resources

import msgspec

from earwitness.library import catalogue, shelving
from earwitness.library.intake import (
    ChapterSource,
    EpisodeFacts,
    Intake,
    ShowFacts,
    Source,
    SourcedChapter,
)
from earwitness.library.show import Episode, Show
from earwitness.store.connection import Store

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


def shelve(store: Store) -> None:
    """Put the bundled shows into the library; one that is there only gets what it lacks."""
    for show in shows():
        given = intake(show)
        if not _is_shelved(store, given):  # what is there already is not worth a wait for a writer
            shelving.keep(store, given)


def intake(show: Show) -> Intake:
    """A bundled show as a source has it."""
    return Intake(
        source=Source.BUNDLED,
        show=ShowFacts(slug=show.id, title=show.title, author=show.host),
        episodes=tuple(_facts(episode) for episode in show.episodes),
    )


def _is_shelved(store: Store, given: Intake) -> bool:
    """Whether all that we say of a show and nobody else says is in the store."""
    episodes = {one.id: one.facts for one in catalogue.episodes(store, given.show.slug)}
    chapters = catalogue.chapters(store, episodes)
    for facts in given.episodes:
        id = f"{given.show.slug}/{facts.slug}"
        here = episodes.get(id)
        if here is None or (here.line, here.claims) != (facts.line, facts.claims):
            return False
        ours = facts.chapters.get(ChapterSource.BUNDLED)
        if chapters.get(id, {}).get(ChapterSource.BUNDLED) != ours:
            return False
        if not {link.url for link in facts.links} <= {link.url for link in here.links}:
            return False
    return True


def _facts(episode: Episode) -> EpisodeFacts:
    chapters = tuple(
        SourcedChapter(start_seconds=chapter.start_seconds, title=chapter.title)
        for chapter in episode.chapters
    )
    return EpisodeFacts(
        guid=f"earwitness:{episode.id}",
        slug=episode.id,
        title=episode.title,
        date=episode.date.isoformat(),
        duration_seconds=episode.duration_seconds,
        line=episode.line,
        links=episode.links,
        claims=episode.claims,
        snips=episode.snips,
        chapters={ChapterSource.BUNDLED: chapters} if chapters else {},
    )
