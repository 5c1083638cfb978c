"""What an export says of each episode: its facts, snips with their history and reviews, transcript.

Reads the store once for all formats; nothing is rendered here.
"""

import collections
import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from earwitness.library import catalogue
from earwitness.library import snip_catalogue as read
from earwitness.library.catalogue import ShelvedEpisode, ShelvedShow
from earwitness.library.chapters import Chapter
from earwitness.library.intake import Segment
from earwitness.library.review import cards
from earwitness.library.review.faces import of_snip
from earwitness.library.snip import Entry, Snip
from earwitness.store.connection import Store


@dataclass(frozen=True, kw_only=True)
class KeptSnip:
    """A snip with all that happened to it."""

    snip: Snip
    history: tuple[Entry, ...]
    returned: tuple[dt.datetime, ...]
    """When its card was reviewed."""


@dataclass(frozen=True, kw_only=True)
class EpisodeNote:
    """An episode and what was kept of it."""

    show: ShelvedShow
    episode: ShelvedEpisode
    chapters: tuple[Chapter, ...]
    snips: tuple[KeptSnip, ...]
    transcript: tuple[Segment, ...] = ()


def gather(store: Store, snips: Iterable[Snip], *, transcripts: bool = False) -> list[EpisodeNote]:
    """The episodes of these snips, in their order, each with its snips."""
    by_episode: dict[str, list[Snip]] = {}
    for one in snips:
        by_episode.setdefault(one.episode, []).append(one)
    returned = _returned(store)
    shows = {show.id: show for show in catalogue.shows(store)}
    episodes = {episode.id: episode for episode in catalogue.episodes(store)}
    return [
        EpisodeNote(
            show=shows[episodes[id].show],
            episode=episodes[id],
            chapters=read.chapters(store, id),
            snips=tuple(
                KeptSnip(
                    snip=one,
                    history=tuple(read.history(store, one.id)),
                    returned=tuple(returned[of_snip(one).id]),
                )
                for one in of_episode
            ),
            transcript=tuple(read.segments(store, id)) if transcripts else (),
        )
        for id, of_episode in by_episode.items()
    ]


def _returned(store: Store) -> collections.defaultdict[str, list[dt.datetime]]:
    times: collections.defaultdict[str, list[dt.datetime]] = collections.defaultdict(list)
    for review in cards.log(store):
        times[review.card].append(review.at)
    return times
