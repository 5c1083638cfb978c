import pytest

from earwitness.library.asking.conversation import Conversation, points_back


@pytest.mark.parametrize(
    "question",
    [
        "how slow is it?",
        "and on the network?",
        "and why?",
        "why?",
        "how so?",
        "what about those?",
        "what about MongoDB?",
        "why is that?",
        "what is its price?",
        "is this one slow?",
    ],
)
def test_a_follow_up_points_back(question):
    assert points_back(question)


@pytest.mark.parametrize(
    "question",
    [
        "how does fsync flush a drive?",
        "which partitions lock?",
        "latency?",
        "what is fsync?",
        "why do partitions lock?",
        "is there a limit?",
        "what is a query that locks?",
        "does a drive keep its promise?",
        "is one stream enough?",
        "",
    ],
)
def test_a_question_that_stands_on_its_own_does_not(question):
    assert not points_back(question)


def test_a_follow_up_gets_the_words_of_the_question_before():
    talk = Conversation().then("how does fsync flush a drive?")
    assert talk.completed("and is it slow?") == "and is it slow? fsync flush drive"
    assert talk.completed("which partitions take locks?") == "which partitions take locks?"


def test_follow_ups_of_follow_ups_keep_the_subject():
    talk = Conversation().then("how does fsync flush a drive?").then("is it slow?")
    assert "fsync" in talk.completed("why?")


def test_nothing_is_added_to_a_first_question():
    assert Conversation().completed("is it slow?") == "is it slow?"


def test_the_tail_does_not_grow_with_the_turns():
    talk = Conversation().then("how does fsync flush a drive?")
    for _ in range(5):
        talk = talk.then("and is it slow on a laptop?")
    assert talk.completed("why?") == "why? slow laptop fsync flush drive"


def test_a_question_that_stands_on_its_own_is_the_new_subject():
    talk = Conversation().then("is SELECT * slow?").then("what is fsync?")
    assert talk.completed("and why?") == "and why? fsync"


def test_only_a_question_of_hardly_any_words_is_helped():
    talk = Conversation().then("how does fsync flush a drive?")
    assert talk.helped("latency?") == "latency? fsync flush drive"
    assert talk.helped("who sells roses?") == "who sells roses?"
