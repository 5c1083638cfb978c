"""What is sent, in which order, and what of it waited for a lost packet.

Pure: messages as values and as bytes, the draw of the one that is lost, and the arithmetic on what
was delivered before and after. No socket, no protocol, no arm's name.
"""

import random
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_MARK = struct.Struct("!HH")
MARK_BYTES = _MARK.size
_ROUNDS_BEFORE_LOSS = 2
"""A sender without any answer repeats its oldest packet first, one by one and ever more slowly.
With two rounds before it, the lost one's turn does not come while we count."""


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """One message of a flow; ``number`` is its round, 0 for the one that opens the flow."""

    flow: int
    number: int

    @property
    def mark(self) -> int:
        """Its first four bytes as a number in network order; no two messages share it."""
        return self.flow << 16 | self.number

    def encoded(self, size: int) -> bytes:
        """``size`` bytes that begin with its mark."""
        return _MARK.pack(self.flow, self.number).ljust(size, b"\0")


def decoded(data: bytes, size: int) -> tuple[Message, ...]:
    """The whole messages at the beginning of an ordered run of bytes."""
    whole = len(data) - len(data) % size
    return tuple(Message(*_MARK.unpack_from(data, begin)) for begin in range(0, whole, size))


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Rounds in which every flow sends one message, and the message whose packet is lost."""

    flows: int
    rounds: int
    lost: Message

    @property
    def messages(self) -> tuple[Message, ...]:
        """In the order in which they are sent."""
        return tuple(
            Message(flow, number)
            for number in range(1, self.rounds + 1)
            for flow in range(self.flows)
        )

    def packets(self, *, whole_rounds: bool) -> tuple[tuple[Message, ...], ...]:
        """What is to travel together: each message by itself, or each round as one."""
        size = self.flows if whole_rounds else 1
        messages = self.messages
        return tuple(messages[begin : begin + size] for begin in range(0, len(messages), size))

    def packet_of_loss(self, *, whole_rounds: bool) -> tuple[Message, ...]:
        """The messages that travel with the lost one, itself included."""
        packets = self.packets(whole_rounds=whole_rounds)
        return next(packet for packet in packets if self.lost in packet)


def draw(*, flows: int, rounds: int, seed: int, block: int) -> Schedule:
    """A schedule for one block. The lost message leaves later rounds for its flow and all others.

    ValueError when there are fewer than two flows, or too few rounds for something before and
    something behind the loss.
    """
    first = _ROUNDS_BEFORE_LOSS + 1
    if flows < 2 or rounds <= first:
        raise ValueError(f"{flows} flows in {rounds} rounds leave nothing to lose in between")
    chosen = random.Random(f"{seed}/{block}")  # noqa: S311 - a repeatable choice, no secret
    lost = Message(chosen.randrange(flows), chosen.randrange(first, rounds))
    return Schedule(flows=flows, rounds=rounds, lost=lost)


def waiting(
    schedule: Schedule,
    in_lost_packet: Iterable[Message],
    meanwhile: Iterable[Message],
    at_last: Iterable[Message],
) -> Mapping[str, float]:
    """What the loss stopped, by the names of the claim's metrics.

    ``meanwhile``: delivered while the packet was missing; ``at_last``: delivered by the end, those
    included. Percentages are of the messages that were sent with or behind the lost packet.
    """
    together, early, late = set(in_lost_packet), set(meanwhile), set(at_last)
    messages = schedule.messages
    begin = min(messages.index(message) for message in together)
    behind = [message for message in messages[begin:] if message != schedule.lost]
    others = [message for message in behind if message.flow != schedule.lost.flow]
    own = [message for message in behind if message.flow == schedule.lost.flow]
    kept_back = set(messages) - early
    return {
        "others_behind": len(others),
        "others_waiting": len(kept_back.intersection(others)),
        "others_waiting_percent": _percent(kept_back, others),
        "own_waiting_percent": _percent(kept_back, own),
        "flows_stopped": len({message.flow for message in kept_back}),
        "never": len(set(messages) - late),
    }


def _percent(part: set[Message], whole: list[Message]) -> float:
    return 100.0 * len(part.intersection(whole)) / len(whole)
