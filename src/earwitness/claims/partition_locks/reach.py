"""From where in a statement a condition reaches the scan of a relation that the statement reads.

Pure, on parsed statements. PostgreSQL moves a condition into a subquery, or into a query of a WITH that
is read once, only where that changes nothing: not past windows, groups, limits, nor into what is
materialized. Where a text is not that simple, the condition does not reach it, which is certain to be
no promise too much.
"""

from collections.abc import Iterator, Mapping

from sqlglot import exp

from earwitness.check.sql_names import alias, folded, query_of_with

OWNERS = (exp.Select, exp.Update, exp.Delete, exp.Merge)
"""What has a WHERE of its own, or an ON."""
_STOPS = ("group", "having", "distinct", "limit", "offset", "qualify", "windows")
"""Clauses of a query past which no condition is moved, or not every one."""


def reaching(place: exp.Table, columns: frozenset[str]) -> Mapping[int, str]:
    """Queries whose conditions on these columns reach the scan, and how each one calls the relation.

    By the id of the node of the query.
    """
    found: dict[int, str] = {}
    name, node = alias(place), place.find_ancestor(*OWNERS)
    while node is not None:
        found[id(node)] = name
        outer = _source_made_of(node, columns)
        if outer is None:
            return found
        name, node = alias(outer), outer.find_ancestor(*OWNERS)
    return found


def names(statement: exp.Expr, place: exp.Table) -> frozenset[str]:
    """Everything that columns of the relation may be qualified with, wherever it is read through."""
    found, left, seen = {alias(place)}, [place], {id(place)}
    while left:
        above = left.pop().parent
        while above is not None:
            if isinstance(above, exp.Subquery | exp.Lateral):
                found.add(alias(above))
            for reader in _readers(statement, above.this) if isinstance(above, exp.CTE) else ():
                if id(reader) not in seen:
                    seen.add(id(reader))
                    found.add(alias(reader))
                    left.append(reader)
            above = above.parent
    return frozenset(found - {""})


def _source_made_of(query: exp.Expr, columns: frozenset[str]) -> exp.Expr | None:
    """What an outer query reads this one through; None where conditions do not pass."""
    if not isinstance(query, exp.Select) or not _passes(query, columns):
        return None
    above = query.parent
    while isinstance(above, exp.Union | exp.Paren) or (
        isinstance(above, exp.Subquery) and isinstance(above.parent, exp.Union | exp.Subquery)
    ):
        if any(above.args.get(clause) for clause in ("limit", "offset")):
            return None
        above = above.parent
    if isinstance(above, exp.Subquery) and isinstance(above.parent, exp.From | exp.Join):
        return above if not above.alias_column_names else None
    if isinstance(above, exp.CTE):
        return _only_reader(above)
    return None


def _passes(query: exp.Select, columns: frozenset[str]) -> bool:
    """Whether a condition on a column outside is one on the column of that name inside."""
    if any(query.args.get(clause) for clause in _STOPS):
        return False
    if any(one.find(exp.Window, exp.AggFunc) is not None for one in query.expressions):
        return False
    shown = set()
    for one in query.expressions:
        if one.is_star:
            return True
        if isinstance(one, exp.Column):
            shown.add(folded(one.this))
    return columns <= shown


def _only_reader(defined: exp.CTE) -> exp.Table | None:
    """The one place that reads a query of a WITH; None when it is computed apart."""
    clause = defined.parent
    if defined.args.get("materialized") or not isinstance(clause, exp.With):
        return None
    if clause.args.get("recursive") or clause.parent is None or defined.alias_column_names:
        return None
    readers = list(_readers(clause.parent, defined.this))
    return readers[0] if len(readers) == 1 else None


def _readers(statement: exp.Expr, query: exp.Expr) -> Iterator[exp.Table]:
    for table in statement.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and query_of_with(table) is query:
            yield table
