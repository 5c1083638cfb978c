"""Fetches what a feed offers beside its episodes: a list of chapters, and transcripts.

One transcript of an episode is fetched, the first of those it offers that can be read. A document
has a job of its own, so that one that failed is left alone for a day, and none is fetched twice.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from earwitness.library import catalogue, jobs, shelving
from earwitness.library.catalogue import ShelvedEpisode
from earwitness.library.fetching import fetcher
from earwitness.library.fetching.problems import NotFetched
from earwitness.library.fetching.web import Web
from earwitness.library.intake import (
    ChapterSource,
    NotReadable,
    Transcript,
    TranscriptLink,
    TranscriptSource,
)
from earwitness.library.jobs import JobKind, JobRecord, JobTaken
from earwitness.library.reading import chapters_json, recognise
from earwitness.store.connection import Store

_READABLE = ("text/vtt", "application/json", "application/x-subrip", "application/srt", "text/srt")
"""Types of transcripts that can be read, the best first: the first two may name who speaks."""
_LEFT_ALONE_FOR = dt.timedelta(days=1)
"""How long a document that failed is not asked for again."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """Something that a feed offers for an episode."""

    episode: str
    url: str
    transcript: TranscriptLink | None
    """None: it is a list of chapters."""

    @property
    def subject(self) -> str:
        """The name of its job."""
        return f"{self.episode} {self.url}"


def fetch(store: Store, web: Web, show: str, *, tell: Callable[[str], None], most: int) -> int:
    """Fetch at most so many documents of a show that are not here; returns how many came."""
    came, asked, served = 0, 0, set[str]()
    for offer in wanted(store, show):
        if offer.transcript is not None and offer.episode in served:
            continue  # a better one came
        if asked == most:
            tell(f"{show}: more documents are offered; the next sync goes on")
            break
        asked += 1
        tell(f"{offer.episode}: {'chapters' if offer.transcript is None else 'transcript'}")
        try:
            with jobs.working(store, JobKind.DOCUMENTS, offer.subject, once=True):
                _keep(store, web, offer)
                came += 1
        except JobTaken:
            pass  # another process has it
        except (NotFetched, NotReadable) as problem:
            tell(f"{offer.episode}: {problem}")
            continue
        if offer.transcript is not None:
            served.add(offer.episode)
    return came


def wanted(store: Store, show: str) -> Iterator[Offer]:
    """What is offered and not here, the newest episode first and of each the best first."""
    known = {job.subject: job for job in jobs.every(store) if job.kind == JobKind.DOCUMENTS}
    with_transcript = catalogue.with_transcript_of(store, show, TranscriptSource.FEED)
    for episode in catalogue.episodes(store, show):
        for offer in offers(episode):
            job = known.get(offer.subject)
            if job is not None and job.status == "interrupted":
                yield offer  # it may have come; coming again changes nothing, and settles the job
            elif offer.transcript is not None and episode.id in with_transcript:
                continue
            elif not _is_settled(job):
                yield offer


def offers(episode: ShelvedEpisode) -> list[Offer]:
    """All that a feed offers for an episode and that can be read."""
    facts = episode.facts
    found = []
    if facts.chapters_link:
        found.append(Offer(episode=episode.id, url=facts.chapters_link, transcript=None))
    readable = [link for link in facts.transcripts if _type(link) in _READABLE]
    readable.sort(key=lambda link: _READABLE.index(_type(link)))
    found += [Offer(episode=episode.id, url=link.url, transcript=link) for link in readable]
    return found


def _type(link: TranscriptLink) -> str:
    return link.type.partition(";")[0].strip().lower()


def _is_settled(job: JobRecord | None) -> bool:
    """Whether a document is here, or shall be left alone for now."""
    if job is None or job.status not in ("finished", "failed"):
        return False
    age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(job.updated_at)
    return job.status == "finished" or age < _LEFT_ALONE_FOR


def _keep(store: Store, web: Web, offer: Offer) -> None:
    body = fetcher.fetch(web, offer.url).body
    if offer.transcript is None:
        chapters = chapters_json.read(body, offer.url)
        shelving.keep_chapters(store, offer.episode, ChapterSource.JSON, chapters)
        return
    transcript = recognise.read(body, fetcher.shown(offer.url))
    if not isinstance(transcript, Transcript):
        raise NotReadable(f"{fetcher.shown(offer.url)} is no transcript")
    whole = msgspec.structs.replace(
        transcript,
        source=TranscriptSource.FEED,
        origin=offer.url,
        language=transcript.language or offer.transcript.language,
    )
    shelving.keep_transcript(store, offer.episode, whole)
