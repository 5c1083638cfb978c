"""The statements that a PostgreSQL server has counted, read from pg_stat_statements.

Shared by every claim that asks what is really sent; the reads are cached, so the second claim costs
nothing. PostgreSQL has replaced literals by parameters. A text is parsed and then forgotten; what
may be kept is ``normalised``: without any literal, comment or parameter's name. What a statement
means for a claim, that claim's own room knows.

The extension may be older than the server, and in any schema: only columns are read that all
versions since 1.8 (PostgreSQL 13) have.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from earwitness.check.postgresql import Session, select, settings
from earwitness.check.postgresql_texts import grammatical
from earwitness.check.target import NotSeen

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

MOST = 1_000
"""Statements that are read of each order; a server keeps 5,000 unless told otherwise."""
LONGEST = 20_000
"""Characters of a text that is still read; longer ones are counted as not understood."""
CHARACTERS = 4_000_000
"""Of all texts together: so many are parsed in seconds."""
DIALECT = "postgres"
KEPT = 300
"""Characters of a normalised text that are kept."""
_QUERY = re.compile(
    r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(?:select|with|insert|update|delete|merge)\b",
    re.IGNORECASE | re.DOTALL,
)
_HIDDEN = "<insufficient privilege>"
_NO_QUERIES = (
    *("begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release"),
    *("set", "reset", "show", "discard", "deallocate", "execute", "close", "fetch", "move"),
    *("listen", "unlisten", "notify", "lock", "explain", "vacuum", "analyze", "checkpoint"),
    *("create", "alter", "drop", "grant", "revoke", "comment", "truncate", "refresh", "reindex"),
    *("cluster", "do", "call", "load"),
)
"""How statements begin that neither read nor change rows of a table by a query of their own."""
_REMEDIES = {
    "shared_preload_libraries": "shared_preload_libraries = 'pg_stat_statements' and a restart",
    "total_exec_time": "alter extension pg_stat_statements update",  # older than 1.8
}
"""What shows the statements, by a word of the refusal that is a name in every language."""

EXTENSION = select(
    "statements-extension",
    "the schema of the extension pg_stat_statements",
    "select nspname::text from pg_extension join pg_namespace n on n.oid = extnamespace "
    "where extname = 'pg_stat_statements'",
    needs="grant select on pg_catalog.pg_extension, pg_catalog.pg_namespace",
)
COUNTING = settings(
    "statements-counting",
    "whether statements are counted",
    ("compute_query_id", "pg_stat_statements.track"),
)
_NOT_COUNTING = (("pg_stat_statements.track", "none", "top"), ("compute_query_id", "off", "auto"))
"""A setting, its value with which nothing is counted, and the usual one."""
# An extension older than the server's has no column "toplevel"; then the name is that of "absent".
# What is not sent to be read or changed would only take the places of what is.
STATEMENTS = select(
    "statements",
    f"the {MOST:,} queries and changes with most calls and the {MOST:,} with most time, up to "
    f"{CHARACTERS:,} characters of text, in the schema read before",
    f"""
with counted as (
    select queryid, query, sum(calls)::bigint as calls, sum(total_exec_time) / 1000 as seconds,
        sum(calls * toplevel::int)::bigint as sent, sum(rows * toplevel::int)::bigint as rows,
        count(*) as entries
    from (
        select shown.*
        from (select true as toplevel) as absent
        cross join lateral (
            select queryid, query, calls, rows, total_exec_time, toplevel
            from <schema>.pg_stat_statements
            where dbid = (select oid from pg_database where datname = current_database())
        ) as shown
    ) as each_user
    where calls > 0 and (query is null or query !~* '^[[:space:]]*({"|".join(_NO_QUERIES)})($|[^[:alnum:]_])')
    group by queryid, query
), ranked as (
    select *, count(*) over () as found, least(
        row_number() over (order by calls desc, queryid),
        row_number() over (order by seconds desc, queryid)
    ) as place
    from counted
), weighed as (
    select *, sum(case when length(query) <= {LONGEST} then length(query) else 0 end)
        over (order by place, queryid) as characters
    from ranked
)
select queryid::bigint, case when length(query) <= {LONGEST} then query end, calls, sent, rows,
    seconds, entries, found
