"""What is asked, by protocol, and what counts as an answer; and how outcomes are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earwitness.servers.tls_client.answer import outcome
from earwitness.servers.tls_client.opening import Opening, http, mqtt, postgresql, redis

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
FATAL = b"E\0\0\0\x17SFATAL\0C28000\0Mno\0\0"


@pytest.mark.parametrize(
    ("opening", "answer", "status"),
    [
        (http(), OK, "200"),
        (http(), CHUNKED, "200"),
        (http(), b"SSH-2.0-x\r\n", ""),
        (postgresql(), b"R\0\0\0\x08\0\0\0\0", "R"),
        (postgresql(), FATAL, "E 28000"),
        (mqtt(), b"\x20\x02\0\0", "CONNACK 0"),
        (mqtt(), b"\x20\x02\0\5", "CONNACK 5"),
        (mqtt(), b"HTTP", ""),
        (redis(), b"+PONG\r\n", "+PONG"),
        (redis(), b"-NOAUTH Authentication required.\r\n", "-NOAUTH"),
        (redis(), b"", ""),
        (redis(), b"HTTP/1.1 400 Bad Request\r\n", ""),
    ],
)
def test_the_status_of_an_answer(opening: Opening, answer: bytes, status: str) -> None:
    assert opening.status(answer) == status


@pytest.mark.parametrize(
    ("opening", "answer"),
    [
        (http(), OK),
        (http(), CHUNKED),
        (postgresql(), FATAL),
        (mqtt(), b"\x20\x02\0\0"),
        (redis(), b"+PONG\r\n"),
    ],
)
def test_an_answer_is_whole_at_its_end_and_not_before(opening: Opening, answer: bytes) -> None:
    assert opening.is_whole(answer)
    assert not any(opening.is_whole(answer[:end]) for end in range(len(answer)))


def test_the_request_names_the_host() -> None:
    assert b"\r\nHost: a.test\r\n" in http("/x").request("a.test")
    assert b"\r\nHost: b.test\r\n" in http("/x", "b.test").request("a.test")


def test_a_redirect_says_where_it_leads() -> None:
    login, app = (
        b"HTTP/1.1 302 Found\r\nlocation: /%s\r\nContent-Length: 0\r\n\r\n" % place
        for place in (b"login", b"app")
    )
    assert http().body(login) != http().body(app)
    assert http().body(login.replace(b"302 Found", b"200 OK")) == b""


def test_only_what_changes_nothing_may_travel_early() -> None:
    allowed = {one.name: one.idempotent for one in (http(), redis(), mqtt(), postgresql())}
    assert allowed == {"http": True, "redis": True, "mqtt": False, "postgresql": False}


KEY = b"key"


@given(body=st.binary(max_size=60))
def test_the_same_answer_is_the_same(body: bytes) -> None:
    one = outcome("200", body, "", KEY)
    assert one.same_answer(outcome("200", body, "", KEY))
    assert not one.same_answer(outcome("403", body, "", KEY))
    assert not one.same_answer(outcome("", body, "alert", KEY))
    assert not one.same(outcome("", body, "alert", KEY))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b"request 01234567-89ab-cdef-0123-456789abcdef", b"request " + b"0f" * 16, True),
        (b"at 12:00:01.5", b"at 9:30:00", True),
        (b"trace 4bf92f3577b34da6", b"trace 00f067aa0ba902b7", True),
        (b"this is a", b"this is b", False),
        (b"host 1", b"host 2", False),
    ],
)
def test_what_changes_each_time_does_not_count(one: bytes, other: bytes, same: bool) -> None:
    first, second = (outcome("200", body, "", KEY) for body in (one, other))
    assert first.same_answer(second) == same


def test_two_that_were_not_answered_ended_the_same_way() -> None:
    alert, reset = (outcome("", b"", words, KEY) for words in ("alert", "connection reset"))
    assert alert.same(reset)
    assert not alert.same_answer(reset)


def test_digests_of_another_key_cannot_be_compared() -> None:
    assert outcome("200", b"x", "", b"one").body != outcome("200", b"x", "", b"two").body
