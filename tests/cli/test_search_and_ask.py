"""Search and ask as somebody uses them: in a process, on the bundled show and on a run of one's own."""

import json
import subprocess
import sys

import jsonschema
import pytest

from earwitness.report import schema
from tests.library.asking.endpoints import endpoint

EPISODE = "backend-engineering-show/select-star"


def document(process, name):
    assert process.returncode == 0, process.stderr
    told = json.loads(process.stdout)
    jsonschema.validate(told, json.loads(schema.schema(name)))
    return told


def test_the_first_launch_answers_with_places_in_the_bundled_show(earwitness):
    told = document(earwitness("ask", "is SELECT * slow?", "--format", "json"), "answer-1.json")
    assert not told["abstained"]
    assert {one["episode_id"] for one in told["citations"]} == {EPISODE}
    assert any(one["chapter"] and one["start_seconds"] for one in told["citations"])
    for one in told["citations"]:
        assert one["quote"] in one["text"] and f"[{one['number']}]" in told["answer"]
    (measured,) = told["measured"]
    assert measured["claim"] == "select-star" and measured["run"] is None
    assert measured["text"].endswith("not measured here yet: earwitness run select-star")


@pytest.mark.parametrize("question", ["how do I bake sourdough bread?", "zyzzyva", "?"])
def test_what_nothing_answers_is_not_answered(earwitness, question):
    told = document(earwitness("ask", question, "--format", "json"), "answer-1.json")
    assert told["abstained"]
    assert told["citations"] == told["measured"] == []
    assert told["answer"] == told["reason"]


def test_search_says_where_something_stands(earwitness):
    found = earwitness("search", "SSD ignores the flush", "--format", "json")
    told = document(found, "search-1.json")
    best = told["results"][0]
    assert best["show"] == "backend-engineering-show"
    assert best["episode"].startswith("Your SSD lies")
    assert (best["start_seconds"], best["kind"]) == (560.0, "chapter")
    text = earwitness("search", "SSD ignores the flush").stdout
    assert "9:20 (SSD ignores the flush)" in text


def test_a_query_may_begin_with_a_minus(earwitness):
    found = document(earwitness("search", "-firefox", "fsync", "--format", "json"), "search-1.json")
    assert found["results"]
    assert all("firefox" not in one["text"].lower() for one in found["results"])


def test_nothing_to_find_and_nowhere_to_look_are_said_in_a_line(earwitness):
    nothing = earwitness("search", "zyzzyva")
    assert (nothing.returncode, nothing.stdout.strip()) == (0, "Nothing was found.")
    nowhere = earwitness("search", "fsync", "--show", "nobody")
    assert nowhere.returncode == 2
    assert "no show is called 'nobody'" in nowhere.stderr
    assert len(nowhere.stderr.strip().splitlines()) == 1


def talk(earwitness, *questions):
    """The answers to lines of input, as documents."""
    told = subprocess.run(
        earwitness.command("ask", "--chat", "--format", "json"),
        input="".join(f"{line}\n" for line in questions),
        env=earwitness.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    ).stdout
    decoder, answers = json.JSONDecoder(), []
    while told.strip():
        answer, end = decoder.raw_decode(told.lstrip())
        answers.append(answer)
        told = told.lstrip()[end:]
    return answers


def test_a_talk_through_a_pipe_keeps_its_subject(earwitness):
    answers = talk(
        earwitness,
        "what does fsync do to the page cache?",
        "and is it slow?",
        "how do I bake bread?",
    )
    assert [one["abstained"] for one in answers] == [False, False, True]
    assert "fsync" in answers[1]["searched"]
    assert {one["episode_id"] for one in answers[1]["citations"]} >= {
        "backend-engineering-show/ssd-fsync"
    }


def test_a_short_question_on_something_else_is_not_mixed_with_the_one_before(earwitness):
    answers = talk(
        earwitness,
        "what happened to Virgin Media?",
        "what is TOAST?",
        "and is it slow?",
        "what about MongoDB?",
    )
    searched = [one["searched"] for one in answers]
    assert searched[1] == "what is TOAST?"
    assert {one["episode_id"] for one in answers[1]["citations"]} == {EPISODE}
    assert searched[2] == "and is it slow? toast"
    assert searched[3] == "what about MongoDB? slow toast"


