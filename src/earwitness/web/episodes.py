"""``/episodes/...``: one episode to listen to and to read, with what it claims put to the test."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from earwitness.experiment.design import Claim, Source
from earwitness.library import browsing, catalogue
from earwitness.library import chapters as merging
from earwitness.library import snip_catalogue as read
from earwitness.library.catalogue import ShelvedEpisode
from earwitness.library.chapters import Chapter
from earwitness.library.intake import Segment
from earwitness.report.document import RunDocument
from earwitness.web import places, predicting, reading, rendering, site, standing
from earwitness.web.site import Site
from earwitness.web.standing import Standing

MEDIA_TYPES = {
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".mp4": "audio/mp4",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
}
"""Of recordings, by the ending of the file; browsers refuse to guess."""
_SAME_SECONDS = 0.001
"""Addresses name a second with so many digits."""
_Timed = TypeVar("_Timed", Segment, Chapter)


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A claim of the episode, where it stands, and its newest run."""

    standing: Standing
    claim: Claim | None
    run: RunDocument | None
    chapter: Chapter | None
    """Where it is made."""


def episode(request: Request) -> Response:
    """The whole page."""
    here = site.of(request)
    shelved = find(here, request)
    chapters = chapters_of(here, shelved)
    segments = segments_of(here, shelved)
    newer, older = browsing.neighbours(here.store, shelved)
    beside = browsing.those(here.store, filter(None, (newer, older)))
    start = places.seconds_of(request.query_params.get("t", ""))
    return rendering.page(
        request,
        "episode.html.j2",
        episode=shelved,
        chapters=chapters,
        claimed=_claimed(here, shelved, chapters),
        paragraphs=reading.paragraphs(segments, [c.start_seconds for c in chapters]),
        timed=any(segment.start_seconds is not None for segment in segments),
        audio=None if shelved.audio_file is None else f"/media/{shelved.id}",
        start=start,
        line=_at(segments, start),
        part=_at(chapters, start),
        own=read.every(here.store, episode=shelved.id),
        newer=beside.get(newer or ""),
        older=beside.get(older or ""),
        fields=predicting.fields,
    )


def recording(request: Request) -> Response:
    """The episode's recording, in parts where that is asked (RFC 9110, section 14)."""
    here = site.of(request)
    shelved = find(here, request)
    folder = here.serving.folder.resolve()
    file = None if shelved.audio_file is None else (folder / shelved.audio_file).resolve()
    if file is None or not file.is_relative_to(folder) or not file.is_file():
        raise HTTPException(404, "The recording of this episode is not here.")
    return FileResponse(file, media_type=_media_type(file))


def find(here: Site, request: Request) -> ShelvedEpisode:
    """The episode that a path names by its whole id. Raises NotInLibrary."""
    return catalogue.find_episode(here.store, request.path_params["episode"])


def chapters_of(here: Site, episode: ShelvedEpisode) -> tuple[Chapter, ...]:
    """The chapters that all its sources have, as one list; those in the table of contents."""
    by_source = catalogue.chapters(here.store, [episode.id]).get(episode.id, {})
    merged = merging.merge(by_source, episode.facts.duration_seconds)
    return tuple(chapter for chapter in merged if chapter.listed)


def segments_of(here: Site, episode: ShelvedEpisode) -> list[Segment]:
    """The lines of the transcript that was chosen; none: there is no transcript."""
    known = catalogue.transcripts(here.store, episode.id)
    return catalogue.segments(here.store, known[0].id) if known else []


def _at(parts: Sequence[_Timed], seconds: float | None) -> _Timed | None:
    """The line or chapter that holds a second: the last that begins by then."""
    if seconds is None:
        return None
    begun = [
        part
        for part in parts
        if part.start_seconds is not None and part.start_seconds <= seconds + _SAME_SECONDS
    ]
    return max(begun, key=lambda part: part.start_seconds or 0.0, default=None)


def _claimed(here: Site, episode: ShelvedEpisode, chapters: tuple[Chapter, ...]) -> list[Claimed]:
    standings = standing.standings(here)
    found = []
    for id in episode.facts.claims:
        one = standings.get(id) or Standing(
            claim=id, title=id, installed=False, newest=None, under_way=None
        )
        claim = here.claims.get(id)
        found.append(
            Claimed(
                standing=one,
                claim=claim,
                run=None if one.newest is None else here.shelf.document(one.newest),
                chapter=None if claim is None else _chapter(chapters, claim.source),
            )
        )
    return found


def _chapter(chapters: tuple[Chapter, ...], source: Source) -> Chapter | None:
    """The chapter in which a claim is made: by its second, else by its name."""
    if source.seconds is not None:
        before = [chapter for chapter in chapters if chapter.start_seconds <= source.seconds]
        return before[-1] if before else None
    return next((chapter for chapter in chapters if chapter.title == source.chapter), None)


def _media_type(file: Path) -> str:
    return MEDIA_TYPES.get(file.suffix.lower(), "application/octet-stream")
