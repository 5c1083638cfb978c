"""A saved moment as a value: what it holds, how it changes, and what was changed before.

Pure; ``snips`` keeps it. Every change gives new contents and stands in the history as an entry of
its own, also the taking back of one, so that nothing that was ever written is lost.
"""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from earwitness.trouble import Trouble


class Change(enum.StrEnum):
    """What an entry of a snip's history did."""

    MADE = "made"
    SAVED_ELSEWHERE = "saved elsewhere"
    EDITED = "edited"
    MOVED = "moved"
    DELETED = "deleted"
    UNDONE = "undone"


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """All of a snip that can be changed."""

    start_seconds: float | None = None
    end_seconds: float | None = None
    title: str = ""
    quote: str = ""
    quote_by_hand: bool = False
    """Somebody wrote the quote, so it does not follow the bounds."""
    transcript: str = ""
    """What was said there, as the application has it in which it was saved beside a quote."""
    note: str = ""
    tags: tuple[str, ...] = ()
    favourite: bool = False
    chapter: str | None = None
    url: str | None = None
    """Where it lies in the application that it was saved in."""
    deleted: bool = False


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a snip's history."""

    number: int
    at: str
    change: Change
    contents: Contents
    """After the change."""
    undoes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Snip:
    """A snip as it stands now, and which episode it is of."""

    id: str
    episode: str
    episode_title: str
    show: str
    show_title: str
    made_at: str
    number: int
    """Of its newest entry in the history."""
    contents: Contents
    guid: str | None = None


class NothingToUndo(Trouble, ValueError):
    """Only the making of a snip is left in its history."""


def undone(history: Sequence[Entry]) -> tuple[int, Contents]:
    """What an undo gives: number of the entry it takes back, and contents before that entry.

    Entries that were taken back already are passed over; the first entry stays. Raises
    NothingToUndo.
    """
    standing: list[Entry] = []
    for entry in history:
        if entry.change is Change.UNDONE and standing:
            standing.pop()
        else:
            standing.append(entry)
    if len(standing) < 2:
        raise NothingToUndo("nothing is left to undo: only the making of the snip is")
    return standing[-1].number, standing[-2].contents


def tags(names: Sequence[str]) -> tuple[str, ...]:
    """Tags without their mark, blanks around them, and repeats; in the order given."""
    plain = (" ".join(name.split()).lstrip("#").strip() for name in names)
    return tuple(dict.fromkeys(name for name in plain if name))
