"""Which statements that were sent fetch all columns of a table, and how many stored bytes that is.

Reads pg_stat_statements and parses what it shows; sizes are those that ``stored`` has read. Nothing
of it is essential: the tables are judged without it, and what is missing is added to ``missed``.

The bytes are those of mean rows as they are stored, compressed where compression helped, TOAST
counted: of a statement that fetches from several tables those count of which every row has one for
certain, and not the other side of an outer join or one query of a UNION.
"""

import re
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from psycopg import sql

from earwitness.check import postgresql, postgresql_statements
from earwitness.check.evidence import Unseen
from earwitness.check.postgresql_statements import Counted, normalised, parsed
from earwitness.check.target import NotSeen
from earwitness.claims.select_star import stored
from earwitness.claims.select_star.evidence import StarStatement, StoredTable

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

    from earwitness.claims.select_star.star_queries import Fetched, IsColumn

CLAIM = "select-star"

NAMES = postgresql.select(
    "names",
    "which tables and views there are, to tell whose a name without a schema is",
    r"""
select nspname::text, relname::text, c.oid::regclass::text, relkind = 'v'
from pg_class c join pg_namespace n on n.oid = relnamespace
where relkind in ('r', 'p', 'v', 'm', 'f') and relpersistence <> 't'
    and nspname not in ('pg_catalog', 'information_schema') and nspname not like 'pg\_toast%'""",
    needs="grant select on pg_catalog.pg_class, pg_catalog.pg_namespace",
)
COLUMNS = postgresql.select(
    "row-names",
    "which tables have a column of the names that statements may call whole rows by",
    """
select nspname::text, relname::text, attname::text
from pg_attribute
join pg_class c on c.oid = attrelid
join pg_namespace n on n.oid = relnamespace
where attname = any(<names>) and attnum > 0 and not attisdropped
    and relkind in ('r', 'p', 'v', 'm', 'f') and relpersistence <> 't'""",
    needs="grant select on pg_catalog.pg_attribute, pg_catalog.pg_class, pg_catalog.pg_namespace",
)
PLAN = (*postgresql_statements.PLAN, NAMES, COLUMNS, stored.SIZES)
PARSING_SECONDS = 4.0
"""A long text takes a hundredth of a second."""

Known = Mapping[tuple[str, str], "KnownRelation"]
"""By schema and name."""
_NAME = r'(?:"[^"]+"|[\w$]+)'
_SOURCES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:\b(?:from|join|update|into|only|using)|,)\s*(?:{_NAME}\s*\.\s*)?({_NAME})",
        rf"(?:\b(?:from|join|update|into|only|using)|,)\s*(?:{_NAME}\s*\.\s*)?{_NAME}\s+(?:as\s+)?({_NAME})",
        rf"\)\s*(?:as\s+)?({_NAME})",
    )
)
"""Where a name of a source of rows may stand: its own, one given to it, one of a query."""
_ALONE = re.compile(r'(?<![\w$."])("[^"]+"|[^\W\d][\w$]*)(?!["\w$]*\s*\.)')


@dataclass(frozen=True)
class KnownRelation:
    """A relation of the database."""

    shown: str
    """As SQL shows it."""
    is_view: bool = False


@dataclass(frozen=True)
class _Sent:
    """A statement that clients sent, in which a star or a whole row may be."""

    counted: Counted
    fetched: "tuple[Fetched, ...]"
    """By stars alone."""
    rows: frozenset[str]
    """Names that may mean whole rows."""
    tree: "Expr | None"
    """Only where there are such: it takes a hundred times the room of the text."""

    def all_fetched(self, is_column: "IsColumn") -> "tuple[Fetched, ...]":
        """With whole rows too, now that the names of columns are known."""
        from earwitness.claims.select_star.star_queries import fetched_whole

        return self.fetched if self.tree is None else fetched_whole(self.tree, is_column)


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
    known: Known = {(schema, name): KnownRelation(*shown) for schema, name, *shown in names}
    sent = _sent(counted.counted, missed)
    is_column = _columns(session, {name for one in sent for name in one.rows})
    whole = [(one.counted, one.all_fetched(is_column)) for one in sent]
    missed += _ambiguous([fetched for _, fetched in whole], known)
    found = [of_statement(one, fetched, known) for one, fetched in whole]
    stars = [one for one in found if one is not None]
    sizes = {table.relation: table.bytes_per_row for table in tables}
    further = _further_sizes(session, {r for one in stars for r in one.certain} - sizes.keys())
    weighed = [with_bytes(one, sizes, further) for one in stars]
    return tuple(sorted(weighed, key=lambda one: -(one.bytes or 0))), counted.seconds


