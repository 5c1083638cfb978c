"""Questions that somebody may ask of the bundled show, of which most have an answer in it.

The files beside this one are our own: ``answered.jsonl`` says for each question which passages of
which episode answer it, by their headings, and some words of the sentence that does; nothing
answers those of ``unanswered.jsonl``. The floors are below what was reached when they were written,
so that one question may turn without a word; the share of all may not.
"""

import json
from pathlib import Path

import pytest

from earwitness.library import bundled
from earwitness.library.asking import abstention, answer
from earwitness.library.search.passages import Kind
from earwitness.library.search.scope import Scope
from earwitness.report import measured
from earwitness.store.connection import open_store

FOLDER = Path(__file__).parent / "questions"
FIRST_RIGHT = 0.78
"""Share of questions of which the first passage is a right one."""
ANY_RIGHT = 0.9
"""Share of which any is."""
QUOTED = 0.63
"""Share of which the first quotation is the sentence that answers."""
REFUSED = 0.76
"""Share of the questions that nothing answers that get no answer."""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with open_store(tmp_path_factory.mktemp("fresh")) as opened:
        bundled.shelve(opened)
        measured.refresh(opened)
        yield opened


def questions(name):
    return [json.loads(line) for line in (FOLDER / name).read_text("utf-8").splitlines()]


def hits(store, question):
    return answer.found(store, question, Scope()).hits


def is_right(hit, wanted):
    heading = hit.kind.value if hit.kind in (Kind.CLAIM, Kind.DESCRIPTION) else hit.chapter
    return hit.episode_id.endswith(f"/{wanted['episode']}") and heading in wanted["passages"]


def test_most_questions_get_the_right_passage_and_its_sentence(store):
    first = found = quoted = 0
    asked = questions("answered.jsonl")
    for one in asked:
        cited = hits(store, one["question"])
        right = [is_right(hit, one) for hit in cited]
        found += any(right)
        if right and right[0]:
            first += 1
            quoted += one["says"].casefold() in cited[0].quote.casefold()
    shares = [count / len(asked) for count in (first, found, quoted)]
    assert all(
        share >= floor
        for share, floor in zip(shares, (FIRST_RIGHT, ANY_RIGHT, QUOTED), strict=True)
    ), shares


def test_most_questions_without_an_answer_get_none(store):
    asked = questions("unanswered.jsonl")
    answered = [one["question"] for one in asked if hits(store, one["question"])]
    assert 1 - len(answered) / len(asked) >= REFUSED, answered


def test_no_title_is_cited_where_there_is_text_below_it(store):
    for one in questions("answered.jsonl"):
        assert all(hit.kind is not Kind.CHAPTER for hit in hits(store, one["question"]))


@pytest.mark.parametrize("question", ["the", "what what what", "how is it that they are?"])
def test_a_question_of_grammar_alone_says_so(store, question):
    evidence = answer.found(store, question, Scope())
    assert evidence.hits == ()
    assert evidence.reason == abstention.NO_SUBJECT


def test_a_name_that_stands_nowhere_is_said(store):
    evidence = answer.found(store, "how fast is the new iPhone?", Scope())
    assert evidence.hits == ()
    assert evidence.reason is not None and "'iphone'" in evidence.reason


def test_spellings_of_one_name_find_the_same(store):
    by_spelling = [
        [hit.passage for hit in hits(store, f"how does {name} lay out rows in a page?")]
        for name in ("Postgres", "PostgreSQL", "postgres")
    ]
    assert by_spelling[0] and by_spelling[0] == by_spelling[1] == by_spelling[2]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("what is the page cache?", "keeps file contents in pages of memory"),
        ("how long does a session ticket live?", "seven days"),
        ("does O_DIRECT make writes durable?", "Alone it makes nothing durable"),
        ("what is an index-only scan?", "holds every column that a query names"),
    ],
)
def test_the_sentence_that_answers_is_quoted(store, question, said):
    assert said in hits(store, question)[0].quote
