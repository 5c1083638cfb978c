"""Removes a show with all that belongs to it, and says before what that is."""

from dataclasses import dataclass

import sqlalchemy as sa

from earwitness.library import audio
from earwitness.store import library_tables as tables
from earwitness.store import review_tables
from earwitness.store.connection import Store


@dataclass(frozen=True, kw_only=True)
class Belongings:
    """What goes when a show is removed."""

    episodes: int
    transcripts: int
    recordings: int
    snips: int
    cards: int
    """Those that are made of its snips."""


def belongings(store: Store, show: str) -> Belongings:
    """What belongs to a show, counted."""
    of_show = sa.select(tables.episodes.c.id).where(tables.episodes.c.show == show)
    snips = review_tables.snips.c
    of_snips = sa.select(snips.id).where(snips.episode.in_(of_show))
    counted = {
        "episodes": of_show,
        "transcripts": sa.select(tables.transcripts.c.id).where(
            tables.transcripts.c.episode.in_(of_show)
        ),
        "recordings": of_show.where(tables.episodes.c.audio_file.is_not(None)),
        "snips": of_snips.where(snips.deleted.is_(False)),
        "cards": sa.select(review_tables.cards.c.id).where(
            review_tables.cards.c.snip.in_(of_snips)
        ),
    }
    with store.reading() as connection:
        return Belongings(
            **{
                name: connection.execute(
                    sa.select(sa.func.count()).select_from(rows.subquery())
                ).scalar_one()
                for name, rows in counted.items()
            }
        )


def remove(store: Store, show: str) -> None:
    """Remove a show with its episodes, and everything that belongs to them."""
    with store.writing() as connection:
        connection.execute(tables.shows.delete().where(tables.shows.c.id == show))
        of_show = tables.jobs.c.subject.startswith(f"{show}/", autoescape=True)
        connection.execute(tables.jobs.delete().where(of_show))
    audio.remove_of(store, show)
