"""A talk in turns: what a follow-up question leaves out is taken from the turns before.

Pure. A question that points back ("how slow is it?", "and on the network?", "why?") is searched
with the telling words of the turn before added to its own, and where that one pointed back too,
with those of the last question that stood on its own. Any other question stands on its own; one of
hardly any words may be helped the same way where it finds no answer alone, which the caller knows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from earwitness.library.search.query import parse, words_of
from earwitness.library.search.stop_words import STOP_WORDS

_POINTING_TEXT = """
he her him it she them these they this those
"""
_POINTING = frozenset(_POINTING_TEXT.split())
"""Words that stand for something said before."""
_POSSESSIVE = frozenset({"her", "his", "its", "their"})
"""These do only where nothing in the question itself can be meant: not in "does a drive keep its
promise?"."""
_BEFORE_THAT_TEXT = """
about and are can could did do does for from in is like of on was were why will with
"""
_BEFORE_THAT = frozenset(_BEFORE_THAT_TEXT.split())
"""Words after which "that" points: in "why is that?", and not in "a query that locks"."""
_BEGINNINGS = (
    ("also",),
    ("and",),
    ("but",),
    ("how", "about"),
    ("how", "so"),
    ("or",),
    ("so",),
    ("then",),
    ("what", "about"),
)
"""Words that a follow-up begins with."""
_FEW = 2
"""A question with fewer telling words than this may need help."""


@dataclass(frozen=True)
class Conversation:
    """The questions so far as they were asked, the newest last."""

    asked: tuple[str, ...] = ()

    def completed(self, question: str) -> str:
        """The question as it is searched: with earlier words where it points back."""
        return self._with_earlier(question) if points_back(question) else question

    def helped(self, question: str) -> str:
        """The question as it is searched where alone it finds nothing: with earlier words when few."""
        return self._with_earlier(question) if len(telling(question)) < _FEW else question

    def then(self, question: str) -> "Conversation":
        """The conversation after that question was asked."""
        return Conversation((*self.asked, question))

    def _with_earlier(self, question: str) -> str:
        known = set(words_of(question))
        earlier = (word for word in dict.fromkeys(self._subject()) if word not in known)
        return " ".join((question, *earlier))

    def _subject(self) -> Iterator[str]:
        """The words of the newest turn, and of the last that stood on its own; of none between."""
        newest = True
        for turn in reversed(self.asked):
            words, alone = telling(turn), not points_back(turn)
            if words and (newest or alone):
                yield from words
                newest = False
            if words and alone:
                return


def points_back(question: str) -> bool:
    """Whether a question leaves out what it is about."""
    words = words_of(question)
    if not words:
        return False
    if not telling(question) or any(words[: len(one)] == list(one) for one in _BEGINNINGS):
        return True
    return any(_points(words, place) for place in range(len(words)))


def telling(question: str) -> list[str]:
    """The words of a question that say what it is about, each once."""
    words = (word for term in parse(question).terms for word in term.words)
    return [word for word in dict.fromkeys(words) if word not in STOP_WORDS]


def _points(words: list[str], place: int) -> bool:
    """Whether the word there stands for something said before."""
    word, before = words[place], words[:place]
    if word in _POSSESSIVE:
        return all(one in STOP_WORDS for one in before)
    if word == "that":
        return bool(before) and before[-1] in _BEFORE_THAT
    if word in ("one", "ones"):
        return bool(before) and before[-1] in ("that", "the", "this", "those") and place > 1
    return word in _POINTING
