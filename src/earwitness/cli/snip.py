"""``earwitness snip``: save a moment of an episode."""

from pathlib import Path

import click
import msgspec

from earwitness.cli import options
from earwitness.cli.saying import say
from earwitness.library import bundled, catalogue, moment, sharing, snips
from earwitness.library import snip as values
from earwitness.library import snip_catalogue as read
from earwitness.library.catalogue import ShelvedEpisode
from earwitness.library.moment import NoSuchMoment
from earwitness.library.snip import Contents
from earwitness.report import snip_words
from earwitness.report.words import count, plain
from earwitness.store.connection import Store, data_folder, open_store

CONTEXT_SECONDS = 15.0


@click.command()
@click.argument("episode")
@click.argument("place", required=False)
@click.option(
    "--context",
    type=options.Seconds(),
    default=CONTEXT_SECONDS,
    show_default="15s",
    help="So much before and after the place.",
)
@click.option("--from-chapter", metavar="TITLE", help="The whole chapter of that title.")
@click.option(
    "--from-soundbite",
    type=click.IntRange(1),
    metavar="N",
    help="The Nth moment that the makers of the show picked.",
)
@click.option("--title", default="", help="What you call it.")
@click.option("--note", default="", help="What you want to say about it; Markdown.")
@click.option("--quote", default="", help="What was said; without it: from the transcript.")
@click.option("--tag", type=options.Name(), multiple=True, help="A tag; repeatable.")
@click.option("--favourite", is_flag=True, help="Mark it as one of the best.")
@click.option("--show", type=options.Name(), help="The show that the episode is of.")
@options.output_format("text", "json")
@options.data
def snip(
    *,
    episode: str,
    place: str | None,
    context: float,
    from_chapter: str | None,
    from_soundbite: int | None,
    title: str,
    note: str,
    quote: str,
    tag: tuple[str, ...],
    favourite: bool,
    show: str | None,
    format_: str,
    data: Path | None,
) -> None:
    """Save the moment at PLACE of EPISODE: 12:34, or 12:34-13:10."""
    if sum(choice is not None for choice in (place, from_chapter, from_soundbite)) != 1:
        raise click.UsageError("give one of: a place, --from-chapter, --from-soundbite")
    with open_store(data_folder(data)) as store:
        bundled.shelve(store)
        of = catalogue.find_show(store, show).id if show else None
        found = catalogue.find_episode(store, episode, show=of)
        if from_chapter is not None:
            start = _chapter(store, found, from_chapter)
        elif from_soundbite is not None:
            start = _soundbite(found, from_soundbite)
        else:
            start = _place(store, found, str(place), context)
        contents = msgspec.structs.replace(
            start,
            title=title or start.title,
            note=note,
            quote=quote,
            quote_by_hand=bool(quote),
            tags=values.tags(tag),
            favourite=favourite,
        )
        saved = snips.make(store, found, contents)
    told = snip_words.told(saved, sharing.link(saved, found.facts))
    document = snip_words.described(saved, found.facts)
    say(document, format_, lambda _: print(plain(told), end=""))


def _place(store: Store, episode: ShelvedEpisode, place: str, context: float) -> Contents:
    chosen, chapter = moment.span(place), None
    if chosen is None:
        at = moment.place(place)
        moment.within((at, at + 1), episode.facts.duration_seconds)
        chosen = moment.around(at, context, read.segments(store, episode.id))
        chapter = moment.chapter_at(read.chapters(store, episode.id), at)
    start, end = moment.within(chosen, episode.facts.duration_seconds)
    return Contents(start_seconds=start, end_seconds=end, chapter=chapter)


def _chapter(store: Store, episode: ShelvedEpisode, title: str) -> Contents:
    """From the start of the chapter to the next one, or to the end of the episode."""
    known = read.chapters(store, episode.id)
    wanted = title.casefold().strip()
    places = [n for n, one in enumerate(known) if one.title.casefold() == wanted]
    places = places or [n for n, one in enumerate(known) if wanted in one.title.casefold()]
    if len(places) != 1:
        there = ", ".join(chapter.title for chapter in known) or "none"
        many = "several chapters are" if places else "no chapter is"
        raise NoSuchMoment(f"{many} called {title!r}; the episode has: {there}")
    chapter = known[places[0]]
    following = known[places[0] + 1].start_seconds if places[0] + 1 < len(known) else None
    end = chapter.end_seconds or following or episode.facts.duration_seconds
    if end is None:
        raise NoSuchMoment("the last chapter has no known end: give a place such as 12:34-13:10")
    span = moment.within((chapter.start_seconds, end), episode.facts.duration_seconds)
    return Contents(
        start_seconds=span[0], end_seconds=span[1], title=chapter.title, chapter=chapter.title
    )


def _soundbite(episode: ShelvedEpisode, number: int) -> Contents:
    bites = episode.facts.soundbites
    if number > len(bites):
        raise NoSuchMoment(
            f"the episode has {count(len(bites), 'soundbite')}: there is no {number}"
        )
    bite = bites[number - 1]
    end = bite.start_seconds + bite.duration_seconds
    start, end = moment.within((bite.start_seconds, end), episode.facts.duration_seconds)
    return Contents(start_seconds=start, end_seconds=end, title=bite.title)
