"""Which relations a statement fetches with all their columns, from its text alone.

Pure: a parsed statement in, names out. No catalog is asked, so a name can be that of a view, and
what a client does with the columns cannot be known: it fetches them. A star counts only where its
columns reach the client: as they are, or in one value that is made of all of them (``row_to_json``).
It does not in ``count(*)``, ``exists (select *)`` and ``md5(t::text)``, nor where an outer query, or a
query of a WITH, names the columns that go on.

A whole row can be asked for without a star: ``select o from orders o``. Whether ``o`` is a column there
only the catalog knows; who calls says it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from earwitness.check.sql_names import Named, alias, folded, named, query_of_with

IsColumn = Callable[[Named, str], bool]
"""Whether a relation has a column of that name."""

_AS_ONE_VALUE = frozenset({"row_to_json", "to_json", "to_jsonb", "hstore", "row", "coalesce"})
_GATHERED = frozenset({"json_agg", "jsonb_agg", "array_agg", "jsonarrayagg", "arrayagg"})
_KEEPING = (exp.Alias, exp.Paren, exp.Cast, exp.Order, exp.Filter, exp.DPipe)
"""What is around columns that go on."""


@dataclass(frozen=True)
class Fetched:
    """A relation whose columns all reach the client."""

    relation: Named
    in_every_row: bool
    """Whether every row that the client gets has a row of it for certain.

    Not from the other side of an outer join, from one query of a UNION, from what is gathered in
    one value, nor from a query that gives a value.
    """


def fetched_whole(
    statement: exp.Expr, is_column: IsColumn = lambda _, __: True
) -> tuple[Fetched, ...]:
    """Each once, in the order of the text; ``in_every_row`` when it is so at any place."""
    found: dict[Named, bool] = {}
    for table, certain in _Reader(is_column).whole(statement, frozenset()):
        found[named(table)] = found.get(named(table), False) or certain
    return tuple(Fetched(name, certain) for name, certain in found.items())


def may_be_rows(statement: exp.Expr) -> frozenset[str]:
    """Names that stand where a column's name would, and are those of sources of rows."""
    rows = {alias(source) for source in statement.find_all(exp.Table, exp.Subquery)}
    columns = (column for column in statement.find_all(exp.Column) if not column.args.get("table"))
    return frozenset(rows & {folded(column.this) for column in columns}) - {""}


_Found = Iterator[tuple[exp.Table, bool]]
_Sources = Mapping[str, tuple[exp.Expr, bool]]
"""By the name that columns are qualified with: a source, and whether it gives to every row."""


