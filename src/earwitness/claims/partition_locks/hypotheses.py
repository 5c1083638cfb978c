"""What the claim predicts, one measurable sentence each, with the thresholds.

Values only; those under load stand in ``load_hypotheses``. The arms and metrics that they name stand
in ``design`` and ``cascade_design``.
"""

from earwitness.claims.partition_locks.load_hypotheses import LOAD_HYPOTHESES
from earwitness.experiment.design import (
    AtLeast,
    AtMost,
    Difference,
    Hypothesis,
    Inference,
    Ratio,
    Role,
    Share,
    Value,
    Within,
)

LOCK_HYPOTHESES = (
    Hypothesis(
        id="locks",
        statement="A query without the partition key locks every partition and every index of the "
        "tree: at least ten times the locks of the same query with the key.",
        question="How many times more locks does the query take without the partition key?",
        role=Role.CLAIM,
        experiment="locks",
        contrast=Ratio(metric="locks", arm="unkeyed", reference="keyed"),
        criterion=AtLeast(10),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="tree",
        statement="The partitions are what is locked: the same query on the same rows in one table "
        "takes at most a tenth of the locks.",
        question="How many times more locks does the query take on the partitioned table than on "
        "the unpartitioned one?",
        role=Role.MECHANISM,
        experiment="locks",
        contrast=Ratio(metric="locks", arm="unkeyed", reference="unpartitioned"),
        criterion=AtLeast(10),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="spills",
        statement="A session's own slots do not hold these locks: some go into the lock table that "
        "all sessions share.",
        question="How many of the locks are in the shared lock table?",
        role=Role.MECHANISM,
        experiment="locks",
        contrast=Value(metric="shared_table", arm="unkeyed"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="predicted",
        statement="The catalog and the settings alone tell how many locks there are, how many are "
        "fast-path and how many are shared.",
        question="How many of these three predicted numbers are wrong?",
        role=Role.MECHANISM,
        experiment="locks",
        contrast=Value(metric="mispredicted", arm="unkeyed"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="remedy-key",
        statement="With the partition key in the query, none of its locks is in the shared table.",
        question="How many locks of the query with the key are in the shared lock table?",
        role=Role.REMEDY,
        experiment="locks",
        contrast=Value(metric="shared_table", arm="keyed"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="default-18-spills",
        statement="An upgrade to PostgreSQL 18 with default settings is not enough for a hundred "
        "partitions: locks still go into the shared table.",
        question="How many locks of the query are in the shared table of a default PostgreSQL 18?",
        role=Role.MECHANISM,
        experiment="versions",
        contrast=Value(metric="shared_table", arm="pg18"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="remedy-slots",
        statement="PostgreSQL 18 with max_locks_per_transaction at 1024 keeps all locks of the "
        "query out of the shared table.",
        question="How many locks of the query are in the shared table with 1024 slots?",
        role=Role.REMEDY,
        experiment="versions",
        contrast=Value(metric="shared_table", arm="pg18-wide"),
        criterion=AtMost(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="grows-with-partitions",
        statement="Ten times the partitions take ten times the locks.",
        question="How many times more locks does the query take on 1000 partitions than on 100?",
        role=Role.MECHANISM,
        experiment="sweep",
        contrast=Ratio(metric="locks", arm="p1000", reference="p100"),
        # (1000 + 1) / (100 + 1) = 9.91, because the parent is locked too
        criterion=Within(9.5, 10),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="grows-with-indexes",
        statement="Every index multiplies the locks: four indexes take five times those of none.",
        question="How many times more locks does the query take with four indexes than with none?",
        role=Role.MECHANISM,
        experiment="indexes",
        contrast=Ratio(metric="locks", arm="i4", reference="i0"),
        # exactly 5 from PostgreSQL 16 on; 4.96 before, where the parent's indexes are not locked
        criterion=Within(4.9, 5.1),
        inference=Inference.EXACT,
    ),
)

EXHAUSTION_HYPOTHESES = (
    Hypothesis(
        id="exhausts",
        statement="Sessions that hold the query's locks fill the shared lock table, and the next "
        "one fails with an error instead of waiting.",
        question="In what share of the attempts does a session fail with out of shared memory?",
        role=Role.MECHANISM,
        experiment="exhaustion",
        contrast=Share(metric="failure", arm="unkeyed", equals="out of shared memory"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="exhausts-early",
        statement="The lock table is full while more than half of the connections are still free.",
        question="What share of max_connections is in use when the lock table is full?",
        role=Role.MECHANISM,
        experiment="exhaustion",
        contrast=Value(metric="connections_share", arm="unkeyed"),
        criterion=AtMost(0.5),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="exhausts-not-before",
        statement="As many sessions as PostgreSQL sizes its lock table for do get their locks.",
        question="How many sessions more than the guaranteed number get their locks?",
        role=Role.MECHANISM,
        experiment="exhaustion",
        contrast=Value(metric="margin", arm="unkeyed"),
        criterion=AtLeast(0),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="remedy-sessions",
        statement="With the partition key in the query, every session gets its locks.",
        question="In what share of the attempts do all sessions with the key get their locks?",
        role=Role.REMEDY,
        experiment="exhaustion",
        contrast=Share(metric="failure", arm="keyed", equals="none"),
        criterion=AtLeast(1),
        inference=Inference.EXACT,
    ),
)

PREPARED_HYPOTHESES = (
    Hypothesis(
        id="sixth-execution",
        statement="A prepared query locks the whole tree although it names the key: at its sixth "
        "execution, when the server tries a plan for any key, it takes at least ten times the "
        "locks of the fifth.",
        question="How many times more locks does the sixth execution of a prepared query with the "
        "key take than the fifth?",
        role=Role.MECHANISM,
        experiment="prepared",
        contrast=Ratio(metric="auto", arm="execution-6", reference="execution-5"),
        criterion=AtLeast(10),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="generic-plan",
        statement="With a generic plan the query locks all of the hundred partitions at every "
        "execution, although it reads only one.",
        question="How many locks does the eighth execution take with a generic plan?",
        role=Role.MECHANISM,
        experiment="prepared",
        contrast=Value(metric="generic", arm="execution-8"),
        criterion=AtLeast(100),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="remedy-custom-plan",
        statement="With plan_cache_mode at force_custom_plan the sixth execution takes no more "
        "locks than the first.",
        question="How many times more locks does the sixth execution take than the first, with "
        "custom plans only?",
        role=Role.REMEDY,
        experiment="prepared",
        contrast=Ratio(metric="custom", arm="execution-6", reference="execution-1"),
        criterion=AtMost(1),
        inference=Inference.EXACT,
    ),
)

CASCADE_HYPOTHESES = (
    Hypothesis(
        id="fails-in-the-burst",
        statement="In the same burst, users of the partitioned table get 5xx errors that those of "
        "the unpartitioned one do not get: at least 5 in 100 requests more.",
        question="What share of the requests in a burst fails on the partitioned table, beyond "
        "those that fail on the unpartitioned one?",
        role=Role.MECHANISM,
        experiment="cascade",
        contrast=Difference(metric="burst_failed", arm="unkeyed", reference="unpartitioned"),
        criterion=AtLeast(0.05),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="holds-unpartitioned",
        statement="On the unpartitioned table at most 1 in 100 requests fails in the burst.",
        question="What share of the requests in the burst fails on the unpartitioned table?",
        role=Role.MECHANISM,
        experiment="cascade",
        contrast=Value(metric="burst_failed", arm="unpartitioned"),
        criterion=AtMost(0.01),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="remedy-key-burst",
        statement="With the partition key in the query, at most 1 in 100 requests fails in the "
        "same burst on the same partitioned table.",
        question="What share of the requests in the burst fails with the partition key in the "
        "query?",
        role=Role.REMEDY,
        experiment="cascade",
        contrast=Value(metric="burst_failed", arm="keyed"),
        criterion=AtMost(0.01),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="remedy-partitions-burst",
        statement="With 10 partitions instead of 400, at most 1 in 100 requests fails in the same "
        "burst.",
        question="What share of the requests in the burst fails with 10 partitions?",
        role=Role.REMEDY,
        experiment="cascade",
        contrast=Value(metric="burst_failed", arm="few-partitions"),
        criterion=AtMost(0.01),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="slots-prevent",
        statement="The lock manager alone makes the errors: with 1024 slots, which cover the tree, "
        "at most 1 in 100 requests fails in the burst.",
        question="What share of the requests in the burst fails with 1024 slots?",
        role=Role.RIVAL,
        experiment="cascade",
        contrast=Value(metric="burst_failed", arm="slots-1024"),
        criterion=AtMost(0.01),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="victims",
        statement="Requests that do name the key fail too, because they share the backend's pool "
        "with those that do not: at least 5 in 100 of them.",
        question="What share of the requests with the key fails in a burst in which four in five "
        "leave it out?",
        role=Role.MECHANISM,
        experiment="cascade",
        contrast=Value(metric="victims_failed", arm="mixed"),
        criterion=AtLeast(0.05),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="outlasts",
        statement="Every time the overload keeps itself alive: of the requests due a second after "
        "the burst and later, at least 5 in 100 still fail.",
        question="What share of the requests still fails a second after the burst?",
        role=Role.RIVAL,
        experiment="cascade",
        contrast=Value(metric="settled_failed", arm="unkeyed"),
        criterion=AtLeast(0.05),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="time-out-alone",
        statement="A time-out of statements alone is enough: at least 20 in 100 requests of the "
        "burst more have an answer within 0.7 s.",
        question="What share of the requests in the burst is answered within 0.7 s with a time-out "
        "of statements, beyond what is answered in that time without one?",
        role=Role.RIVAL,
        experiment="cascade",
        contrast=Difference(metric="prompt", arm="time-out", reference="unkeyed"),
        criterion=AtLeast(0.2),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="fails-sooner",
        statement="A backend that also says no early, when no connection is free, answers sooner, "
        "though often with an error: at least 20 in 100 requests of the burst more have an answer "
        "within 0.7 s.",
        question="What share of the requests in the burst is answered within 0.7 s by a backend "
        "that says no early, beyond what one with the same time-out answers in that time?",
        role=Role.REMEDY,
        experiment="cascade",
        contrast=Difference(metric="prompt", arm="fail-fast", reference="time-out"),
        criterion=AtLeast(0.2),
        inference=Inference.EXACT,
    ),
)

HYPOTHESES = (
    *LOCK_HYPOTHESES,
    *EXHAUSTION_HYPOTHESES,
    *PREPARED_HYPOTHESES,
    *LOAD_HYPOTHESES,
    *CASCADE_HYPOTHESES,
)
