"""The hop: what it loses, delays, holds and counts; no protocol above UDP."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest

from earwitness.servers import link
from earwitness.servers.link import Datagram, Link, Way


class Echo(asyncio.DatagramProtocol):
    """A server that answers each datagram with itself."""

    def __init__(self) -> None:
        self.seen: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: link.Address) -> None:
        self.seen.append(data)
        self._transport.sendto(data, address)


class Client:
    """A UDP socket that sends through the hop."""

    def __init__(self, hop: Link) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(hop.address)
        self._socket.setblocking(False)

    def send(self, *datagrams: bytes) -> None:
        for data in datagrams:
            self._socket.send(data)

    def received(self) -> list[bytes]:
        found = []
        try:
            while True:
                found.append(self._socket.recv(65535))
        except BlockingIOError:
            return found

    def close(self) -> None:
        self._socket.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


@asynccontextmanager
async def hop_to_echo(**options: object) -> AsyncIterator[tuple[Link, Echo, Client]]:
    transport, echo = await asyncio.get_running_loop().create_datagram_endpoint(
        Echo, local_addr=("127.0.0.1", 0)
    )
    with link.opened(transport.get_extra_info("sockname"), **options) as hop:  # type: ignore[arg-type]
        client = Client(hop)
        try:
            yield hop, echo, client
        finally:
            client.close()
            transport.close()


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def body() -> None:
        await test()

    asyncio.run(body())


NUMBERED = [bytes([number]) * 10 for number in range(1, 9)]


def test_a_perfect_hop_passes_everything_in_order_and_counts_it() -> None:
    async def test() -> None:
        async with hop_to_echo() as (hop, echo, client):
            client.send(*NUMBERED)
            await until(lambda: hop.count(Way.DOWN).forwarded == 8)
            assert echo.seen == NUMBERED
            assert client.received() == NUMBERED
            for way in Way:
                count = hop.count(way)
                assert (count.datagrams, count.bytes, count.forwarded) == (8, 80, 8)
                assert (count.lost, count.waiting, count.overflowed) == (0, 0, 0)

    run(test)


def test_the_nth_datagram_of_one_direction_is_lost_once() -> None:
    async def test() -> None:
        async with hop_to_echo(rule=link.nth(Way.DOWN, 3)) as (hop, echo, client):
            client.send(*NUMBERED)
            await until(lambda: hop.count(Way.DOWN).datagrams == 8)
            await until(lambda: hop.count(Way.DOWN).forwarded == 7)
            assert len(echo.seen) == 8
            assert client.received() == [data for data in NUMBERED if data[0] != 3]
            assert hop.count(Way.DOWN).lost == 1

    run(test)


def test_a_rule_can_name_one_of_several_clients() -> None:
    async def test() -> None:
        async with hop_to_echo(rule=link.nth(Way.UP, 1, client=1)) as (hop, echo, first):
            second = Client(hop)
            first.send(b"first")
            await until(lambda: echo.seen == [b"first"])
            second.send(b"second")
            await until(lambda: hop.count(Way.UP).lost == 1)
            second.send(b"again")
            await until(lambda: hop.count(Way.DOWN).forwarded == 2)
            assert echo.seen == [b"first", b"again"]
            assert (first.received(), second.received()) == ([b"first"], [b"again"])
            second.close()

    run(test)


def test_what_is_held_goes_on_in_order_when_released() -> None:
    async def test() -> None:
        async with hop_to_echo() as (hop, echo, client):
            hop.hold(Way.DOWN)
            client.send(*NUMBERED)
            await until(lambda: hop.count(Way.DOWN).waiting == 8)
            assert len(echo.seen) == 8
            assert client.received() == []
            hop.release(Way.DOWN)
            assert hop.count(Way.DOWN).forwarded == 8
            await until(lambda: hop.count(Way.DOWN).waiting == 0)
            assert client.received() == NUMBERED

    run(test)


def test_delay_keeps_the_order() -> None:
    async def test() -> None:
        async with hop_to_echo(delay_seconds={Way.UP: 0.02}) as (hop, echo, client):
            client.send(*NUMBERED)
            await until(lambda: hop.count(Way.UP).datagrams == 8)
            assert echo.seen == []
            await until(lambda: len(echo.seen) == 8)
            assert echo.seen == NUMBERED
            assert hop.count(Way.UP).waiting == 0

    run(test)


def test_clients_beyond_the_bound_are_counted_and_not_served() -> None:
    async def test() -> None:
        async with hop_to_echo(most_clients=1) as (hop, echo, first):
            first.send(b"in")
            await until(lambda: echo.seen)
            second = Client(hop)
            second.send(b"out")
            await until(lambda: hop.count(Way.UP).overflowed == 1)
            assert echo.seen == [b"in"]
            second.close()

    run(test)


def test_a_full_queue_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "_MOST_WAITING", 5)

    async def test() -> None:
        async with hop_to_echo() as (hop, _echo, client):
            hop.hold(Way.UP)
            client.send(*NUMBERED)
            await until(lambda: hop.count(Way.UP).datagrams == 8)
            assert (hop.count(Way.UP).waiting, hop.count(Way.UP).overflowed) == (5, 3)

    run(test)


def test_a_server_that_is_gone_does_not_stop_the_hop() -> None:
    async def test() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.1", 0))
            nobody = taken.getsockname()
        with link.opened(nobody) as hop:
            client = Client(hop)
            for data in NUMBERED:
                client.send(data)
                await asyncio.sleep(0.002)
            await until(lambda: hop.count(Way.UP).datagrams == 8)
            client.close()

    run(test)


def test_nothing_stays_open() -> None:
    async def test() -> None:
        async with hop_to_echo(delay_seconds={Way.UP: 0.01}) as (hop, _echo, client):
            client.send(*NUMBERED)
            await until(lambda: hop.count(Way.UP).datagrams == 8)
            address = hop.address
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
            again.bind(address)
        hop.close()
        await asyncio.sleep(0.02)  # a timer of the delay finds nothing to do

    run(test)


def test_a_random_loss_repeats_with_its_seed() -> None:
    places = [Datagram(way, client, n, 100) for way in Way for client in (0, 1) for n in range(500)]
    first, again, other = (
        [rule(place) for place in places]
        for rule in (link.at_random(1, 0.1), link.at_random(1, 0.1), link.at_random(2, 0.1))
    )
    assert first == again != other
    assert 120 < sum(first) < 280  # 200 of 2000 expected, six standard deviations each way
    assert not any(map(link.at_random(1, 0), places))
    assert all(map(link.at_random(1, 1), places))
    downward = link.at_random(1, 1, ways=(Way.DOWN,))
    assert {place.way for place in places if downward(place)} == {Way.DOWN}


@pytest.mark.parametrize("probability", [-0.1, 1.1])
def test_a_probability_is_one(probability: float) -> None:
    with pytest.raises(ValueError, match="probability"):
        link.at_random(1, probability)
