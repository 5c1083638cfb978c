"""The bench on which WebSockets lose one TCP segment.

The same steps as for WebTransport, with the kernel's own TCP on both ends: the server is left
without answers, so that all of its messages are on their way before it can know of a loss; the
receiver's socket filter loses the segment that was drawn. Then the answers go on, and the receiver
says what it has. When the sender knows that nothing else is missing, the application reads all that
its kernel hands over, and only after that the segment may come, which TCP has been repeating all the
while.

Who is held up for so long between two messages that TCP's timer takes the silence for a loss, begins
anew: from then on messages wait in the sender, which is not what is measured here.

What is sent and what the counts mean stands in ``schedule``.
"""

import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from earwitness.claims.webtransport.schedule import Message, decoded, draw, waiting
from earwitness.experiment.bench import BenchSettings
from earwitness.experiment.design import Arm, Experiment
from earwitness.experiment.events import ServerReady
from earwitness.experiment.observation import Observation
from earwitness.servers import network, tcp, websocket
from earwitness.servers.network import MakeSocket
from earwitness.servers.process import MissingComponent, ServerFailed
from earwitness.servers.websocket import Connection

_STEP_SECONDS = 10.0
_PROBE_SECONDS = 1.0
_POLL_SECONDS = 0.0005
_MOST_BEGINNINGS = 20


class SocketsBench:
    """Loses one segment in every trial, and counts what that stops."""

    def __init__(
        self, make_socket: MakeSocket, settings: BenchSettings, environment: Mapping[str, str]
    ) -> None:
        self.environment = environment
        self._make_socket = make_socket
        self._settings = settings
        self._size = settings.number("message_bytes")
        self.block(1)

    def block(self, block: int) -> None:
        """Draw the message whose segment both arms of the block lose."""
        numbers = {name: self._settings.number(name) for name in ("flows", "rounds")}
        self._schedule = draw(**numbers, seed=self._settings.seed, block=block)

    def trial(self, arm: Arm) -> Observation:
        """Open the arm's WebSockets, send, lose one segment, count, let it come, count again."""
        for _ in range(_MOST_BEGINNINGS):
            if (observation := self._begun(arm)) is not None:
                return observation
        raise ServerFailed(
            f"{websocket.VERSION}: TCP's timer was sooner than the messages {_MOST_BEGINNINGS} times; "
            "this machine is too busy"
        )

    def _begun(self, arm: Arm) -> Observation | None:
        """One trial; None when it was held up."""
        schedule = self._schedule
        with ExitStack() as stack:
            count = schedule.flows if arm.settings["carry"] == "websockets" else 1
            opened = [
                stack.enter_context(websocket.connected(self._make_socket)) for _ in range(count)
            ]
            lanes = opened if count > 1 else opened * schedule.flows
            for connection in opened:
                connection.open_window(len(schedule.messages))
            before = _segments(opened)
            loser = self._send_with_loss(lanes)
            if loser is None:
                return None
            _wait(lambda: _only_missing(opened, loser), "news that one segment is missing")
            sent = _segments(opened) - before
            meanwhile = self._delivered(opened)
            lost = tcp.lost_segments(loser.client.socket)
            at_last = set(meanwhile)
            tcp.lose_nothing(loser.client.socket)
            _wait(lambda: self._complete(opened, at_last), "delivery of all messages")
        together = schedule.packet_of_loss(whole_rounds=False)
        return Observation(
            values={
                **waiting(schedule, together, meanwhile, at_last),
                "packets": sent,
                "packets_lost": lost,
                "handshakes": count,
            },
            outcomes={"lost": f"message {schedule.lost.number} of flow {schedule.lost.flow}"},
        )

    def _send_with_loss(self, lanes: Sequence[Connection]) -> Connection | None:
        """Send the schedule while no sender is answered; the connection that misses a segment.

        None when some messages could not be sent meanwhile.
        """
        schedule = self._schedule
        loser = lanes[schedule.lost.flow]
        for connection in lanes:
            tcp.lose_everything(connection.server.socket)
        tcp.lose_segments_with(
            loser.client.socket, schedule.lost.mark, offset=websocket.SHORT_HEADER_BYTES
        )
        for message in schedule.messages:
            lanes[message.flow].server.send(message.encoded(self._size))
        if any(tcp.info(connection.server.socket).unsent_bytes for connection in lanes):
            return None
        for connection in lanes:
            tcp.lose_nothing(connection.server.socket)
            connection.client.speak()
        return loser

    def _delivered(self, opened: Sequence[Connection]) -> set[Message]:
        """What applications are handed when they ask now."""
        messages = (message for connection in opened for message in connection.client.receive())
        return {decoded(message, self._size)[0] for message in messages}

    def _complete(self, opened: Sequence[Connection], delivered: set[Message]) -> bool:
        delivered |= self._delivered(opened)
        return delivered.issuperset(self._schedule.messages)


