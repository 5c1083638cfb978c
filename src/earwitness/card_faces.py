"""What cards say, from the places that know it: snips, claims with their runs, chapters with notes."""

import contextlib
from collections.abc import Iterable
from importlib import resources

from earwitness import history
from earwitness.claims import registry
from earwitness.library import catalogue
from earwitness.library import snip_catalogue as read
from earwitness.library.export.gathering import EpisodeNote
from earwitness.library.review import cards, faces
from earwitness.library.review.cards import Card
from earwitness.library.review.faces import Faces
from earwitness.report import claim_card
from earwitness.store import runs
from earwitness.store.connection import Store
from earwitness.trouble import Trouble


def of_claims(store: Store, ids: Iterable[str]) -> list[Faces]:
    """The cards of these claims, with the newest run of each. Raises UnknownClaim, BrokenClaim."""
    newest = runs.newest_by_claim(store)
    return [
        claim_card.faces(
            registry.find(id).claim,
            history.document_of(store, newest[id]) if id in newest else None,
        )
        for id in ids
    ]


def of_chapters(store: Store, episode_id: str) -> list[Faces]:
    """The cards of the chapters of an episode. Raises NotInLibrary."""
    episode = catalogue.find_episode(store, episode_id)
    notes = field_notes(episode_id)
    return [
        faces.of_chapter(episode.id, episode.facts.title, episode.show_title, chapter, notes)
        for chapter in read.chapters(store, episode.id)
    ]


def of_notes(notes: Iterable[EpisodeNote]) -> list[tuple[Faces, str]]:
    """The cards of all snips of an export, each with when it last changed what it says."""
    return [
        (faces.of_snip(kept.snip), faces.changed_at(kept.snip, kept.history))
        for note in notes
        for kept in note.snips
    ]


def of_others(store: Store) -> list[tuple[Faces, str]]:
    """All other cards with their newest faces, and when each last changed what it says."""
    freshen(store)
    others = (card for card in cards.every(store) if card.kind != "snip")
    return [(card.faces, card.changed_at) for card in others]


def field_notes(episode_id: str) -> str | None:
    """Our own text on an episode, Markdown; None where there is none."""
    name = f"{episode_id.rpartition('/')[2]}.md"
    file = resources.files("earwitness.library") / "notes" / name
    return file.read_text(encoding="utf-8") if file.is_file() else None


def freshen(store: Store) -> None:
    """Give every card the newest faces of what it is made from; what is gone keeps its old ones."""
    known = cards.every(store)
    wanted = {card.id for card in known}
    made = [faces.of_snip(one) for one in read.every(store)] if wanted else []
    claims = {card.id.partition(":")[2] for card in known if card.kind == "claim"}
    loadable, _ = registry.loadable() if claims else ({}, {})
    made += of_claims(store, sorted(claims & set(loadable)))
    episodes = {episode_of(card) for card in known if card.kind == "chapter"}
    there = {episode.id for episode in catalogue.episodes(store)} if episodes else set()
    for episode in sorted(episodes & there):
        made += of_chapters(store, episode)
    cards.keep(store, [one for one in made if one.id in wanted])


def fresh(store: Store, card: Card) -> Card:
    """One card with its newest faces, which are kept; as it is where its source is gone."""
    made: list[Faces] = []
    with contextlib.suppress(Trouble):
        if card.snip is not None:
            made = [faces.of_snip(read.find(store, card.snip))]
        elif card.kind == "claim":
            made = of_claims(store, [card.id.partition(":")[2]])
        elif card.kind == "chapter":
            made = of_chapters(store, episode_of(card))
    newest = next((one for one in made if one.id == card.id), card.faces)
    if newest == card.faces:
        return card
    cards.keep(store, [newest])
    return cards.find(store, card.id)


def episode_of(card: Card) -> str:
    """Id of the episode that the card of a chapter is made from."""
    return card.id.partition(":")[2].rpartition("@")[0]
