"""Cards and their reviews as JSON."""

import datetime as dt

from starlette.exceptions import HTTPException

from earwitness.library.review import cards, statistics
from earwitness.library.review.cards import Card
from earwitness.library.review.scheduling import Grade
from earwitness.library.review.statistics import Statistics
from earwitness.report import review_words
from earwitness.web import reviewing
from earwitness.web.api import values
from earwitness.web.api.operation import Nothing, Operation
from earwitness.web.reviewing import Order
from earwitness.web.site import Site


def _cards(here: Site, _path: dict[str, str], query: values.CardsQuery) -> object:
    listed = cards.due if query.due else cards.every
    found = listed(here.store, deck=query.deck)[: query.most]
    return {"schema": "earwitness/cards/1", "cards": [_told(card) for card in found]}


def _make(here: Site, _path: dict[str, str], sent: values.CardsOrder) -> values.MadeCards:
    if bool(sent.front.strip()) != bool(sent.back.strip()):
        raise HTTPException(422, "a card of your own needs both sides")
    order = Order(
        snips=sent.snips,
        every_snip=sent.every_snip,
        claims=sent.claims,
        chapters_of=sent.chapters_of,
        front=sent.front.strip(),
        back=sent.back.strip(),
        deck=sent.deck.strip(),
    )
    made = reviewing.make(here.store, order)
    return values.MadeCards(cards=made.cards, new=made.new)


def _grade(here: Site, _path: dict[str, str], sent: values.GradeOrder) -> object:
    card = cards.find(here.store, sent.card)
    return _told(cards.grade(here.store, card.id, Grade(sent.grade), seen=sent.seen))


def _undo(here: Site, _path: dict[str, str], _query: Nothing) -> object:
    return _told(cards.undo(here.store))


def _suspend(here: Site, _path: dict[str, str], sent: values.SuspendOrder) -> object:
    return _told(cards.suspend(here.store, sent.card, suspended=sent.suspended))


def _statistics(here: Site, _path: dict[str, str], query: values.DaysQuery) -> Statistics:
    now = dt.datetime.now(dt.UTC)
    return statistics.of(cards.every(here.store), cards.log(here.store), now, days=query.days)


def _told(card: Card) -> dict[str, object]:
    return review_words.document(card, dt.datetime.now(dt.UTC))


OPERATIONS = (
    Operation(
        name="cards",
        method="GET",
        path="/api/cards",
        summary="Cards, the longest due first: earwitness/cards/1",
        act=_cards,
        query=values.CardsQuery,
    ),
    Operation(
        name="make-cards",
        method="POST",
        path="/api/cards",
        summary="Make cards from snips, claims, the chapters of an episode, or your own words",
        act=_make,
        body=values.CardsOrder,
        gives=values.MadeCards,
        status=201,
        refuses=(404, 413, 415, 422, 503),
    ),
    Operation(
        name="grade-card",
        method="POST",
        path="/api/cards/grade",
        summary="Write down how well a card was remembered",
        act=_grade,
        body=values.GradeOrder,
        refuses=(404, 409, 413, 415, 503),
    ),
    Operation(
        name="undo-grade",
        method="POST",
        path="/api/cards/undo",
        summary="Take back the newest grade that stands",
        act=_undo,
        refuses=(404, 413, 503),
    ),
    Operation(
        name="suspend-card",
        method="POST",
        path="/api/cards/suspend",
        summary="Ask a card no more, or again",
        act=_suspend,
        body=values.SuspendOrder,
        refuses=(404, 413, 415, 503),
    ),
    Operation(
        name="review-statistics",
        method="GET",
        path="/api/review/statistics",
        summary="Retention measured against predicted, and what comes due",
        act=_statistics,
        query=values.DaysQuery,
        gives=Statistics,
    ),
)
