"""The sentences that are held against measurements, in the order in which they are told.

Values only. ``design`` has the arms and metrics that are named here.
"""

from earwitness.experiment.design import (
    AtLeast,
    AtMost,
    Hypothesis,
    Inference,
    Ratio,
    Role,
)

_OPERATIONS = "operations"
_STORAGE = "storage"
_SMALL_CACHE = "small-cache"
_SQLITE = "sqlite"

_TWICE = 2.0
"""What the episode promises, of whatever is counted or timed."""
_NEARLY_TWICE = 1.9
"""Of pages: a page that is split just then may be asked for once more."""
_NO_LESS = 1.0
"""Nothing saved."""
_BY_ORDERS = 100.0
"""Times as many from which on nobody would call it the same query."""
_MOST = 0.75
"""What is left of the writes when most of them stay."""
_LARGER = 1.25
"""Times the storage: a quarter more than before."""
_NOTICEABLE = 1.25
"""Times as fast from which on it is worth a migration."""

HYPOTHESES = (
    Hypothesis(
        id="operations",
        statement="to insert a document and find it by its _id takes at least twice as many B-tree "
        "searches and writes in a plain collection as in a clustered one",
        question="How many times as many B-tree searches and writes does a plain collection need "
        "to insert a document and find it by its _id?",
        role=Role.CLAIM,
        experiment=_OPERATIONS,
        contrast=Ratio(metric="insert_and_find", arm="plain", reference="clustered"),
        criterion=AtLeast(_TWICE),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="insert-time",
        statement="to insert a document takes the server at least twice as long in a plain "
        "collection as in a clustered one",
        question="How many times as long does the server take to insert into a plain collection?",
        role=Role.CLAIM,
        experiment=_OPERATIONS,
        contrast=Ratio(metric="insert_server_us", arm="plain", reference="clustered"),
        criterion=AtLeast(_TWICE),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="find-time",
        statement="to find a document by its _id takes the server at least twice as long in a "
        "plain collection as in a clustered one, both in memory",
        question="How many times as long does the server take to find a document in a plain "
        "collection?",
        role=Role.CLAIM,
        experiment=_OPERATIONS,
        contrast=Ratio(metric="find_server_us", arm="plain", reference="clustered"),
        criterion=AtLeast(_TWICE),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="update-time",
        statement="to update a document by its _id takes the server at least twice as long in a "
        "plain collection as in a clustered one",
        question="How many times as long does the server take to update a document in a plain "
        "collection?",
        role=Role.CLAIM,
        experiment=_OPERATIONS,
        contrast=Ratio(metric="update_server_us", arm="plain", reference="clustered"),
        criterion=AtLeast(_TWICE),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="find-pages",
        statement="to find a document by its _id asks the cache for at least 1.9 times as many "
        "pages in a plain collection",
        question="How many times as many pages does a find by _id ask for in a plain collection?",
        role=Role.MECHANISM,
        experiment=_OPERATIONS,
        contrast=Ratio(metric="find_pages", arm="plain", reference="clustered"),
        criterion=AtLeast(_NEARLY_TWICE),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="update-searches",
        statement="to update a document by its _id takes at least as many B-tree searches in a "
        "clustered collection as in a plain one",
        question="What part of the B-tree searches of an update by _id is left when the collection "
        "is clustered?",
        role=Role.MECHANISM,
        experiment=_OPERATIONS,
        contrast=Ratio(metric="update_searches", arm="clustered", reference="plain"),
        criterion=AtLeast(_NO_LESS),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="two-ids",
        statement="to find two documents by $in examines at least a hundred times as many entries "
        "and documents in a clustered collection as in a plain one",
        question="How many times as many entries and documents does a $in of two _ids examine when "
        "the collection is clustered?",
        role=Role.MECHANISM,
        experiment=_OPERATIONS,
        contrast=Ratio(metric="two_ids_examined", arm="clustered", reference="plain"),
        criterion=AtLeast(_BY_ORDERS),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="indexed-writes",
        statement="with three secondary indexes an insert into a clustered collection still takes "
        "at least three quarters of the B-tree writes of a plain one",
        question="With three secondary indexes, what part of the B-tree writes is left when the "
        "collection is clustered?",
        role=Role.MECHANISM,
        experiment=_STORAGE,
        contrast=Ratio(metric="insert_writes", arm="clustered-3", reference="plain-3"),
        criterion=AtLeast(_MOST),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="long-ids",
        statement="with three secondary indexes and _ids of 110 characters a clustered collection "
        "takes at least 1.25 times the storage of a plain one",
        question="With three secondary indexes and long _ids, how many times the storage does a "
        "clustered collection take?",
        role=Role.MECHANISM,
        experiment=_STORAGE,
        contrast=Ratio(metric="stored_bytes", arm="clustered-3-long", reference="plain-3-long"),
        criterion=AtLeast(_LARGER),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="random-ids",
        statement="with random _ids and a cache smaller than the collection, an insert moves at "
        "least twice as many bytes between cache and files when the collection is clustered",
        question="With random _ids and a small cache, how many times as many bytes does an insert "
        "move when the collection is clustered?",
        role=Role.MECHANISM,
        experiment=_SMALL_CACHE,
        contrast=Ratio(metric="insert_moved", arm="clustered-random", reference="plain-random"),
        criterion=AtLeast(_TWICE),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="sqlite-find",
        statement="in SQLite, too, to find a row by its key asks for at least twice as many pages "
        "when the table has an index beside it",
        question="In SQLite, how many times as many pages does a find by key ask for with an index "
        "beside the table?",
        role=Role.MECHANISM,
        experiment=_SQLITE,
        contrast=Ratio(metric="find_pages", arm="rowid", reference="clustered"),
        criterion=AtLeast(_TWICE),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="sqlite-random",
        statement="in SQLite, with random keys and a cache that holds the index but not the "
        "table, an insert moves at least twice as many pages when rows are stored in key order",
        question="With random keys and a small cache, how many times as many pages does an insert "
        "move when rows are stored in key order?",
        role=Role.MECHANISM,
        experiment=_SQLITE,
        contrast=Ratio(metric="insert_moved", arm="clustered-random", reference="rowid-random"),
        criterion=AtLeast(_TWICE),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="batches",
        statement="sent in batches, documents take a client at most half the time into a plain "
        "collection that they take one by one into a clustered one",
        question="What part of the client's time for single inserts into a clustered collection do "
        "batches into a plain one take?",
        role=Role.RIVAL,
        experiment=_OPERATIONS,
        contrast=Ratio(metric="insert_client_us", arm="plain-batched", reference="clustered"),
        criterion=AtMost(1 / _TWICE),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="ranges",
        statement="a range of a thousand _ids takes at most a hundredth of the B-tree searches in "
        "a clustered collection",
        question="What part of the B-tree searches for a range of a thousand _ids is left when the "
        "collection is clustered?",
        role=Role.REMEDY,
        experiment=_OPERATIONS,
        contrast=Ratio(metric="range_searches", arm="clustered", reference="plain"),
        criterion=AtMost(1 / _BY_ORDERS),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="range-time",
        statement="a range of a thousand _ids takes the server at least 1.25 times as long in a "
        "plain collection as in a clustered one",
        question="How many times as long does the server take for a range of _ids in a plain "
        "collection?",
        role=Role.REMEDY,
        experiment=_OPERATIONS,
        contrast=Ratio(metric="range_server_us", arm="plain", reference="clustered"),
        criterion=AtLeast(_NOTICEABLE),
        inference=Inference.INTERVAL,
    ),
)
