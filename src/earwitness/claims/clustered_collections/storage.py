"""The bench of what is stored: indexes beside the documents, and long ``_id`` values in them.

A trial fills an empty collection, has everything written to disk, and looks at the files. All arms
of a block get the same documents, except for the ``_id`` where that is what they differ in.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from earwitness.claims.clustered_collections import counters, layout, server
from earwitness.claims.clustered_collections.counters import Document
from earwitness.experiment.bench import Bench, BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.observation import Observation

if TYPE_CHECKING:
    from pymongo.database import Database


@contextmanager
def opened(experiment: Experiment, settings: BenchSettings) -> Iterator[Bench]:
    """A server without any collection yet."""
    with server.started(experiment, settings) as (environment, database):
        yield StorageBench(database, environment, settings)


class StorageBench:
    """Fills one collection after another."""

    def __init__(
        self,
        database: "Database[Document]",
        environment: Mapping[str, str],
        settings: BenchSettings,
    ) -> None:
        self.environment = environment
        self._database = database
        self._seed = settings.seed
        self._documents = settings.number("documents")
        self._block = 0

    def block(self, block: int) -> None:
        """Note the block: its number is part of the seed of its documents."""
        self._block = block

    def trial(self, arm: Arm) -> Observation:
        """Fill a collection as the arm says; per document: entries written, bytes of the files."""
        ids = layout.ids(str(arm.settings["key"]), 0, self._documents)
        documents = layout.documents(ids, [self._seed, self._block])
        collection = layout.create(
            self._database,
            arm.name,
            clustered=bool(arm.settings["clustered"]),
            secondaries=int(arm.settings["secondaries"]),
        )
        before = counters.of_storage(counters.storage_stats(collection))
        collection.insert_many(documents)
        written = counters.of_storage(counters.storage_stats(collection)) - before
        self._database.client.admin.command("fsync")
        stats = counters.storage_stats(collection)
        collection.drop()
        indexes = stats["totalIndexSize"]
        return Observation(
            values={
                "insert_writes": written.writes / self._documents,
                "stored_bytes": (stats["storageSize"] + indexes) / self._documents,
                "index_bytes": indexes / self._documents,
            }
        )
