"""Keeps cards and the log of their reviews.

A card has faces, which follow what they are made from, and a memory, which only reviews change.
A grade is one transaction: the entry in the log, and where the card stands after it; so what was
acknowledged survives whatever kills the process next. An undo is an entry too. A card of a deleted
snip is not asked; it comes back with the snip.
"""

import datetime as dt
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from earwitness.library.review import scheduling
from earwitness.library.review.faces import Faces
from earwitness.library.review.scheduling import Grade, Memory
from earwitness.store import review_tables as tables
from earwitness.store.connection import Store
from earwitness.trouble import Trouble

OWN = "own"


class NoSuchCard(Trouble, LookupError):
    """No card has that id, or several begin with it, or nothing is left; one line."""


class GradedMeanwhile(Trouble):
    """Somebody graded the card after it was shown; the message says so."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A card as it stands."""

    id: str
    kind: str
    deck: str
    front: str
    back: str
    made_at: str
    changed_at: str
    suspended: bool
    number: int
    """Of its newest entry in the log."""
    memory: Memory
    snip: str | None = None

    @property
    def faces(self) -> Faces:
        """What it says."""
        names = ("id", "kind", "deck", "front", "back", "snip")
        return Faces(**{name: getattr(self, name) for name in names})


@dataclass(frozen=True, kw_only=True)
class Review:
    """An entry of the log."""

    id: int
    card: str
    deck: str
    number: int
    at: dt.datetime
    grade: Grade | None
    """None: it takes another one back."""
    undoes: int | None
    predicted: float | None
    before: Memory
    after: Memory


def keep(store: Store, faces: Iterable[Faces]) -> tuple[int, int]:
    """Make cards, and give those that are there their newest faces; how many new, how many changed."""
    now, new, changed = _now(), 0, 0
    with store.writing() as connection:
        for one in faces:
            said = {"deck": one.deck, "front": one.front, "back": one.back}
            fresh = {
                **{"id": one.id, "kind": one.kind, "snip": one.snip, "made_at": now.isoformat()},
                **{"changed_at": now.isoformat(), "suspended": False, "number": 0},
                **_standing(Memory(due=now)),
            }
            added = connection.execute(
                tables.cards.insert().prefix_with("or ignore").values(**fresh, **said)
            )
            if added.rowcount:
                new += 1
                continue
            differs = sa.or_(*(tables.cards.c[name] != value for name, value in said.items()))
            told = tables.cards.update().where(tables.cards.c.id == one.id, differs)
            changed += connection.execute(told.values(**said, changed_at=now.isoformat())).rowcount
    return new, changed


def add_own(store: Store, front: str, back: str, deck: str) -> Card:
    """Make a card out of one's own words."""
    id = f"{OWN}:{secrets.token_hex(4)}"
    keep(store, [Faces(id=id, kind=OWN, deck=deck, front=front, back=back)])
    return find(store, id)


def every(store: Store, *, deck: str | None = None, kind: str | None = None) -> list[Card]:
    """All cards that can be asked, the longest due first; suspended ones too."""
    query = _cards().order_by(tables.cards.c.due, tables.cards.c.id)
    if deck is not None:
        query = query.where(tables.cards.c.deck == deck)
    if kind is not None:
        query = query.where(tables.cards.c.kind == kind)
    with store.reading() as connection:
        return [_card(row) for row in connection.execute(query)]


def due(store: Store, at: dt.datetime | None = None, *, deck: str | None = None) -> list[Card]:
    """The cards to ask now, the longest due first."""
    now = at or _now()
    return [
        card for card in every(store, deck=deck) if not card.suspended and card.memory.due <= now
    ]


def find(store: Store, name: str) -> Card:
    """The card of that id or that beginning of one. Raises NoSuchCard."""
    query = sa.select(tables.cards).where(
        tables.cards.c.id.startswith(name.strip() or "-", autoescape=True)
    )
    with store.reading() as connection:
        found = [_card(row) for row in connection.execute(query)]
    exact = [card for card in found if card.id == name]
    if len(found) > 1 and not exact:
        raise NoSuchCard(f"{len(found)} cards begin with {name!r}: write more of the id")
    if not found:
        raise NoSuchCard(f"there is no card {name!r}").hinting(
            "`earwitness review list` shows those there are"
        )
    return (exact or found)[0]


