"""With values of which types PostgreSQL can compare a partition key while it plans.

Pure. A value of another type is no obstacle where both belong to one operator family and the comparison
is immutable; else the key itself is converted, or the result depends on the session, and no
partition is left out. PostgreSQL 18, pg_amop and pg_operator; the same since 14. A type that is not
named here is never judged.
"""

from collections.abc import Collection, Mapping

from sqlglot import exp

_WHOLE = frozenset({"SMALLINT", "INT", "BIGINT"})
_LETTERS = frozenset({"TEXT", "VARCHAR"})
_FITTING: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("int2", "int4", "int8"), _WHOLE),
    "numeric": _WHOLE | {"DECIMAL"},
    **dict.fromkeys(("float4", "float8"), _WHOLE | {"DECIMAL", "FLOAT", "DOUBLE"}),
    **dict.fromkeys(("date", "timestamp"), frozenset({"DATE", "TIMESTAMP"})),
    "timestamptz": frozenset({"TIMESTAMPTZ"}),
    **dict.fromkeys(("text", "varchar"), _LETTERS),
    "uuid": frozenset({"UUID"}),
}
"""By the type of a key, as pg_type calls it: types of values, as the parser calls them."""
_OWN: Mapping[str, frozenset[str]] = {
    "int2": frozenset({"SMALLINT"}),
    "int4": frozenset({"INT"}),
    "int8": frozenset({"BIGINT"}),
    "numeric": frozenset({"DECIMAL"}),
    "float4": frozenset({"FLOAT"}),
    "float8": frozenset({"DOUBLE"}),
    "date": frozenset({"DATE"}),
    "timestamp": frozenset({"TIMESTAMP"}),
    "timestamptz": frozenset({"TIMESTAMPTZ"}),
    **dict.fromkeys(("text", "varchar"), _LETTERS),
    "uuid": frozenset({"UUID"}),
}
"""The same, of the values that a cast to leaves as they are."""
_KNOWN = frozenset().union(*_FITTING.values())


def never_prunes(types: Collection[str], operand: exp.Expr) -> bool:
    """Whether a comparison of a key of one of these types with the operand, by its cast, never prunes."""
    while isinstance(operand, exp.Paren):
        operand = operand.this
    if isinstance(operand, exp.Any):
        return False  # a cast of an array
    target = _target(operand)
    return _differs(target, types, _FITTING)


def changes(types: Collection[str], cast: exp.Cast) -> bool:
    """Whether the cast is certain to be more than another name for the column's own type."""
    return _differs(_target(cast), types, _OWN)


def _differs(target: str, types: Collection[str], known: Mapping[str, frozenset[str]]) -> bool:
    return (
        target in _KNOWN
        and bool(types)
        and all(kind in known and target not in known[kind] for kind in types)
    )


def _target(node: exp.Expr) -> str:
    """The type that a cast names; empty where there is none."""
    kind = node.args.get("to") if isinstance(node, exp.Cast) else None
    return kind.this.name if isinstance(kind, exp.DataType) and hasattr(kind.this, "name") else ""
