"""What the evidence of partition trees means: at most one finding for each tree, the worst first.

Pure, and repeatable on saved evidence. The catalog shows what a query that prunes nothing would
lock, not whether anybody sends one; every statement says so, and nothing here is ``critical``.
What was really sent is judged in ``judge_traffic``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from earwitness.check.finding import Finding, Location, Severity
from earwitness.check.wording import count
from earwitness.claims.partition_locks import judge_traffic
from earwitness.claims.partition_locks.evidence import PartitionLocks, PartitionTree
from earwitness.claims.partition_locks.locking import BYTES_PER_LOCK, FIRST_MAJOR_WITH_GROUPS

CLAIM = "partition-locks"
LEARN_MORE = "https://www.postgresql.org/docs/current/runtime-config-locks.html"

FEW_CONNECTIONS = 10
"""A tenth of the connections: what a burst, a slow query or a retry storm fills in seconds."""

INHERITANCE = "inheritance_trees"
"""Where in the evidence trees are that are tied by INHERITS, of which no condition leaves a lock out."""
MOST_SLOW_PATHS = 20
"""Trees with a ``slow-path`` of their own. Until 17 nearly every partitioned table has one."""

_TITLES: Mapping[str, str] = {
    "exhaustion": "A few unpruned queries at once can exhaust the lock table",
    "exhaustion-under-load": "Unpruned queries on many connections can exhaust the lock table",
    "slow-path": "An unpruned query takes locks in the shared lock table",
    "more": "Unpruned queries on further tables take locks in the shared lock table",
    "headroom": "Every partitioned table's locks fit into the fast path",
    "none": "There are no partitioned tables",
}


def judge(evidence: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Findings for the evidence, as JSON has it. msgspec.ValidationError when it is none."""
    seen = msgspec.convert(evidence, PartitionLocks)
    return (*_of_trees(seen), *judge_traffic.findings(seen))


def _of_trees(seen: PartitionLocks) -> Sequence[Finding]:
    """One for each tree with slow locks, but not for hundreds that are all no worse than low."""
    slow = [
        (f"/{field}/{place}", tree)
        for field in ("partition_trees", INHERITANCE)
        for place, tree in enumerate(getattr(seen, field))
        if tree.slow
    ]
    if not slow:
        return (_nothing_wrong(seen),)
    slow.sort(key=lambda one: one[1].slow, reverse=True)
    bad: list[tuple[str, PartitionTree]] = []
    mild: list[tuple[str, PartitionTree]] = []
    for pointer, tree in slow:
        grade = severity(tree, seen.max_connections)[1]
        (mild if grade is Severity.LOW else bad).append((pointer, tree))
    named = [*bad, *mild[:MOST_SLOW_PATHS]]
    findings = [_of_tree(tree, seen, pointer) for pointer, tree in named]
    further = [tree for _, tree in mild[MOST_SLOW_PATHS:]]
    return [*findings, _more(further, seen)] if further else findings


def severity(tree: PartitionTree, max_connections: int) -> tuple[str, Severity]:
    """Which finding a tree is, and how bad, by what it would take to hurt.

    - A tenth of the permitted connections or fewer, each in an unpruned query at the same moment,
      can fill the shared lock table: ``high``. The error then strikes every session, of any
      database, that needs one more lock, new connections included; and one application's pool is
      often that large.
    - More than that, but fewer than the permitted connections: ``medium``. It takes unusual
      load, and PostgreSQL gives out more locks than it guarantees, commonly about twice as many.
    - All permitted connections fit: ``low``. Sessions wait for each other in the lock manager when
      many of them run at once; whether that costs anything is a measurement, and no symptom is
      reported as one.
    """
    sessions = tree.sessions_until_exhaustion
    assert sessions is not None, "asked only of trees with slow locks"
    if sessions * FEW_CONNECTIONS <= max_connections:
        return "exhaustion", Severity.HIGH
    if sessions < max_connections:
        return "exhaustion-under-load", Severity.MEDIUM
    return "slow-path", Severity.LOW


def _of_tree(tree: PartitionTree, seen: PartitionLocks, pointer: str) -> Finding:
    inherits = INHERITANCE in pointer
    sort, grade = severity(tree, seen.max_connections)
    return Finding(
        id=f"{CLAIM}/{sort}",
        claim=CLAIM,
        severity=grade,
        title=_TITLES[sort],
        statement=f"{_locks(tree, inherits)} {_limit(sort, tree, seen)} {_what_it_takes(sort, tree)}",
        fix=f"{_advice(tree, inherits)} {_settings(tree, seen)}",
        location=Location(kind="table", name=tree.relation),
        evidence=(pointer, "/max_connections", "/max_locks_per_transaction"),
        learn_more=LEARN_MORE,
    )


def _locks(tree: PartitionTree, inherits: bool) -> str:
    whole = "and all that inherit from it" if inherits else "that prunes no partition"
    tables = count(tree.partitions, "table" if inherits else "partition")
    return (
        f"A SELECT on {tree.relation} {whole} takes {tree.locks:,} relation locks "
        f"({tables}, {count(tree.indexes, 'index', 'indexes')}): "
        f"{tree.fast:,} in the backend's own {tree.slots:,} slots, {tree.slow:,} in the lock table "
        f"that all sessions share.{_collisions(tree)}"
    )


def _collisions(tree: PartitionTree) -> str:
    """From 18 on a lock may only go into the group of slots that the OID selects."""
    if tree.locks > tree.slots:
        return ""
    return " There are slots enough, but too many of these OIDs select the same group of 16."


