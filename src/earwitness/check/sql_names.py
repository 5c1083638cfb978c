"""The names of relations in a parsed statement, as PostgreSQL reads them.

Pure, on trees of sqlglot; no catalog. A name that a WITH of the statement defines is no relation.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp


@dataclass(frozen=True)
class Named:
    """A relation as the statement names it, folded to lower case where it is not quoted."""

    name: str
    schema: str = ""
    """Empty where the statement leaves it to the search path."""


def named(table: exp.Table) -> Named:
    """The name of a relation."""
    return Named(folded(table.this), folded(table.args.get("db")))


def folded(identifier: exp.Expr | None) -> str:
    """An identifier as the catalog has it; empty when it is none."""
    if not isinstance(identifier, exp.Identifier):
        return ""
    return identifier.name if identifier.args.get("quoted") else identifier.name.lower()


def alias(source: exp.Expr) -> str:
    """What the columns of a source are qualified with."""
    given = source.args.get("alias")
    name = given.this if isinstance(given, exp.TableAlias) else None
    return folded(name if name is not None else source.this)


def relations(statement: exp.Expr) -> Iterator[exp.Table]:
    """Every place of the statement that names a relation."""
    for table in statement.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and query_of_with(table) is None:
            yield table


def query_of_with(table: exp.Table) -> exp.Expr | None:
    """The query of a WITH that a name stands for; None when it is that of a relation."""
    if table.args.get("db"):
        return None
    inside: set[int] = set()
    above: exp.Expr | None = table
    while above is not None:
        inside.add(id(above))
        query = _defined(above.args.get("with_"), folded(table.this), inside)
        if query is not None:
            return query
        above = above.parent
    return None


def _defined(clause: exp.Expr | None, name: str, inside: set[int]) -> exp.Expr | None:
    """What the name stands for in a WITH, seen from inside these nodes."""
    if clause is None:
        return None
    for one in clause.expressions:
        if id(one) in inside and not clause.args.get("recursive"):
            return None  # a query of a WITH knows only those before it
        if alias(one) == name:
            query: exp.Expr = one.this
            return query
    return None
