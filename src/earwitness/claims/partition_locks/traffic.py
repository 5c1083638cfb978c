"""What is really sent to the trees of a server, and what its sessions wait for, as far as it shows.

Reads for the probe. The trees are judged without it, and what is missing is added to ``missed`` with
the grant or the step that would show it; that is essential only where the connection was lost.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from earwitness.check import postgresql, postgresql_statements
from earwitness.check.evidence import Unseen
from earwitness.check.plan import Step
from earwitness.check.postgresql import FIRST_MAJOR_PLANNING
from earwitness.check.postgresql_statements import Statements
from earwitness.check.target import NotSeen, Unreachable
from earwitness.claims.partition_locks import relations as relations_
from earwitness.claims.partition_locks.evidence import Statement, Waits
from earwitness.claims.partition_locks.locking import LockSettings, Relation

if TYPE_CHECKING:
    from earwitness.claims.partition_locks import statements as statements_

CLAIM = "partition-locks"
SAMPLES_PER_SECOND = 10.0
LOCKS_AT_MOST = 10_000
"""Reading pg_locks stops every lock of the server for a moment that grows with their number: a few
milliseconds at this one. With more than that the server's planner is not asked."""

HELD = postgresql.select(
    "locks-held",
    "how many locks all sessions hold, and how many of them in the shared table",
    "select count(*), count(*) filter (where not fastpath) from pg_locks",
    needs="grant select on pg_catalog.pg_locks",
)
PLANNED = postgresql.planning(
    "planned-statements",
    "which relations a statement on a partitioned table locks: it is planned, not executed, and its "
    "locks are read from pg_locks and given back; once as counted and once with values from the "
    "bounds of a partition. Not as a superuser, and not where it would take more than a quarter of "
    "the free lock table",
)
PLAN = (*postgresql_statements.PLAN, *relations_.PLAN, HELD, PLANNED)

_WAITS = "waits"
# The view's rows are remembered for the length of a transaction unless that is cleared, which has
# to happen before they are read: as an argument of the function that reads them.
_ACTIVITY = """
select count(*), count(*) filter (where wait_event_type = 'LWLock' and wait_event = 'LockManager'),
    count(*) filter (where hidden)
from (
    select state, wait_event_type, wait_event, pid, backend_type,
        query = '<insufficient privilege>' as hidden
    from pg_stat_get_activity(nullif((select pg_stat_clear_snapshot()::text), '')::int)
) as sessions
where hidden or (state = 'active' and backend_type = 'client backend' and pid <> pg_backend_pid())
"""


def sampling(seconds: float) -> Step:
    """The step that samples waits for so long."""
    once = postgresql.select(
        _WAITS,
        f"what active sessions wait for, {SAMPLES_PER_SECOND:g} times a second for {seconds:g} s",
        _ACTIVITY,
        needs="grant pg_read_all_stats",
    )
    return Step(
        name=once.name,
        purpose=once.purpose,
        text=once.text,
        needs=once.needs,
        seconds=seconds,
        hertz=SAMPLES_PER_SECOND,
    )


def statements(
    session: postgresql.Session,
    names: Mapping[int, str],
    trees: Mapping[int, Sequence[Relation]],
    limits: LockSettings,
    missed: list[Unseen],
) -> tuple[tuple[Statement, ...] | None, float | None]:
    """The statements that read trees, most calls first, and for how long they have been counted.

    None when they were not seen, also because the connection was lost: the trees were seen before.
    Without a tree nothing is read.
    """
    if not names:
        return None, None
    try:
        counted = postgresql_statements.read(session)
        postgresql_statements.parsed("")  # whether the parser is here
        relations = relations_.read(session, names, trees)
        found = _judged(session, counted, relations, limits, missed)
    except NotSeen as problem:
        missed.append(_unseen("the statements on partitioned tables", str(problem), problem.needs))
        return None, None
    except Unreachable as problem:
        missed.append(_lost("the statements on partitioned tables", problem))
        return None, None
    if counted.hidden:
        missed.append(
            _unseen(
                "statements of other roles",
                f"{counted.hidden:,} are counted but not shown",
                "grant pg_read_all_stats",
            )
        )
    return found, counted.seconds


