"""What the check of a PostgreSQL server reads for this claim.

A thin layer: which statements there are and what follows from their answers stands in ``stored``, for
what is really sent in ``fetched``, and for rows that are read on request in ``measured``; what it means
is judged in ``judge``.
"""

from collections.abc import Mapping

import msgspec

from earwitness.check import postgresql
from earwitness.check.evidence import Partly, Unseen
from earwitness.check.plan import Step
from earwitness.check.postgresql_options import MEASURE_WIDTH
from earwitness.check.target import NotSeen, Unreachable
from earwitness.claims.select_star import fetched, measured, stored
from earwitness.claims.select_star.evidence import StoredRows

KIND = "postgresql"

OLDEST_MAJOR = 14
"""The first version whose catalog tells a table that was never counted from an empty one."""

PLAN = (*stored.PLAN, *fetched.PLAN)


def asked(options: Mapping[str, str]) -> tuple[Step, ...]:
    """The steps that read and measure rows."""
    return measured.MEASURING if MEASURE_WIDTH.name in options else ()


def probe(session: postgresql.Session) -> Partly:
    """What is stored for a row of each table, and who fetches whole ones. Raises NotSeen and Unreachable."""
    if session.major < OLDEST_MAJOR:
        raise NotSeen(
            f"the catalog of PostgreSQL {session.major} does not tell a table that was never "
            f"counted from an empty one; that of {OLDEST_MAJOR} and later does"
        )
    rows = stored.read(session)
    missed: list[Unseen] = []
    try:
        rows = _with_traffic(session, rows, missed)
    except Unreachable as problem:  # the tables were seen before
        what = "statements that fetch all columns, and widths of rows"
        missed.append(Unseen(claim="select-star", what=what, reason=str(problem)))
    return Partly(rows, tuple(missed))


def _with_traffic(
    session: postgresql.Session, rows: StoredRows, missed: list[Unseen]
) -> StoredRows:
    """The same with the statements that were sent and, where that was asked for, measured widths."""
    statements, seconds = fetched.read(session, rows.tables, missed)
    sent = [relation for one in statements or () for relation in one.relations]
    widths = measured.read(session, [*sent, *(table.relation for table in rows.tables)], missed)
    return msgspec.structs.replace(
        rows, statements=statements, statements_seconds=seconds, measured=widths
    )
