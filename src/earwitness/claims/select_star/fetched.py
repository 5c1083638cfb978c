"""Which statements that were sent fetch all columns of a table, and how many stored bytes that is.

Reads pg_stat_statements and parses what it shows; sizes are those that ``stored`` has read. Nothing
of it is essential: the tables are judged without it, and what is missing is added to ``missed``.

The bytes are those of mean rows as they are stored, compressed where compression helped, TOAST
counted: a statement that fetches from several tables counts the least of them for each row, because
an outer join or one branch of many may have nothing from the others.
"""

from collections.abc import Mapping, Sequence

from earwitness.check import postgresql, postgresql_statements
from earwitness.check.evidence import Unseen
from earwitness.check.postgresql_statements import Counted, normalised, parsed
from earwitness.check.target import NotSeen
from earwitness.claims.select_star.evidence import StarStatement, StoredTable

CLAIM = "select-star"

NAMES = postgresql.select(
    "names",
    "which tables and views there are, to tell whose a name without a schema is",
    r"""
select nspname::text, relname::text, case when relkind <> 'v' then c.oid::regclass::text end
from pg_class c join pg_namespace n on n.oid = relnamespace
where relkind in ('r', 'p', 'v', 'm', 'f') and relpersistence <> 't'
    and nspname not in ('pg_catalog', 'information_schema') and nspname not like 'pg\_toast%'""",
    needs="grant select on pg_catalog.pg_class, pg_catalog.pg_namespace",
)
PLAN = (*postgresql_statements.PLAN, NAMES)


def read(
    session: postgresql.Session, tables: Sequence[StoredTable], missed: list[Unseen]
) -> tuple[tuple[StarStatement, ...] | None, float | None]:
    """Those statements, most stored bytes first, and for how long they have been counted.

    None when they were not seen. Raises Unreachable.
    """
    try:
        counted = postgresql_statements.read(session)
        postgresql_statements.parsed("")  # whether the parser is here
        names = session.read(NAMES)
    except NotSeen as problem:
        missed.append(_unseen("statements that fetch all columns", str(problem), problem.needs))
        return None, None
    if counted.hidden:
        reason = f"{counted.hidden:,} are counted but not shown"
        missed.append(_unseen("statements of other roles", reason, "grant pg_read_all_stats"))
    sizes = {table.relation: table.bytes_per_row for table in tables}
    known: dict[tuple[str, str], str | None] = {
        (schema, name): shown for schema, name, shown in names
    }
    found = [of_statement(one, known, sizes) for one in counted.counted]
    stars = [one for one in found if one is not None]
    return tuple(sorted(stars, key=lambda one: -(one.bytes or 0))), counted.seconds


def of_statement(
    one: Counted, known: Mapping[tuple[str, str], str | None], sizes: Mapping[str, int]
) -> StarStatement | None:
    """What a statement fetches whole of relations that are known; None when it is nothing.

    ``known``: by schema and name, the relation as SQL shows it, None for a view; ``sizes``: stored
    bytes of a mean row by that.
    """
    from sqlglot import exp

    from earwitness.claims.select_star.star_queries import fetched_whole

    if one.text is None or "*" not in one.text:
        return None  # most texts have none, and parsing costs milliseconds
    tree = parsed(one.text)
    if tree is None:
        return None
    relations = []
    for named in fetched_whole(tree):
        fitting = [key for key in known if key[1] == named.name and named.schema in ("", key[0])]
        relations.append(known[fitting[0]] if len(fitting) == 1 else None)
    shown = [relation for relation in relations if relation is not None]
    if not shown:
        return None
    whole = len(shown) == len(relations) and tree.find(exp.SetOperation) is None
    widths = [sizes.get(relation) for relation in shown]
    least = None if not whole or None in widths else min(w for w in widths if w is not None)
    return StarStatement(
        queryid=one.queryid,
        text=normalised(one.text),
        calls=one.calls,
        rows=one.rows,
        relations=tuple(shown),
        bytes=None if least is None else one.rows * least,
        complete=whole,
    )


def _unseen(what: str, reason: str, needs: str = "") -> Unseen:
    return Unseen(claim=CLAIM, what=what, reason=reason, needs=needs, essential=False)
