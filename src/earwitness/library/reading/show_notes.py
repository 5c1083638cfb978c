"""Chapters out of show notes: lines or running text with times in them.

A time starts a chapter when it belongs to the longest run of times that strictly increases and stays
within the episode; so a time of day in the prose, or a list that starts over, spoils nothing. Where
two lines or more start with a time, only such lines count, and likewise where they end with one.
Otherwise the notes are one running text, as applications print them. There a title ends at the next
time, at an address, or at a phrase that another episode of the show has as well: advertising.
"""

import bisect
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from earwitness.library.intake import SourcedChapter

LONGEST_NOTES = 100_000
"""Characters that are looked at; a description of hours with a chapter a minute has a tenth."""
MOST_CHAPTERS = 500
LONGEST_TITLE = 200
SHARED_WORDS = 6
"""Length of a phrase that is advertising when two episodes have it."""
MOST_COMPARED = 400_000
"""Characters that phrases are looked for in, those of the newest episodes; advertising changes."""
_LONGEST_EDGE = 200
"""Characters between a time and the begin or the end of its line."""

_STAMP = r"(?:(?:\d{1,2}:)?[0-5]?\d|\d{1,3}):[0-5]\d"
_TIME = re.compile(
    rf"(?<![\w:./$-])[(\[]?(?P<start>{_STAMP})"
    rf"(?:\s?(?:-|–|—|to)\s?(?P<end>{_STAMP}))?[)\]]?(?![\w/%])(?![:.]\d)(?! ?[ap]\.?m\b)",
    re.ASCII | re.IGNORECASE,
)
_QUICK = re.compile(r":(?<=\d:)[0-5]\d", re.ASCII)
"""A colon comes first, as the search for one character is the quickest."""
_LEADING = re.compile(r"[\s\-–—*•·►▶>#|]*")
_TRAILING = re.compile(r"[\s\-–—:|.…]*")
_ADDRESS = re.compile(r"\(?https?://|\bwww\.", re.IGNORECASE)
_EDGES = " \t\n-–—:|•·*►▶>,;…"
_WORD = re.compile(r"\w+")
_Phrase = tuple[str, ...]


@dataclass(frozen=True)
class _Token:
    """A time in the text: what it says, and where it stands."""

    seconds: int
    end_seconds: int | None
    begin: int
    end: int


class _Lines:
    """The lines of a text, and where times stand on them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._ends = [*(match.start() for match in re.finditer("\n", text)), len(text)]

    def begin(self, token: _Token) -> int:
        """Where the line begins that the time stands on."""
        number = bisect.bisect_left(self._ends, token.begin)
        return self._ends[number - 1] + 1 if number else 0

    def end(self, token: _Token) -> int:
        """Where it ends."""
        return self._ends[bisect.bisect_left(self._ends, token.end)]

    def begins_with(self, token: _Token) -> bool:
        """Whether only a mark stands before the time."""
        begin = self.begin(token)
        near = token.begin - begin <= _LONGEST_EDGE
        return near and _LEADING.fullmatch(self._text, begin, token.begin) is not None

    def ends_with(self, token: _Token) -> bool:
        """Whether only a mark stands behind the time."""
        end = self.end(token)
        near = end - token.end <= _LONGEST_EDGE
        return near and _TRAILING.fullmatch(self._text, token.end, end) is not None


class Phrases:
    """Which phrases several episodes of a show share."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._counts: Counter[_Phrase] | None = None

    def shared_by(self, phrase: _Phrase) -> int:
        """How many episodes have that phrase of ``SHARED_WORDS`` words."""
        if self._counts is None:
            self._counts = _phrases_counted(self._texts)
        return self._counts[phrase]


def effort(text: str) -> int:
    """About how many nanoseconds ``chapters`` takes for it."""
    times = len(_QUICK.findall(text))
    return 6_000 * times + 200 * min(len(text), LONGEST_NOTES) if times > 1 else 0


def has_times(text: str) -> bool:
    """Whether it is worth looking for chapters."""
    first = _QUICK.search(text)
    return first is not None and _QUICK.search(text, first.end()) is not None


