"""What somebody typed, as what to look for and where.

    "write ahead" fsync -mysql speaker:hussein show:backend chapter:intro after:2023-05-01 part*

Pure. Any text is a query: what is no filter with a meaning is words, and nothing of the text
reaches the database as anything but a quoted string or a bound value. Words are alternatives, a
phrase has to be there, a word with a minus must not.
"""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Literal

from earwitness.library.search.stop_words import GRAMMAR, STOP_WORDS

_MOST_TERMS = 32
"""That are looked for; the rest of a longer text is left out."""
_TOKEN = re.compile(
    r"(?P<minus>(?<!\S)-)?(?:(?P<field>show|episode|speaker|chapter|before|after):)?"
    r"(?:\"(?P<phrase>[^\"]*)\"?|(?P<word>[^\s\"]+))",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+")
_PREFIX = re.compile(r"[^\W_]+\*")


@dataclass(frozen=True, kw_only=True)
class Term:
    """Something to find in a text."""

    words: tuple[str, ...]
    kind: Literal["word", "prefix", "phrase"] = "word"

    @property
    def match(self) -> str:
        """In the language of FTS5; words are letters and digits only, and quoted."""
        quoted = f'"{" ".join(self.words)}"'
        return f"{quoted} *" if self.kind == "prefix" else quoted


@dataclass(frozen=True, kw_only=True)
class Query:
    """What to look for (``terms``), what must and must not be there, and where to look."""

    said: str = ""
    """The text without filters and without what must not be there."""
    terms: tuple[Term, ...] = ()
    """What is scored; without stop words where others are left."""
    required: tuple[Term, ...] = ()
    excluded: tuple[Term, ...] = ()
    speaker: tuple[Term, ...] = ()
    chapter: tuple[Term, ...] = ()
    show: str | None = None
    episode: str | None = None
    after: str | None = None
    """First day, ISO 8601."""
    before: str | None = None
    """First day that is too late."""

    @property
    def match_any(self) -> str:
        """All that is scored, as alternatives."""
        return " OR ".join(term.match for term in self.terms)

    @property
    def match_required(self) -> str:
        """What must be there, in which column; empty when nothing has to."""
        parts = [term.match for term in self.required]
        parts += [f"speakers : {term.match}" for term in self.speaker]
        parts += [f"heading : {term.match}" for term in self.chapter]
        return " AND ".join(parts)

    @property
    def match_excluded(self) -> str:
        """What must not be there; empty when nothing must not."""
        return " OR ".join(term.match for term in self.excluded)


def parse(text: str) -> Query:
    """The query that a text is."""
    clean = unicodedata.normalize("NFC", text.encode("utf-8", "ignore").decode())
    query, said = Query(), list[str]()
    terms: list[Term] = []
    for token in _TOKEN.finditer(clean):
        query = _with_token(query, token, terms)
        if not token["field"] and not token["minus"]:
            said.append(token["word"] or token["phrase"] or "")
    scored = tuple(dict.fromkeys((*query.required, *_telling(terms))))[:_MOST_TERMS]
    return replace(
        query,
        said=" ".join(said),
        terms=scored,
        required=query.required[:_MOST_TERMS],
        excluded=query.excluded[:_MOST_TERMS],
    )


def words_of(text: str) -> list[str]:
    """The words of a text in small letters, in order."""
    return _WORD.findall(unicodedata.normalize("NFC", text).casefold())


def _with_token(query: Query, token: re.Match[str], terms: list[Term]) -> Query:
    """The query with one more token; words that are only scored are put to ``terms``."""
    field, said = (token["field"] or "").lower(), token["phrase"]
    said = token["word"] if said is None else said
    words = tuple(words_of(said))
    match field:
        case "show":
            return replace(query, show=said.strip() or None)
        case "episode":
            return replace(query, episode=said.strip() or None)
        case "after" if _day(said):
            return replace(query, after=_day(said))
        case "before" if _day(said):
            return replace(query, before=_day(said))
        case "after" | "before":
            words = (field, *words)  # no date, so it is words
        case "speaker":
            return replace(query, speaker=(*query.speaker, *_single(words)))
        case "chapter":
            return replace(query, chapter=(*query.chapter, *_single(words)))
    found = _terms(words, quoted=token["phrase"] is not None, begins=bool(_PREFIX.fullmatch(said)))
    if token["minus"]:
        return replace(query, excluded=(*query.excluded, *found))
    if token["phrase"] is not None:
        return replace(query, required=(*query.required, *found))
    terms += found
    return query


def _terms(words: tuple[str, ...], *, quoted: bool, begins: bool) -> tuple[Term, ...]:
    if quoted and len(words) > 1:
        return (Term(words=words, kind="phrase"),)
    return (Term(words=words, kind="prefix"),) if begins else _single(words)


def _single(words: tuple[str, ...]) -> tuple[Term, ...]:
    return tuple(Term(words=(word,)) for word in words)


def _telling(terms: list[Term]) -> list[Term]:
    """Without stop words; without words of grammar when only those of a question are left; else all."""
    for stop in (STOP_WORDS, GRAMMAR):
        kept = [term for term in terms if term.kind != "word" or term.words[0] not in stop]
        if kept:
            return kept
    return terms


def _day(text: str) -> str | None:
    try:
        return dt.date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        return None
