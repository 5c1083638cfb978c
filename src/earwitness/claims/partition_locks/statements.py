"""Whether statements prune the partitions of the trees they read, and which locks that leaves them.

First from the text and the catalog, which costs the server nothing. Then, where it may be asked and
has room, from its own planner: once with parameters as parameters, which is a generic plan, and
once with values of one partition in their place. What the planner locked decides; the text stands
in where it was not asked. A statement that could not be understood is "unknown", never fine.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import msgspec
from sqlglot import exp

from earwitness.check import sql_names
from earwitness.check.postgresql_statements import Counted, is_query, normalised, parsed
from earwitness.check.target import NotSeen
from earwitness.claims.partition_locks import conditions, rewriting
from earwitness.claims.partition_locks.conditions import Reading
from earwitness.claims.partition_locks.evidence import Prunes, Statement
from earwitness.claims.partition_locks.locking import LockCount, LockSettings, Relation, predict
from earwitness.claims.partition_locks.relations import Relations, Table

SHARE_OF_FREE_TABLE = 4
"""Planning may take a quarter of what is free of the lock table, and no more."""

PARSING_SECONDS = 4.0
"""A long text takes a hundredth of a second."""
_WORD = re.compile(r'"(?:[^"]|"")+"|[^\W\d][\w$]*')

Planner = Callable[[str], Sequence[int]]
"""From a statement to the OIDs that planning it locks. Raises NotSeen and Unreachable."""


@dataclass(frozen=True)
class Use:
    """A statement and the trees that it reads."""

    counted: Counted
    text: str
    tree: exp.Expr
    tables: tuple[Table, ...]
    trees: frozenset[int]
    complete: bool
    """Whether every relation that it names was found, and none of them is a view."""
    readings: Mapping[int, Reading]
    """One for each tree, by its root.

    Through a view, as if the view had the key's columns under their names.
    """


@dataclass(frozen=True)
class Room:
    """How much of the shared lock table planning may use."""

    settings: LockSettings
    shared_locks: int
    """Locks that all sessions together hold in it now."""

    @property
    def allowed(self) -> int:
        """Locks in the shared table that one planning may take."""
        free = self.settings.lockable_objects - self.shared_locks
        return max(0, free) // SHARE_OF_FREE_TABLE


class NotLookedAt(Enum):
    """Why it is not known what a statement does with partition trees."""

    NOT_UNDERSTOOD = "name a partitioned table and were not understood"
    WITHOUT_TEXT = "have a text that is too long or was thrown away by the server"
    NOT_PARSED = "name a partitioned table and there was no time to parse them"
    AMBIGUOUS = "name a table that several schemas have, and not whose it is"


def uses(
    counted: Iterable[Counted], relations: Relations, *, seconds: float = PARSING_SECONDS
) -> Iterator[Use | NotLookedAt]:
    """Those statements that read a partition tree, or may; parsing takes so many seconds at most.

    One by one, because a parsed statement takes a hundred times the room of its text.
    """
    spent = 0.0
    for one in counted:
        if one.text is None:
            yield NotLookedAt.WITHOUT_TEXT
        elif not _mentions(one.text, relations):
            continue  # parsing costs milliseconds
        elif spent > seconds:
            yield NotLookedAt.NOT_PARSED
        else:
            begun = time.monotonic()
            found = _looked_at(one, one.text, relations)
            spent += time.monotonic() - begun
            if found is not None:
                yield found


def _looked_at(one: Counted, text: str, relations: Relations) -> Use | NotLookedAt | None:
    """What a statement that mentions a tree does with it; None: nothing."""
    tree = parsed(text)
    if tree is None:
        return NotLookedAt.NOT_UNDERSTOOD if is_query(text) else None
    use = _use(one, text, tree, relations)
    if use.trees:
        return use
    names = map(sql_names.named, sql_names.relations(tree))
    return NotLookedAt.AMBIGUOUS if any(map(relations.several, names)) else None


def judged(use: Use, relations: Relations, room: Room, plan: Planner | None) -> Statement:
    """What a statement locks and whether it prunes; ``plan`` of None: the server is not asked."""
    unpruned = predict(_all_relations(use, relations), room.settings)
    statement = _by_text(use, relations, unpruned)
    why = _obstacle(use, unpruned, room) if plan is not None else ""
    if plan is None or why:
        return _noted(statement, why)
    try:
        return _by_plan(use, relations, room.settings, plan, statement)
    except NotSeen as problem:
        return _noted(statement, str(problem))


def _mentions(text: str, relations: Relations) -> bool:
    """Whether a text holds the name of a tree, or of a view that reads one."""
    words = {word.strip('"').replace('""', '"').lower() for word in _WORD.findall(text)}
    return not words.isdisjoint(relations.leading)


def _use(one: Counted, text: str, tree: exp.Expr, relations: Relations) -> Use:
    written = _written_to(tree)
    places = [p for p in sql_names.relations(tree) if p is not written and not _of_system(p)]
    named = [(place, relations.find(sql_names.named(place))) for place in places]
    found = [(p, t) for p, t in named if not (p.args.get("only") and _holds_no_rows(t, relations))]
    tables = {table.oid: table for _, table in found if table is not None}
    read_at: dict[int, list[exp.Table]] = {}
    for place, table in found:
        for root in relations.trees_of(table) if table is not None else ():
            read_at.setdefault(root, []).append(place)
    return Use(
        counted=one,
        text=text,
        tree=tree,
        tables=tuple(tables.values()),
        trees=frozenset().union(*(relations.trees_of(table) for table in tables.values())),
        complete=len(found) == sum(table is not None and table.kind != "v" for _, table in found),
        readings={
            root: conditions.read(tree, relations.trees[root].keys, spots)
            for root, spots in read_at.items()
        },
    )


def _holds_no_rows(table: Table | None, relations: Relations) -> bool:
    """Whether it is a partitioned table: ONLY that is nothing, and no partition is locked."""
    return table is not None and table.oid in relations.trees


def _of_system(place: exp.Table) -> bool:
    """Whether it is a relation of the system; others may not be called so."""
    name = sql_names.named(place)
    return name.name.startswith("pg_") or name.schema in ("pg_catalog", "information_schema")


def _written_to(tree: exp.Expr) -> exp.Expr | None:
    """The target of an INSERT: rows are routed to it, it is not scanned."""
    if not isinstance(tree, exp.Insert):
        return None
    target: exp.Expr = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    return target


def _all_relations(use: Use, relations: Relations) -> list[Relation]:
    """What the statement locks when it prunes nothing."""
    found = [r for root in use.trees for r in relations.trees[root].relations]
    for table in use.tables:
        if table.oid not in relations.trees:
            found.append(Relation(table.oid, table.kind))
            found += (Relation(index, "i") for index in table.indexes)
    return list(dict.fromkeys(found))


def _by_text(use: Use, relations: Relations, unpruned: LockCount) -> Statement:
    prunes: Prunes = "unknown"
    reason = ""
    whole = [root for root, r in use.readings.items() if not r.prunes_with_values and not r.unclear]
    if not use.complete:
        reason = "it names a view, or something that was not found or is not unique"
    elif all(reading.prunes_with_values for reading in use.readings.values()):
        prunes = "custom_only"
    elif whole:
        prunes = "never"
    else:
        reason = _UNCLEAR
    return Statement(
        queryid=use.counted.queryid,
        text=normalised(use.text),
        calls=use.counted.calls,
        seconds=round(use.counted.seconds, 6),
        relations=_names(use.trees, relations),
        unpruned=_names(whole, relations) if prunes == "never" else (),
        prunes=prunes,
        by="text",
        locks=unpruned.locks,
        fast=unpruned.fast_path,
        slow=unpruned.shared_table,
        reason=reason,
    )


def _obstacle(use: Use, unpruned: LockCount, room: Room) -> str:
    """Why the server is not asked to plan it; empty when it may be."""
    if not isinstance(use.tree, exp.Query) or _changes(use.tree):
        return "only plain reads are planned"
    if unpruned.shared_table > room.allowed:
        return (
            f"planning it would take up to {unpruned.shared_table:,} locks of the shared table, "
            f"more than a quarter of what is free"
        )
    refused = [f"{t.schema}.{t.name}" for t in use.tables if not t.readable]
    if refused:
        return f"planning it needs SELECT on {', '.join(refused)}"
    return ""


def _changes(query: exp.Expr) -> bool:
    """Whether a query changes or locks rows, or makes a table."""
    changes = query.find(exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Into, exp.Lock)
    return changes is not None


def _by_plan(
    use: Use, relations: Relations, settings: LockSettings, plan: Planner, statement: Statement
) -> Statement:
    """The same, as the planner's locks decide it."""
    names = [
        (place.this, f"{_quoted(table.schema)}.{_quoted(table.name)}")
        for place in sql_names.relations(use.tree)
        if not place.args.get("db")
        and (table := relations.find(sql_names.named(place))) is not None
    ]
    replacements = [pair for r in use.readings.values() for pair in r.replacements]
    values = {id(node): (node, value) for node, value in replacements}
    generic_text = _plannable(use, names, {})
    custom_text = _plannable(use, names, values)
    if generic_text is None or custom_text is None:
        return _noted(statement, "its names could not be completed")
    generic = frozenset(plan(generic_text))
    count = _count(generic, settings)
    prunes: Prunes = "always"
    custom, whole = None, _whole(use, relations, generic)
    if whole:
        custom = frozenset(plan(custom_text)) if values else generic
        whole = _whole(use, relations, custom)
        prunes = "never" if whole else "custom_only"
        unreplaced = any(reading.unreplaced for reading in use.readings.values())
        if whole and (not use.complete or unreplaced):
            prunes = "unknown"
    return Statement(
        queryid=statement.queryid,
        text=statement.text,
        calls=statement.calls,
        seconds=statement.seconds,
        relations=statement.relations,
        unpruned=_names(whole, relations) if prunes == "never" else (),
        prunes=prunes,
        by="plan",
        locks=count.locks,
        fast=count.fast_path,
        slow=count.shared_table,
        custom_locks=None if custom is None else len(custom),
        reason=_UNCLEAR if prunes == "unknown" else "",
    )


