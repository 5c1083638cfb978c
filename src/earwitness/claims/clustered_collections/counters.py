"""What the server itself counts of the work on one collection, and what we time beside it.

Reading counters, subtracting them, and the arithmetic per document. Nothing here knows an arm or
what the numbers are held against.

Counts come from the storage engine (``$collStats``, summed over the collection's table and all its
indexes), times from ``top``, which adds up how long the server worked on each kind of command on a
collection and does not count the reading of ``$collStats`` among them.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pymongo.collection import Collection

Document = dict[str, Any]
Group = Sequence[Callable[[], object]]
"""Commands that are timed together, each sent to the server once."""

_KINDS = ("queries", "getmore", "insert", "update", "remove", "commands")
"""Kinds of commands in ``top``, which overlap nowhere."""


@dataclass(frozen=True)
class Counters:
    """Totals of all B-trees of a collection: its table, or clustered tree, and its indexes."""

    searches: int
    """Descents from the root to find an entry or its neighbour."""
    writes: int
    """Entries inserted, changed or removed."""
    pages: int
    """Pages below the root that were asked for."""
    pages_from_disk: int
    """Pages that had to be read into the cache."""
    bytes_moved: int
    """Bytes read into the cache and written from it."""

    def __sub__(self, earlier: "Counters") -> "Counters":
        return Counters(
            *(getattr(self, f.name) - getattr(earlier, f.name) for f in fields(Counters))
        )


def of_storage(stats: Mapping[str, Any]) -> Counters:
    """The counters in ``storageStats``; KeyError when it is not of the engine WiredTiger."""
    trees = [stats["wiredTiger"], *stats["indexDetails"].values()]
    cursors = [tree["cursor"] for tree in trees]
    caches = [tree["cache"] for tree in trees]
    return Counters(
        searches=sum(c["search calls"] + c["search near calls"] for c in cursors),
        writes=sum(
            # a release that does not change in place has no such counter
            c["insert calls"] + c["remove calls"] + c["update calls"] + c.get("modify calls", 0)
            for c in cursors
        ),
        pages=sum(cache["pages requested from the cache"] for cache in caches),
        pages_from_disk=sum(cache["pages read into cache"] for cache in caches),
        bytes_moved=sum(
            cache["bytes read into cache"] + cache["bytes written from cache"] for cache in caches
        ),
    )


def storage_stats(collection: "Collection[Document]") -> Document:
    """What the storage engine says of the collection and its indexes."""
    seen = next(iter(collection.aggregate([{"$collStats": {"storageStats": {}}}])))
    stats: Document = seen["storageStats"]
    return stats


@dataclass(frozen=True)
class Usage:
    """Commands on one collection since the server started, and the microseconds they took."""

    commands: int
    microseconds: int


def of_top(totals: Mapping[str, Any], namespace: str) -> Usage:
    """The sum over all kinds of commands; nothing is known of a collection not used yet."""
    kinds = [totals[namespace][kind] for kind in _KINDS] if namespace in totals else []
    return Usage(sum(kind["count"] for kind in kinds), sum(kind["time"] for kind in kinds))


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What one kind of work cost, for each of its documents.

    Times are medians over the groups, so that a group that the machine interrupted has no weight.
    """

    searches: float
    writes: float
    pages: float
    bytes_moved: float
    server_us: float
    client_us: float
    pages_asked: int
    """In all."""
    pages_from_disk: int
    """In all."""
    strays: int
    """Commands of others on the same collection while we timed ours."""

    @property
    def operations(self) -> float:
        """Searches and writes: whatever starts at the root of a B-tree."""
        return self.searches + self.writes


def watch(
    collection: "Collection[Document]", groups: Sequence[Group], *, documents: int
) -> Watched:
    """Send the commands of all groups, each of which concerns ``documents`` documents."""
    before = of_storage(storage_stats(collection))
    timed = [_timed(collection, group) for group in groups]
    cost = of_storage(storage_stats(collection)) - before
    total = documents * len(groups)
    return Watched(
        searches=cost.searches / total,
        writes=cost.writes / total,
        pages=cost.pages / total,
        bytes_moved=cost.bytes_moved / total,
        server_us=statistics.median(used.microseconds for used, _ in timed) / documents,
        client_us=statistics.median(seconds for _, seconds in timed) * 1e6 / documents,
        pages_asked=cost.pages,
        pages_from_disk=cost.pages_from_disk,
        strays=sum(used.commands for used, _ in timed) - sum(map(len, groups)),
    )


def _timed(collection: "Collection[Document]", group: Group) -> tuple[Usage, float]:
    """What the server says of the group, and the seconds until all was answered."""
    before = _usage(collection)
    began = time.perf_counter()
    for command in group:
        command()
    seconds = time.perf_counter() - began
    after = _usage(collection)
    used = Usage(after.commands - before.commands, after.microseconds - before.microseconds)
    return used, seconds


def _usage(collection: "Collection[Document]") -> Usage:
    totals = collection.database.client.admin.command("top")["totals"]
    return of_top(totals, collection.full_name)
