"""What a statement's conditions say about the partition key of a tree, from its text alone.

Pure, on parsed statements. Answers two questions: what can be said about pruning without asking the
server, and which parameters have to become values so that the server can be asked. Where a text is
not understood, the answer is "unclear", never a guess.

PostgreSQL prunes while it plans only by what it knows then: a value, not a parameter, and not what
a function that is merely stable gives. So a comparison of the key with a parameter prunes in a
custom plan, and in no generic one.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from earwitness.check.sql_names import folded
from earwitness.claims.partition_locks import casts, reach, rewriting
from earwitness.claims.partition_locks.relations import Key

_COMPARISONS = (exp.EQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.NEQ, exp.Between, exp.In)
_EQUALITIES = (exp.EQ, exp.In)
_NEVER_PRUNING = (
    exp.Like,
    exp.ILike,
    exp.SimilarTo,
    exp.RegexpLike,
    exp.RegexpILike,
    exp.NullSafeEQ,
)
"""Operators that no partition can be left out by: they are in no operator family of the keys."""
_ARITHMETIC = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe)
_STABLE = (exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime, exp.Localtimestamp, exp.Query)
_HASH, _LIST = "h", "l"


@dataclass(frozen=True)
class Comparison:
    """The key compared with something, somewhere in a condition."""

    column: str
    qualifier: str
    query: int
    """Id of the node of the query in whose condition it stands."""
    equality: bool
    listed: bool
    """Whether it is an equality with any of a list."""
    parameters: tuple[exp.Parameter, ...]
    """Those that the key is compared with directly; none: it is compared with something else."""
    binding: bool
    """Whether every row that is read has to pass it."""
    never: bool
    """Whether no value makes the planner leave a partition out by it."""
    replaceable: bool
    """Whether no parameter but these can make a difference."""
    term: exp.Expr
    """All that AND joins with others, the comparison being a part of it."""

    @property
    def certain(self) -> bool:
        """Whether it restricts the key to its parameters, and does so for every row."""
        return self.binding and bool(self.parameters) and not self.never


@dataclass(frozen=True)
class Reading:
    """What the conditions say about one tree."""

    prunes_with_values: bool
    """Certain to prune when the parameters are values, wherever the statement reads the tree."""
    unclear: bool
    """Whether something about the key was not understood, so that the text cannot decide."""
    unreplaced: bool
    """Whether a parameter may matter that no replacement makes known, so that no plan decides."""
    replacements: tuple[tuple[exp.Parameter, str], ...]
    """Parameters, and the value as SQL writes it that makes each one known."""


def read(statement: exp.Expr, keys: Sequence[Key], places: Sequence[exp.Table]) -> Reading:
    """The conditions on a tree that the statement reads at these places."""
    values: dict[str, str] = {}
    for key in keys:
        values |= {c: v for c, v in zip(key.columns, key.values, strict=True) if c}
    aliases = frozenset().union(*(reach.names(statement, place) for place in places))
    names = {(column, name): column for column in values for name in aliases}
    found = [*_comparisons(statement, names, keys)]
    further = [*_comparisons(statement, dict(_equivalent(statement, set(values), aliases)), keys)]
    replacements = _replacements(statement, [*found, *further], values)
    known = {id(parameter) for parameter, _ in replacements}
    valueless = any(not all(key.columns) for key in keys) or any(
        one.parameters and not one.never and not values[one.column] for one in found
    )
    pruned, unclear = _of_places(found, keys, places)
    return Reading(
        prunes_with_values=pruned,
        unclear=unclear or valueless,
        unreplaced=valueless
        or any(not one.replaceable or _decided_apart(one, known) for one in found),
        replacements=replacements,
    )


def _of_places(
    found: Sequence[Comparison], keys: Sequence[Key], places: Sequence[exp.Table]
) -> tuple[bool, bool]:
    """Whether every place is certain to be pruned; and whether one may be that is not certain to."""
    columns = frozenset(column for key in keys for column in key.columns if column)
    reaching = [reach.reaching(place, columns) for place in places]
    here = [
        [one for one in found if one.query in queries and one.qualifier in ("", queries[one.query])]
        for queries in reaching
    ]
    settled = {id(one) for reached in here for one in reached}
    apart = any(not one.never for one in found if id(one) not in settled)
    loose = [
        reached
        for reached in here
        if not any(_satisfied(key, [one for one in reached if one.certain]) for key in keys)
    ]
    doubtful = any(not one.never and not one.certain for reached in loose for one in reached)
    return not loose, bool(loose) and (apart or doubtful)


def _replacements(
    statement: exp.Expr, comparisons: Iterable[Comparison], values: Mapping[str, str]
) -> tuple[tuple[exp.Parameter, str], ...]:
    """Every place of the parameters that the key is compared with, and what makes them known."""
    by_number: dict[str, str] = {}
    for one in comparisons:
        for parameter in one.parameters:
            if values[one.column]:
                by_number.setdefault(parameter.name, values[one.column])
    return tuple(
        (parameter, rewriting.written(parameter, by_number[parameter.name]))
        for parameter in statement.find_all(exp.Parameter)
        if parameter.name in by_number
    )


def _decided_apart(one: Comparison, known: Collection[int]) -> bool:
    """Whether a parameter beside it can switch it off: ``$2 or day = $1``, a CASE."""
    if one.binding or one.never:
        return False
    if one.term.find(exp.Case, exp.If) is not None:
        return True
    for parameter in one.term.find_all(exp.Parameter):
        arm: exp.Expr = parameter
        while arm is not one.term and not isinstance(arm.parent, exp.Or | exp.And | exp.Paren):
            assert arm.parent is not None, "the term is above"
            arm = arm.parent
        if id(parameter) not in known and arm.find(exp.Column) is None:
            return True
    return False


def _satisfied(key: Key, certain: Sequence[Comparison]) -> bool:
    """Whether comparisons that are certain, with values, are enough to prune by this key."""
    if key.strategy == _HASH:
        # of several values in several columns PostgreSQL makes no pairs
        several = len(key.columns) > 1
        equal = {one.column for one in certain if one.equality and not (several and one.listed)}
        return all(column in equal for column in key.columns)
    return any(one.column == key.columns[0] for one in certain)


def _comparisons(
    statement: exp.Expr, names: Mapping[tuple[str, str], str], keys: Sequence[Key]
) -> Iterator[Comparison]:
    """Where the columns, by name and qualifier, stand in conditions; as which key column."""
    by_name = {column: key for (column, _), key in names.items()}
    for column in statement.find_all(exp.Column):
        name, qualifier = folded(column.this), folded(column.args.get("table"))
        key = names.get((name, qualifier)) if qualifier else by_name.get(name)
        if key is not None and _in_condition(column):
            yield _comparison(column, key, qualifier, keys)


def _comparison(column: exp.Column, key: str, qualifier: str, keys: Sequence[Key]) -> Comparison:
    node, wrapped = _wrapped(column)
    parent, operands = _compared(node)
    compared = isinstance(parent, _COMPARISONS)
    parameters = [_parameter(operand) for operand in operands]
    direct = bool(parameters) and all(parameter is not None for parameter in parameters)
    direct = direct and wrapped is None
    term = parent if compared and parent is not None else node
    ordered_rows = isinstance(node.parent, exp.Tuple) and not isinstance(parent, _EQUALITIES)
    inverted = isinstance(_unparenthesized(term).parent, exp.Not)
    negated = inverted or isinstance(term, exp.NEQ)
    # a list has one type; of two bounds one may do
    needed = all if isinstance(term, exp.Between) else any
    types = {
        kind for one in keys for c, kind in zip(one.columns, one.types, strict=False) if c == key
    }
    never = _hidden(wrapped, types) if wrapped is not None else isinstance(parent, _NEVER_PRUNING)
    never |= compared and (
        ordered_rows
        or _never_known(operands)
        or (_only_excludes(term, keys) and not inverted)
        or (direct and needed(casts.never_prunes(types, operand) for operand in operands))
    )
    never &= all(all(one.columns) for one in keys)  # an expression may be the key
    owner = column.find_ancestor(*reach.OWNERS)
    return Comparison(
        column=key,
        qualifier=qualifier,
        query=id(owner),
        equality=isinstance(parent, _EQUALITIES),
        listed=isinstance(parent, exp.In) or (compared and term.find(exp.Any) is not None),
        parameters=tuple(p for p in parameters if p is not None) if direct else (),
        binding=_binds(term) and not negated,
        never=never,
        replaceable=never or (direct and not negated) or _term(node).find(exp.Parameter) is None,
        term=_term(node),
    )


def _only_excludes(term: exp.Expr, keys: Sequence[Key]) -> bool:
    """Whether it is an inequality, by which only a partition of a list can be left out."""
    return isinstance(term, exp.NEQ) and not any(one.strategy == _LIST for one in keys)


def _wrapped(column: exp.Column) -> tuple[exp.Expr, exp.Expr | None]:
    """The column, or the whole expression around it that is compared, and what is nearest around it."""
    node, inner = _unparenthesized(column), None
    while node.parent is not None and _computes(node.parent):
        inner = inner if inner is not None else node.parent
        node = _unparenthesized(node.parent)
    return node, inner


def _computes(node: exp.Expr) -> bool:
    """Whether it makes another value of what is in it, and is no condition itself."""
    if isinstance(node, exp.Binary):
        return isinstance(node, _ARITHMETIC)
    return isinstance(node, exp.Func | exp.AtTimeZone | exp.Collate) and not isinstance(
        node, exp.Predicate | exp.Connector
    )


def _unparenthesized(node: exp.Expr) -> exp.Expr:
    while isinstance(node.parent, exp.Paren):
        node = node.parent
    return node


def _hidden(wrapping: exp.Expr, types: Collection[str]) -> bool:
    """Whether what is around a key is certain to hide it from the planner.

    A function of somebody's may be nothing but the column itself, once it is inlined; so may a cast.
    """
    if isinstance(wrapping, exp.Cast):
        return casts.changes(types, wrapping)
    return not isinstance(wrapping, exp.Anonymous | exp.Case | exp.If | exp.Collate)


def _term(node: exp.Expr) -> exp.Expr:
    """The whole term of a condition that the node is a part of: what AND joins at the top."""
    path = [node]
    while isinstance(above := path[-1].parent, exp.Expr) and not isinstance(
        above, exp.Where | exp.Join | exp.Merge
    ):
        path.append(above)
    while len(path) > 1 and isinstance(path[-1], exp.And | exp.Paren):
        path.pop()
    return path[-1]


def _compared(node: exp.Expr) -> tuple[exp.Expr | None, Sequence[exp.Expr]]:
    """The comparison that a key stands in, and what it is compared with; else what is around it."""
    whole, place = node, 0
    if isinstance(node.parent, exp.Tuple):
        whole, place = _unparenthesized(node.parent), node.parent.expressions.index(node)
    parent = whole.parent
    if not isinstance(parent, _COMPARISONS):
        return parent, ()
    if isinstance(parent, exp.Between | exp.In) and parent.this is not whole:
        return None, ()  # a bound, or a member of a list
    operands = [*_operands(parent, whole)]
    if whole is node:
        return parent, operands
    rows = [_bare(operand) for operand in operands]
    if all(isinstance(row, exp.Tuple) for row in rows):
        return parent, [row.expressions[place] for row in rows]
    return parent, ()


def _operands(comparison: exp.Expr, node: exp.Expr) -> Iterator[exp.Expr]:
    """What a node is compared with; of an array that is written out, what is in it."""
    for part in comparison.iter_expressions():
        listed = _bare(part.this) if isinstance(part, exp.Any) else part
        if isinstance(listed, exp.Array):
            yield from listed.expressions
        elif part is not node:
            yield part


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
    clause = node.find_ancestor(exp.Where, exp.Join, exp.Query, exp.Whens, exp.Merge)
    return isinstance(clause, exp.Where | exp.Join | exp.Merge)


def _binds(term: exp.Expr) -> bool:
    """Whether the term is joined with all others by AND, in a WHERE or in the ON of an inner join."""
    above = term.parent
    while isinstance(above, exp.And | exp.Paren):
        above = above.parent
    if isinstance(above, exp.Join):
        return not above.args.get("side")
    return isinstance(above, exp.Where | exp.Merge)


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
