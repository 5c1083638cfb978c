"""What the catalog says about the relations that statements name: names, keys, views, rights.

Steps of the check and what is made of their rows; reads only ``pg_catalog``. How statements use
the relations stands in ``statements``. The parser of statements is not imported here: without it, the
trees are seen all the same.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from earwitness.check import postgresql
from earwitness.claims.partition_locks.locking import Relation

if TYPE_CHECKING:
    from earwitness.check.sql_names import Named

_NOT_OURS = "nspname not in ('pg_catalog', 'information_schema') and nspname not like 'pg\\_toast%'"

RELATIONS = postgresql.select(
    "relations",
    "names, indexes and rights of the tables and views that are no partitions",
    f"""
select c.oid::bigint, nspname::text, relname::text, relkind::text, null::bigint,
    has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
from pg_class c join pg_namespace n on n.oid = relnamespace
where relkind in ('r', 'p', 'v', 'm', 'f') and not relispartition and relpersistence <> 't'
    and {_NOT_OURS}
union all
select indexrelid::bigint, null, null, 'i', indrelid::bigint, null
from pg_index
join pg_class c on c.oid = indrelid and relkind in ('r', 'm') and not relispartition
join pg_namespace n on n.oid = relnamespace
where indislive and relpersistence <> 't' and {_NOT_OURS}""",  # noqa: S608 - a text of this module
    needs="grant select on pg_catalog.pg_class, pg_catalog.pg_namespace, pg_catalog.pg_index",
)
# What a materialized view holds it has read already.
VIEWS = postgresql.select(
    "views",
    "which relations views read",
    """
select distinct ev_class::bigint, refobjid::bigint
from pg_rewrite
join pg_class on pg_class.oid = ev_class and relkind = 'v'
join pg_depend on classid = 'pg_rewrite'::regclass and objid = pg_rewrite.oid
    and refclassid = 'pg_class'::regclass and refobjid <> ev_class
where ev_class >= 16384 and refobjid >= 16384""",
    needs="grant select on pg_catalog.pg_rewrite, pg_catalog.pg_depend, pg_catalog.pg_class",
)
KEYS = postgresql.select(
    "partition-keys",
    "columns of partition keys, and the bounds of one partition for each",
    """
select partrelid::bigint, partstrat::text,
    array(
        select coalesce(attname::text, '')
        from unnest(partattrs::int2[]) with ordinality as k (number, place)
        left join pg_attribute on attrelid = partrelid and attnum = number
        order by place
    ),
    array(
        select coalesce(typname::text, '')
        from unnest(partattrs::int2[]) with ordinality as k (number, place)
        left join pg_attribute on attrelid = partrelid and attnum = number
        left join pg_type t on t.oid = atttypid
        order by place
    ),
    (
        select pg_get_expr(relpartbound, c.oid)
        from pg_inherits join pg_class c on c.oid = inhrelid
        where inhparent = partrelid and not inhdetachpending and c.oid <> partdefid
        order by c.oid
        offset (select count(*) / 2 from pg_inherits where inhparent = partrelid) limit 1
    )
from pg_partitioned_table""",
    needs="grant select on pg_catalog.pg_partitioned_table, pg_catalog.pg_attribute",
)
PLAN = (RELATIONS, VIEWS, KEYS)

_OF_TYPE: Mapping[str, str] = {
    **dict.fromkeys(("int2", "int4", "int8", "numeric", "float4", "float8", "oid"), "1"),
    **dict.fromkeys(("text", "varchar", "bpchar", "name"), "'a'"),
    **dict.fromkeys(("date", "timestamp", "timestamptz"), "'2000-01-01'"),
    "uuid": "'00000000-0000-0000-0000-000000000000'",
}
"""Any value of a type will do for a hash."""


@dataclass(frozen=True)
class Key:
    """How one partitioned table of a tree is split; a tree has one for each level and branch."""

    strategy: str
    """``pg_partitioned_table.partstrat``: r, l or h."""
    columns: tuple[str, ...]
    """Empty texts stand for expressions."""
    values: tuple[str, ...]
    """For each column a value in one of the partitions, as SQL writes it; empty: not known."""
    types: tuple[str, ...] = ()
    """For each column its ``pg_type.typname``; empty: not known."""


@dataclass(frozen=True)
class Table:
    """A relation that a statement can name."""

    oid: int
    schema: str
    name: str
    kind: str
    """``pg_class.relkind``."""
    readable: bool
    """Whether the session's role may SELECT from it."""
    indexes: tuple[int, ...] = ()


