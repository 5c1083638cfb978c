"""What the claim predicts of a server under load, with the thresholds.

Values only, a part of ``hypotheses``. The arms and metrics stand in ``load_design``.
"""

from earwitness.experiment.design import (
    AtLeast,
    AtMost,
    Difference,
    Hypothesis,
    Inference,
    Ratio,
    Role,
    Value,
)

LOAD_HYPOTHESES = (
    Hypothesis(
        id="collapse",
        statement="After partitioning, the same query reaches at most a fifth of its throughput.",
        question="What is the throughput of the query on the partitioned table, as a multiple of "
        "that on the unpartitioned one?",
        role=Role.CLAIM,
        experiment="slots",
        contrast=Ratio(metric="tps", arm="slots-16", reference="unpartitioned"),
        criterion=AtMost(0.2),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="tail",
        statement="Contention in the lock manager slows the slowest requests: with too few slots "
        "the p99 latency is at least 1.5 times that with enough of them.",
        question="How many times longer is the p99 latency with 16 slots than with 1024?",
        role=Role.CLAIM,
        experiment="slots",
        contrast=Ratio(metric="p99_ms", arm="slots-16", reference="slots-1024"),
        criterion=AtLeast(1.5),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="waits",
        statement="With too few slots, the share of active sessions that wait for the lock manager "
        "is higher by at least 0.2.",
        question="By how much is the share of active sessions that wait for the lock manager "
        "higher with 16 slots than with 1024?",
        role=Role.MECHANISM,
        experiment="slots",
        contrast=Difference(metric="lock_manager_share", arm="slots-16", reference="slots-1024"),
        criterion=AtLeast(0.2),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="lock-manager-alone",
        statement="The lock manager alone explains the collapse: with too few slots the throughput "
        "falls to a tenth of that with enough of them.",
        question="What is the throughput with 16 slots, as a multiple of that with 1024?",
        role=Role.RIVAL,
        experiment="slots",
        contrast=Ratio(metric="tps", arm="slots-16", reference="slots-1024"),
        criterion=AtMost(0.1),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="remedy-throughput",
        statement="With the partition key in the query, the same server reaches at least five "
        "times the throughput.",
        question="How many times higher is the throughput of the query with the partition key?",
        role=Role.REMEDY,
        experiment="slots",
        contrast=Ratio(metric="tps", arm="keyed", reference="slots-16"),
        criterion=AtLeast(5),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="planning",
        statement="To plan a hundred partitions anew for every query at least doubles its mean "
        "latency over a plan that is kept.",
        question="How many times longer is the mean latency when every query is planned anew?",
        role=Role.MECHANISM,
        experiment="slots",
        contrast=Ratio(metric="mean_ms", arm="slots-1024", reference="kept-plan"),
        criterion=AtLeast(2),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="scanning",
        statement="With a kept plan and slots for every lock, to look into a hundred partitions "
        "still takes at least three times as long as to look into one table with the same rows.",
        question="How many times longer is the mean latency on a hundred partitions than on one "
        "table, when nothing is planned?",
        role=Role.MECHANISM,
        experiment="slots",
        contrast=Ratio(metric="mean_ms", arm="kept-plan", reference="unpartitioned-kept"),
        criterion=AtLeast(3),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="locking-alone",
        statement="Locks are dear in themselves: with nobody else there, to lock a thousand "
        "partitions takes at least half as long as to plan and execute the query.",
        question="What share of the time of planning and executing does locking a thousand "
        "partitions take, with nobody else there?",
        role=Role.RIVAL,
        experiment="sweep",
        contrast=Value(metric="locking_share", arm="p1000"),
        criterion=AtLeast(0.5),
        inference=Inference.INTERVAL,
    ),
    Hypothesis(
        id="waits-with-clients",
        statement="It takes a crowd: with 16 slots the share of active sessions that wait for the "
        "lock manager is higher by at least 0.2 with 64 clients than with 8.",
        question="By how much is the share of active sessions that wait for the lock manager "
        "higher with 64 clients than with 8?",
        role=Role.MECHANISM,
        experiment="grid",
        contrast=Difference(
            metric="lock_manager_share", arm="p100-i2-c64-s16", reference="p100-i2-c8-s16"
        ),
        criterion=AtLeast(0.2),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="share-is-damage",
        statement="The share of sessions that wait is the damage: where they wait on ten "
        "partitions, throughput falls to half of that with enough slots.",
        question="What is the throughput on ten partitions with 16 slots, as a multiple of that "
        "with 1024?",
        role=Role.RIVAL,
        experiment="grid",
        contrast=Ratio(metric="tps", arm="p10-i2-c256-s16", reference="p10-i2-c256-s1024"),
        criterion=AtMost(0.5),
        inference=Inference.EXACT,
    ),
    Hypothesis(
        id="upgrade-tail",
        statement="With max_locks_per_transaction at 1024 the p99 latency of PostgreSQL 18 is at "
        "least a third lower than that of PostgreSQL 16, which has 16 slots whatever is set.",
        question="What is the p99 latency of PostgreSQL 18 as a multiple of that of PostgreSQL 16, "
        "both with max_locks_per_transaction at 1024?",
        role=Role.REMEDY,
        experiment="upgrade",
        contrast=Ratio(metric="p99_ms", arm="pg18", reference="pg16"),
        criterion=AtMost(2 / 3),
        inference=Inference.INTERVAL,
    ),
)