ANSWER = 'It depends. [1: "{quote}"] Nobody knows.'


def ask_with_model(earwitness, server, *options):
    environment = {
        **earwitness.environment,
        "EARWITNESS_MODEL_ENDPOINT": server.address,
        "EARWITNESS_MODEL": "small",
        "EARWITNESS_MODEL_TIMEOUT": "2",
    }
    return subprocess.run(
        earwitness.command("ask", "is SELECT * slow?", *options),
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_models_sentences_are_marked_by_what_they_rest_on(earwitness):
    plain = document(earwitness("ask", "is SELECT * slow?", "--format", "json"), "answer-1.json")
    quote = " ".join(plain["citations"][0]["quote"].split()[:5])
    with endpoint("streamed", ANSWER.format(quote=quote)) as server:
        told = document(ask_with_model(earwitness, server, "--format", "json"), "answer-1.json")
        text = ask_with_model(earwitness, server).stdout
    assert told["model"] == "small"
    assert [one["citations"] for one in told["sentences"]] == [[1], []]
    assert told["answer"] == "It depends. [1] Nobody knows. (no citation)"
    assert "It depends. [1]" in text and "Nobody knows. (no citation)" in text
    assert [one["number"] for one in told["citations"] if one["used"]] == [1]
    listed = text.split("(no citation)")[1]
    assert "[1]" in listed and "[2]" not in listed and len(told["citations"]) > 1


@pytest.mark.parametrize("manner", ["refused", "hanging", "malformed", "cut"])
def test_a_model_that_fails_leaves_the_passages_and_a_line(earwitness, manner):
    with endpoint(manner, "Something that takes several pieces to say.") as server:
        told = document(ask_with_model(earwitness, server, "--format", "json"), "answer-1.json")
    assert told["note"].startswith("The model did not answer (")
    assert told["model"] is None and told["citations"]


def test_escape_sequences_of_a_model_do_not_reach_the_terminal(earwitness):
    with endpoint("streamed", "\x1b[31mRed.\x1b]0;title\x07 \x9b2JGone.") as server:
        text = ask_with_model(earwitness, server).stdout
    assert "[31mRed." in text and "Gone." in text
    assert not any(ord(one) < 32 or 0x7F <= ord(one) < 0xA0 for one in text if one != "\n")


def test_a_model_that_sees_no_answer_leaves_the_passages(earwitness):
    with endpoint("streamed", "NO ANSWER") as server:
        told = document(ask_with_model(earwitness, server, "--format", "json"), "answer-1.json")
        text = ask_with_model(earwitness, server).stdout
    assert "saw no answer" in told["note"] and told["citations"]
    assert told["abstained"] and told["answer"] == told["reason"]
    assert not any(one["used"] for one in told["citations"])
    assert "seems to answer" in text and "The nearest passages:" in text


def test_labelled_questions_are_asked_from_the_command_line(earwitness, tmp_path):
    file = tmp_path / "own.jsonl"
    places = [
        {"episode": "backend-engineering-show/ssd-fsync", "start_seconds": 560, "end_seconds": 570}
    ]
    lines = [
        {"question": "which SSD ignores the flush?", "answers": places},
        {"question": "how are roses pruned?"},
    ]
    file.write_text("\n".join(map(json.dumps, lines)))
    told = document(
        earwitness("eval", "search", str(file), "--format", "json"), "evaluation-1.json"
    )
    assert (told["questions"], told["unanswerable"], told["auroc"]["mean"]) == (1, 1, 1.0)
    wrong = earwitness("eval", "search", str(tmp_path / "missing"))
    assert wrong.returncode == 2 and "No such file" in wrong.stderr


def test_the_server_for_assistants_ends_with_its_input(earwitness):
    pytest.importorskip("mcp", reason="the MCP SDK is not installed")
    assert earwitness("mcp").returncode == 0


def test_without_the_sdk_the_server_says_what_to_install(earwitness):
    program = "import sys; sys.modules['mcp'] = None; from earwitness.cli.main import main; main()"
    told = subprocess.run(
        [sys.executable, "-c", program, "mcp"],
        env=earwitness.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 1 or told.returncode == 2
    assert "pip install 'earwitness[mcp]'" in told.stderr
