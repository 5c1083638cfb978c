"""The experiments of the claim: arms, metrics, gates and plans.

Values only. What a bench does with the settings stands in its module; which sentences are held
against the metrics, in ``hypotheses``.
"""

from earwitness.experiment.design import (
    Arm,
    AtMost,
    Condition,
    Control,
    Depth,
    Experiment,
    Fixed,
    Metric,
    Plan,
    Sequential,
    Setting,
)

_KINDS = (
    ("insert", "to insert a document"),
    ("find", "to find a document by _id"),
    ("range", "for each document of a range of _ids"),
    ("update", "to update a document by _id"),
    ("delete", "to delete a document by _id"),
)
_COSTS = tuple(
    metric
    for kind, what in _KINDS
    for metric in (
        Metric(name=f"{kind}_searches", title=f"B-tree searches {what}"),
        Metric(name=f"{kind}_writes", title=f"B-tree writes {what}"),
        Metric(name=f"{kind}_pages", title=f"Pages asked for {what}"),
        Metric(name=f"{kind}_moved", title=f"Bytes between cache and files {what}", unit="B"),
        Metric(name=f"{kind}_server_us", title=f"Server time {what}", unit="µs"),
        Metric(name=f"{kind}_client_us", title=f"Time of a client {what}", unit="µs"),
    )
)


def _layout(
    name: str, title: str, *, clustered: bool, batched: bool = False, key: str = "objectid"
) -> Arm:
    settings: dict[str, Setting] = {"clustered": clustered, "batched": batched, "key": key}
    return Arm(name=name, title=title, settings=settings)


OPERATIONS = Experiment(
    id="operations",
    title="Single operations by _id, everything in memory",
    arms=(
        _layout("plain", "plain collection", clustered=False),
        _layout("clustered", "clustered collection", clustered=True),
        _layout("plain-batched", "plain, inserts sent in batches", clustered=False, batched=True),
        _layout("plain-again", "plain collection once more", clustered=False),
    ),
    metrics=(
        Metric(
            name="insert_and_find",
            title="B-tree searches and writes to insert a document and find it by _id",
        ),
        *_COSTS,
        Metric(
            name="two_ids_examined",
            title="Index entries and documents examined to find two documents with $in",
        ),
        Metric(name="from_disk", title="Pages asked for that were not in the cache", unit="share"),
        Metric(name="strays", title="Commands of others on the collection meanwhile"),
    ),
    gates=(
        Condition(
            id="only-ours",
            statement="the server saw no command on the collection but ours",
            metric="strays",
            criterion=AtMost(0),
            guards=(
                *("operations", "insert-time", "find-time", "find-pages", "update-searches"),
                *("update-time", "batches", "ranges", "range-time"),
            ),
        ),
        Condition(
            id="in-memory",
            statement="99 of 100 pages were in the cache before they were asked for",
            metric="from_disk",
            criterion=AtMost(0.01),
        ),
        Control(
            id="same-find-twice",
            statement="two plain collections take the server the same time to find a document",
            metric="find_server_us",
            arm="plain",
            twin="plain-again",
            guards=("find-time", "range-time"),
        ),
        Control(
            id="same-insert-twice",
            statement="two plain collections take the server the same time to insert a document",
            metric="insert_server_us",
            arm="plain",
            twin="plain-again",
            guards=("insert-time", "update-time", "batches"),
        ),
    ),
    plans={
        Depth.PROOF: Plan(
            design=Sequential(least=3, most=12),
            arms=("plain", "clustered", "plain-batched"),
            settings={"documents": 10_000, "group": 15, "range": 1000},
        ),
        Depth.STUDY: Plan(
            design=Sequential(least=20, most=60),
            settings={"documents": 100_000, "group": 50, "range": 1000},
        ),
    },
)