_UNCLEAR = "its conditions on the partition key were not understood"


def _plannable(
    use: Use,
    names: Sequence[tuple[exp.Expr, str]],
    values: Mapping[int, tuple[exp.Parameter, str]],
) -> str | None:
    """The text with whole names, with these values, and with the other parameters numbered anew.

    ``extract(year from day)`` is counted with a parameter where no plan can have one; any field will do.
    """
    fields = {
        id(node.this): (node.this, "epoch")
        for node in use.tree.find_all(exp.Extract)
        if isinstance(node.this, exp.Parameter)
    }
    known = {**values, **fields}
    others = rewriting.renumbered(use.tree, known)
    return rewriting.replaced(use.text, [*names, *known.values(), *others])


def _whole(use: Use, relations: Relations, locked: frozenset[int]) -> list[int]:
    """The trees of which, by these locks, nothing was left out. One with a single partition cannot be."""
    leaves = {root: relations.trees[root].leaves for root in use.trees}
    return [root for root in use.trees if len(leaves[root]) > 1 and leaves[root] <= locked]


def _names(roots: Iterable[int], relations: Relations) -> tuple[str, ...]:
    return tuple(sorted(relations.trees[root].name for root in roots))


def _count(oids: Iterable[int], settings: LockSettings) -> LockCount:
    return predict([Relation(oid, "r") for oid in oids], settings)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _noted(statement: Statement, why: str) -> Statement:
    """The same with why the server's planner did not decide it."""
    return msgspec.structs.replace(statement, not_planned=why)
