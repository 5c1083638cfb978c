"""Where in source files a table is created or a statement is written, for findings about them.

Pure: texts of files in, places out; files are read in ``source_files``. SQL is taken apart by a
tokenizer, so that comments and strings are none; in other languages the words of the SQL are looked
for, whatever quotes, line breaks and concatenations stand between them, and whatever stands for a
value. What is not found has no place: nothing is guessed.
"""

import importlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from earwitness.check.finding import Finding, SourcePlace

MOST_PLACES = 100
"""Of each finding; each is shown by a code host for itself."""
_LONGEST_CREATION = 20_000
"""Characters of a CREATE TABLE inside another language in which its PARTITION BY is looked for."""
_SQL_SUFFIXES = (".sql", ".psql", ".pgsql", ".ddl")

_NAME = r'(?:"(?:[^"]|"")+"|[a-z_][\w$]*)'
_CREATION = re.compile(
    r"\bcreate\s+(?:(?:unlogged|foreign)\s+)?table\s+(?:if\s+not\s+exists\s+)?"
    rf"(?P<name>{_NAME}(?:\s*\.\s*{_NAME})?)",
    re.IGNORECASE,
)
_PARTITIONED = re.compile(r"\bpartition\s+by\b", re.IGNORECASE)

_TYPED = re.compile(
    r"\(\?::(interval|date|time(?:stamp)?(?: with(?:out)? time zone)?|timestamptz)\)"
)
_TOKEN = re.compile(r'"(?:[^"]|"")*"|[^\W\d][\w$]*|\d+|::|<=|>=|<>|!=|->>|->|@>|<@|\|\||\S')
_GAP = r"(?:\s|\\[nrt]?|[\"'`+]|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*?"
"""What may stand between two words of a statement: also the end of one literal and the next.

As little as will do, so that the quote before a value is the value's own.
"""
_VALUE = (
    r"(?:\$\d+|%\(\w+\)s|%[sdvq]|\?|:\w+|@\w+|[$#]?\{[^{}]*\}|e?'(?:[^']|'')*'|"
    r"-?\d+(?:\.\d+)?|true\b|false\b|null\b)(?:::\w+)?"
)
"""What may stand for a value: a literal, or a placeholder of some driver or template."""
_SQL_GAP = r"(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*"
_ENDS = re.compile(rf"{_SQL_GAP}(?:--[^\n]*)?(?:;|\\|</|\Z)")
"""What follows a statement that stands in no quotes: in SQL, in a psql script, in XML."""
_CLOSES = re.compile(r"\s*([\"'`])\1*")
_LAST_WORD = re.compile(r"\s*\n[ \t]*([A-Za-z_]\w*)\b")
"""What may end a text that began with ``<<SQL``, as in Ruby, PHP, Perl and shells."""
_GOES_ON = re.compile(r"\s*[\"'`+]")


@dataclass(frozen=True)
class SourceFile:
    """A file and its text."""

    path: str
    """From the root of the repository, with / between folders."""
    text: str

    @property
    def is_sql(self) -> bool:
        """Whether it is SQL, by its name."""
        return self.path.lower().endswith(_SQL_SUFFIXES)

    @cached_property
    def tokens(self) -> tuple["Token", ...]:
        """The tokens of SQL; none where it cannot be taken apart."""
        return tuple(_tokens(self.text))

    @cached_property
    def folded(self) -> str:
        """The text in lower case."""
        return self.text.lower()

    def place(self, start: int, end: int) -> SourcePlace:
        """The lines of the characters from ``start`` up to, but without, ``end``."""
        first = self.text.count("\n", 0, start) + 1
        return SourcePlace(
            file=self.path, line=first, end_line=first + self.text.count("\n", start, end)
        )


@dataclass(frozen=True)
class Creation:
    """A CREATE TABLE."""

    schema: str
    """Empty where it leaves that to the search path."""
    name: str
    partitioned: bool
    place: SourcePlace


class NoTokenizer(Exception):
    """The tokenizer of SQL is not installed; the message has the command that installs it."""


def require_tokenizer() -> None:
    """Raises NoTokenizer where nothing could be located."""
    try:
        importlib.import_module("sqlglot")
    except ImportError:
        raise NoTokenizer(
            "source files are searched with sqlglot, which is not installed here: "
            "pip install 'earwitness[check]'"
        ) from None


def located(findings: Iterable[Finding], files: Sequence[SourceFile]) -> tuple[Finding, ...]:
    """The findings with their places: of their statements, and of the table they are about.

    Needs the tokenizer.
    """
    created = [creation for file in files for creation in creations(file)]
    return tuple(_located(finding, files, created) for finding in findings)


def _located(finding: Finding, files: Sequence[SourceFile], created: Sequence[Creation]) -> Finding:
    written = [
        place for text in finding.statements for file in files for place in written_at(text, file)
    ]
    location = finding.location
    tables = (
        [] if location is None or location.kind != "table" else _of_table(location.name, created)
    )
    return msgspec.structs.replace(
        finding,
        statement_places=tuple(dict.fromkeys(written))[:MOST_PLACES],
        table_places=tuple(dict.fromkeys(tables))[:MOST_PLACES],
    )


def _of_table(name: str, created: Iterable[Creation]) -> list[SourcePlace]:
    """Where the table is created; as a partitioned one, where there is such a place."""
    schema, table = _parts(name)
    found = [one for one in created if one.name == table and one.schema in ("", schema)]
    named = [one for one in found if one.schema] or found
    return [one.place for one in named if one.partitioned] or [one.place for one in named]


