"""Which relations a statement fetches with all their columns, from its text alone.

Pure: a parsed statement in, names out. No catalog is asked, so a name can be that of a view, and
what a client does with the columns cannot be known: it fetches them. A star counts only where its
columns reach the client. It does not in ``count(*)`` and ``exists (select *)``, nor where an outer
query, or a query of a WITH, names the columns that go on.

A whole row without a star (``select o from orders o``) is not found: it may be a column's name.
"""

from collections.abc import Iterator, Mapping

from sqlglot import exp

from earwitness.check.sql_names import Named, alias, folded, named, query_of_with


def fetched_whole(statement: exp.Expr) -> tuple[Named, ...]:
    """The relations whose columns all reach the client, each once, in the order of the text."""
    return tuple(dict.fromkeys(named(table) for table in _whole(statement, frozenset())))


def _whole(query: exp.Expr | None, open_names: frozenset[int]) -> Iterator[exp.Table]:
    """The tables that a query hands on whole; ``open_names``: queries that are being looked into."""
    if query is None or id(query) in open_names:
        return  # a recursive query hands on what its first part does
    inside = open_names | {id(query)}
    if isinstance(query, exp.Subquery | exp.Paren):
        yield from _whole(query.this, inside)
    elif isinstance(query, exp.SetOperation):
        yield from _whole(query.left, inside)
        yield from _whole(query.right, inside)
    elif isinstance(query, exp.Select):
        yield from _of_projections(query.expressions, _sources(query), inside)
    elif isinstance(query, exp.Insert | exp.Update | exp.Delete | exp.Merge):
        yield from _of_change(query, inside)


def _of_change(change: exp.Expr, inside: frozenset[int]) -> Iterator[exp.Table]:
    """What a change returns of the rows it changed; what it merely copies reaches nobody."""
    returning = change.args.get("returning")
    target = change.this.this if isinstance(change.this, exp.Schema) else change.this
    if returning is not None and isinstance(target, exp.Table):
        sources: dict[str, exp.Expr] = {alias(target): target}
        using = change.args.get("using") or []
        for clause in (change.args.get("from_"), *(using if isinstance(using, list) else [using])):
            sources |= _sources_of(clause)
        yield from _of_projections(returning.expressions, sources, inside)


def _of_projections(
    projections: list[exp.Expr], sources: Mapping[str, exp.Expr], inside: frozenset[int]
) -> Iterator[exp.Table]:
    for projection in projections:
        for star in _stars(projection):
            qualifier = folded(star.args.get("table")) if isinstance(star, exp.Column) else ""
            chosen = sources.values() if not qualifier else filter(None, [sources.get(qualifier)])
            for source in chosen:
                yield from _of_source(source, inside)


def _stars(node: exp.Expr) -> Iterator[exp.Expr]:
    """Stars of an output column whose columns are handed on, ``row_to_json(o.*)`` included."""
    if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and node.is_star):
        yield node
    elif not isinstance(node, exp.Count | exp.Query | exp.Exists):
        for part in node.iter_expressions():
            if not isinstance(part, exp.Star):  # only count() takes a bare one
                yield from _stars(part)


def _of_source(source: exp.Expr, inside: frozenset[int]) -> Iterator[exp.Table]:
    """The table itself, or what the query behind a name hands on; a function has no table."""
    if not isinstance(source, exp.Table):
        yield from _whole(source, inside)
    elif isinstance(source.this, exp.Identifier):
        query = query_of_with(source)
        if query is None:
            yield source
        else:
            yield from _whole(query, inside)


def _sources(query: exp.Select) -> dict[str, exp.Expr]:
    """What a query reads from, by the names that its columns are qualified with."""
    found = _sources_of(query.args.get("from_"))
    for join in (*(query.args.get("joins") or ()), *(query.args.get("laterals") or ())):
        found |= _sources_of(join)
    return found


def _sources_of(clause: exp.Expr | None) -> dict[str, exp.Expr]:
    source = clause.this if isinstance(clause, exp.From | exp.Join) else clause
    if source is None:
        return {}
    query = source.this if isinstance(source, exp.Lateral) else source
    found: dict[str, exp.Expr] = {alias(source): query}
    for join in source.args.get("joins") or ():  # of tables in parentheses
        found |= _sources_of(join)
    if isinstance(source, exp.Subquery | exp.Paren) and isinstance(source.this, exp.Table):
        found |= _sources_of(source.this)
    return found
