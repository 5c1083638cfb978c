"""A show with a transcript, chapters and links, as many tests of snips need it."""

from earwitness.library import catalogue, shelving
from earwitness.library.intake import (
    ChapterSource,
    Enclosure,
    EpisodeFacts,
    Intake,
    Segment,
    ShowFacts,
    Soundbite,
    Source,
    SourcedChapter,
    Transcript,
    TranscriptSource,
)

LINES = (
    (0.0, 10.0, "Host", "Welcome to the show."),
    (10.0, 20.0, "Host", "Today we talk about locks."),
    (20.0, 30.0, "Guest", "A lock has a fast path."),
    (30.0, 40.0, "Guest", "Sixteen slots, then the slow one."),
    (40.0, 50.0, "Host", "And then it queues."),
)


def shelve(store, *, title="Locks", guid="1", lines=LINES, **facts):
    """Keep the episode and return it as the library has it."""
    given = {
        "guid": guid,
        "title": title,
        "date": "2024-03-01",
        "duration_seconds": 120.0,
        "link": "https://talk.example/locks",
        "description": '<p>About <b>locks</b>, with <a href="https://x.example/a">more</a>.</p>',
        "enclosures": (Enclosure(url="https://talk.example/locks.mp3"),),
        "soundbites": (Soundbite(start_seconds=20.0, duration_seconds=15.0, title="Fast path"),),
        "chapters": {
            ChapterSource.PSC: (
                SourcedChapter(start_seconds=0.0, title="Intro"),
                SourcedChapter(start_seconds=20.0, title="Fast path"),
                SourcedChapter(start_seconds=60.0, title="Slow path"),
            )
        },
        "read": (transcript(lines),) if lines else (),
    } | facts
    show = ShowFacts(
        title="Talk",
        author="Somebody",
        link="https://talk.example/",
        feed_url="https://talk.example/feed",
    )
    intake = Intake(source=Source.FEED, show=show, episodes=(EpisodeFacts(**given),))
    shelving.keep(store, intake)
    episodes = catalogue.episodes(store)
    return next(one for one in episodes if one.facts.guid == given["guid"])


def transcript(lines, digest="d"):
    segments = tuple(
        Segment(text=text, start_seconds=start, end_seconds=end, speaker=speaker)
        for start, end, speaker, text in lines
    )
    return Transcript(source=TranscriptSource.FILE, format="vtt", digest=digest, segments=segments)
