"""Shows, episodes and transcripts as JSON."""

from earwitness.library import browsing, catalogue
from earwitness.library.browsing import Wanted
from earwitness.library.catalogue import ShelvedEpisode, ShelvedShow
from earwitness.web import episodes as pages
from earwitness.web.api import values
from earwitness.web.api.operation import Nothing, Operation
from earwitness.web.site import Site


def _shows(here: Site, _path: dict[str, str], _query: Nothing) -> list[values.Show]:
    return [_show(one) for one in catalogue.shows(here.store)]


def _episodes(here: Site, path: dict[str, str], query: values.EpisodesQuery) -> values.Episodes:
    show = catalogue.find_show(here.store, path["show"])
    wanted = Wanted(
        show=show.id,
        words=query.words,
        order=query.order,
        only_claims=query.claims,
        first=query.first,
        most=query.most,
    )
    page = browsing.page(here.store, wanted)
    return values.Episodes(
        total=page.total,
        first=page.first,
        following=page.following,
        episodes=[_episode(one) for one in page.episodes],
    )


def _in_full(here: Site, path: dict[str, str], _query: Nothing) -> values.EpisodeInFull:
    one = catalogue.find_episode(here.store, path["episode"], show=path["show"])
    return values.EpisodeInFull(
        episode=_episode(one),
        description=one.facts.description,
        chapters=[
            values.Chapter(start_seconds=chapter.start_seconds, title=chapter.title)
            for chapter in pages.chapters_of(here, one)
        ],
        links=[values.Link(url=link.url, label=link.label) for link in one.facts.links],
        audio=None if one.audio_file is None else f"/media/{one.id}",
    )


def _transcript(here: Site, path: dict[str, str], _query: Nothing) -> list[values.Line]:
    one = catalogue.find_episode(here.store, path["episode"], show=path["show"])
    return [
        values.Line(
            text=segment.text,
            start_seconds=segment.start_seconds,
            end_seconds=segment.end_seconds,
            speaker=segment.speaker,
        )
        for segment in pages.segments_of(here, one)
    ]


def _show(one: ShelvedShow) -> values.Show:
    return values.Show(
        id=one.id,
        title=one.facts.title,
        author=one.facts.author,
        description=one.facts.description,
        link=one.facts.link,
        episodes=one.episodes,
    )


def _episode(one: ShelvedEpisode) -> values.Episode:
    facts = one.facts
    return values.Episode(
        id=one.id,
        show=one.show,
        show_title=one.show_title,
        title=facts.title,
        date=facts.date,
        duration_seconds=facts.duration_seconds,
        line=facts.line,
        snips=facts.snips,
        claims=facts.claims,
    )


OPERATIONS = (
    Operation(
        name="shows",
        method="GET",
        path="/api/shows",
        summary="All shows, by title",
        act=_shows,
        gives=list[values.Show],
    ),
    Operation(
        name="episodes",
        method="GET",
        path="/api/shows/{show}/episodes",
        summary="A part of a show's episodes, filtered and sorted",
        act=_episodes,
        query=values.EpisodesQuery,
        gives=values.Episodes,
        refuses=(404,),
    ),
    Operation(
        name="episode",
        method="GET",
        path="/api/shows/{show}/episodes/{episode}",
        summary="An episode with its chapters and links",
        act=_in_full,
        gives=values.EpisodeInFull,
        refuses=(404,),
    ),
    Operation(
        name="transcript",
        method="GET",
        path="/api/shows/{show}/episodes/{episode}/transcript",
        summary="The lines of an episode's transcript; none: it has no transcript",
        act=_transcript,
        gives=list[values.Line],
        refuses=(404,),
    ),
)
