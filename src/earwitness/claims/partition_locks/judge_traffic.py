"""What the statements and the waits of a server mean: at most one finding of a sort for each tree.

Pure, and repeatable on saved evidence. Statements were really sent, but counters do not show how
many sessions were in one at once; every finding says what it would take.
"""

from collections.abc import Iterable, Sequence

from earwitness.check.finding import Finding, Location, Severity
from earwitness.check.wording import count
from earwitness.claims.partition_locks.evidence import PartitionLocks, Statement, Waits
from earwitness.claims.partition_locks.locking import HOLDERS_PER_LOCK

CLAIM = "partition-locks"
LEARN_PLANS = "https://www.postgresql.org/docs/current/sql-prepare.html"
LEARN_PRUNING = (
    "https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITION-PRUNING"
)
LEARN_WAITS = (
    "https://www.postgresql.org/docs/current/monitoring-stats.html#WAIT-EVENT-LWLOCK-TABLE"
)

FEW_CONNECTIONS = 10
"""A tenth of the connections, as for trees."""
NOTABLE_SHARE = 0.1
"""From a tenth of the active sessions on, waits for the lock manager are more than noise."""
FEW_SAMPLES = 100
"""Active sessions seen: with fewer, a share says little."""
_NAMED = 3


def findings(seen: PartitionLocks) -> tuple[Finding, ...]:
    """Findings about statements and waits; none for what was not seen."""
    found = []
    for relations in sorted({_about(one) for one in seen.statements or ()}):
        found += _of_relations(relations, seen)
    if seen.waits is not None:
        found.append(_of_waits(seen.waits))
    return tuple(found)


def _about(one: Statement) -> tuple[str, ...]:
    """The trees that a finding about it names: those that it never prunes, else all that it reads."""
    return one.unpruned or one.relations


def sessions_until_exhaustion(one: Statement, seen: PartitionLocks) -> int:
    """How many sessions in this statement at once fit into the lock table for certain.

    A lower bound, as for trees; asked only of statements with locks in the shared table.
    """
    if one.slow > seen.lockable_objects:
        return 0
    return HOLDERS_PER_LOCK * seen.lockable_objects // one.slow


def severity(one: Statement, seen: PartitionLocks) -> Severity:
    """How bad a statement is that never prunes and takes locks in the shared table.

    - A tenth of the connections or fewer in it at once can fill the lock table, and it was called
      more often than that since the counters were reset: ``high``. It is sent, so a burst, a slow
      moment or a retry storm is all it takes.
    - Fewer than all permitted connections, and called more often than that: ``medium``.
    - Otherwise ``low``: it was called too seldom to have filled anything, or everybody fits.
    """
    sessions = sessions_until_exhaustion(one, seen)
    if one.calls <= sessions or sessions >= seen.max_connections:
        return Severity.LOW
    if sessions * FEW_CONNECTIONS <= seen.max_connections:
        return Severity.HIGH
    return Severity.MEDIUM


def _of_relations(relations: Sequence[str], seen: PartitionLocks) -> list[Finding]:
    """One finding for those that never prune, for those that a generic plan would hurt, for the rest."""
    spilling = [
        (place, one)
        for place, one in enumerate(seen.statements or ())
        if _about(one) == relations and one.slow > 0
    ]
    never = [pair for pair in spilling if pair[1].prunes == "never"]
    custom = [pair for pair in spilling if pair[1].prunes == "custom_only"]
    unknown = [pair for pair in spilling if pair[1].prunes == "unknown"]
    return [
        *([_never_prunes(never, seen)] if never else []),
        *([_generic_plan(custom, seen)] if custom else []),
        *([_unknown(unknown)] if unknown else []),
    ]


def _never_prunes(statements: Sequence[tuple[int, Statement]], seen: PartitionLocks) -> Finding:
    _, worst = min(statements, key=lambda pair: (severity(pair[1], seen).rank, -pair[1].calls))
    sessions = sessions_until_exhaustion(worst, seen)
    return Finding(
        id=f"{CLAIM}/never-prunes",
        claim=CLAIM,
        severity=severity(worst, seen),
        title="A statement that is sent locks every partition",
        statement=(
            f"{_said(statements)} on {_names(worst)} never {_verb('prune', statements)}: with "
            f"parameters or with values, every partition is planned. The worst takes {_locks(worst)}. {_fits(sessions, seen)} "
            f"It was called {count(worst.calls, 'time')}{_since(worst, seen)}. {_in_words(statements)}"
        ),
        fix=(
            f"Give them a condition on the partition key of {_names(worst)}, as a value that is known "
            "when the plan is made: what now() or a subquery gives is not. Or keep fewer partitions "
            "or indexes, and bound how many sessions can send them at once."
        ),
        location=_location(worst),
        evidence=_pointers(statements),
        statements=_texts(statements),
        learn_more=LEARN_PRUNING,
    )


