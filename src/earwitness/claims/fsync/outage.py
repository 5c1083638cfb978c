"""What is left of a history when a machine, or only a part of it, stops.

Pure: the same history, instant, outage and luck always leave the same files. A change goes through
two caches. The kernel keeps it in memory until the file or its folder is flushed, or until it
writes it back on its own; then the drive has it, and keeps it in a cache of its own until it is
told to flush, or until it needs the room. Each kind of outage empties some of these caches.

What a cache loses is lost in no order, write by write: any may have made it and any earlier one
not, and one may have made it in part, sector by sector. That is harsher than a real cache, which
merges writes to one page: what survives here survives there. Only what a journalling file system
orders stays in order: the changes of a folder, and a file's writes after it was cut to a size,
which go to new blocks and are not found until the cut itself is safe. Otherwise POSIX is taken at
its word, and fsync makes safe what it was called for and nothing else. On a drive that lies the
file system's own journal would suffer as well; here the file system always comes back.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from earwitness.claims.fsync.history import (
    Create,
    FileChange,
    FolderChange,
    History,
    Remove,
    Truncate,
    Write,
)

SECTOR_BYTES = 512
"""The least that a drive writes whole; larger atoms only make torn writes rarer."""

TORN_SHARE = 0.125
"""The part of the writes that made it which did so in part only: an assumption, seen in drives."""


class Stop(enum.StrEnum):
    """What stops."""

    POWER = "power"
    """The machine and its drive lose their power."""
    KERNEL = "kernel"
    """The kernel crashes or the machine is reset; the drive keeps its power."""
    PROCESS = "process"
    """The database is killed; kernel and drive go on."""


@dataclass(frozen=True)
class Drive:
    """How a drive treats what it has been given.

    ``honours_flush``: a flush is answered when everything before it is on the medium; otherwise at
    once. ``protected``: capacitors or a battery save the cache when power fails. ``cache_writes``:
    how many of the latest writes a cache holds at most; older ones have gone to the medium.
    """

    honours_flush: bool
    protected: bool
    cache_writes: int


@dataclass(frozen=True)
class Luck:
    """What becomes of each change if a cache loses it: drawn once for an instant.

    Every drive that is cut at this instant has the same luck and differs only in what it risks.
    ``fates``: one number for each event, uniform in [0, 1). ``survival``: the share of writes at
    risk that make it, above 0. ``folder``: how far the changes of the folder at risk got, in [0, 1).
    """

    fates: NDArray[np.float64]
    survival: float
    folder: float


def draw(generator: np.random.Generator, events: int) -> Luck:
    """Luck for a history of so many events; from almost nothing to almost everything survives."""
    lost, folder = generator.random(2)
    return Luck(fates=generator.random(events), survival=1 - float(lost), folder=float(folder))


def left(
    history: History, instant: int, drive: Drive, stop: Stop, luck: Luck
) -> Mapping[str, bytes]:
    """The files, by name, that are found after everything stopped ``instant`` events in."""
    risked = at_risk(history, instant, drive, stop)
    names = _names(history, instant, risked, luck)
    contents = _contents(history, instant, risked, luck, frozenset(names.values()))
    return {name: bytes(contents[file]) for name, file in names.items()}


def at_risk(history: History, instant: int, drive: Drive, stop: Stop) -> frozenset[int]:
    """The places of the changes that some cache loses when everything stops at this instant."""
    if stop is Stop.PROCESS:
        return frozenset()
    flushed_at = history.flushed_at
    places = [place for place, _ in history.changes_until(instant)]
    in_kernel = [place for place in places if flushed_at[place] >= instant]
    drive_keeps = drive.honours_flush or drive.protected or stop is Stop.KERNEL
    if drive_keeps or drive.cache_writes == 0:
        return frozenset(in_kernel)
    # a flush is what brings a change to the drive, so that the drive gets them in that order
    given = sorted(
        (place for place in places if flushed_at[place] < instant),
        key=lambda place: (flushed_at[place], place),
    )
    return frozenset(in_kernel + given[-drive.cache_writes :])


def _names(history: History, instant: int, risked: frozenset[int], luck: Luck) -> Mapping[str, int]:
    """What each name points to. Of the changes at risk the first few made it: as many as luck has."""
    changes = [
        (place, change)
        for place, change in history.changes_until(instant)
        if isinstance(change, FolderChange)
    ]
    in_danger = [place for place, _ in changes if place in risked]
    lost = set(in_danger[int(luck.folder * (len(in_danger) + 1)) :])
    names = dict(history.base.names)
    for place, change in changes:
        if place in lost:
            continue
        match change:
            case Create(name, file):
                names[name] = file
            case Remove(name):
                names.pop(name, None)
    return names


def _contents(
    history: History, instant: int, risked: frozenset[int], luck: Luck, files: frozenset[int]
) -> Mapping[int, bytearray]:
    """What those files hold."""
    contents = {file: bytearray(history.base.files.get(file, b"")) for file in files}
    uncut: set[int] = set()
    for place, change in history.changes_until(instant):
        if isinstance(change, FolderChange) or change.file not in files:
            continue
        fate = luck.fates[place] / luck.survival if place in risked else None
        if fate is None:
            _apply(contents[change.file], change)
        elif fate >= 1:
            uncut |= {change.file} if isinstance(change, Truncate) else set()
        elif change.file not in uncut:
            _apply(contents[change.file], change, fate)
    return contents


def _apply(content: bytearray, change: FileChange, fate: float = 0.0) -> None:
    """Carry out a change that made it: whole, or with a fate close below 1 in part."""
    if isinstance(change, Truncate):
        _resize(content, change.size)
    elif fate < 1 - TORN_SHARE:
        _write(content, change.offset, change.data)
    else:
        _tear(content, change, (fate - 1 + TORN_SHARE) / TORN_SHARE)


def _tear(content: bytearray, write: Write, share: float) -> None:
    """Write only some sectors: ``share``, uniform in [0, 1), is spent bit by bit on them."""
    begin = write.offset
    end = begin + len(write.data)
    while begin < end:
        sector_end = min(end, (begin // SECTOR_BYTES + 1) * SECTOR_BYTES)
        share *= 2
        if share >= 1:
            _write(content, begin, write.data[begin - write.offset : sector_end - write.offset])
        share %= 1
        begin = sector_end


def _write(content: bytearray, offset: int, data: bytes) -> None:
    if offset > len(content):
        _resize(content, offset)
    content[offset : offset + len(data)] = data


def _resize(content: bytearray, size: int) -> None:
    if size < len(content):
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))
