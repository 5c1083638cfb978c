"""What a sender's log says of the lost packet."""

import pytest

pytest.importorskip("aioquic")

from earwitness.claims.webtransport.passage import messages_in, repeats_of
from earwitness.servers.webtransport import Frame, Packet

SIZE = 100


def stream(id: int, start: int, stop: int) -> Frame:
    return Frame(id, start, stop)


def test_a_packet_carries_the_messages_that_it_is_the_first_to_carry() -> None:
    log: list[Packet] = [
        (stream(3, 0, 102),),
        (),
        (stream(3, 102, 202), stream(7, 0, 100)),
    ]
    assert messages_in(log, 2, SIZE) == 2
    # a probe that repeats old bytes in the same packet adds no message
    assert messages_in([*log, (stream(3, 2, 102), stream(7, 100, 200))], 3, SIZE) == 1


def test_every_datagram_is_a_message() -> None:
    assert messages_in([(Frame(None, 0, 103),)], 0, SIZE) == 1


def test_repeats_are_packets_with_any_of_the_same_bytes() -> None:
    lost: Packet = (stream(3, 100, 200),)
    other: list[Packet] = [(stream(3, 200, 300),), (stream(7, 100, 200),), (), (stream(3, 0, 100),)]
    assert repeats_of([lost, *other], 0) == 0
    assert repeats_of([lost, *other, (stream(3, 150, 250),), lost], 0) == 2
    assert repeats_of([lost, *other, lost], 1) == 0


def test_datagrams_are_never_repeated() -> None:
    datagram: Packet = (Frame(None, 0, 103),)
    assert repeats_of([datagram, datagram], 0) == 0