def _judged(
    session: postgresql.Session,
    counted: Statements,
    relations: relations_.Relations,
    limits: LockSettings,
    missed: list[Unseen],
) -> tuple[Statement, ...]:
    from earwitness.claims.partition_locks import statements as statements_

    found: list[Statement] = []
    not_looked_at: Counter[statements_.NotLookedAt] = Counter()
    asked: _Asked | None = None
    for use in statements_.uses(counted.counted, relations):
        if isinstance(use, statements_.NotLookedAt):
            not_looked_at[use] += 1
            continue
        asked = asked or _asked(session, limits, missed)
        found.append(statements_.judged(use, relations, asked.room, asked.plan))
    left_out = {"have fewer calls and less time than all that were read": counted.left_out}
    for why, number in ({one.value: n for one, n in not_looked_at.items()} | left_out).items():
        if number:
            missed.append(_unseen("some statements", f"{number:,} {why}"))
    refused = sorted({one.not_planned for one in found if "needs SELECT" in one.not_planned})
    for reason in refused:
        grant = f"grant select on {reason.rpartition(' on ')[2]}, or pg_read_all_data"
        missed.append(_unseen("plans of statements", reason, grant))
    return tuple(found)


@dataclass(frozen=True)
class _Asked:
    """Whether the server's planner is asked, and within which room."""

    room: "statements_.Room"
    plan: "statements_.Planner | None"


def _asked(session: postgresql.Session, limits: LockSettings, missed: list[Unseen]) -> _Asked:
    from earwitness.claims.partition_locks import statements as statements_

    obstacle, shared = _obstacle(session)
    room = statements_.Room(limits, shared)
    if obstacle:
        missed.append(_unseen("plans of statements", str(obstacle), obstacle.needs))
        return _Asked(room, None)
    return _Asked(room, lambda text: session.locks_of_plan(PLANNED, text))


def _obstacle(session: postgresql.Session) -> tuple[NotSeen | None, int]:
    """Why the server's planner is not asked, if so; and the locks in the shared table."""
    if session.major < FIRST_MAJOR_PLANNING:
        reason = f"PostgreSQL {session.major} plans no statement without its parameters"
        return NotSeen(reason), 0
    if session.plans_nothing:
        needs = "a role with pg_monitor and pg_read_all_data, and no more"
        return NotSeen(session.plans_nothing, needs), 0
    try:
        ((held, shared),) = session.read(HELD)
    except NotSeen as problem:
        return problem, 0
    if held > LOCKS_AT_MOST:
        reason = f"{held:,} locks are held; with more than {LOCKS_AT_MOST:,} none is looked at"
        return NotSeen(reason), 0
    return None, int(shared)


def waits(session: postgresql.Session, missed: list[Unseen]) -> Waits | None:
    """What active sessions waited for; None when nobody asked, or it was not seen.

    It takes longest, so a connection is often lost here; what was seen before is kept all the same.
    """
    step = session.announced(_WAITS)
    if step is None:
        return None
    try:
        samples = session.sample(step)
    except NotSeen as problem:
        missed.append(_unseen("waits", str(problem), problem.needs))
        return None
    except Unreachable as problem:
        missed.append(_lost("waits", problem))
        return None
    if any(hidden for _, (_, _, hidden) in samples):
        missed.append(_unseen("waits", "other roles' sessions are not shown", step.needs))
        return None
    lasted = samples[-1][0] - samples[0][0] if len(samples) > 1 else step.seconds
    return Waits(
        seconds=step.seconds,
        hertz=round((len(samples) - 1) / lasted, 3) if lasted > 0 else 0.0,
        samples=len(samples),
        active=sum(active for _, (active, _, _) in samples),
        lock_manager=sum(waiting for _, (_, waiting, _) in samples),
    )


def _unseen(what: str, reason: str, needs: str = "") -> Unseen:
    return Unseen(claim=CLAIM, what=what, reason=reason, needs=needs, essential=False)


def _lost(what: str, problem: Unreachable) -> Unseen:
    """Essential, other than a grant that is missing: the next check may well see it."""
    return Unseen(claim=CLAIM, what=what, reason=str(problem))