@dataclass(frozen=True)
class Tree:
    """A partitioned table with everything below it."""

    name: str
    """As the evidence has it: with schema, quoted where SQL needs it."""
    relations: tuple[Relation, ...]
    keys: tuple[Key, ...]

    @property
    def leaves(self) -> frozenset[int]:
        """The partitions that hold rows."""
        return frozenset(r.oid for r in self.relations if r.kind in ("r", "f"))


@dataclass(frozen=True)
class Relations:
    """All that statements can name."""

    tables: Mapping[int, Table]
    trees: Mapping[int, Tree]
    """By the OID of the partitioned table."""
    below_views: Mapping[int, frozenset[int]]
    """What a view reads, directly or through other views."""
    _by_name: Mapping[str, tuple[Table, ...]] = field(repr=False)

    def find(self, name: "Named") -> Table | None:
        """The table of that name; None when there is none, or several without a schema."""
        found = [
            table for table in self._by_name.get(name.name, ()) if name.schema in ("", table.schema)
        ]
        return found[0] if len(found) == 1 else None

    def several(self, name: "Named") -> bool:
        """Whether several schemas have a relation of that name, and one of them leads to a tree."""
        found = self._by_name.get(name.name, ())
        return not name.schema and len(found) > 1 and any(map(self.trees_of, found))

    @cached_property
    def leading(self) -> frozenset[str]:
        """Names, in lower case, of the trees and of everything that reads one."""
        return frozenset(t.name.lower() for t in self.tables.values() if self.trees_of(t))

    def trees_of(self, table: Table) -> frozenset[int]:
        """The trees that reading the table reads."""
        return frozenset({table.oid, *self.below_views.get(table.oid, ())} & self.trees.keys())


def read(
    session: postgresql.Session, names: Mapping[int, str], trees: Mapping[int, Sequence[Relation]]
) -> Relations:
    """What the catalog says; ``names`` and ``trees`` by root. Raises NotSeen and Unreachable."""
    indexes: defaultdict[int, list[int]] = defaultdict(list)
    rows = session.read(RELATIONS)
    for oid, _, _, kind, table, _ in rows:
        if kind == "i":
            indexes[table].append(oid)
    tables = {
        oid: Table(oid, schema, name, kind, readable, tuple(indexes[oid]))
        for oid, schema, name, kind, _, readable in rows
        if kind != "i"
    }
    keys = {row[0]: _key(*row[1:]) for row in session.read(KEYS)}
    by_name: defaultdict[str, list[Table]] = defaultdict(list)
    for one in tables.values():
        by_name[one.name].append(one)
    return Relations(
        tables=tables,
        trees={
            root: Tree(
                name=names[root],
                relations=tuple(relations),
                keys=tuple(keys[r.oid] for r in relations if r.oid in keys),
            )
            for root, relations in trees.items()
        },
        below_views=_closed(session.read(VIEWS)),
        _by_name={name: tuple(found) for name, found in by_name.items()},
    )


def _closed(pairs: Sequence[tuple[int, ...]]) -> dict[int, frozenset[int]]:
    """Everything below each view."""
    direct: defaultdict[int, set[int]] = defaultdict(set)
    for view, relation in pairs:
        direct[view].add(relation)

    def below(view: int, seen: frozenset[int]) -> frozenset[int]:
        fresh = direct.get(view, set()) - seen
        return frozenset(fresh).union(*(below(one, seen | fresh) for one in fresh))

    return {view: below(view, frozenset({view})) for view in list(direct)}


def _key(strategy: str, columns: Sequence[str], types: Sequence[str], bound: str | None) -> Key:
    values = (
        [_OF_TYPE.get(kind, "") for kind in types]
        if strategy == "h"
        else bound_values(bound or "", len(columns))
    )
    return Key(strategy, tuple(columns), tuple(values), tuple(types))


def bound_values(bound: str, columns: int) -> tuple[str, ...]:
    """A value inside the bound for each column, as SQL writes it; empty texts where it has none.

    ``bound`` as pg_get_expr writes it: ``FOR VALUES FROM ('a', 1) TO ('b', MINVALUE)`` or
    ``FOR VALUES IN ('a', NULL)``. The lower bound of a range is inside it.
    """
    start = bound.partition(" FROM ")[2] or bound.partition(" IN ")[2]
    items = _items(start)
    if " IN (" in bound:
        items = [item for item in items if item != "NULL"][:1]
    known = [item if item not in ("MINVALUE", "MAXVALUE") else "" for item in items]
    return tuple((known + [""] * columns)[:columns])


def _items(text: str) -> list[str]:
    """The items of a list in parentheses, at the beginning of the text."""
    items, quoted = [""], False
    for character in text[1:]:
        quoted ^= character == "'"
        if character == ")" and not quoted:
            return [item.strip() for item in items]
        if character == "," and not quoted:
            items.append("")
        else:
            items[-1] += character
    return []
