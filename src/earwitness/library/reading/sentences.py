"""Cuts long speech into pieces of a few sentences, the size that segments have in timed transcripts."""

import re

LONGEST_WORDS = 50
"""Of one piece, about twenty seconds of speech; a longer sentence is cut at a comma or anywhere."""

_SENTENCE = re.compile(
    r"""(?<!\b[A-Z])(?<!\bMr)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bvs)[.!?…]["'”’)\]]*\s+"""
    r"""(?=["'“‘(\[]?[A-Z0-9])"""
)
"""The end of a sentence; a point behind a single letter or a title is none."""
_CLAUSE = re.compile(r"(?<=[,;:–—])\s+|\s+(?=--? )")


def pieces(text: str) -> list[str]:
    """The same words in order, in pieces of at most ``LONGEST_WORDS``."""
    whole: list[str] = []
    for sentence in _sentences(" ".join(text.split())):
        if _words(sentence) <= LONGEST_WORDS:
            whole.append(sentence)
        else:
            whole += _joined([run for part in _CLAUSE.split(sentence) for run in _runs(part)])
    return _joined(whole)


def _sentences(text: str) -> list[str]:
    ends = [match.end() for match in _SENTENCE.finditer(text)]
    return [text[a:b].strip() for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]


def _joined(parts: list[str]) -> list[str]:
    """Neighbours together as long as they are short enough."""
    joined: list[str] = []
    words = 0
    for part in parts:
        count = _words(part)
        if joined and words + count <= LONGEST_WORDS:
            joined[-1] = f"{joined[-1]} {part}"
            words += count
        elif part:
            joined.append(part)
            words = count
    return joined


def _runs(text: str) -> list[str]:
    words = text.split()
    return [" ".join(words[at : at + LONGEST_WORDS]) for at in range(0, len(words), LONGEST_WORDS)]


def _words(text: str) -> int:
    return text.count(" ") + 1