from weighed
where place <= {MOST} and characters <= {CHARACTERS}
order by calls desc, queryid""",  # noqa: S608 - numbers and words of this module
    needs="grant pg_read_all_stats, USAGE on the extension's schema, and SELECT on its views",
)
RESET = select(
    "statements-age",
    "since when statements are counted, and the time now",
    "select stats_reset, clock_timestamp() from <schema>.pg_stat_statements_info",
    needs="grant pg_read_all_stats, USAGE on the extension's schema, and SELECT on its views",
)
PLAN = (EXTENSION, COUNTING, STATEMENTS, RESET)


@dataclass(frozen=True)
class Counted:
    """One statement, as the server counted it since ``Statements.seconds`` ago, or later."""

    queryid: str
    """A 64-bit integer as text: JSON readers lose its last digits otherwise."""
    text: str | None
    """As PostgreSQL keeps it, to be parsed and forgotten; None: longer than LONGEST."""
    calls: int
    sent: int
    """Calls by a client, and not by a function; all of them where the extension is older than 1.9."""
    rows: int
    """Of those that were sent."""
    seconds: float
    """Spent executing it, all calls together."""


@dataclass(frozen=True)
class Statements:
    """What pg_stat_statements showed of this database."""

    counted: tuple[Counted, ...]
    """Those with most calls first."""
    hidden: int
    """Statements of other roles that were counted but not shown; 0 with the grant."""
    left_out: int
    """Further ones, with fewer calls and less time than all that were read."""
    seconds: float | None
    """Since the counters were reset; None: the server does not say."""


def read(session: Session) -> Statements:
    """What the server counted. Raises NotSeen, with the step that would show it, and Unreachable."""
    found = session.read(EXTENSION)
    if not found:
        raise NotSeen(
            "the extension pg_stat_statements is not in this database",
            "shared_preload_libraries = 'pg_stat_statements', a restart, and create extension "
            "pg_stat_statements",
        )
    schema = found[0][0]
    _require_counting(session)
    try:
        rows = session.read(STATEMENTS, schema=schema)
    except NotSeen as problem:
        for said, step in _REMEDIES.items():
            if said in str(problem):
                raise NotSeen(str(problem), step) from None
        raise
    shown = [row for row in rows if row[0] is not None and row[1] != _HIDDEN]
    return Statements(
        counted=tuple(
            Counted(
                queryid=str(queryid),
                text=None if text is None else grammatical(text),
                calls=calls,
                sent=sent,
                rows=count,
                seconds=float(seconds),
            )
            for queryid, text, calls, sent, count, seconds, _, _ in shown
        ),
        # those of others have no id and the same text, and so are in one row
        hidden=sum(row[-2] for row in rows) - sum(row[-2] for row in shown),
        left_out=rows[0][-1] - len(rows) if rows else 0,
        seconds=_age(session, schema),
    )


def _require_counting(session: Session) -> None:
    """Counters that stand still are none of what is sent. Raises NotSeen."""
    try:
        values = session.read_settings(COUNTING)
    except NotSeen:
        return
    for name, value, usual in _NOT_COUNTING:
        if values.get(name) == value:
            raise NotSeen(f"nothing is counted: {name} is {value}", f"{name} = {usual}")


def _age(session: Session, schema: str) -> float | None:
    """None when the extension is older than 1.9, which has no such view."""
    try:
        ((reset, now),) = session.read(RESET, schema=schema)
    except NotSeen:
        return None
    since = cast("dt.datetime | None", reset)
    return None if since is None else float((now - since).total_seconds())


def is_query(text: str) -> bool:
    """Whether a text begins like a query or a change of rows."""
    return _QUERY.match(text) is not None


def parsed(text: str) -> "Expr | None":
    """The query or change as a tree; None when it is none, or none that is understood.

    Raises NotSeen when the parser is not installed.
    """
    try:
        import sqlglot
        from sqlglot.errors import SqlglotError
    except ImportError:
        raise NotSeen(
            "statements are parsed with sqlglot, which is not installed here",
            "pip install 'earwitness[check]'",
        ) from None
    if not is_query(text):
        return None  # what the parser does not know it would quote in its log
    try:
        trees = sqlglot.parse(text, dialect=DIALECT)
    except (SqlglotError, RecursionError):
        return None
    return trees[0] if len(trees) == 1 else None


def normalised(text: str) -> str:
    """A statement that was understood without literals and comments, at most KEPT characters.

    Works on tokens, not on the tree: the tree has values in places that are no literals.
    """
    from sqlglot import Dialect

    kept: list[str] = []
    end = -1
    for token in Dialect.get_or_raise(DIALECT).tokenize(text):
        gap = " " if token.start > end + 1 else ""
        name = token.token_type.name
        is_value = name == "NUMBER" or name.endswith("STRING")
        if is_value and kept and kept[-1] == "$" and not gap:
            kept.pop()  # the number of a parameter
        kept += [gap, "?" if is_value else text[token.start : token.end + 1]]
        end = token.end
    bare = "".join(kept).strip()
    return bare if len(bare) <= KEPT else f"{bare[: KEPT - 1]}…"
