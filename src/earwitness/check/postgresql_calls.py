"""Whether a statement calls what the system does not define, looked at before it is planned.

Planning executes functions that are said to give the same for the same, with the rights of whoever
plans. The session's search path holds nothing but what the system defines, so what is somebody else's
has to be named with its schema; that is looked for here. Pure. The words are told apart as PostgreSQL's
own ``scan.l`` does it, and not by our parser: whoever wrote the statement would know where they
differ. What cannot be told apart counts as a call.
"""

import re
from collections.abc import Iterator

_LETTER = r"A-Za-z_\x80-\U0010ffff"
_WORD = re.compile(
    rf"""(?P<gap>[ \t\r\n\f\v]+|--[^\r\n]*)
    |(?P<comment>/\*)
    |(?P<text>[eE]'(?:[^'\\]|\\.|'')*'|(?:[uU]&|[bBnNxX])?'(?:[^']|'')*'
        |\$(?P<tag>(?:[{_LETTER}][{_LETTER}0-9]*)?)\$.*?\$(?P=tag)\$)
    |(?P<name>(?:[uU]&)?"(?:[^"]|"")*"|[{_LETTER}][{_LETTER}0-9$]*)
    |(?P<open>['"])
    |(?P<other>\$\d+|.)""",
    re.DOTALL | re.VERBOSE,
)
_COMMENT_MARK = re.compile(r"/\*|\*/")


class _NotToldApart(Exception):
    pass


def calls_of_others(statement: str) -> bool:
    """Whether it names a function, an operator or a type of a schema other than pg_catalog."""
    try:
        words = [("", ""), ("", ""), *_words(statement), ("", ""), ("", "")]
    except _NotToldApart:
        return True
    return any(
        _is_called(words[place - 2 : place], words[place + 3])
        for place in range(2, len(words) - 4)
        if [kind for kind, _ in words[place : place + 2]] == ["name", "other"]
        and words[place + 1][1] == "."
        and words[place][1] != "pg_catalog"
    )


def _is_called(before: list[tuple[str, str]], after: tuple[str, str]) -> bool:
    """Whether a name with its schema is called, from the two words before and the one after it."""
    last = before[1][1].lower()
    if last == "into":
        return False  # what follows is a list of columns
    is_function = after[1] == "("
    is_literal = after[0] == "text"
    is_operator = last == "(" and before[0][1].lower() == "operator"
    is_cast = last == "as" or (last == ":" and before[0][1] == ":")
    return is_function or is_literal or is_operator or is_cast


def _words(statement: str) -> Iterator[tuple[str, str]]:
    """Kind and text of each word, without gaps and comments."""
    at = 0
    while at < len(statement):
        found = _WORD.match(statement, at)
        kind = (found and found.lastgroup) or ""
        if found is None or kind == "open":
            raise _NotToldApart
        at = found.end()
        if kind == "comment":
            at = _end_of_comment(statement, at)
        elif kind != "gap":
            yield kind, found[0]


def _end_of_comment(statement: str, at: int) -> int:
    """Comments contain comments."""
    depth = 1
    for mark in _COMMENT_MARK.finditer(statement, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    raise _NotToldApart