def _generic_plan(statements: Sequence[tuple[int, Statement]], seen: PartitionLocks) -> Finding:
    """Whether anybody prepares them the server does not show: never more than ``medium``."""
    _, worst = max(statements, key=lambda pair: (pair[1].slow, pair[1].calls))
    sessions = sessions_until_exhaustion(worst, seen)
    few = sessions * FEW_CONNECTIONS <= seen.max_connections and worst.calls > sessions
    custom = "" if worst.custom_locks is None else f", instead of {worst.custom_locks:,} in all"
    return Finding(
        id=f"{CLAIM}/generic-plan",
        claim=CLAIM,
        severity=Severity.MEDIUM if few else Severity.LOW,
        title="Prepared, a statement would lock every partition from its sixth execution on",
        statement=(
            f"{_said(statements)} on {_names(worst)} {_verb('prune', statements)} only when values are "
            "known. A generic plan locks every partition before it prunes: for the worst, making it "
            f"takes {_locks(worst)}{custom}; each later execution all of these but the indexes of what "
            f"it prunes. {_fits(sessions, seen)} From the sixth execution on, PostgreSQL may choose such a plan "
            "for a prepared statement; the server does not show which statements are prepared, nor which "
            "parameters were literals, by which every plan prunes. "
            f"{_in_words(statements)}"
        ),
        fix=(
            "Where a driver or a pool prepares these statements, set plan_cache_mode = "
            "force_custom_plan for its role, or let it send them unprepared."
        ),
        location=_location(worst),
        evidence=_pointers(statements),
        statements=_texts(statements),
        learn_more=LEARN_PLANS,
    )


def _unknown(statements: Sequence[tuple[int, Statement]]) -> Finding:
    """Said so that "not understood" is not taken for "prunes"."""
    _, worst = max(statements, key=lambda pair: (pair[1].slow, pair[1].calls))
    reasons = dict.fromkeys(one.reason for _, one in statements if one.reason)
    because = f" (of one or another: {'; '.join(reasons)})" if reasons else ""
    return Finding(
        id=f"{CLAIM}/unknown-pruning",
        claim=CLAIM,
        severity=Severity.INFO,
        title="Whether some statements prune is not known",
        statement=(
            f"Whether {_said(statements)} on {_names(worst)} {_verb('prune', statements)} is not "
            f"known{because}. Where the worst does not, it takes {_locks(worst)}. {_in_words(statements)}"
        ),
        fix="Look at EXPLAIN of each, with values as they are sent: how many partitions does it name?",
        location=_location(worst),
        evidence=_pointers(statements),
        statements=_texts(statements),
        learn_more=LEARN_PRUNING,
    )


def _of_waits(waits: Waits) -> Finding:
    """A share of waits is a symptom: never more than ``low``."""
    share = waits.lock_manager / waits.active if waits.active else None
    notable = share is not None and share >= NOTABLE_SHARE and waits.active >= FEW_SAMPLES
    said = "No session was active."
    if share is not None:
        said = (
            f"{share:.1%} of {waits.active:,} active sessions seen waited for LWLock:LockManager. "
            "That is a symptom, not damage: whether it costs throughput has to be measured."
        )
    return Finding(
        id=f"{CLAIM}/waits",
        claim=CLAIM,
        severity=Severity.LOW if notable else Severity.INFO,
        title=(
            "Active sessions wait for the lock manager"
            if notable
            else "Active sessions hardly wait for the lock manager"
        ),
        statement=(
            f"In {waits.seconds:g} s, {waits.samples:,} samples were taken, {waits.hertz:.3g} a "
            f"second. {said}"
        ),
        fix=(
            "Compare throughput and latency before and after fewer locks in a statement, or fewer "
            "sessions at once, before acting on it."
            if notable
            else "Nothing to do."
        ),
        evidence=("/waits",),
        learn_more=LEARN_WAITS,
    )


def _said(statements: Sequence[tuple[int, Statement]]) -> str:
    calls = sum(one.calls for _, one in statements)
    return f"{count(len(statements), 'statement')} ({count(calls, 'call')})"


def _verb(word: str, statements: Sequence[tuple[int, Statement]]) -> str:
    return f"{word}s" if len(statements) == 1 else word


def _locks(one: Statement) -> str:
    return (
        f"{one.locks:,} relation locks, {one.slow:,} of them in the table that all sessions share"
    )


def _fits(sessions: int, seen: PartitionLocks) -> str:
    if sessions >= seen.max_connections:
        return f"That table has room for all {seen.max_connections:,} permitted connections in it."
    return (
        f"That table is certain to have room for {sessions:,} sessions in it at once, each parallel "
        f"worker counted as one more, of {seen.max_connections:,} permitted; beyond, every session that "
        'needs a lock can get the error "out of shared memory".'
    )


def _since(worst: Statement, seen: PartitionLocks) -> str:
    """Over how long, and by Little's law how many sessions were in it on average."""
    if not seen.statements_seconds or seen.statements_seconds <= 0:
        return ""
    average = worst.seconds / seen.statements_seconds
    return (
        f" in {seen.statements_seconds:,.0f} s, which kept {average:.3g} sessions busy on average"
    )


def _in_words(statements: Iterable[tuple[int, Statement]]) -> str:
    """Which statements, those with most calls first, and who said so."""
    ranked = sorted((one for _, one in statements), key=lambda one: -one.calls)
    said = "; ".join(
        f"{one.queryid} ({count(one.calls, 'call')}): {one.text}" for one in ranked[:_NAMED]
    )
    more = f"; and {len(ranked) - _NAMED:,} more" if len(ranked) > _NAMED else ""
    by_text = sum(one.by == "text" for one in ranked)
    judged = f" {by_text:,} judged by text, not by a plan." if by_text else ""
    return f"By query id: {said}{more}.{judged}"


def _texts(statements: Iterable[tuple[int, Statement]]) -> tuple[str, ...]:
    """Their texts, those with most calls first, each once."""
    ranked = sorted((one for _, one in statements), key=lambda one: -one.calls)
    return tuple(dict.fromkeys(one.text for one in ranked))


def _names(one: Statement) -> str:
    return ", ".join(_about(one))


def _location(one: Statement) -> Location:
    return Location(kind="table", name=_about(one)[0])


def _pointers(statements: Iterable[tuple[int, Statement]]) -> tuple[str, ...]:
    return tuple(f"/statements/{place}" for place, _ in statements)