def _limit(sort: str, tree: PartitionTree, seen: PartitionLocks) -> str:
    sessions, connections = tree.sessions_until_exhaustion or 0, seen.max_connections
    sized = (
        f"That table is sized for {seen.lockable_objects:,} locks "
        f"({seen.max_locks_per_transaction:,} for each of {_holders(seen):,} processes and prepared "
        "transactions; NLOCKENTS in PostgreSQL's lock.c)"
    )
    if sessions == 0:
        return f"{sized}, fewer than a single such query takes."
    enough = (
        f"{sized}, which is certain to be enough for {count(sessions, 'session')} in such a query "
        "at once, each parallel worker counted as one more"
    )
    if sort == "slow-path":
        return f"{enough}; all {connections:,} permitted connections fit."
    return f"{enough}; {connections:,} connections are permitted."


def _holders(seen: PartitionLocks) -> int:
    """For how many processes and prepared transactions the shared table is sized."""
    return seen.lockable_objects // max(1, seen.max_locks_per_transaction)


def _what_it_takes(sort: str, tree: PartitionTree) -> str:
    if sort == "slow-path":
        return (
            "It takes many sessions in such a query at once to make them wait for each other, and "
            "that alone need not cost throughput: measure before acting."
        )
    enough = "It takes more than that many sessions in such a query"
    if tree.sessions_until_exhaustion == 0:
        enough = "It takes one session in such a query"
    return (
        f"{enough}, or in a generic plan of a prepared one, at once; then every session that needs "
        'a lock can get the error "out of shared memory". The catalog does not show whether such '
        "queries are sent."
    )


def _advice(tree: PartitionTree, inherits: bool) -> str:
    if not inherits:
        return (
            f"Give every query on {tree.relation} a condition on the partition key, keep fewer "
            "partitions or indexes, and bound how many sessions can run it at once."
        )
    return (
        f"Keep fewer tables that inherit from {tree.relation}, or fewer indexes, or make it a "
        "partitioned table: PostgreSQL locks every table that inherits before constraints leave any "
        "out, so no condition helps (an extension that plans for itself may do it otherwise). Bound "
        "how many sessions can run it at once."
    )


def _settings(tree: PartitionTree, seen: PartitionLocks) -> str:
    advice = []
    if tree.setting_for_all_sessions is not None:
        advice.append(
            f"max_locks_per_transaction = {tree.setting_for_all_sessions} (now "
            f"{seen.max_locks_per_transaction}) makes the lock table large enough for all "
            f"{seen.max_connections:,} connections; it takes "
            f"{_price(tree.setting_for_all_sessions, seen)}."
        )
    if tree.setting_for_fast_path is not None:
        advice.append(
            f"max_locks_per_transaction = {tree.setting_for_fast_path} keeps all "
            f"{tree.locks:,} locks in the backends' own slots; it takes "
            f"{_price(tree.setting_for_fast_path, seen)}."
        )
    elif seen.major < FIRST_MAJOR_WITH_GROUPS:
        advice.append(
            f"Until PostgreSQL {FIRST_MAJOR_WITH_GROUPS - 1} a backend has {tree.slots} slots "
            f"whatever the settings; from {FIRST_MAJOR_WITH_GROUPS} on they follow "
            "max_locks_per_transaction."
        )
    return " ".join(advice)


def _price(limit: int, seen: PartitionLocks) -> str:
    """What a larger max_locks_per_transaction costs. A standby with less than its primary stops replaying."""
    locks = (limit - seen.max_locks_per_transaction) * _holders(seen)
    megabytes = max(1.0, float(f"{locks * BYTES_PER_LOCK / 1e6:.2g}"))  # no more is known
    return f"a restart, of standbys first, and about {megabytes:,.0f} MB more of shared memory"


def _more(trees: Sequence[PartitionTree], seen: PartitionLocks) -> Finding:
    """What is said of trees beyond those that have a finding of their own; most slow locks first."""
    return Finding(
        id=f"{CLAIM}/more",
        claim=CLAIM,
        severity=Severity.LOW,
        title=_TITLES["more"],
        statement=(
            f"A SELECT on all of it also takes locks in the shared lock table for "
            f"{count(len(trees), 'further table')}, at most {trees[0].slow:,} for one "
            f"({trees[0].relation}). All {seen.max_connections:,} permitted connections fit. The "
            "evidence lists every table."
        ),
        fix="Begin with those named one by one; what helps there helps here.",
        evidence=("/partition_trees", f"/{INHERITANCE}"),
        learn_more=LEARN_MORE,
    )


def _nothing_wrong(seen: PartitionLocks) -> Finding:
    """Said so that "looked and found nothing" is not silence."""
    partitioned, inherited = seen.partition_trees, seen.inheritance_trees
    sort = "headroom" if partitioned or inherited else "none"
    worst = max((*partitioned, *inherited), key=lambda tree: tree.locks, default=None)
    statement = "The catalog lists no partitioned table, and none that others inherit from."
    if worst is not None:
        with_children = f" and {len(inherited):,} that others inherit from" if inherited else ""
        statement = (
            f"Of {count(len(partitioned), 'partitioned table')}{with_children}, {worst.relation} "
            f"takes most relation locks in a SELECT that prunes no partition: {worst.locks:,}, all "
            f"of them in the backend's own {worst.slots:,} slots."
        )
    return Finding(
        id=f"{CLAIM}/{sort}",
        claim=CLAIM,
        severity=Severity.INFO,
        title=_TITLES[sort],
        statement=statement,
        fix="Nothing to do.",
        evidence=("/partition_trees",),
        learn_more=LEARN_MORE,
    )