def creations(file: SourceFile) -> Iterator[Creation]:
    """Every CREATE TABLE of a file."""
    if "create" not in file.folded or "table" not in file.folded:
        return
    if file.is_sql:
        yield from _in_sql(file)
    else:
        yield from _in_other_language(file)


def _in_sql(file: SourceFile) -> Iterator[Creation]:
    tokens = file.tokens
    for at, token in enumerate(tokens):
        if token.kind != "CREATE":
            continue
        end = next(
            (i for i in range(at, len(tokens)) if tokens[i].kind == "SEMICOLON"), len(tokens)
        )
        found = _created(tokens[at:end])
        if found is not None:
            schema, name = found
            last = tokens[end] if end < len(tokens) else tokens[-1]
            yield Creation(
                schema=schema,
                name=name,
                partitioned=any(one.kind == "PARTITION_BY" for one in tokens[at:end]),
                place=file.place(token.start, last.end),
            )


def _created(tokens: Sequence["Token"]) -> tuple[str, str] | None:
    """Schema and name of the table that a statement creates; None when it creates none."""
    words = [one.text.lower() for one in tokens[1:8]]
    at = 1 + (words[:1] in (["unlogged"], ["foreign"]))
    if len(tokens) <= at or tokens[at].kind != "TABLE":
        return None
    at += 1
    if [one.text.lower() for one in tokens[at : at + 3]] == ["if", "not", "exists"]:
        at += 3
    if len(tokens) > at + 2 and tokens[at + 1].text == ".":
        return tokens[at].name, tokens[at + 2].name
    return ("", tokens[at].name) if len(tokens) > at else None


def _in_other_language(file: SourceFile) -> Iterator[Creation]:
    for found in _CREATION.finditer(file.text):
        schema, name = _parts(found["name"])
        rest = file.text[found.end() : found.end() + _LONGEST_CREATION]
        following = _CREATION.search(rest)
        ends = [rest.find(";"), following.start() if following else -1]
        rest = rest[: min((end for end in ends if end >= 0), default=len(rest))]
        partitioned = _PARTITIONED.search(rest)
        end = found.end() + (partitioned.end() if partitioned else 0)
        yield Creation(schema, name, partitioned is not None, file.place(found.start(), end))


def written_at(statement: str, file: SourceFile) -> Iterator[SourcePlace]:
    """Where a normalised statement is written out in a file, however it is quoted or broken."""
    shortened = statement.endswith("…")
    tokens = _TOKEN.findall(_TYPED.sub(r"\1 ?", statement.removesuffix("…")))
    tokens = tokens[:-1] if shortened else tokens  # it may be half a word
    words = [token.lower() for token in tokens if token[0].isalpha()]
    if not words or max(words, key=len) not in file.folded:
        return  # searching costs more than looking for its longest word
    gap = _SQL_GAP if file.is_sql else _GAP
    starts = {token.start for token in file.tokens} if file.is_sql else None
    for found in _pattern(tokens, gap).finditer(file.text):
        if starts is not None and found.start() not in starts:
            continue  # in a comment, or a string
        if shortened or _is_whole(file, found.end()):
            yield file.place(found.start(), found.end())


def _pattern(tokens: Sequence[str], gap: str) -> re.Pattern[str]:
    """Matches the tokens with anything between them that does not change what is sent."""
    parts = [_part(place, tokens, gap) for place in range(len(tokens))]
    return re.compile(gap.join(parts), re.IGNORECASE)


def _part(place: int, tokens: Sequence[str], gap: str) -> str:
    word = tokens[place]
    if word == "?":
        alone = tokens[place - 1 : place] == ["("] and tokens[place + 1 : place + 2] == [")"]
        # newer versions count a list of values as one
        return f"{_VALUE}(?:{gap},{gap}{_VALUE})*" if alone else _VALUE
    escaped = re.escape(word)
    if word.startswith('"') and word.endswith('"') and len(word) > 1:
        return rf"\\?\"{re.escape(word[1:-1])}\\?\""
    return rf"(?:(?<![\w$])|(?<=\\[nrt])){escaped}(?![\w$])" if re.match(r"\w", word) else escaped


def _is_whole(file: SourceFile, end: int) -> bool:
    """Whether the statement ends there, and is not only the beginning of a longer one."""
    closes = None if file.is_sql else _CLOSES.match(file.text, end)
    if closes is not None:
        return _GOES_ON.match(file.text, closes.end()) is None
    return _ENDS.match(file.text, end) is not None or _ends_here_document(file.text, end)


def _ends_here_document(text: str, end: int) -> bool:
    last = _LAST_WORD.match(text, end)
    if last is None:
        return False
    return re.search(rf"<<[-~<]?[ \t]*[\"'`]?{last[1]}\b", text[:end]) is not None


@dataclass(frozen=True)
class Token:
    """A word of SQL; ``start`` and ``end`` are its first and last character."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """As the catalog has it."""
        return self.text if self.kind == "IDENTIFIER" else self.text.lower()


def _tokens(text: str) -> Iterator[Token]:
    from sqlglot import Dialect
    from sqlglot.errors import TokenError

    try:
        for token in Dialect.get_or_raise("postgres").tokenize(text):
            yield Token(token.token_type.name, token.text, token.start, token.end)
    except TokenError:
        return


def _parts(name: str) -> tuple[str, str]:
    """Schema and name of a relation, as the catalog has them."""
    parts = [
        part[1:-1].replace('""', '"') if part.startswith('"') else part.lower()
        for part in re.findall(_NAME, name, re.IGNORECASE)
    ]
    return ("", parts[0]) if len(parts) == 1 else (parts[0], parts[1])
