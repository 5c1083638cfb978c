"""A talk in turns: what a follow-up question leaves out is taken from the turns before.

Pure. A question that points back ("how slow is it?", "and on the network?", "why?") is searched
with the telling words of the last question that stood on its own added to its own.
"""

from dataclasses import dataclass

from earwitness.library.search.query import parse, words_of
from earwitness.library.search.stop_words import STOP_WORDS

_POINTING_TEXT = """
he her him his it its one ones she that their them then there these they this those
"""
_POINTING = frozenset(_POINTING_TEXT.split())
"""Words that stand for something said before."""
_BEGINNINGS = frozenset({"also", "and", "but", "or", "so", "then", "why"})
"""Words that a follow-up begins with."""
_TELLING_WORDS = 2
"""A question with fewer telling words than this does not stand on its own."""


@dataclass(frozen=True)
class Conversation:
    """The questions so far, each as it was searched, the newest last."""

    searched: tuple[str, ...] = ()

    def completed(self, question: str) -> str:
        """The question as it is searched: with earlier words where it points back."""
        if not self.searched or not points_back(question):
            return question
        known = set(words_of(question))
        earlier = [word for word in telling(self.searched[-1]) if word not in known]
        return f"{question} {' '.join(earlier)}".strip()

    def then(self, question: str) -> "Conversation":
        """The conversation after that question was searched."""
        return Conversation((*self.searched, self.completed(question)))


def points_back(question: str) -> bool:
    """Whether a question leaves out what it is about."""
    words = words_of(question)
    if not words:
        return False
    return (
        bool(_POINTING & set(words))
        or words[0] in _BEGINNINGS
        or len(telling(question)) < _TELLING_WORDS
    )


def telling(question: str) -> list[str]:
    """The words of a question that say what it is about, each once."""
    words = (word for term in parse(question).terms for word in term.words)
    return [word for word in dict.fromkeys(words) if word not in STOP_WORDS]