@contextmanager
def opened(experiment: Experiment, settings: BenchSettings) -> Iterator[SocketsBench]:
    """A bench that opens WebSockets as its arms need them.

    Raises MissingComponent where the kernel does not let a process lose its own segments.
    """
    began = time.monotonic()
    tcp.require_linux()
    with ExitStack() as stack:
        make_socket, where = _network(stack, settings)
        control = _probed(make_socket)
        server = f"{websocket.VERSION} over TCP of {platform.system()} {platform.release()}"
        settings.announce(
            ServerReady(
                experiment=experiment.id,
                server=server,
                source="wheel websockets",
                seconds=time.monotonic() - began,
                settings={"congestion_control": control},
            )
        )
        environment = {
            "server": f"{server}, congestion control {control}, no TLS",
            "client": f"{websocket.VERSION}, in the same process, TCP on {where}",
            "loss": "socket filter at the receiver; answers reach the sender when all is sent",
            **{name: str(value) for name, value in settings.plan.settings.items()},
        }
        yield SocketsBench(make_socket, settings, environment)


def _network(stack: ExitStack, settings: BenchSettings) -> tuple[MakeSocket, str]:
    """Where sockets may have filters: here, or in a network of their own; and its name."""
    try:
        with websocket.connected() as probe:
            tcp.lose_everything(probe.client.socket)
    except MissingComponent:
        own = network.own(settings.workspace)
        return stack.enter_context(own), "loopback in a network namespace of its own"
    return network.common, "loopback"


def _probed(make_socket: MakeSocket) -> str:
    """The congestion control in use, once a segment was seen to be lost.

    MissingComponent when the kernel refuses filters, or takes them and lets everything through.
    """
    with websocket.connected(make_socket) as probe:
        tcp.lose_everything(probe.client.socket)
        probe.server.send(b"lost")
        deadline = time.monotonic() + _PROBE_SECONDS
        while not tcp.lost_segments(probe.client.socket):
            if probe.client.receive() or time.monotonic() > deadline:
                raise MissingComponent("this kernel accepts socket filters and does not use them")
        return tcp.congestion_control(probe.server.socket)


def _segments(opened: Sequence[Connection]) -> int:
    """Segments with data that the servers have sent for the first time."""
    states = [tcp.info(connection.server.socket) for connection in opened]
    return sum(state.data_segments - state.repeated for state in states)


def _only_missing(opened: Sequence[Connection], loser: Connection) -> bool:
    """Whether clients have told of everything that was sent, but for one segment."""
    for connection in opened:
        state = tcp.info(connection.server.socket)
        if state.unsent_bytes or state.missing != (connection is loser):
            return False
    return True


def _wait(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _STEP_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise ServerFailed(f"{websocket.VERSION}: no {what} within {_STEP_SECONDS:g} s")
        time.sleep(_POLL_SECONDS)
