"""The texts of counted statements, made into what parsers take.

Pure, on texts. PostgreSQL replaces a literal wherever it stands, also where its own grammar knows no
parameter; and our parser reads ``$1,$2`` as the beginning of a quoted text. A query that is sent in
the wrapping of another statement, such as a cursor, is unwrapped. Nothing here knows what a statement
means.
"""

import re

_CLOSE = re.compile(r"(?<![\w$])(\$\d+[^\s$]*[^\w\s$])(?=\$\d)")
"""A parameter and what follows, up to the next one, without a space: ``$1,`` of ``$1,$2``."""
_TYPED = re.compile(
    r"\b(interval|date|time|timetz|timestamp|timestamptz|"
    r"(?:time|timestamp)\s+with(?:out)?\s+time\s+zone|"
    r"uuid|inet|cidr|jsonb?|bytea|text|numeric|bigint|integer|int[248]?|smallint)\s+(\$\d+)",
    re.IGNORECASE,
)
_WRAPPINGS = tuple(
    re.compile(rf"\s*{pattern}", re.IGNORECASE | re.DOTALL)
    for pattern in (
        r'declare\s+(?:"[^"]*"|\w+)\s+(?:(?:binary|asensitive|insensitive|no|scroll)\s+)*cursor\s+'
        r"(?:with(?:out)?\s+hold\s+)?for\b(.*)",
        r'prepare\s+(?:"[^"]*"|\w+)\s*(?:\([^()]*\)\s*)?as\b(.*)',
        r"copy\s*\((.*)\)\s*to\s+stdout\b[^()]*(?:\([^()]*\)\s*)?",
    )
)
"""A query that is sent as a cursor, prepared, or as a copy to the client."""


def grammatical(text: str) -> str:
    """The query of a counted text, as PostgreSQL and our parser take it."""
    # ``date '2024-01-01'`` is counted as ``date $1``
    return _TYPED.sub(r"(\2::\1)", _CLOSE.sub(r"\1 ", unwrapped(text)))


def unwrapped(text: str) -> str:
    """The query inside a cursor, a preparation or a copy to the client; else the text itself."""
    for wrapping in _WRAPPINGS:
        found = wrapping.fullmatch(text)
        if found is not None:
            return found[1].strip()
    return text
