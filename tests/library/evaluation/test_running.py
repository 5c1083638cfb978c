import json

import pytest

from earwitness.library.evaluation import datasets, running
from earwitness.library.evaluation.datasets import NoDataset, Place, Question
from earwitness.library.search import index
from earwitness.report import evaluation
from earwitness.store.connection import open_store
from tests.library.search import talks

SUBJECTS = ("gardening roses", "baking bread", "sailing boats", "mending clocks")


def meeting(subject):
    turns = [{"speaker": "A", "content": talks.FILLER} for _ in range(30)]
    turns[20]["content"] = f"Now about {subject}, which takes patience and some tools."
    question = {
        "query": f"What was said about {subject}?",
        "answer": "Patience.",
        "relevant_text_span": [["20", "21"]],
    }
    return {"meeting_transcripts": turns, "specific_query_list": [question]}


def as_lines(*documents):
    return "\n".join(json.dumps(document) for document in documents).encode()


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path) as opened:
        yield opened


def test_meetings_are_asked_and_others_of_what_they_do_not_know(store):
    meetings = datasets.read(as_lines(*map(meeting, SUBJECTS)))
    running.shelve(store, meetings)
    asked = list(running.ask_meetings(store, meetings))
    assert len(asked) == len(SUBJECTS)
    for one in asked:
        assert one.relevant >= 1
        assert one.ours[0] and one.plain[0] and one.cited[0]
        assert one.elsewhere is not None and one.elsewhere < one.confidence
    told = evaluation.document("small", asked, meaning=False)
    assert told.auroc is not None and told.auroc.mean == 1
    assert told.answered == 1 and told.refused == 1
    assert told.figures[1].ours.mean == 1


def test_questions_on_a_library_with_and_without_an_answer(store):
    talks.keep(store, talks.STORAGE, talks.NETWORKS)
    index.refresh(store)
    there = Place(episode="talks/storage", start_seconds=195, end_seconds=205)
    questions = [
        Question(question="what makes commits durable?", answers=(there,)),
        Question(question="how are roses pruned?"),
    ]
    found, missing = running.ask_library(store, questions)
    assert found.relevant >= 1 and found.ours[0]
    assert (missing.relevant, missing.confidence, missing.cited) == (0, 0, ())
    told = evaluation.document("own", [found, missing], meaning=False)
    assert (told.questions, told.unanswerable) == (1, 1)


def test_questions_without_any_answer_here_are_refused(store):
    questions = [Question(question="what?", answers=())]
    with pytest.raises(evaluation.NothingAsked):
        evaluation.document("own", list(running.ask_library(store, questions)), meaning=False)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no labelled questions"),
        (b"{}\nnonsense", "line 2 is no JSON"),
        (b"[1]", "line 1 is no JSON object"),
        (b'{"query": "?"}', "line 1"),
        (b'{"question": "?", "answer": "x"}', "unknown field"),
        (b'{"meeting_transcripts": [], "specific_query_list": [{}]}', "line 1 is no meeting"),
        (b"\xff\xfe", "line 1 is no JSON"),
    ],
)
def test_what_is_no_dataset_is_named(data, said):
    with pytest.raises(NoDataset, match=said):
        datasets.read(data)