def chapters(
    text: str, duration: float | None = None, phrases: Phrases | None = None
) -> tuple[SourcedChapter, ...]:
    """The chapters of plain notes in order; none when there are fewer than two."""
    text = text[:LONGEST_NOTES]
    times = [_token(match) for match in _TIME.finditer(text)]
    tokens = [time for time in times if duration is None or time.seconds <= duration]
    if len(tokens) < 2:
        return ()
    lines = _Lines(text)
    at_start = [token for token in tokens if lines.begins_with(token)]
    at_end = [token for token in tokens if lines.ends_with(token)]
    if len(at_start) >= 2 and len(at_start) >= len(at_end):
        found = [(token, text[token.end : lines.end(token)]) for token in _rising(at_start)]
    elif len(at_end) >= 2:
        found = [(token, text[lines.begin(token) : token.begin]) for token in _rising(at_end)]
    else:
        found = _inline(
            text,
            _rising(tokens),
            [time for time in times if time.seconds > (duration or time.seconds)],
        )
    titled = [(token, _title(rest, phrases)) for token, rest in found]
    kept = [_chapter(token, title) for token, title in titled if title][:MOST_CHAPTERS]
    return tuple(kept) if len(kept) >= 2 else ()


def _token(match: re.Match[str]) -> _Token:
    end = _seconds(match["end"]) if match["end"] else None
    return _Token(_seconds(match["start"]), end, *match.span())


def _seconds(text: str) -> int:
    total = 0
    for part in text.split(":"):
        total = total * 60 + int(part)
    return total


def _inline(text: str, tokens: list[_Token], late: list[_Token]) -> list[tuple[_Token, str]]:
    """Each time with the words up to the next, or to one that is behind the end of the episode."""
    begins = sorted([token.begin for token in (*tokens, *late)] + [len(text)])
    return [
        (
            token,
            text[token.end : begins[bisect.bisect_left(begins, token.end)]]
            .strip()
            .partition("\n")[0],
        )
        for token in tokens
    ]


def _rising(tokens: list[_Token]) -> list[_Token]:
    """The longest strictly increasing run; of several the one that starts earliest in the text."""
    best: list[int] = []  # at k: minus the latest start of a run of k + 1 times
    lengths: list[int] = []
    for token in reversed(tokens):
        length = bisect.bisect_left(best, -token.seconds)
        lengths.append(length)
        best[length : length + 1] = [-token.seconds]
    wanted, last, kept = len(best) - 1, -1, []
    for token, length in zip(tokens, reversed(lengths), strict=True):
        if length == wanted and token.seconds > last:
            kept.append(token)
            wanted, last = wanted - 1, token.seconds
    return kept


def _title(text: str, phrases: Phrases | None) -> str:
    text = text[: 2 * LONGEST_TITLE]
    if address := _ADDRESS.search(text):
        text = text[: address.start()]
    if phrases is not None:
        text = _without_advertising(text, phrases)
    return " ".join(text.strip(_EDGES).split())[:LONGEST_TITLE].strip()


def _without_advertising(text: str, phrases: Phrases) -> str:
    """Up to the phrase that other episodes have too; a title keeps a word at the least."""
    words = list(_WORD.finditer(text))
    if len(words) <= SHARED_WORDS:
        return text
    shared = [phrases.shared_by(phrase) for phrase in _phrases(text)]
    first = next((at for at, count in enumerate(shared) if count > 1), None)
    if first == 0:  # the title itself is shared: advertising starts where more episodes agree
        first = next((at for at, count in enumerate(shared) if count > shared[0]), None)
    return text if first is None else text[: words[first].start()].rstrip("([")


def _phrases_counted(texts: Sequence[str]) -> Counter[_Phrase]:
    """In how many of the texts each phrase is."""
    counts: Counter[_Phrase] = Counter()
    left = MOST_COMPARED
    for text in texts:
        counts.update(set(_phrases(text[: min(left, LONGEST_NOTES)])))
        left -= len(text)
        if left <= 0:
            break
    return counts


def _phrases(text: str) -> list[_Phrase]:
    """Each run of so many words, without regard to case."""
    words = [word.casefold() for word in _WORD.findall(text)]
    return list(zip(*(words[at:] for at in range(SHARED_WORDS)), strict=False))


def _chapter(token: _Token, title: str) -> SourcedChapter:
    end = token.end_seconds
    return SourcedChapter(
        start_seconds=float(token.seconds),
        end_seconds=float(end) if end is not None and end > token.seconds else None,
        title=title,
    )
