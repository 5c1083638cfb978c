"""Flows on their way through the hop: what carries them, and the passage in which one packet is lost.

The order of steps makes the outcome a matter of cause and effect, and not of time. The hop keeps
back everything that clients answer; from then on the server cannot know of a loss, and so cannot
repair it. It sends all its messages, one packet after the other, and the hop loses the one that was
drawn. When everything that passed the hop has been read, what the application has is counted. Only
then the answers go on, and the packet is repeated.

What is sent and what the counts mean stands in ``schedule``; servers and arms in ``streams``.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from earwitness.claims.webtransport.schedule import Message, Schedule, decoded
from earwitness.servers import link, webtransport
from earwitness.servers.link import Link, Way
from earwitness.servers.webtransport import Arrival, Packet, Session

_OPENING = 0
"""The number of each flow's first message, which is not lost: it opens the flow's stream."""


@dataclass(frozen=True)
class Lane:
    """The way of one flow: a session, and a stream of it; None for datagrams."""

    session: Session
    stream: int | None

    def write(self, data: bytes) -> None:
        """Queue one message."""
        if self.stream is None:
            self.session.write_datagram(data)
        else:
            self.session.write(self.stream, data)


def lanes(carry: str, servers: Sequence[Session], flows: int) -> tuple[Lane, ...]:
    """The flows' ways, by the words of the arms' setting ``carry``; ValueError for another."""
    first = servers[0]
    match carry:
        case "streams":
            return tuple(Lane(first, first.open_stream()) for _ in range(flows))
        case "one-stream":
            return (Lane(first, first.open_stream()),) * flows
        case "datagrams":
            return (Lane(first, None),) * flows
        case "sessions":
            return tuple(Lane(session, session.open_stream()) for session in servers)
    raise ValueError(f"no such way to carry flows: {carry}")


@dataclass
class Reader:
    """Puts together what one client's application has been handed."""

    session: Session
    size: int
    streams: dict[int, bytes] = field(default_factory=dict)
    datagrams: list[bytes] = field(default_factory=list)

    def messages(self) -> set[Message]:
        """Every message that is complete by now."""
        for arrival in self.session.take():
            self._add(arrival)
        pieces = (*self.streams.values(), *self.datagrams)
        return {message for piece in pieces for message in decoded(piece, self.size)}

    def _add(self, arrival: Arrival) -> None:
        if arrival.stream is None:
            self.datagrams.append(arrival.data)
        else:
            self.streams[arrival.stream] = self.streams.get(arrival.stream, b"") + arrival.data


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What one passage gave."""

    meanwhile: set[Message]
    """Delivered while the packet was missing."""
    at_last: set[Message]
    """Delivered by the end, those included."""
    packets: int
    """Packets that the server sent until the first count."""
    lost: int
    """Packets that the hop lost, of all there were."""
    messages_lost: int
    """Messages that were in the lost packet, by the sender's own log."""
    repeated: int
    """Packets before the first count that carried any of the lost packet's bytes again."""


class Passage:
    """Sessions, both ends in the same order, with a hop between them and flows on their lanes."""

    def __init__(
        self,
        hop: Link,
        servers: Sequence[Session],
        clients: Sequence[Session],
        lanes: Sequence[Lane],
        size: int,
    ) -> None:
        self._hop = hop
        self._servers = servers
        self._clients = clients
        self._lanes = lanes
        self._size = size
        self._readers = [Reader(client, size) for client in clients]

    async def open_flows(self) -> None:
        """Send every flow's opening message; return when each end knows all is delivered."""
        opening = {Message(flow, _OPENING) for flow in range(len(self._lanes))}
        for message in sorted(opening):
            await self._send([message])
        await self._until_delivered(opening)
        await self._settle()

    async def lose_one(self, schedule: Schedule, *, whole_rounds: bool, repairs: bool) -> Outcome:
        """Send the schedule with one packet lost, count, let it be repaired, count again.

        ``repairs``: whether what carries the flows repeats what is lost; datagrams do not.
        """
        before = self._hop.count(Way.DOWN).datagrams
        self._hop.hold(Way.UP)
        session, place = self._servers[0], 0
        for together in schedule.packets(whole_rounds=whole_rounds):
            if schedule.lost in together:
                session = self._lanes[schedule.lost.flow].session
                place = len(session.packets())
                self._lose_next(session)
            await self._send(together)
        await webtransport.wait_until(self._is_read, "delivery of what the hop let pass")
        meanwhile = self._messages()
        packets = self._hop.count(Way.DOWN).datagrams - before
        log = session.packets()
        self._hop.release(Way.UP)
        if repairs:
            await self._until_delivered(set(schedule.messages))
        await self._settle()
        return Outcome(
            meanwhile=meanwhile,
            at_last=self._messages(),
            packets=packets,
            lost=self._hop.count(Way.DOWN).lost,
            messages_lost=messages_in(log, place, self._size),
            repeated=repeats_of(log, place),
        )

    def _lose_next(self, session: Session) -> None:
        client = self._hop.client_at(session.peer_address)
        self._hop.lose(link.nth(Way.DOWN, session.datagrams_out + 1, client=client))

    async def _send(self, together: Sequence[Message]) -> None:
        """Write messages of one session, flush once, and wait until a packet has left."""
        session = self._lanes[together[0].flow].session
        before = session.datagrams_out
        for message in together:
            self._lanes[message.flow].write(message.encoded(self._size))
        session.flush()
        await webtransport.wait_until(lambda: session.datagrams_out > before, "sending a packet")

    def _messages(self) -> set[Message]:
        return {message for reader in self._readers for message in reader.messages()}

    async def _until_delivered(self, wanted: set[Message]) -> None:
        await webtransport.wait_until(
            lambda: wanted <= self._messages(), "delivery of all messages"
        )

    async def _settle(self) -> None:
        """Return when each end knows that the other has read all it sent before."""
        await asyncio.gather(*(session.ping() for session in (*self._servers, *self._clients)))

    def _is_read(self) -> bool:
        """Whether the hop saw all that was sent, and the clients read all that it let pass."""
        down = self._hop.count(Way.DOWN)
        return (
            down.datagrams == sum(session.datagrams_out for session in self._servers)
            and down.forwarded == sum(session.datagrams_in for session in self._clients)
            and down.forwarded + down.lost == down.datagrams
        )


def messages_in(log: Sequence[Packet], place: int, size: int) -> int:
    """How many messages of ``size`` bytes the packet at ``place`` carried for the first time."""
    highest: dict[int, int] = {}
    for packet in log[:place]:
        for frame in packet:
            if frame.stream is not None:
                highest[frame.stream] = max(highest.get(frame.stream, 0), frame.stop)
    found = 0
    for frame in log[place]:
        if frame.stream is None:
            found += 1
        else:
            found += max(frame.stop - max(frame.start, highest.get(frame.stream, 0)), 0) // size
    return found


def repeats_of(log: Sequence[Packet], place: int) -> int:
    """Packets behind ``place`` that carry any byte of a stream that it carried."""
    lost = [frame for frame in log[place] if frame.stream is not None]
    return sum(
        any(
            again.stream == frame.stream and again.start < frame.stop and frame.start < again.stop
            for again in packet
            for frame in lost
        )
        for packet in log[place + 1 :]
    )
