"""Small shows to search in: two episodes with times, speakers and chapters, one without times."""

from earwitness.library import shelving
from earwitness.library.chapters import merge
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

FILLER = "Well that is an interesting point and we could go on about plenty of other things today."


def transcript(*lines, digest="1", timed=True):
    """Lines of (speaker, text), ten seconds apart."""
    return Transcript(
        source=TranscriptSource.FILE,
        format="json",
        digest=digest,
        segments=tuple(
            Segment(
                text=text,
                speaker=speaker,
                start_seconds=10.0 * place if timed else None,
                end_seconds=10.0 * place + 9 if timed else None,
            )
            for place, (speaker, text) in enumerate(lines)
        ),
    )


def fill(count, speaker="Ada"):
    return [(speaker, FILLER)] * count


def episode(slug, title, *lines, date="2024-05-01", chapters=(), timed=True, **facts):
    sourced = tuple(SourcedChapter(start_seconds=at, title=name) for at, name in chapters)
    return EpisodeFacts(
        guid=slug,
        slug=slug,
        title=title,
        date=date,
        chapters={ChapterSource.PSC: sourced} if sourced else {},
        read=(transcript(*lines, digest=slug, timed=timed),) if lines else (),
        **facts,
    )


def chapters(*named):
    """Chapters of (start, title), as they are merged."""
    sourced = tuple(SourcedChapter(start_seconds=at, title=title) for at, title in named)
    return merge({ChapterSource.PSC: sourced}, None)


STORAGE = episode(
    "storage",
    "On storage",
    *fill(20),
    ("Grace", "A write-ahead log is flushed before the pages are. It makes commits durable."),
    *fill(20),
    ("Ada", "Compaction of an LSM tree rewrites runs in the background."),
    *fill(10),
    chapters=((0, "Opening"), (200, "Durability"), (410, "Trees")),
)
NETWORKS = episode(
    "networks",
    "On networks",
    *fill(15, "Linus"),
    ("Radia", "A spanning tree keeps frames from running in circles."),
    *fill(15, "Linus"),
    date="2023-02-01",
)
NO_TIMES = episode(
    "no-times", "Without times", *fill(3), ("Ken", "Pipes join programs."), timed=False
)


def keep(store, *episodes, show="talks", title="Talks"):
    facts = ShowFacts(slug=show, title=title)
    return shelving.keep(store, Intake(source=Source.FILE, show=facts, episodes=episodes))
