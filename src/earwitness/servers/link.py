"""A hop on the way of UDP datagrams, on loopback and in user space, that loses what it is told to.

A relay between clients and one server: every datagram is counted, may be lost by a rule, delayed,
or held back until it is released. It decides by place and size alone and cannot look inside: what
it relays may be encrypted. Whoever opens it knows what it relays; nothing here does.

It lives on an event loop and needs no privileges. Order is kept in each direction; clients and
queues are bounded, and what goes over is counted, never lost in silence.
"""

import asyncio
import contextlib
import enum
import random
import socket
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Address = tuple[str, int]

_HOST = "127.0.0.1"
_LARGEST_DATAGRAM = 65535
_MOST_CLIENTS = 256
_MOST_WAITING = 8192
"""Datagrams of one direction that are delayed or held back; more are overflow."""
_CLOCK_TICK_SECONDS = time.get_clock_info("monotonic").resolution
_SOCKET_BUFFER_BYTES = 1 << 20
"""Asked of the kernel, so that a busy event loop loses nothing; it may grant less."""


class Way(enum.StrEnum):
    """A direction through the hop."""

    UP = "up"
    """From a client to the server."""
    DOWN = "down"
    """From the server to a client."""


@dataclass(frozen=True, slots=True)
class Datagram:
    """What a rule may decide by."""

    way: Way
    client: int
    """Clients are numbered from 0 in the order of their first datagram."""
    number: int
    """From 1, in each direction of each client."""
    size: int
    """Bytes of UDP payload."""


Rule = Callable[[Datagram], bool]
"""Whether a datagram is lost."""


def nothing(_datagram: Datagram) -> bool:
    """The rule of a perfect hop."""
    return False


def nth(way: Way, number: int, *, client: int = 0) -> Rule:
    """Lose exactly one datagram: that number in that direction of that client."""
    return lambda datagram: (
        (datagram.way, datagram.client, datagram.number)
        == (
            way,
            client,
            number,
        )
    )


def at_random(seed: int, probability: float, *, ways: tuple[Way, ...] = tuple(Way)) -> Rule:
    """Lose each datagram with that probability, independently.

    The draw belongs to the datagram's place, so the same seed loses the same numbers whatever
    happens in between. ValueError when it is no probability.
    """
    if not 0 <= probability <= 1:
        raise ValueError(f"not a probability: {probability}")

    def lost(datagram: Datagram) -> bool:
        place = f"{seed}/{datagram.way}/{datagram.client}/{datagram.number}"
        return datagram.way in ways and random.Random(place).random() < probability  # noqa: S311

    return lost


@dataclass(frozen=True, slots=True)
class Count:
    """Datagrams of one direction and their bytes of payload."""

    datagrams: int = 0
    """All that came to the hop."""
    bytes: int = 0
    forwarded: int = 0
    lost: int = 0
    """By rule."""
    waiting: int = 0
    """Delayed or held back."""
    overflowed: int = 0
    """Given up because a queue or a socket's buffer was full."""


