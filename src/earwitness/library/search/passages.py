"""What is indexed: documents, each a row of passages of about a hundred words.

Values, and the pure packing of lines, chapters and descriptions into passages. A passage keeps the
range of lines that it was made of, so that a hit leads to the second of one sentence. Where
documents come from and where they go is not known here.
"""

import enum
import html
import re
from collections.abc import Iterator, Sequence

import msgspec

from earwitness.library.chapters import Chapter
from earwitness.library.intake import Segment

WORDS = 100
"""Of a passage, about: long enough to hold an answer, short enough to be read at once."""
_LONGEST_LINE = 300
"""Words; a longer line is taken apart at its sentences."""
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_BLOCK = re.compile(r"</?(?:p|br|li|ul|ol|div|h\d|tr|blockquote)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")


class Kind(enum.StrEnum):
    """What a document is."""

    TRANSCRIPT = "transcript"
    DESCRIPTION = "description"
    CHAPTER = "chapter"
    FIELD_NOTES = "field-notes"
    CLAIM = "claim"
    RUN = "run"
    CHECK = "check"
    SNIP = "snip"


WHOLE = (Kind.CLAIM, Kind.RUN, Kind.CHECK)
"""Kinds whose passages are quoted whole: what is claimed with the word for it, what was measured
with its verdict."""


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a document. Places are seconds; segments are places in the transcript."""

    text: str
    heading: str = ""
    """What it stands under: the title of a chapter, an episode or a claim."""
    speakers: str = ""
    start_seconds: float | None = None
    end_seconds: float | None = None
    first_segment: int | None = None
    last_segment: int | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a hit has to say of its document, beside the passage."""

    transcript: int | None = None
    claim: str | None = None
    run: str | None = None
    verdict: str | None = None
    verdicts: tuple[str | None, ...] = ()
    """Of a run: what came out for the hypothesis of each passage; None: the passage has none."""
    measured: str | None = None
    """Effect and interval of the headline, in words."""
    title: str | None = None
    """Of a claim."""
    chapter: str | None = None
    """In which the claim is made, where no heading says it."""
    sources: tuple[str, ...] = ()
    """Where the statements of a field note come from."""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """Passages in their order, of one kind, of one subject."""

    kind: Kind
    subject: str
    """Id of an episode, a claim or a run; with the kind, the name of the document."""
    passages: tuple[Passage, ...]
    episode: str | None = None
    facts: Facts = Facts()


def of_segments(
    segments: Sequence[Segment], chapters: Sequence[Chapter] = ()
) -> tuple[Passage, ...]:
    """A transcript in passages: whole lines, and never one passage across two chapters."""
    starts = [chapter.start_seconds for chapter in chapters]
    packed: list[Passage] = []
    lines: list[tuple[int, str]] = []
    words, chapter = 0, -1

    def close() -> None:
        nonlocal words
        if lines:
            heading = chapters[chapter].title if chapter >= 0 else ""
            packed.append(_passage(segments, lines, heading))
        lines.clear()
        words = 0

    for place, segment in enumerate(segments):
        start = segment.start_seconds
        if chapter + 1 < len(starts) and start is not None and start >= starts[chapter + 1]:
            close()
            while chapter + 1 < len(starts) and start >= starts[chapter + 1]:
                chapter += 1
        text = segment.text
        length = text.count(" ") + 1
        # nearly all lines are short, and there are millions of them
        pieces = ((text, length),) if length <= _LONGEST_LINE else _pieces(text)
        for piece, length in pieces:
            lines.append((place, piece))
            words += length
            if words >= WORDS:
                close()
    close()
    return tuple(packed)


def of_text(text: str, *, heading: str = "", start_seconds: float | None = None) -> list[Passage]:
    """A text without lines, in passages of whole sentences."""
    packed: list[Passage] = []
    held: list[str] = []
    words = 0
    for sentence in sentences(text):
        held.append(sentence)
        words += len(sentence.split())
        if words >= WORDS:
            packed.append(
                Passage(text=" ".join(held), heading=heading, start_seconds=start_seconds)
            )
            held, words = [], 0
    if held:
        packed.append(Passage(text=" ".join(held), heading=heading, start_seconds=start_seconds))
    return packed


def of_chapters(chapters: Sequence[Chapter], duration: float | None) -> tuple[Passage, ...]:
    """Each chapter's title as a passage of its own, from its start to that of the next."""
    ends = [chapter.start_seconds for chapter in chapters[1:]]
    return tuple(
        Passage(
            text=chapter.title,
            heading=chapter.title,
            start_seconds=chapter.start_seconds,
            end_seconds=end,
        )
        for chapter, end in zip(chapters, [*ends, duration], strict=False)
    )


def plain_text(markup: str) -> str:
    """The words of sanitised HTML; a block ends a sentence."""
    broken = _BLOCK.sub("\n", markup)
    lines = (" ".join(line.split()) for line in html.unescape(_TAG.sub("", broken)).splitlines())
    return "\n".join(line for line in lines if line)


def sentences(text: str) -> list[str]:
    """A text at its sentence ends and line breaks."""
    return [
        sentence
        for line in text.splitlines()
        for sentence in _SENTENCE_END.split(line.strip())
        if sentence
    ]


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    for passage in of_text(text):
        yield passage.text, passage.text.count(" ") + 1


def _passage(
    segments: Sequence[Segment], lines: Sequence[tuple[int, str]], heading: str
) -> Passage:
    first, last = lines[0][0], lines[-1][0]
    said = dict.fromkeys(speaker for place, _ in lines if (speaker := segments[place].speaker))
    return Passage(
        text="\n".join([text for _, text in lines]),
        heading=heading,
        speakers=", ".join(said),
        start_seconds=segments[first].start_seconds,
        end_seconds=segments[last].end_seconds,
        first_segment=first,
        last_segment=last,
    )
