"""WebSockets on real TCP, and the segments that a socket filter loses. Linux only."""

import socket
import sys
import time
from collections.abc import Callable

import pytest

pytest.importorskip("websockets")

from earwitness.servers import tcp, websocket
from earwitness.servers.process import ServerFailed
from earwitness.servers.websocket import Connection

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="socket filters are Linux's")


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.001)


def received(connection: Connection, count: int) -> list[bytes]:
    found: list[bytes] = []

    def enough() -> bool:
        found.extend(connection.client.receive())
        return len(found) >= count

    until(enough)
    return found


def message(number: int) -> bytes:
    return number.to_bytes(4, "big").ljust(100, b"x")


def test_messages_arrive_in_order_both_ways() -> None:
    with websocket.connected() as connection:
        assert connection.client.receive() == []
        for number in range(20):
            connection.server.send(message(number))
        assert received(connection, 20) == [message(number) for number in range(20)]
        connection.client.send(b"back")
        found: list[bytes] = []
        until(lambda: found.extend(connection.server.receive()) or found)
        assert found == [b"back"]


def test_who_was_not_answered_is_told_by_the_next_word_of_the_other() -> None:
    with websocket.connected() as connection:
        tcp.lose_everything(connection.server.socket)
        tcp.lose_segments_with(connection.client.socket, 0, offset=websocket.SHORT_HEADER_BYTES)
        for number in range(3):
            connection.server.send(message(number))
        time.sleep(0.5)  # TCP's timer has run out, and repeats the first only, which is lost again
        tcp.lose_nothing(connection.server.socket)
        connection.client.speak()
        until(lambda: tcp.info(connection.server.socket).missing == 1)
        assert connection.server.receive() == []


def test_the_chosen_segment_and_only_that_is_lost_until_it_may_come() -> None:
    with websocket.connected() as connection:
        offset = websocket.SHORT_HEADER_BYTES
        tcp.lose_segments_with(connection.client.socket, 3, offset=offset)
        for number in range(6):
            connection.server.send(message(number))
        until(lambda: tcp.info(connection.server.socket).missing == 1)
        assert connection.client.receive() == [message(number) for number in range(3)]
        assert tcp.lost_segments(connection.client.socket) >= 1
        assert connection.client.receive() == []
        tcp.lose_nothing(connection.client.socket)
        assert received(connection, 3) == [message(number) for number in range(3, 6)]
        assert tcp.info(connection.server.socket).missing == 0


def test_a_segment_too_short_for_the_marker_passes() -> None:
    with websocket.connected() as connection:
        tcp.lose_segments_with(connection.client.socket, 0, offset=50)
        connection.server.send(b"\0" * 40)
        assert received(connection, 1) == [b"\0" * 40]


def test_a_sender_without_answers_has_everything_outstanding() -> None:
    with websocket.connected() as connection:
        until(lambda: tcp.info(connection.server.socket).missing == 0)
        tcp.lose_everything(connection.server.socket)
        for number in range(5):
            connection.server.send(message(number))
        assert len(received(connection, 5)) == 5
        assert tcp.info(connection.server.socket).missing == 5
        tcp.lose_nothing(connection.server.socket)
        until(lambda: tcp.info(connection.server.socket).missing == 0)


def test_the_window_opens_as_far_as_asked() -> None:
    with websocket.connected() as connection:
        connection.open_window(60)
        state = tcp.info(connection.server.socket)
        assert state.congestion_window >= 60
        connection.open_window(60)
        assert tcp.info(connection.server.socket).data_segments == state.data_segments


def test_a_window_that_cannot_open_is_an_error() -> None:
    with (
        websocket.connected() as connection,
        pytest.raises(ServerFailed, match="does not let 1000000 segments"),
    ):
        connection.open_window(1_000_000)


def test_an_end_that_is_gone_is_an_error() -> None:
    with websocket.connected() as connection:
        connection.server.socket.shutdown(socket.SHUT_RDWR)
        with pytest.raises(ServerFailed, match="has ended"):
            until(connection.client.receive)


def test_the_name_of_the_congestion_control_is_one_that_linux_has() -> None:
    with websocket.connected() as connection:
        name = tcp.congestion_control(connection.server.socket)
        assert name.isidentifier()