class Link:
    """An open hop; made by ``opened``. Use it on its event loop only."""

    def __init__(
        self, server: Address, rule: Rule, delay_seconds: Mapping[Way, float], most_clients: int
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._server = server
        self._rule = rule
        self._delay = delay_seconds
        self._most_clients = most_clients
        self._entrance = _socket()
        self._entrance.bind((_HOST, 0))
        self._clients: dict[Address, int] = {}
        self._exits: list[tuple[socket.socket, Address]] = []
        self._numbers: dict[tuple[Way, int], int] = {}
        self._queues = {way: deque[tuple[float, int, bytes]]() for way in Way}
        self._held = dict.fromkeys(Way, False)
        self._counts = {way: {"lost": 0, "forwarded": 0, "overflowed": 0} for way in Way}
        self._seen = {way: [0, 0] for way in Way}
        self._loop.add_reader(self._entrance, self._from_clients)

    @property
    def address(self) -> Address:
        """Where clients send to."""
        host, port = self._entrance.getsockname()
        return host, port

    def client_at(self, address: Address) -> int:
        """The number of the client that the server sees at ``address``; KeyError for none."""
        by_address = {exit.getsockname(): place for place, (exit, _) in enumerate(self._exits)}
        return by_address[address]

    def count(self, way: Way) -> Count:
        """What has come to the hop in that direction so far, and what became of it."""
        datagrams, size = self._seen[way]
        waiting = len(self._queues[way])
        return Count(datagrams=datagrams, bytes=size, waiting=waiting, **self._counts[way])

    def lose(self, rule: Rule) -> None:
        """Go by this rule from the next datagram on."""
        self._rule = rule

    def hold(self, way: Way) -> None:
        """Keep back what comes in that direction, as a long way would."""
        self._held[way] = True

    def release(self, way: Way) -> None:
        """Let it go on, in the order in which it came."""
        self._held[way] = False
        self._forward_due(way)

    def close(self) -> None:
        """Close every socket; what waits is dropped. Closing twice is no error."""
        for each in (self._entrance, *(exit for exit, _ in self._exits)):
            if each.fileno() >= 0:
                self._loop.remove_reader(each)
                each.close()
        for queue in self._queues.values():
            queue.clear()

    def _from_clients(self) -> None:
        for data, address in _received(self._entrance):
            client = self._clients.get(address)
            if client is None:
                client = self._admit(address)
            if client is not None:
                self._arrived(Way.UP, client, data)

    def _admit(self, address: Address) -> int | None:
        """A socket of its own towards the server, as a router would give it a port of its own."""
        if len(self._exits) == self._most_clients:
            self._counts[Way.UP]["overflowed"] += 1
            return None
        client = len(self._exits)
        exit = _socket()
        exit.connect(self._server)
        self._exits.append((exit, address))
        self._clients[address] = client
        self._loop.add_reader(exit, self._from_server, client)
        return client

    def _from_server(self, client: int) -> None:
        for data, _address in _received(self._exits[client][0]):
            self._arrived(Way.DOWN, client, data)

    def _arrived(self, way: Way, client: int, data: bytes) -> None:
        number = self._numbers.get((way, client), 0) + 1
        self._numbers[way, client] = number
        self._seen[way][0] += 1
        self._seen[way][1] += len(data)
        if self._rule(Datagram(way, client, number, len(data))):
            self._counts[way]["lost"] += 1
            return
        queue = self._queues[way]
        if len(queue) == _MOST_WAITING:
            self._counts[way]["overflowed"] += 1
            return
        delay = self._delay.get(way, 0.0)
        queue.append((self._loop.time() + delay, client, data))
        if delay > 0:
            self._loop.call_later(delay, self._forward_due, way)
        else:
            self._forward_due(way)

    def _forward_due(self, way: Way) -> None:
        queue = self._queues[way]
        now = self._loop.time() + _CLOCK_TICK_SECONDS  # a loop's timers may be that early
        while queue and not self._held[way] and queue[0][0] <= now:
            _due, client, data = queue.popleft()
            self._forward(way, client, data)

    def _forward(self, way: Way, client: int, data: bytes) -> None:
        exit, address = self._exits[client]
        try:
            if way is Way.UP:
                exit.send(data)
            else:
                self._entrance.sendto(data, address)
        except (BlockingIOError, ConnectionError):
            # a full buffer, or nobody at the other end any more (ICMP)
            self._counts[way]["overflowed"] += 1
        else:
            self._counts[way]["forwarded"] += 1


@contextlib.contextmanager
def opened(
    server: Address,
    *,
    rule: Rule = nothing,
    delay_seconds: Mapping[Way, float] = {},
    most_clients: int = _MOST_CLIENTS,
) -> Iterator[Link]:
    """A hop in front of that server, closed on the way out.

    ``delay_seconds``: how long a datagram takes in each direction, 0 by default. RuntimeError
    outside a running event loop.
    """
    link = Link(server, rule, delay_seconds, most_clients)
    try:
        yield link
    finally:
        link.close()


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        made.setsockopt(socket.SOL_SOCKET, option, _SOCKET_BUFFER_BYTES)
    return made


def _received(end: socket.socket) -> Iterator[tuple[bytes, Address]]:
    """Everything that the socket holds now; an ICMP refusal of what was sent is skipped."""
    while True:
        try:
            yield end.recvfrom(_LARGEST_DATAGRAM)
        except BlockingIOError:
            return
        except ConnectionError:
            continue