def _sent(counted: Sequence[Counted], missed: list[Unseen]) -> list[_Sent]:
    """Those sent by clients in which a star or a whole row may be."""
    from earwitness.claims.select_star.star_queries import fetched_whole, may_be_rows

    until = time.monotonic() + PARSING_SECONDS
    found, left = [], 0
    for one in counted:
        if one.text is None or not one.sent or not may_fetch_whole(one.text):
            continue  # parsing costs milliseconds
        if time.monotonic() > until:
            left += 1
        elif (tree := parsed(one.text)) is not None:
            rows = may_be_rows(tree)
            found.append(_Sent(one, fetched_whole(tree), rows, tree if rows else None))
    if left:
        reason = f"there was no time to parse {left:,} of those in which a star may be"
        missed.append(_unseen("some statements", reason))
    return found


def may_fetch_whole(text: str) -> bool:
    """Whether a text has a star, or a word alone that is also the name of a source of rows."""
    if "*" in text:
        return True
    found = {name.strip('"').lower() for sources in _SOURCES for name in sources.findall(text)}
    words = Counter(word.strip('"').lower() for word in _ALONE.findall(text))
    return any(words[name] > 1 for name in found)


def _columns(session: postgresql.Session, names: Collection[str]) -> "IsColumn":
    """Whether relations have columns of the names that whole rows may be meant by."""
    if not names:
        return lambda _, __: True
    parts = {"names": sql.Literal(sorted(names)) + sql.SQL("::name[]")}
    try:
        rows = session.read_rows(COLUMNS, parts)
    except NotSeen:
        return lambda _, __: True  # then no name is taken for a row
    columns = {(relation, column) for _, relation, column in rows}
    return lambda relation, name: (relation.name, name) in columns


def _ambiguous(whole: "Sequence[tuple[Fetched, ...]]", known: Known) -> Iterator[Unseen]:
    """Statements that fetch whole what several schemas have, and do not say whose it is."""
    times = Counter(name for _, name in known)
    number = sum(
        any(not one.relation.schema and times[one.relation.name] > 1 for one in fetched)
        for fetched in whole
    )
    if number:
        reason = f"{number:,} fetch all columns of a table that several schemas have, and not whose"
        yield _unseen("some statements", reason)


def _further_sizes(session: postgresql.Session, relations: Collection[str]) -> Mapping[str, int]:
    """Stored bytes of a mean row of relations with nothing out of line."""
    if not relations:
        return {}
    try:
        return stored.sizes(session, relations)
    except NotSeen:
        return {}


def of_statement(one: Counted, whole: "Sequence[Fetched]", known: Known) -> StarStatement | None:
    """What of relations that are known a statement fetches whole; None when it is nothing."""
    shown: dict[str, bool] = {}
    views: list[str] = []
    complete = True
    for fetched in whole:
        name = fetched.relation
        fitting = [key for key in known if key[1] == name.name and name.schema in ("", key[0])]
        relation = known[fitting[0]] if len(fitting) == 1 else None
        is_table = relation is not None and not relation.is_view
        complete &= is_table and fetched.in_every_row
        if relation is not None and is_table:
            shown[relation.shown] = shown.get(relation.shown, False) or fetched.in_every_row
        elif relation is not None and not name.name.startswith("pg_"):
            views.append(relation.shown)
    if not shown and not views:
        return None
    return StarStatement(
        queryid=one.queryid,
        text=normalised(one.text or ""),
        calls=one.sent,
        rows=one.rows,
        relations=tuple(shown),
        views=tuple(views),
        bytes=None,
        complete=complete,
        certain=tuple(relation for relation, certain in shown.items() if certain),
    )


def with_bytes(
    one: StarStatement, sizes: Mapping[str, int], further: Mapping[str, int]
) -> StarStatement:
    """The same with the stored bytes of so many mean rows of its certain relations."""
    both = {**further, **sizes}
    widths = [both[relation] for relation in one.certain if relation in both]
    return msgspec.structs.replace(
        one,
        bytes=one.rows * sum(widths) if widths else None,
        inline=bool(widths) and not any(relation in sizes for relation in one.certain),
    )


def _unseen(what: str, reason: str, needs: str = "") -> Unseen:
    return Unseen(claim=CLAIM, what=what, reason=reason, needs=needs, essential=False)
