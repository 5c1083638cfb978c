"""What a statement's conditions say about the partition key of a tree, from its text alone.

Pure, on parsed statements. Answers two questions: what can be said about pruning without asking the
server, and which parameters have to become values so that the server can be asked. Where a text is
not understood, the answer is "unclear", never a guess.

PostgreSQL prunes while it plans only by what it knows then: a value, not a parameter, and not what
a function that is merely stable gives. So a comparison of the key with a parameter prunes in a
custom plan, and in no generic one.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlglot import exp

from earwitness.check.sql_names import folded
from earwitness.claims.partition_locks.relations import Key

_COMPARISONS = (exp.EQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In)
_EQUALITIES = (exp.EQ, exp.In)
_STABLE = (exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime, exp.Localtimestamp, exp.Query)
_HASH = "h"


@dataclass(frozen=True)
class Comparison:
    """The key compared with something, somewhere in a condition."""

    column: str
    qualifier: str
    equality: bool
    parameters: tuple[exp.Parameter, ...]
    """Those that the key is compared with directly; none: it is compared with something else."""
    binding: bool
    """Whether every row that is read has to pass it."""
    understood: bool
    """Whether nothing but these parameters can make the difference to pruning."""
    replaceable: bool
    """Whether no parameter but these can."""


@dataclass(frozen=True)
class Reading:
    """What the conditions say about one tree."""

    prunes_with_values: bool
    """Certain to prune when the parameters are values, under every name that the tree has."""
    unclear: bool
    """Whether something about the key was not understood, so that the text cannot decide."""
    unreplaced: bool
    """Whether a parameter may matter that no replacement makes known, so that no plan decides."""
    replacements: tuple[tuple[exp.Parameter, str], ...]
    """Parameters, and the value as SQL writes it that makes each one known."""


def read(statement: exp.Expr, keys: Sequence[Key], aliases: Collection[str]) -> Reading:
    """The conditions on a tree that the statement reads under these names."""
    values = {
        column: value
        for key in keys
        for column, value in zip(key.columns, key.values, strict=True)
        if column
    }
    same = [*_equivalent(statement, set(values), aliases)]
    found = [*_comparisons(statement, {(column, a): column for column in values for a in aliases})]
    further = [*_comparisons(statement, dict(same))]
    replacements = [
        (parameter, _written(parameter, value))
        for one in (*found, *further)
        for parameter in one.parameters
        if (value := values[one.column])
    ]
    valueless = any(not all(key.columns) for key in keys) or any(
        one.parameters and not values[one.column] for one in found
    )
    return Reading(
        prunes_with_values=all(
            any(_satisfied(key, [c for c in found if c.qualifier in ("", name)]) for key in keys)
            for name in aliases
        ),
        unclear=any(not one.understood for one in found) or valueless,
        unreplaced=any(not one.replaceable for one in found) or valueless,
        replacements=tuple(replacements),
    )


def replaced(text: str, replacements: Sequence[tuple[exp.Expr, str]]) -> str | None:
    """The text with these nodes written differently; None when a place is not what it should be."""
    for node, new in sorted(replacements, key=lambda pair: -_place(pair[0])[0]):
        start, end = _place(node)
        was = text[start:end].strip('"').lower()
        if start < 0 or was != node.sql(dialect="postgres", comments=False).strip('"').lower():
            return None
        text = text[:start] + new + text[end:]
    return text


def renumbered(statement: exp.Expr, known: Collection[int]) -> list[tuple[exp.Parameter, str]]:
    """The parameters that stay, numbered anew: PostgreSQL takes no number without a type.

    ``known``: ids of the nodes that become values.
    """
    stay = [node for node in statement.find_all(exp.Parameter) if id(node) not in known]
    numbers = sorted({int(node.name) for node in stay})
    return [(node, f"${numbers.index(int(node.name)) + 1}") for node in stay]


def _place(node: exp.Expr) -> tuple[int, int]:
    """From and to which character of the text the node reaches; (-1, -1) when it does not say."""
    own = node.this if isinstance(node, exp.Parameter) else node
    if "start" not in own.meta:
        return -1, -1
    start = own.meta["start"] - (1 if isinstance(node, exp.Parameter) else 0)
    return start, own.meta["end"] + 1


def _satisfied(key: Key, comparisons: Sequence[Comparison]) -> bool:
    """Whether comparisons that bind, with values, are enough to prune by this key."""
    binding = [one for one in comparisons if one.binding and one.parameters]
    if key.strategy == _HASH:
        equal = {one.column for one in binding if one.equality}
        return all(column in equal for column in key.columns)
    return any(one.column == key.columns[0] for one in binding)


def _comparisons(statement: exp.Expr, names: dict[tuple[str, str], str]) -> Iterator[Comparison]:
    """Where the columns, by name and qualifier, stand in conditions; as which key column."""
    by_name = {column: key for (column, _), key in names.items()}
    for column in statement.find_all(exp.Column):
        name, qualifier = folded(column.this), folded(column.args.get("table"))
        key = names.get((name, qualifier)) if qualifier else by_name.get(name)
        if key is not None and _in_condition(column):
            yield _comparison(column, key, qualifier)


def _comparison(column: exp.Column, key: str, qualifier: str) -> Comparison:
    node: exp.Expr = column
    while isinstance(node.parent, exp.Paren):
        node = node.parent
    parent = node.parent
    compared = isinstance(parent, _COMPARISONS) and not _is_tested(parent, node)
    operands = [*_operands(parent, node)] if compared and parent is not None else []
    parameters = [_parameter(operand) for operand in operands]
    direct = bool(parameters) and all(parameter is not None for parameter in parameters)
    unknowable = compared and _never_known(operands)
    term = parent if compared and parent is not None else node
    return Comparison(
        column=key,
        qualifier=qualifier,
        equality=isinstance(parent, _EQUALITIES),
        parameters=tuple(p for p in parameters if p is not None) if direct else (),
        binding=_binds(term),
        understood=(direct and _binds(term)) or unknowable,
        replaceable=direct or unknowable or _term(node).find(exp.Parameter) is None,
    )


def _term(node: exp.Expr) -> exp.Expr:
    """The whole term of a condition that the node is a part of."""
    while isinstance(above := node.parent, exp.Expr) and not isinstance(
        above, exp.And | exp.Or | exp.Where | exp.Join
    ):
        node = above
    return node


def _is_tested(comparison: exp.Expr, node: exp.Expr) -> bool:
    """Whether the key is not what is compared, but a bound or a member of a list."""
    return isinstance(comparison, exp.Between | exp.In) and comparison.this is not node


def _operands(comparison: exp.Expr, node: exp.Expr) -> Iterator[exp.Expr]:
    """What a node is compared with."""
    yield from (part for part in comparison.iter_expressions() if part is not node)


def _never_known(operands: Sequence[exp.Expr]) -> bool:
    """Whether the planner knows no value on the other side in any plan: now(), a query."""
    return bool(operands) and all(one.find(*_STABLE) is not None for one in operands)


def _parameter(operand: exp.Expr) -> exp.Parameter | None:
    bare = _bare(operand)
    if isinstance(bare, exp.Any):
        bare = _bare(bare.this)
    return bare if isinstance(bare, exp.Parameter) else None


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren | exp.Cast | exp.Subquery):
        node = node.this
    return node


def _in_condition(node: exp.Expr) -> bool:
    """Whether it stands in a WHERE or ON of its own query."""
    clause = node.find_ancestor(exp.Where, exp.Join, exp.Query)
    return isinstance(clause, exp.Where | exp.Join)


def _binds(term: exp.Expr) -> bool:
    """Whether the term is joined with all others by AND, in a WHERE or in the ON of an inner join."""
    above = term.parent
    while isinstance(above, exp.And | exp.Paren):
        above = above.parent
    if isinstance(above, exp.Join):
        return not above.args.get("side")
    return isinstance(above, exp.Where)


def _equivalent(
    statement: exp.Expr, columns: Collection[str], aliases: Collection[str]
) -> Iterator[tuple[tuple[str, str], str]]:
    """Columns of other relations that an equality makes the same as a key column of the tree."""
    for equality in statement.find_all(exp.EQ):
        sides = (equality.left, equality.right)
        for one, other in (sides, sides[::-1]):
            if not (isinstance(one, exp.Column) and isinstance(other, exp.Column)):
                continue
            name, qualifier = folded(one.this), folded(one.args.get("table"))
            if name in columns and qualifier in ("", *aliases):
                yield (folded(other.this), folded(other.args.get("table"))), name


def _written(parameter: exp.Parameter, value: str) -> str:
    """The value where the parameter stood: in an array of its own where that was one."""
    above = parameter.parent
    while isinstance(above, exp.Paren | exp.Cast):
        above = above.parent
    if not isinstance(above, exp.Any):
        return value
    plain = value.removeprefix("'").removesuffix("'")
    return "'{\"" + plain.replace("\\", "\\\\").replace('"', '\\"') + "\"}'"
