"""Labelled questions: what is asked, where it is asked, and which places answer it.

Two formats, both a JSON document a line. The first is that of QMSum, a public set of questions on
transcribed meetings: each line brings a transcript of its own. The second is for one's own library:

    {"question": "...", "episode": "SHOW/EPISODE", "answers": [{"episode": "...", "start_seconds": 60, "end_seconds": 95}]}

``episode`` narrows where is looked and may be left out; no ``answers`` says that nothing there
answers. Values and their reading only; bytes come from the caller.
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from earwitness.library.intake import Segment


class NoDataset(ValueError):
    """The file holds no labelled questions; the message is one line and names the line."""


class Place(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stretch of an episode that answers a question."""

    episode: str
    start_seconds: float
    end_seconds: float


class Question(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question on one's own library."""

    question: str
    answers: tuple[Place, ...] = ()
    episode: str | None = None


class TurnQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question on one meeting; ``answers`` are first and last turn of each stretch, from 0."""

    question: str
    answers: tuple[tuple[int, int], ...]


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """A transcript with its questions."""

    turns: tuple[Segment, ...]
    questions: tuple[TurnQuestion, ...]


def read(data: bytes) -> list[Meeting] | list[Question]:
    """Meetings or questions, whichever the lines are. Raises NoDataset."""
    documents = list(_documents(data))
    if not documents:
        raise NoDataset("there are no labelled questions in it")
    if all("meeting_transcripts" in document for _, document in documents):
        return [_meeting(number, document) for number, document in documents]
    return [_question(number, document) for number, document in documents]


def _documents(data: bytes) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(data.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            document = json.loads(line)
        except ValueError as problem:
            raise NoDataset(f"line {number} is no JSON: {problem}") from problem
        if not isinstance(document, dict):
            raise NoDataset(f"line {number} is no JSON object")
        yield number, document


def _question(number: int, document: dict[str, Any]) -> Question:
    try:
        return msgspec.convert(document, Question)
    except msgspec.ValidationError as problem:
        raise NoDataset(f"line {number}: {problem}") from problem


def _meeting(number: int, document: dict[str, Any]) -> Meeting:
    try:
        return Meeting(
            turns=tuple(
                Segment(text=turn["content"], speaker=turn["speaker"])
                for turn in document["meeting_transcripts"]
            ),
            questions=tuple(
                TurnQuestion(
                    question=one["query"],
                    answers=tuple(
                        (int(first), int(last)) for first, last in one["relevant_text_span"]
                    ),
                )
                for one in document["specific_query_list"]
            ),
        )
    except (KeyError, TypeError, ValueError) as problem:
        raise NoDataset(f"line {number} is no meeting as QMSum has it: {problem!r}") from problem
