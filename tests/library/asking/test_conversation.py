import pytest

from earwitness.library.asking.conversation import Conversation, points_back


@pytest.mark.parametrize(
    "question", ["how slow is it?", "and on the network?", "why?", "what about those?", "latency?"]
)
def test_a_follow_up_points_back(question):
    assert points_back(question)


@pytest.mark.parametrize(
    "question", ["how does fsync flush a drive?", "which partitions lock?", ""]
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
