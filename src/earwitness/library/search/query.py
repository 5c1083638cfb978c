"""What somebody typed, as what to look for and where.

    "write ahead" fsync -mysql speaker:hussein show:backend chapter:intro after:2023-05-01 part*

Pure. Any text is a query: what is no filter with a meaning is words, and nothing of the text
reaches the database as anything but a quoted string or a bound value. Words are alternatives, a
phrase has to be there, a word with a minus must not.
"""

import datetime as dt
import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from earwitness.library.search.stop_words import GRAMMAR, STOP_WORDS

_APART = 2
"""Words from one to the next of a pair."""
_A_TITLE = 4
_MOST_NAMES = 0.7
"""Telling words from which on a text may be written as a title, and the share of them with capital
letters up to which it is not."""
_MOST_TERMS = 32
"""That are looked for; the rest of a longer text is left out."""
_TOKEN = re.compile(
    r"(?P<minus>(?<!\S)-)?(?:(?P<field>show|episode|speaker|chapter|before|after):)?"
    r"(?:\"(?P<phrase>[^\"]*)\"?|(?P<word>[^\s\"]+))",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_]+")
_SPELLINGS: tuple[tuple[str, ...], ...] = (
    ("kubernetes", "k8s"),
    ("mongo", "mongodb"),
    ("postgres", "postgresql", "postgre"),
)
"""Names of one thing: who types one of them means all."""
_SPELLED = {spelling: name for name in _SPELLINGS for spelling in name}
_ACRONYM = re.compile(r"\b[A-Z]{2,5}\b")
_PREFIX = re.compile(r"[^\W_]+\*")


@dataclass(frozen=True, kw_only=True)
class Term:
    """Something to find in a text."""

    words: tuple[str, ...]
    kind: Literal["word", "prefix", "phrase"] = "word"
    acronym: bool = False
    """Written in capitals: a transcript may have its letters one by one."""

    @property
    def match(self) -> str:
        """In the language of FTS5; words are letters and digits only, and quoted."""
        if self.kind == "prefix":
            return f'"{self.words[0]}" *'
        spelled = itertools.product(*(_SPELLED.get(word, (word,)) for word in self.words))
        quoted = [f'"{" ".join(words)}"' for words in spelled]
        if self.acronym:
            quoted.append(f'"{" ".join(self.words[0])}"')
        return quoted[0] if len(quoted) == 1 else f"({' OR '.join(quoted)})"


@dataclass(frozen=True, kw_only=True)
class Query:
    """What to look for (``terms``), what must and must not be there, and where to look."""

    said: str = ""
    """The text without filters and without what must not be there."""
    terms: tuple[Term, ...] = ()
    """What is scored; without stop words where others are left."""
    pairs: tuple[Term, ...] = ()
    """Telling words that stand beside each other, as phrases: better found so, but not needed."""
    names: tuple[str, ...] = ()
    """Words that are written as names inside the text, in small letters."""
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
    acronyms = _acronyms(said)
    scored = tuple(
        replace(term, acronym=term.kind == "word" and term.words[0] in acronyms)
        for term in dict.fromkeys((*query.required, *_telling(terms)))
    )[:_MOST_TERMS]
    return replace(
        query,
        said=" ".join(said),
        terms=scored,
        pairs=_pairs(words_of(" ".join(said)), scored),
        names=_names(said),
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


def _pairs(words: list[str], scored: tuple[Term, ...]) -> tuple[Term, ...]:
    """Each scored word with the next one, at most one word of grammar between them."""
    telling = {term.words[0] for term in scored if term.kind == "word"}
    places = [place for place, word in enumerate(words) if word in telling]
    near = ((one, other) for one, other in itertools.pairwise(places) if other - one <= _APART)
    pairs = (Term(words=tuple(words[one : other + 1]), kind="phrase") for one, other in near)
    return tuple(dict.fromkeys(pairs))[:_MOST_TERMS]


def _acronyms(said: Sequence[str]) -> frozenset[str]:
    found = (word for text in said for word in _ACRONYM.findall(text))
    return frozenset(word.casefold() for word in found)


def _names(said: Sequence[str]) -> tuple[str, ...]:
    """Words with a capital letter that no beginning and no fashion of writing explains."""
    words = [word for text in said for word in re.findall(r"[^\W_]+", text)]
    telling = [word for word in words if word.casefold() not in STOP_WORDS]
    capital = sum(not word.islower() for word in telling)
    as_a_title = len(telling) >= _A_TITLE and capital > _MOST_NAMES * len(telling)
    if as_a_title or not any(map(str.islower, words)):
        return ()  # or somebody shouts
    inside = [word for word in words[1:] if not word.islower() and not word.isnumeric()]
    inside += [word for word in words[:1] if not word[1:].islower() and len(word) > 1]
    named = (word.casefold() for word in inside if any(map(str.isupper, word)))
    return tuple(word for word in dict.fromkeys(named) if word not in STOP_WORDS)


def _day(text: str) -> str | None:
    try:
        return dt.date.fromisoformat(text.strip()).isoformat()
    except ValueError:
        return None
