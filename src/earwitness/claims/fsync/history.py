"""What a database asked of its file system and what its client was told, in one order.

Plain values, and what follows from their order alone. Nothing here opens a file or knows a drive:
``file_system`` writes a history, ``outage`` says what a power cut leaves of it.

The database has one folder. A file is known by a number of its own, because its name may be given
to another file later; what a name points to is a change of the folder and not of the file, and is
safe only once the folder has been flushed (POSIX leaves that to fsync of the directory).
"""

import bisect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter


@dataclass(frozen=True, slots=True)
class Create:
    """A name now points to a new, empty file."""

    name: str
    file: int


@dataclass(frozen=True, slots=True)
class Remove:
    """A name no longer points to anything."""

    name: str


@dataclass(frozen=True, slots=True)
class Write:
    """``data`` was written at ``offset`` bytes into the file."""

    file: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """The file was cut, or extended by zeros, to ``size`` bytes."""

    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Flush:
    """fsync of a file returned without an error."""

    file: int


@dataclass(frozen=True, slots=True)
class FlushFolder:
    """fsync of the folder returned without an error."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The client was told that its commit of this number, counted from 1, is done."""

    commit: int


FolderChange = Create | Remove
FileChange = Write | Truncate
Change = FolderChange | FileChange
Event = Change | Flush | FlushFolder | Acknowledged


@dataclass(frozen=True)
class Base:
    """What is safe when a history begins: files by number, and the names that point to them."""

    files: Mapping[int, bytes]
    names: Mapping[str, int]


@dataclass(frozen=True)
class History:
    """Everything that happened on top of a base.

    ``changes`` are the events that are changes, with their places among all events, from 0.
    ``flushed_at`` has for each event the place of the first later flush that covers it; for what
    was never flushed, and for events that are no change, the number of events.
    """

    base: Base
    events: tuple[Event, ...]
    changes: tuple[tuple[int, Change], ...]
    flushed_at: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.events)

    @property
    def flushes(self) -> int:
        """How many flushes the database asked for, of files and of the folder."""
        return sum(isinstance(event, Flush | FlushFolder) for event in self.events)

    def acknowledged(self, instant: int) -> int:
        """How many commits had been acknowledged after the first ``instant`` events."""
        told = (e.commit for e in reversed(self.events[:instant]) if isinstance(e, Acknowledged))
        return next(told, 0)

    def changes_until(self, instant: int) -> tuple[tuple[int, Change], ...]:
        """The changes among the first ``instant`` events, with their places."""
        return self.changes[: bisect.bisect_left(self.changes, instant, key=itemgetter(0))]


def history(base: Base, events: Sequence[Event]) -> History:
    """The history with the flush that covers each change worked out, from the last to the first."""
    never = len(events)
    flushed_at = [never] * never
    of_file: dict[int, int] = {}
    of_folder = never
    for place in reversed(range(never)):
        match events[place]:
            case Flush(file):
                of_file[file] = place
            case FlushFolder():
                of_folder = place
            case Write(file=file) | Truncate(file=file):
                flushed_at[place] = of_file.get(file, never)
            case Create() | Remove():
                flushed_at[place] = of_folder
            case Acknowledged():
                pass
    changes = ((place, event) for place, event in enumerate(events) if isinstance(event, Change))
    return History(
        base=base, events=tuple(events), changes=tuple(changes), flushed_at=tuple(flushed_at)
    )
