"""Which sentence of a passage is quoted: the one that fits a question best. Pure.

A passage comes with a mark around each word that was looked for. A sentence counts by the rarity of
the words that it has, each once; where several have as much, one that gives a number or a reason
to who asks for it goes before, then one that begins with such a word, then the first. A sentence
that leans on the one before it ("It returns when ...") brings that along.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from earwitness.library.search import passages
from earwitness.library.search.passages import Kind

OPEN, CLOSE = "\x01", "\x02"
"""Put around words that were looked for; they stand in no text that was kept."""
_MARKED = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")
_ASKS_FOR_A_NUMBER = re.compile(
    r"\bhow (?:many|much|long|often|large|big|fast|old)\b|\bmaximum\b|\bwhen (?:did|was)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|sixteen|hundreds?|thousands?"
    r"|dozens?|half|twice|once)\b",
    re.IGNORECASE,
)
_ASKS_FOR_A_REASON = re.compile(r"^\W*why\b", re.IGNORECASE)
_REASON = re.compile(r"\b(?:because|since|so|reason|for)\b", re.IGNORECASE)
_LEANING = re.compile(
    r"(?:it|its|they|their|this|these|that|those|both|he|she|such|so)\b", re.IGNORECASE
)
_IN_HEADING = 0.3
"""What a word counts that the heading has: the whole passage is about it."""
_ANSWERING = 0.15
"""What a number or a reason counts that was asked for, in all that a sentence can have."""
_SOON = 0.1
"""What the beginning of a sentence counts with a word that was looked for, likewise."""
_BEGINNING = 4
"""Words."""


@dataclass(frozen=True, kw_only=True)
class Marked:
    """A passage with marks around the words that were looked for."""

    kind: Kind
    heading: str
    text: str


def quote(question: str, passage: Marked, weights: Mapping[str, float]) -> str:
    """The sentence that fits best; of kinds that are quoted whole, all of it. ``weights``: rarity."""
    if passage.kind in passages.WHOLE:
        return _plain(" ".join(passage.text.split()))
    known = {_looked_for(word, weights) for word in matched(passage.heading)}
    telling = {
        word: weight * (_IN_HEADING if word in known else 1) for word, weight in weights.items()
    }
    sentences = passages.sentences(passage.text) or [passage.text]
    values = [_value(question, sentence, telling) for sentence in sentences]
    place = values.index(max(values))
    chosen = _plain(sentences[place])
    if passage.kind is not Kind.TRANSCRIPT and place > 0 and _LEANING.match(chosen):
        return f"{_plain(sentences[place - 1])} {chosen}"
    return chosen


def matched(marked: str) -> set[str]:
    """The words of a text that were looked for, in small letters."""
    return {word.casefold() for word in _MARKED.findall(marked)}


def _value(question: str, sentence: str, weights: Mapping[str, float]) -> float:
    has = {_looked_for(word, weights) for word in matched(sentence)}
    value = sum(weights.get(word, 1.0) for word in has)
    whole = sum(weights.values()) or 1.0
    return value + whole * (_ANSWERING * _answers(question, sentence) + _SOON * _begins(sentence))


def _answers(question: str, sentence: str) -> bool:
    asked = ((_ASKS_FOR_A_NUMBER, _NUMBER), (_ASKS_FOR_A_REASON, _REASON))
    return any(one.search(question) and other.search(_plain(sentence)) for one, other in asked)


def _begins(sentence: str) -> bool:
    return OPEN in " ".join(sentence.split()[:_BEGINNING])


def _looked_for(word: str, weights: Mapping[str, float]) -> str:
    """The word of the question of which this is a form: that with the longest common beginning."""
    return max(weights, key=lambda one: _common(one, word), default=word)


def _common(one: str, other: str) -> int:
    """How many letters two words have in common at their beginning."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def _plain(marked: str) -> str:
    return marked.replace(OPEN, "").replace(CLOSE, "")
