"""The site in this process, over a data folder of the test, with one show that has everything."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from earwitness.library import shelving
from earwitness.library.intake import (
    ChapterSource,
    EpisodeFacts,
    Intake,
    Segment,
    ShowFacts,
    Source,
    SourcedChapter,
    Transcript,
    TranscriptSource,
)
from earwitness.store.connection import Store, open_store
from earwitness.web.app import build
from earwitness.web.site import Serving

ADDRESS = "http://127.0.0.1"
SHOW = "sorting"
EPISODE = "sorting/timsort"


def sorting_show(episodes: int = 1, lines: int = 12) -> Intake:
    """A show whose first episode has chapters, a transcript and a description."""
    segments = tuple(
        Segment(
            text=f"Line {number} says something of sorted runs.",
            start_seconds=number * 5.0,
            end_seconds=number * 5.0 + 5,
            speaker="Ada" if number % 4 < 2 else "Tim",
        )
        for number in range(lines)
    )
    first = EpisodeFacts(
        guid="1",
        slug="timsort",
        title="Timsort & <friends>",
        date="2024-05-01",
        duration_seconds=60.0,
        description="<p>About <em>runs</em>.</p>",
        claims=("select-star",),
        chapters={
            ChapterSource.PSC: (
                SourcedChapter(start_seconds=0, title="Intro"),
                SourcedChapter(start_seconds=20, title="Runs"),
                SourcedChapter(start_seconds=40, title="Galloping"),
            )
        },
        read=(
            Transcript(
                source=TranscriptSource.FILE, format="vtt", digest="1" * 64, segments=segments
            ),
        ),
    )
    others = tuple(
        EpisodeFacts(
            guid=str(number),
            title=f"Episode {number}",
            date=(dt.date(2024, 5, 1) - dt.timedelta(number)).isoformat(),
            duration_seconds=60.0 * number,
        )
        for number in range(2, episodes + 1)
    )
    return Intake(
        source=Source.FEED,
        show=ShowFacts(slug=SHOW, title="Sorting", author="Ada"),
        episodes=(first, *others),
    )


def shelve(store: Store, intake: Intake) -> None:
    """Keep a show with its transcripts."""
    kept = shelving.keep(store, intake)
    for facts in intake.episodes:
        for transcript in facts.read:
            shelving.keep_transcript(store, f"{kept.show}/{facts.slug}", transcript)


@pytest.fixture
def stocked(data: Path) -> Path:
    """A data folder with the show in it."""
    with open_store(data) as store:
        shelve(store, sorting_show(episodes=95))
    return data


@pytest.fixture
def site(stocked: Path) -> Iterator[TestClient]:
    """A browser of sorts in front of the site."""
    app = build(Serving(folder=stocked))
    with TestClient(app, base_url=ADDRESS, raise_server_exceptions=False) as client:
        yield client


def token(client: TestClient, page: str) -> str:
    """The token of a form on a page."""
    text = client.get(page).text
    return text.partition('name="token" value="')[2].partition('"')[0]