@dataclass(frozen=True)
class _Reader:
    is_column: IsColumn

    def whole(self, query: exp.Expr | None, open_names: frozenset[int]) -> _Found:
        """The tables that a query hands on whole; ``open_names``: queries being looked into."""
        if query is None or id(query) in open_names or query.args.get("into") is not None:
            return  # a recursive query hands on what its first part does
        inside = open_names | {id(query)}
        if isinstance(query, exp.Subquery | exp.Paren):
            yield from self.whole(query.this, inside)
        elif isinstance(query, exp.SetOperation):
            for part in (query.left, query.right):
                yield from _uncertain(self.whole(part, inside))
        elif isinstance(query, exp.Select):
            yield from self._of_projections(query.expressions, _sources(query), inside)
        elif isinstance(query, exp.Insert | exp.Update | exp.Delete | exp.Merge):
            yield from self._of_change(query, inside)

    def _of_change(self, change: exp.Expr, inside: frozenset[int]) -> _Found:
        """What a change returns of the rows it changed; what it merely copies reaches nobody."""
        returning = change.args.get("returning")
        target = change.this.this if isinstance(change.this, exp.Schema) else change.this
        if returning is None or not isinstance(target, exp.Table):
            return
        sources: dict[str, tuple[exp.Expr, bool]] = {alias(target): (target, True)}
        using = change.args.get("using") or []
        for clause in (change.args.get("from_"), *(using if isinstance(using, list) else [using])):
            sources |= _sources_of(clause, certain=not isinstance(change, exp.Merge))
        yield from self._of_projections(returning.expressions, sources, inside)

    def _of_projections(
        self, projections: list[exp.Expr], sources: _Sources, inside: frozenset[int]
    ) -> _Found:
        for projection in projections:
            yield from self._of_value(projection, sources, inside)

    def _of_value(self, node: exp.Expr, sources: _Sources, inside: frozenset[int]) -> _Found:
        """What of an output column goes on whole."""
        if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and node.is_star):
            qualifier = folded(node.args.get("table")) if isinstance(node, exp.Column) else ""
            chosen = sources.values() if not qualifier else filter(None, [sources.get(qualifier)])
            for source, certain in chosen:
                found = self._of_source(source, inside)
                yield from found if certain else _uncertain(found)
        elif isinstance(node, exp.Column):
            yield from self._of_name(node, sources, inside)
        elif isinstance(node, exp.Dot) and isinstance(node.expression, exp.Star):
            yield from self._of_value(node.this, sources, inside)  # (o).*
        elif isinstance(node, exp.Subquery | exp.Select):
            yield from _uncertain(self.whole(node, inside))
        elif isinstance(node, exp.Array):
            for part in node.expressions:
                yield from self._of_value(part, sources, inside)
        elif (kept := _kept(node)) is not None:
            for part in kept:
                found = self._of_value(part, sources, inside)
                yield from _uncertain(found) if _function(node) in _GATHERED else found

    def _of_name(self, column: exp.Column, sources: _Sources, inside: frozenset[int]) -> _Found:
        """The source of that name, unless it is the name of a column of any source."""
        name = folded(column.this)
        if column.args.get("table") or name not in sources:
            return
        if any(self._has_column(source, name, inside) for source, _ in sources.values()):
            return
        source, certain = sources[name]
        found = self._of_source(source, inside)
        yield from found if certain else _uncertain(found)

    def _has_column(self, source: exp.Expr | None, name: str, inside: frozenset[int]) -> bool:
        """Whether a source may have a column of that name."""
        if isinstance(source, exp.Table):
            query = query_of_with(source)
            if query is None:
                return not isinstance(source.this, exp.Identifier) or self.is_column(
                    named(source), name
                )
            source = query
        while isinstance(source, exp.Subquery | exp.Paren):
            source = source.this
        if not isinstance(source, exp.Select) or id(source) in inside:
            return True
        if any(one.alias_or_name.lower() == name for one in source.expressions if not one.is_star):
            return True
        inner = _sources(source) if any(one.is_star for one in source.expressions) else {}
        return any(self._has_column(one, name, inside | {id(source)}) for one, _ in inner.values())

    def _of_source(self, source: exp.Expr, inside: frozenset[int]) -> _Found:
        """The table itself, or what the query behind a name hands on; a function has no table."""
        if not isinstance(source, exp.Table):
            yield from self.whole(source, inside)
        elif isinstance(source.this, exp.Identifier):
            query = query_of_with(source)
            if query is None:
                yield source, True
            else:
                yield from self.whole(query, inside)


def _uncertain(found: _Found) -> _Found:
    for table, _ in found:
        yield table, False


def _kept(node: exp.Expr) -> list[exp.Expr] | None:
    """The parts of a value that go on with it; None when it is made of something else."""
    if isinstance(node, exp.DPipe):
        return [node.left, node.right]
    if isinstance(node, _KEEPING):
        return [node.this]
    if _function(node) in _AS_ONE_VALUE | _GATHERED:
        return (
            [node.this, *node.expressions]
            if not isinstance(node, exp.Anonymous)
            else node.expressions
        )
    return None


def _function(node: exp.Expr) -> str:
    if isinstance(node, exp.Anonymous):
        return node.name.lower()
    return type(node).__name__.lower() if isinstance(node, exp.Func) else ""


def _sources(query: exp.Select) -> dict[str, tuple[exp.Expr, bool]]:
    """What a query reads from, by the names that its columns are qualified with."""
    found = _sources_of(query.args.get("from_"))
    for join in (*(query.args.get("joins") or ()), *(query.args.get("laterals") or ())):
        found = _joined(found, join)
    return found


def _joined(before: _Sources, join: exp.Expr) -> dict[str, tuple[exp.Expr, bool]]:
    """With one more source; the other side of an outer join may give nothing to a row."""
    side = join.args.get("side") or ""
    added = _sources_of(join, certain=side not in ("LEFT", "FULL"))
    kept = {
        name: (one, certain and side not in ("RIGHT", "FULL"))
        for name, (one, certain) in before.items()
    }
    return {**kept, **added}


def _sources_of(
    clause: exp.Expr | None, *, certain: bool = True
) -> dict[str, tuple[exp.Expr, bool]]:
    source = clause.this if isinstance(clause, exp.From | exp.Join) else clause
    if source is None:
        return {}
    query = source.this if isinstance(source, exp.Lateral) else source
    found: dict[str, tuple[exp.Expr, bool]] = {alias(source): (query, certain)}
    for join in source.args.get("joins") or ():  # of tables in parentheses
        found = _joined(found, join)
    if isinstance(source, exp.Subquery | exp.Paren) and isinstance(source.this, exp.Table):
        found |= _sources_of(source.this, certain=certain)
    return found
