"""WordPiece: a text as the numbers that the embedding model was trained on.

The rules of uncased BERT, in its order: controls away, Chinese characters and punctuation stand
alone, lower case, accents away, then the longest known piece first. Pure; the vocabulary is handed
in, one piece a line as it is published.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence

CLASS, SEPARATOR, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
_LONGEST_WORD = 100
"""Characters; BERT's own limit, above which a word is unknown."""
_CHINESE = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)
"""Blocks of code points whose characters BERT takes one by one."""


class WordPiece:
    """A vocabulary, and the words that were taken apart so far."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self._numbers: Mapping[str, int] = {piece: number for number, piece in enumerate(pieces)}
        self._known: dict[str, tuple[int, ...]] = {}

    def __call__(self, text: str, most: int) -> list[int]:
        """Numbers of the text between its two marks; not more than ``most`` of them."""
        numbers = [self._numbers[CLASS]]
        for word in _words(text):
            if word not in self._known:
                self._known[word] = self._split(word)
            numbers.extend(self._known[word])
            if len(numbers) >= most:
                break
        return [*numbers[: most - 1], self._numbers[SEPARATOR]]

    def _split(self, word: str) -> tuple[int, ...]:
        unknown = (self._numbers[UNKNOWN],)
        if len(word) > _LONGEST_WORD:
            return unknown
        numbers: list[int] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if mark + word[start:end] in self._numbers), None)
            if end is None:
                return unknown
            numbers.append(self._numbers[mark + word[start:end]])
            start = end
        return tuple(numbers)


def _words(text: str) -> Iterator[str]:
    kept = "".join(_kept(character) for character in text)
    for rough in kept.split():
        plain = unicodedata.normalize("NFD", rough.lower())
        word = ""
        for character in plain:
            if unicodedata.category(character) == "Mn":
                continue
            if _is_punctuation(character):
                if word:
                    yield word
                yield character
                word = ""
            else:
                word += character
        if word:
            yield word


def _kept(character: str) -> str:
    """A character as it goes into words: a space for white space, nothing for controls."""
    if character in " \t\n\r" or unicodedata.category(character) == "Zs":
        return " "
    if character in "\0\ufffd" or unicodedata.category(character).startswith("C"):
        return ""
    code = ord(character)
    if code >= _CHINESE[1][0] and any(first <= code <= last for first, last in _CHINESE):
        return f" {character} "
    return character


def _is_punctuation(character: str) -> bool:
    """ASCII symbols count as well, as BERT has it."""
    if character.isascii():
        return not character.isalnum()
    return unicodedata.category(character).startswith("P")