SMALL_CACHE = Experiment(
    id="small-cache",
    title="The same operations with collections larger than the cache",
    arms=(
        _layout("plain", "plain, rising _ids", clustered=False),
        _layout("clustered", "clustered, rising _ids", clustered=True),
        _layout("plain-random", "plain, random _ids", clustered=False, key="random"),
        _layout("clustered-random", "clustered, random _ids", clustered=True, key="random"),
    ),
    metrics=OPERATIONS.metrics,
    gates=(
        Condition(
            id="only-ours-in-small-cache",
            statement="the server saw no command on the collection but ours",
            metric="strays",
            criterion=AtMost(0),
            guards=("random-ids",),
        ),
    ),
    plans={
        Depth.PROOF: Plan(
            design=Fixed(blocks=3),
            arms=("plain-random", "clustered-random"),
            settings={"documents": 30_000, "group": 100, "range": 500, "cache_mb": 8},
        ),
        Depth.STUDY: Plan(
            design=Fixed(blocks=20),
            settings={"documents": 200_000, "group": 50, "range": 500, "cache_mb": 24},
        ),
    },
)


def _stored(name: str, title: str, *, clustered: bool, secondaries: int, key: str) -> Arm:
    return Arm(
        name=name,
        title=title,
        settings={"clustered": clustered, "secondaries": secondaries, "key": key},
    )


STORAGE = Experiment(
    id="storage",
    title="What is stored, with secondary indexes and long _ids",
    arms=tuple(
        _stored(
            f"{'clustered' if clustered else 'plain'}-{secondaries}{suffix}",
            f"{'clustered' if clustered else 'plain'}, {what}",
            clustered=clustered,
            secondaries=secondaries,
            key=key,
        )
        for secondaries, key, suffix, what in (
            (0, "objectid", "", "no secondary index"),
            (1, "objectid", "", "one secondary index"),
            (3, "objectid", "", "three secondary indexes"),
            (3, "path", "-long", "three, _ids of 110 characters"),
        )
        for clustered in (False, True)
    ),
    metrics=(
        Metric(name="insert_writes", title="B-tree writes to insert a document"),
        Metric(name="stored_bytes", title="Bytes on disk for each document", unit="B"),
        Metric(name="index_bytes", title="Bytes of indexes for each document", unit="B"),
    ),
    plans={
        Depth.PROOF: Plan(
            design=Fixed(blocks=3),
            arms=("plain-3", "clustered-3", "plain-3-long", "clustered-3-long"),
            settings={"documents": 4000},
        ),
        Depth.STUDY: Plan(design=Fixed(blocks=5), settings={"documents": 50_000}),
    },
)


def _table(name: str, title: str, *, without_rowid: bool, ordered: bool) -> Arm:
    return Arm(
        name=name, title=title, settings={"without_rowid": without_rowid, "ordered": ordered}
    )


SQLITE = Experiment(
    id="sqlite",
    title="The same layout in SQLite, with a cache smaller than the table",
    arms=(
        _table("rowid", "table and index, rising keys", without_rowid=False, ordered=True),
        _table("clustered", "WITHOUT ROWID, rising keys", without_rowid=True, ordered=True),
        _table("rowid-random", "table and index, random keys", without_rowid=False, ordered=False),
        _table("clustered-random", "WITHOUT ROWID, random keys", without_rowid=True, ordered=False),
    ),
    metrics=(
        Metric(name="insert_pages", title="Pages asked for to insert a row"),
        Metric(name="insert_moved", title="Pages read from or written to the file for an insert"),
        Metric(name="find_pages", title="Pages asked for to find a row by its key"),
        Metric(name="find_moved", title="Pages read from the file to find a row by its key"),
    ),
    plans={
        Depth.PROOF: Plan(
            design=Fixed(blocks=3),
            settings={"rows": 20_000, "operations": 500, "cache_pages": 300},
        ),
        Depth.STUDY: Plan(
            design=Fixed(blocks=20),
            settings={"rows": 100_000, "operations": 1000, "cache_pages": 1000},
        ),
    },
)

EXPERIMENTS = (OPERATIONS, SMALL_CACHE, STORAGE, SQLITE)
