"""The bench of single operations: insert, find, range, update and delete, by ``_id``.

Every arm has a collection with the same documents. A trial inserts new ones and deletes them in
the end, so that all collections stay as large as they were; the documents of a trial are those of
its block, the same for all arms.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from earwitness.claims.clustered_collections import layout, server
from earwitness.claims.clustered_collections.counters import (
    Document,
    Watched,
    of_storage,
    storage_stats,
    watch,
)
from earwitness.experiment.bench import Bench, BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.observation import Observation
from earwitness.servers.mongod import DEFAULTS, Setting

if TYPE_CHECKING:
    from pymongo.collection import Collection
    from pymongo.database import Database

_ROOMY: Mapping[str, Setting] = {
    # A limit, of which the largest plan uses a tenth: a twentieth may be changed before the engine
    # begins to write pages and drop them.
    "storage.wiredTiger.engineConfig.cacheSizeGB": 4,
    # No checkpoint once a minute: it splits pages that grew, and what is split leaves the cache.
    "storage.syncPeriodSecs": 0,
}
_ENGINE = "storage.wiredTiger.engineConfig.configString"
_GROUPS = 11
"""Groups of commands that are timed apart; a trial reports their median."""

_MOST_WARMING = 5
"""Passes over a collection; one is enough while nothing else goes on."""


@dataclass(frozen=True)
class Work:
    """What the arms of one block do."""

    new: Sequence[Document]
    """Inserted one after another, deleted in the end."""
    known: Sequence[Any]
    """``_id`` values in random order: found and updated."""
    ranges: Sequence[tuple[Any, Any]]
    """First ``_id`` of a range and first one after it."""
    ends: tuple[Any, Any]
    """First and last ``_id`` of all."""


@contextmanager
def opened(experiment: Experiment, settings: BenchSettings) -> Iterator[Bench]:
    """A server with a filled collection for every arm.

    Its cache holds everything, or the plan sets ``cache_mb``. A cache that small is refused as an
    option, so it goes past the server to its storage engine.
    """
    small = settings.setting("cache_mb", 0)
    own = {_ENGINE: f"{DEFAULTS[_ENGINE]},cache_size={small}M"} if small else _ROOMY
    with server.started(experiment, settings, own) as (environment, database):
        yield OperationsBench(database, environment, settings)


class OperationsBench:
    """Does the same work on every collection of a block, and other work in every block."""

    def __init__(
        self,
        database: "Database[Document]",
        environment: Mapping[str, str],
        settings: BenchSettings,
    ) -> None:
        self.environment = environment
        self._database = database
        self._seed = settings.seed
        self._group = settings.number("group")
        self._range = settings.number("range")
        count = settings.number("documents")
        kinds = {_kind(arm) for arm in settings.arms}
        self._ids = {kind: sorted(layout.ids(kind, 0, count)) for kind in kinds}
        for arm in settings.arms:
            clustered = bool(arm.settings["clustered"])
            loaded = layout.documents(self._ids[_kind(arm)], [self._seed])
            layout.create(database, arm.name, clustered=clustered).insert_many(loaded)
        # What is written need not be evicted in order to be written, so it can stay in the cache.
        database.client.admin.command("fsync")
        if not settings.setting("cache_mb", 0):
            for arm in settings.arms:
                _warm(database[arm.name])
        self._work: Mapping[str, Work] = {}

    def block(self, block: int) -> None:
        """Choose the documents: new ones, known ones and ranges; the same places for all arms."""
        self._work = {kind: self._chosen(kind, block) for kind in self._ids}

    def _chosen(self, kind: str, block: int) -> Work:
        draw = np.random.default_rng([self._seed, block])
        ids, count = self._ids[kind], _GROUPS * self._group
        # those of the block before are deleted again, and no _id is given twice
        new = layout.ids(kind, len(ids) + block * count, count)
        known = draw.choice(len(ids), count, replace=False)
        firsts = draw.integers(0, len(ids) - self._range, _GROUPS)
        return Work(
            new=layout.documents(new, [self._seed, block]),
            known=[ids[place] for place in known],
            ranges=[(ids[first], ids[first + self._range]) for first in firsts],
            ends=(ids[0], ids[-1]),
        )

    def trial(self, arm: Arm) -> Observation:
        """Insert, find, read ranges, update, delete; count and time each kind of work apart."""
        collection = self._database[arm.name]
        work, change = self._work[_kind(arm)], {"$inc": {"changes": 1}}
        known = [{"_id": id} for id in work.known]
        new = [{"_id": document["_id"]} for document in work.new]
        inserted = self._insert(collection, work.new, batched=bool(arm.settings["batched"]))
        found = self._each(collection, collection.find_one, known)
        ranged = self._read_ranges(collection, work.ranges)
        updated = self._each(collection, lambda one: collection.update_one(one, change), known)
        deleted = self._each(collection, collection.delete_one, new)
        costs = (inserted, found, ranged, updated, deleted)
        return Observation(
            values={
                "insert_and_find": inserted.operations + found.operations,
                **_costs("insert", inserted),
                **_costs("find", found),
                **_costs("range", ranged),
                **_costs("update", updated),
                **_costs("delete", deleted),
                "two_ids_examined": _examined(collection, {"_id": {"$in": work.ends}}),
                "from_disk": sum(cost.pages_from_disk for cost in costs)
                / sum(cost.pages_asked for cost in costs),
                "strays": sum(cost.strays for cost in costs),
            },
            outcomes={"find_plan": _plan(_explained(collection, {"_id": work.known[0]}))},
        )

    def _insert(
        self, collection: "Collection[Document]", new: Sequence[Document], *, batched: bool
    ) -> Watched:
        if not batched:
            return self._each(collection, collection.insert_one, new)
        batches = _grouped(new, self._group)
        groups = [[partial(collection.insert_many, batch)] for batch in batches]
        return watch(collection, groups, documents=self._group)

    def _each(
        self,
        collection: "Collection[Document]",
        command: Callable[[Document], object],
        arguments: Sequence[Document],
    ) -> Watched:
        """One command for each argument."""
        batches = _grouped(arguments, self._group)
        groups = [[partial(command, argument) for argument in batch] for batch in batches]
        return watch(collection, groups, documents=self._group)

    def _read_ranges(
        self, collection: "Collection[Document]", ranges: Sequence[tuple[Any, Any]]
    ) -> Watched:
        groups = [
            [partial(_read, collection, {"_id": {"$gte": first, "$lt": end}}, self._range)]
            for first, end in ranges
        ]
        return watch(collection, groups, documents=self._range)


def _kind(arm: Arm) -> str:
    return str(arm.settings["key"])


def _examined(collection: "Collection[Document]", wanted: Document) -> int:
    """Index entries and documents that the server looks at to answer."""
    seen = _explained(collection, wanted)["executionStats"]
    return int(seen["totalKeysExamined"] + seen["totalDocsExamined"])


def _warm(collection: "Collection[Document]") -> None:
    """Read documents and ``_id`` index until all is in the cache, as gates will ask."""
    for _ in range(_MOST_WARMING):
        before = of_storage(storage_stats(collection))
        for document in collection.find().sort("_id"):
            assert document
        if (of_storage(storage_stats(collection)) - before).pages_from_disk == 0:
            return


def _read(collection: "Collection[Document]", wanted: Document, count: int) -> list[Document]:
    """All documents in one answer.

    The first batch could hold twice as many: new documents with random _ids fall into ranges, too.
    """
    return list(collection.find(wanted, batch_size=2 * count))


def _grouped(items: Sequence[Document], size: int) -> list[Sequence[Document]]:
    return [items[begin : begin + size] for begin in range(0, len(items), size)]


def _costs(name: str, work: Watched) -> dict[str, float]:
    return {
        f"{name}_searches": work.searches,
        f"{name}_writes": work.writes,
        f"{name}_pages": work.pages,
        f"{name}_moved": work.bytes_moved,
        f"{name}_server_us": work.server_us,
        f"{name}_client_us": work.client_us,
    }


def _explained(collection: "Collection[Document]", wanted: Document) -> Document:
    command = {"find": collection.name, "filter": wanted}
    explained: Document = collection.database.command(
        "explain", command, verbosity="executionStats"
    )
    return explained


def _plan(explained: Mapping[str, Any]) -> str:
    """The stages of the plan that won, outermost first."""
    stage: Mapping[str, Any] | None = explained["queryPlanner"]["winningPlan"]
    names = []
    while stage is not None:
        stage = stage.get("queryPlan", stage)  # where the newer engine executes it
        names.append(str(stage["stage"]))
        stage = stage.get("inputStage")
    return " < ".join(names)
