"""What it costs to sanitise HTML, known before it is done.

Parsers of HTML do as browsers do, and there are texts for which that takes time or memory without
end. Sums here are about what was measured; that they hold is tested with hostile documents.
"""

import re

DEEPEST = 200
"""Elements of HTML in each other; show notes have about ten."""
MOST_ASTRAY = 100_000
"""Elements that are not closed where they were opened, times all tags."""
MOST_ENTITIES = 20_000
_EMPTY = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"]
)
_CLOSED_BY_OTHERS = frozenset(["dd", "dt", "li", "option", "p", "td", "th", "tr"])
_TAG_NAME = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_LONG_TAG = re.compile(r"<(?:[^<>\"']|\"[^\"<>]*+\"|'[^'<>]*+'){2000}")
"""One with hundreds of attributes; what stands in quotes may be long."""


def effort(text: str) -> int:
    """About how many nanoseconds the parser and ``sanitise.links`` take for it."""
    links = text.count("href") + text.count("http")
    return 100 * len(text) + 600 * text.count("<") + 5_000 * links


def effort_of_plain(text: str) -> int:
    """The same where ``sanitise.is_plain``, so that no parser is needed."""
    return 20 * len(text) + 5_000 * text.count("http")


def is_tame(text: str) -> bool:
    """Whether the parser takes no longer for it than for other HTML of its length.

    As those of browsers do, it looks through all open elements at each tag, and opens anew in each
    block what was not closed where it was opened.
    """
    if text.count("&") > MOST_ENTITIES or _LONG_TAG.search(text):
        return False
    opened: list[str] = []
    astray = 0
    for number, tag in enumerate(_TAG_NAME.finditer(text)):
        astray += _nested(opened, tag[2].lower(), closing=bool(tag[1]))
        if len(opened) > DEEPEST or astray * number > MOST_ASTRAY:
            return False
    return True


def _nested(opened: list[str], tag: str, *, closing: bool) -> int:
    """Follow a tag among the open elements, and return how many it leaves astray."""
    if tag in _EMPTY:
        return 0
    if not closing:
        while tag in _CLOSED_BY_OTHERS and opened and opened[-1] in _CLOSED_BY_OTHERS:
            opened.pop()
        opened.append(tag)
        return 0
    if tag not in opened:
        return 1
    astray = 0
    while (last := opened.pop()) != tag:
        astray += last not in _CLOSED_BY_OTHERS
    return astray
