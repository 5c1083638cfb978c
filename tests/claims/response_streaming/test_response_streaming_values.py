"""The claim as a value, and its parts that need no Lambda: the text, the gate, the reading."""

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.claims.response_streaming import listening, lockstep, plain
from earwitness.claims.response_streaming.claim import CLAIM
from earwitness.claims.response_streaming.design import FILL_BYTES
from earwitness.claims.response_streaming.functions import story
from earwitness.claims.response_streaming.lockstep import Gate, Patience, Seen, wrong_bytes
from earwitness.claims.response_streaming.reading import Reading, ask
from earwitness.experiment import consistency
from earwitness.experiment.design import Depth
from earwitness.library import bundled

HASTY = Patience(answers=1, seconds=0.02)


def test_the_claim_can_be_run() -> None:
    assert consistency.problems(CLAIM) == ()


def test_the_claim_stands_in_its_episode() -> None:
    episode = bundled.find_episode(CLAIM.source.show, CLAIM.source.episode)
    assert CLAIM.id in episode.claims


def test_every_comparison_changes_one_setting() -> None:
    """An arm differs from the first arm of its experiment in one setting; a twin in none."""
    for experiment in CLAIM.experiments:
        first = experiment.arms[0].settings
        for arm in experiment.arms[1:]:
            changed = {name for name in first if arm.settings[name] != first[name]}
            if arm.settings["runtime"] == "plain":
                changed -= {"mode"}  # there is no Function URL that could have one
            assert len(changed) <= 1, (experiment.id, arm.name)


def test_the_filling_client_waits_for_the_end_and_sizes_are_whole_words() -> None:
    for experiment in CLAIM.experiments:
        for plan in experiment.plans.values():
            sizes = [int(size) for size in str(plan.settings.get("sizes", "8")).split(",")]
            assert all(size % 8 == 0 for size in sizes)
            assert sum(sizes) < FILL_BYTES


def test_the_proof_tests_what_needs_no_clock() -> None:
    proof = {e.id for e in CLAIM.experiments if e.plan_at(Depth.PROOF)}
    assert proof == {"answer", "hops", "node", "nginx"}


# The text.


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_shorter_text_begins_a_longer_one(few: int, more: int) -> None:
    few, more = sorted((few, more))
    assert len(story.text(more * 8)) == more * 8
    assert story.text(more * 8).startswith(story.text(few * 8))


@given(st.lists(st.integers(1, 40).map(lambda words: words * 8), min_size=1, max_size=8))
def test_writes_together_are_the_text(sizes: list[int]) -> None:
    written: list[bytes] = []
    story.tell({"sizes": ",".join(map(str, sizes))}, written.append)
    assert [len(piece) for piece in written] == sizes
    assert b"".join(written) == story.text(sum(sizes))
    event = {"queryStringParameters": {"sizes": ",".join(map(str, sizes))}}
    assert story.buffered(event, None).encode() == story.text(sum(sizes))


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_wrong_bytes_are_counted(received: bytes, expected: bytes) -> None:
    wrong = wrong_bytes(received, expected)
    assert (wrong == 0) is (received == expected)
    assert wrong <= max(len(received), len(expected))
    assert wrong_bytes(expected[:-1], expected) == min(1, len(expected))


# Function and client in step.


@pytest.fixture
def gate() -> Iterator[Gate]:
    with lockstep.opened() as opened:
        yield opened


@pytest.fixture
def url() -> Iterator[str]:
    with plain.running() as running:
        yield running


def watch(gate: Gate, url: str, sizes: str, *, fill_bytes: int = 0) -> tuple[Seen, bytes]:
    reading = Reading(url, f"sizes={sizes}&gate={gate.port}", fill_bytes=fill_bytes)
    total = sum(map(int, sizes.split(",")))
    seen = lockstep.watch(gate, reading, total, HASTY, lambda: ask(url, "sizes=8"))
    return seen, reading.finish()


def test_what_is_relayed_is_seen_step_by_step(gate: Gate, url: str) -> None:
    seen, body = watch(gate, url, "16,8,8")
    assert seen == Seen(written_at_first=16, before_last=True, held_bytes=0)
    assert body == story.text(32)


def test_a_client_that_fills_its_buffer_sees_nothing_until_it_is_full(gate: Gate, url: str) -> None:
    seen, body = watch(gate, url, "16,8,8,8", fill_bytes=32)
    assert seen == Seen(written_at_first=32, before_last=True, held_bytes=24)
    assert body == story.text(40)
    seen, _ = watch(gate, url, "16,8,8,8", fill_bytes=64)
    assert seen == Seen(written_at_first=40, before_last=False, held_bytes=32)


def test_a_single_write_has_nothing_before_its_last(gate: Gate, url: str) -> None:
    seen, _ = watch(gate, url, "64")
    assert seen == Seen(written_at_first=64, before_last=False, held_bytes=0)


def test_patience_counts_other_answers(gate: Gate, url: str) -> None:
    """What is held back costs exactly the answers that were asked for, at least."""
    asked: list[bytes] = []
    patience = Patience(answers=7, seconds=0)
    reading = Reading(url, f"sizes=8,8&gate={gate.port}", fill_bytes=64)
    lockstep.watch(gate, reading, 16, patience, lambda: asked.append(ask(url, "sizes=8")))
    reading.finish()
    assert asked == [story.text(8)] * 7


def talk(gate: Gate, act: Callable[[socket.socket], None]) -> threading.Thread:
    """Somebody at the gate who is no function."""

    def come() -> None:
        with socket.create_connection(("127.0.0.1", gate.port), 5) as visitor:
            act(visitor)

    thread = threading.Thread(target=come)
    thread.start()
    return thread


class _Silent:
    """A reading whose answer has not ended."""

    ended = False


def test_a_function_that_breaks_off_is_said(gate: Gate) -> None:
    thread = talk(gate, lambda visitor: visitor.sendall(b"8\n"))
    with pytest.raises(lockstep.Stuck, match="left its gate"):
        list(gate.reports(_Silent(), 16))  # type: ignore[arg-type]
    thread.join()


def test_an_answer_that_ends_without_its_function_is_said(gate: Gate, url: str) -> None:
    """Nobody waits half a minute for a function that will not come."""
    reading = Reading(url, "sizes=8")
    with pytest.raises(lockstep.Stuck, match="did not come"):
        list(gate.reports(reading, 16))
    assert reading.finish() == story.text(8)


def test_what_cannot_be_asked_is_said() -> None:
    with plain.running() as url:
        pass
    with pytest.raises(ConnectionError, match="refused"):
        ask(url, "sizes=8")


@given(st.binary(min_size=1, max_size=300))
def test_a_chunk_says_its_length(data: bytes) -> None:
    size, rest = listening.chunk(data).split(b"\r\n", 1)
    assert int(size, 16) == len(data)
    assert rest == data + b"\r\n"
