"""Cards as pages and the API ask for them: the next one with what each grade would do, and new ones."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from earwitness import card_faces
from earwitness.library import snip_catalogue as read
from earwitness.library.review import cards, faces, scheduling
from earwitness.library.review.cards import Card
from earwitness.library.review.scheduling import Grade
from earwitness.report import review_words
from earwitness.store.connection import Store

OWN_DECK = "Own"
"""Where questions of one's own go unless another deck is named."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A card to ask now."""

    card: Card
    waits: dict[Grade, str]
    """In how long it would be asked again after each grade."""
    claim: str | None
    """Id of the claim that the card is made from."""
    address: str | None
    """Where on the site its moment, chapter or claim is."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What cards are to be made from."""

    snips: Sequence[str] = ()
    every_snip: bool = False
    claims: Sequence[str] = ()
    chapters_of: str = ""
    """Id of an episode."""
    front: str = ""
    back: str = ""
    deck: str = OWN_DECK


@dataclass(frozen=True, kw_only=True)
class Made:
    """What an order came to."""

    cards: list[str]
    new: int


def asked(store: Store, card: Card) -> Asked:
    """The card with its newest faces."""
    card = card_faces.fresh(store, card)
    now = dt.datetime.now(dt.UTC)
    seed = f"{card.id}:{card.number + 1}"
    return Asked(
        card=card,
        waits={
            grade: review_words.until(scheduling.interval(card.memory, grade, now, seed=seed))
            for grade in Grade
        },
        claim=card.id.partition(":")[2] if card.kind == "claim" else None,
        address=_address(store, card),
    )


def make(store: Store, order: Order) -> Made:
    """Make the cards; those that are there get their newest faces.

    Raises NoSuchSnip, UnknownClaim, BrokenClaim, NotInLibrary.
    """
    made = [faces.of_snip(read.find(store, name)) for name in order.snips]
    if order.every_snip:
        made += [faces.of_snip(one) for one in read.every(store)]
    made += card_faces.of_claims(store, order.claims)
    if order.chapters_of:
        made += card_faces.of_chapters(store, order.chapters_of)
    new, _ = cards.keep(store, made)
    own = []
    if order.front and order.back:
        own = [cards.add_own(store, order.front, order.back, order.deck or OWN_DECK).id]
    return Made(cards=[*(one.id for one in made), *own], new=new + len(own))


def _address(store: Store, card: Card) -> str | None:
    if card.snip is not None:
        one = read.find(store, card.snip)
        at = one.contents.start_seconds
        return f"/episodes/{quote(one.episode)}" + ("" if at is None else f"#t={int(at)}")
    if card.kind == "chapter":
        episode, _, second = card.id.partition(":")[2].rpartition("@")
        return f"/episodes/{quote(episode)}#t={second}"
    return f"/claims/{card.id.partition(':')[2]}" if card.kind == "claim" else None