def grade(
    store: Store,
    id: str,
    given: Grade,
    at: dt.datetime | None = None,
    *,
    seen: int | None = None,
) -> Card:
    """Write down how well a card was remembered, and when it is asked again.

    ``seen``: the number of the newest entry that the caller knew of. Raises NoSuchCard,
    GradedMeanwhile.
    """
    when = at or _now()
    with store.writing() as connection:
        card = _locked(connection, id)
        if seen is not None and seen != card.number - 1:
            raise GradedMeanwhile(
                f"the card {id!r} was graded meanwhile, in another window perhaps"
            )
        after = scheduling.graded(card.memory, given, when, seed=f"{id}:{card.number}")
        predicted = scheduling.recall(card.memory, when)
        _append(connection, card, when, after, grade=int(given), predicted=predicted)
    return find(store, id)


def undo(store: Store) -> Card:
    """Take back the newest grade that stands. Raises NoSuchCard when there is none."""
    with store.writing() as connection:
        # a statement that changes nothing takes the write lock before the log is read
        connection.execute(tables.cards.update().where(sa.false()).values(number=0))
        row = connection.execute(_standing_reviews().order_by(tables.reviews.c.id.desc())).first()
        if row is None:
            raise NoSuchCard("there is no grade to take back")
        card = _locked(connection, row.card)
        before = msgspec.json.decode(row.before, type=Memory)
        _append(connection, card, _now(), before, undoes=row.id)
    return find(store, row.card)


def suspend(store: Store, id: str, *, suspended: bool = True) -> Card:
    """Ask a card no more, or again. Raises NoSuchCard."""
    card = find(store, id)
    with store.writing() as connection:
        connection.execute(
            tables.cards.update().where(tables.cards.c.id == card.id).values(suspended=suspended)
        )
    return find(store, card.id)


def log(store: Store, *, standing: bool = True) -> list[Review]:
    """The reviews of all cards in their order; ``standing``: without those taken back."""
    every_one = sa.select(tables.reviews, tables.cards.c.deck).join(tables.cards)
    query = (_standing_reviews() if standing else every_one).order_by(tables.reviews.c.id)
    with store.reading() as connection:
        return [_review(row) for row in connection.execute(query)]


def _standing_reviews() -> sa.Select[Any]:
    others = tables.reviews.alias()
    taken_back = sa.exists().where(others.c.undoes == tables.reviews.c.id)
    return (
        sa.select(tables.reviews, tables.cards.c.deck)
        .join(tables.cards)
        .where(tables.reviews.c.grade.is_not(None), ~taken_back)
    )


def _locked(connection: sa.Connection, id: str) -> Card:
    """The card as it stands, after the number of the next entry was taken for this transaction."""
    taken = tables.cards.update().where(tables.cards.c.id == id)
    connection.execute(taken.values(number=tables.cards.c.number + 1))
    row = connection.execute(sa.select(tables.cards).where(tables.cards.c.id == id)).first()
    if row is None:
        raise NoSuchCard(f"there is no card {id!r}")
    return _card(row)


def _append(
    connection: sa.Connection,
    card: Card,
    at: dt.datetime,
    after: Memory,
    *,
    grade: int | None = None,
    predicted: float | None = None,
    undoes: int | None = None,
) -> None:
    connection.execute(
        tables.reviews.insert().values(
            card=card.id,
            number=card.number,
            at=at.isoformat(),
            grade=grade,
            undoes=undoes,
            predicted=predicted,
            before=msgspec.json.encode(card.memory).decode(),
            after=msgspec.json.encode(after).decode(),
        )
    )
    standing = tables.cards.update().where(tables.cards.c.id == card.id)
    connection.execute(standing.values(**_standing(after)))


def _standing(memory: Memory) -> dict[str, Any]:
    return {"due": memory.due.isoformat(), "memory": msgspec.json.encode(memory).decode()}


def _cards() -> sa.Select[Any]:
    """All cards but those of deleted snips."""
    gone = tables.snips.c.deleted.is_(True)
    joined = sa.select(tables.cards).outerjoin(
        tables.snips, tables.snips.c.id == tables.cards.c.snip
    )
    return joined.where(sa.or_(tables.cards.c.snip.is_(None), ~gone))


def _card(row: sa.Row[Any]) -> Card:
    values = dict(row._mapping)
    values["memory"] = msgspec.json.decode(values["memory"], type=Memory)
    del values["due"]
    return Card(**values)


def _review(row: sa.Row[Any]) -> Review:
    return Review(
        id=row.id,
        card=row.card,
        deck=row.deck,
        number=row.number,
        at=dt.datetime.fromisoformat(row.at),
        grade=None if row.grade is None else Grade(row.grade),
        undoes=row.undoes,
        predicted=row.predicted,
        before=msgspec.json.decode(row.before, type=Memory),
        after=msgspec.json.decode(row.after, type=Memory),
    )


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
