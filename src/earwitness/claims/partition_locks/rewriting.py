"""A statement's text with other words at some places, so that the server can be asked to plan it.

Pure, on texts and on the nodes that were parsed from them. Which places, and what stands there
instead, is said by ``conditions`` and ``statements``.
"""

from collections.abc import Collection, Sequence

from sqlglot import exp


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


def written(parameter: exp.Parameter, value: str) -> str:
    """The value where the parameter stood: in an array of its own where that was one."""
    above = parameter.parent
    while isinstance(above, exp.Paren | exp.Cast):
        above = above.parent
    if not isinstance(above, exp.Any):
        return value
    plain = value.removeprefix("'").removesuffix("'")
    return "'{\"" + plain.replace("\\", "\\\\").replace('"', '\\"') + "\"}'"


def _place(node: exp.Expr) -> tuple[int, int]:
    """From and to which character of the text the node reaches; (-1, -1) when it does not say."""
    own = node.this if isinstance(node, exp.Parameter) else node
    if "start" not in own.meta:
        return -1, -1
    start = own.meta["start"] - (1 if isinstance(node, exp.Parameter) else 0)
    return start, own.meta["end"] + 1
