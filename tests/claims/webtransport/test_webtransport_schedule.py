"""What is sent, lost and counted, without a socket."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.claims.webtransport.schedule import Message, Schedule, decoded, draw, waiting

SIZE = 20
small = st.integers(0, 2**16 - 1)


def schedule(lost: Message = Message(1, 2)) -> Schedule:
    return Schedule(flows=3, rounds=4, lost=lost)


@given(st.lists(st.builds(Message, small, small)), st.integers(0, SIZE - 1))
def test_messages_are_read_as_they_were_written(messages: list[Message], cut: int) -> None:
    data = b"".join(message.encoded(SIZE) for message in messages)
    assert decoded(data, SIZE) == tuple(messages)
    assert decoded(data + b"\xff" * cut, SIZE) == tuple(messages)


@given(st.builds(Message, small, small))
def test_the_mark_is_how_a_message_begins(message: Message) -> None:
    assert int.from_bytes(message.encoded(SIZE)[:4], "big") == message.mark


@given(st.integers(2, 12), st.integers(4, 12), st.integers(), st.integers(1, 50))
def test_a_draw_repeats_and_leaves_something_before_and_behind(
    flows: int, rounds: int, seed: int, block: int
) -> None:
    drawn = draw(flows=flows, rounds=rounds, seed=seed, block=block)
    assert drawn == draw(flows=flows, rounds=rounds, seed=seed, block=block)
    assert drawn.lost in drawn.messages
    place = drawn.messages.index(drawn.lost)
    assert place >= 2 * flows
    behind = drawn.messages[place + 1 :]
    assert {message.flow for message in behind} == set(range(flows))


def test_blocks_lose_different_messages() -> None:
    assert len({draw(flows=8, rounds=6, seed=1, block=block).lost for block in range(1, 9)}) > 3


@pytest.mark.parametrize(("flows", "rounds"), [(1, 6), (8, 3)])
def test_too_little_to_lose_is_refused(flows: int, rounds: int) -> None:
    with pytest.raises(ValueError, match="nothing to lose"):
        draw(flows=flows, rounds=rounds, seed=1, block=1)


def test_messages_go_alone_or_by_rounds() -> None:
    alone, rounds = (schedule().packets(whole_rounds=whole) for whole in (False, True))
    assert sum(alone, ()) == sum(rounds, ()) == schedule().messages
    assert {len(packet) for packet in alone} == {1}
    assert {len(packet) for packet in rounds} == {3}
    assert schedule().packet_of_loss(whole_rounds=True) == tuple(Message(f, 2) for f in range(3))


def counted(early: set[Message], *, whole_rounds: bool = False) -> dict[str, float]:
    plan = schedule()
    together = plan.packet_of_loss(whole_rounds=whole_rounds)
    return dict(waiting(plan, together, early, plan.messages))


def test_independent_flows() -> None:
    early = {m for m in schedule().messages if m.flow != 1 or m.number < 2}
    assert counted(early) == {
        "others_behind": 5,
        "others_waiting": 0,
        "others_waiting_percent": 0,
        "own_waiting_percent": 100,
        "flows_stopped": 1,
        "never": 0,
    }


def test_one_order_for_all_flows() -> None:
    messages = schedule().messages
    early = set(messages[: messages.index(Message(1, 2))])
    seen = counted(early)
    assert seen["others_waiting"] == seen["others_behind"] == 5
    assert seen["others_waiting_percent"] == 100
    assert seen["flows_stopped"] == 3


def test_a_shared_packet_counts_from_its_first_message() -> None:
    early = {message for message in schedule().messages if message.number < 2}
    seen = counted(early, whole_rounds=True)
    assert seen["others_behind"] == seen["others_waiting"] == 6
    assert seen["own_waiting_percent"] == 100


def test_nothing_waits_for_a_datagram_that_never_comes() -> None:
    plan = schedule()
    early = set(plan.messages) - {plan.lost}
    seen = waiting(plan, [plan.lost], early, early)
    assert (seen["others_waiting"], seen["own_waiting_percent"], seen["never"]) == (0, 0, 1)


@given(st.sets(st.sampled_from(schedule().messages)))
def test_counts_agree_with_each_other(early: set[Message]) -> None:
    seen = counted(early)
    assert 0 <= seen["others_waiting"] <= seen["others_behind"]
    share = 100 * seen["others_waiting"] / seen["others_behind"]
    assert seen["others_waiting_percent"] == pytest.approx(share)
    assert seen["flows_stopped"] >= (seen["others_waiting"] > 0)
