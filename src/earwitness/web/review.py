"""``/review`` and ``/review/...``: cards asked when they are due, made, suspended, and counted.

A page shows one card. Its answer is in the page and shown by a key, or by a link where there is no
script; a grade names the entry that was seen, so that two windows never grade a card twice.
"""

import datetime as dt
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from earwitness.library import browsing, catalogue
from earwitness.library import snip_catalogue as read
from earwitness.library.review import cards, statistics
from earwitness.library.review.cards import Card, GradedMeanwhile, NoSuchCard
from earwitness.library.review.scheduling import Grade
from earwitness.report import charts, review_words
from earwitness.store import runs
from earwitness.web import forms, rendering, reviewing, site
from earwitness.web.forms import Form
from earwitness.web.reviewing import Order
from earwitness.web.site import Site

FORECAST_DAYS = 14
_SHOWN_CARDS = 200
"""Of each kind on the page of all cards."""
_KINDS = {"snip": "Snips", "claim": "Claims", "chapter": "Chapters", "own": "Your own words"}


def index(request: Request) -> Response:
    """The card that is due the longest."""
    here = site.of(request)
    deck = request.query_params.get("deck") or None
    every = cards.every(here.store)
    now = dt.datetime.now(dt.UTC)
    ready = [card for card in every if not card.suspended and card.memory.due <= now]
    waiting = [card for card in ready if deck in (None, card.deck)]
    coming = [card for card in every if not card.suspended and card.memory.due > now]
    asked = reviewing.asked(here.store, waiting[0]) if waiting else None
    return rendering.page(
        request,
        "review.html.j2",
        asked=asked,
        run=runs.newest_by_claim(here.store).get(asked.claim) if asked and asked.claim else None,
        due=len(waiting),
        deck=deck,
        decks=_decks(ready),
        every=len(every),
        next_in=review_words.until(coming[0].memory.due - now) if coming else None,
        shown=request.query_params.get("shown") == "1",
        said=_SAID.get(request.query_params.get("said", "")),
        grades=list(Grade),
    )


async def grade(request: Request) -> Response:
    """Write a grade down, and on to the next card."""
    here = site.of(request)
    sent = await forms.read(request)
    given = {str(int(grade)): grade for grade in Grade}.get(sent.one("grade"))
    if given is None:
        raise HTTPException(422, "A grade is 1, 2, 3 or 4.")
    seen = sent.one("seen")
    number = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else None
    try:
        await run_in_threadpool(cards.grade, here.store, sent.one("card"), given, seen=number)
    except GradedMeanwhile:
        return _back(sent, "meanwhile")
    return _back(sent)


async def undo(request: Request) -> Response:
    """Take the newest grade back; its card is asked again."""
    here = site.of(request)
    sent = await forms.read(request)
    try:
        await run_in_threadpool(cards.undo, here.store)
    except NoSuchCard:
        return _back(sent, "nothing")
    return _back(sent, "undone")


async def suspend(request: Request) -> Response:
    """Ask a card no more, or again."""
    here = site.of(request)
    sent = await forms.read(request)
    off = sent.one("off") == "1"
    await run_in_threadpool(cards.suspend, here.store, sent.one("card"), suspended=not off)
    if sent.one("from") == "cards":
        return RedirectResponse("/review/cards", 303)
    return _back(sent, "suspended")


def index_of_cards(request: Request) -> Response:
    """All cards, and what further ones can be made from."""
    here = site.of(request)
    made = request.query_params.get("made", "")
    every = cards.every(here.store)
    known = {card.id for card in every}
    snips = read.every(here.store)
    return rendering.page(
        request,
        "cards.html.j2",
        groups=[_group(every, kind) for kind in _KINDS],
        now=dt.datetime.now(dt.UTC),
        until=review_words.until,
        snips=len(snips),
        new_snips=sum(f"snip:{one.id}" not in known for one in snips),
        claims=[one for one in here.claims.values() if f"claim:{one.id}" not in known],
        installed=len(here.claims),
        episodes=browsing.with_chapters(here.store),
        decks=sorted({card.deck for card in every if card.kind == "own"}),
        own_deck=reviewing.OWN_DECK,
        made=int(made) if made.isascii() and made.isdigit() and len(made) < 6 else None,
    )


async def make(request: Request) -> Response:
    """Make cards from what was chosen."""
    here = site.of(request)
    sent = await forms.read(request)
    order = Order(
        every_snip=sent.one("snips") == "1",
        snips=sent.every("snip"),
        claims=sent.every("claim"),
        chapters_of=await run_in_threadpool(_episode, here, sent.one("chapters")),
        front=sent.one("front"),
        back=sent.one("back"),
        deck=sent.one("deck"),
    )
    if sent.every("front") and not (order.front and order.back):
        raise HTTPException(422, "A card of your own needs both sides.")
    done = await run_in_threadpool(reviewing.make, here.store, order)
    return RedirectResponse(f"/review/cards?made={done.new}", 303)


def figures(request: Request) -> Response:
    """How well cards are remembered against what was predicted, and what comes due."""
    here = site.of(request)
    now = dt.datetime.now(dt.UTC)
    told = statistics.of(cards.every(here.store), cards.log(here.store), now, days=FORECAST_DAYS)
    return rendering.page(
        request,
        "review_statistics.html.j2",
        told=told,
        retention=charts.retention(told),
        forecast=charts.forecast(told.forecast),
        sentence=review_words.retention,
    )


_SAID = {
    "undone": "The last grade was taken back.",
    "nothing": "There is no grade to take back.",
    "suspended": "That card is asked no more. The list of cards brings it back.",
    "meanwhile": "That card was graded meanwhile, in another window perhaps. Nothing was graded twice.",
}


def _back(sent: Form, said: str = "") -> Response:
    query = {name: text for name, text in (("deck", sent.one("deck")), ("said", said)) if text}
    return RedirectResponse(f"/review?{urlencode(query)}" if query else "/review", 303)


def _group(every: list[Card], kind: str) -> tuple[str, list[Card], int]:
    """The heading of a kind of cards, those that come first, and how many there are."""
    of_kind = [card for card in every if card.kind == kind]
    return _KINDS[kind], of_kind[:_SHOWN_CARDS], len(of_kind)


def _decks(ready: list[Card]) -> dict[str, int]:
    """How many cards of each deck are due."""
    return {
        name: sum(card.deck == name for card in ready)
        for name in sorted({card.deck for card in ready})
    }


def _episode(here: Site, name: str) -> str:
    return catalogue.find_episode(here.store, name).id if name else ""
