"""A route collector: routers connect to it, it listens, and it keeps a log of what they said.

Sockets, one thread and its clock. What a session may say stands in ``session``, what follows from
the log in ``history``. It listens on a loopback address only, on a port that the kernel chooses,
announces nothing, and speaks only with the routers that it was told to expect.
"""

import contextlib
import ipaddress
import selectors
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from earwitness.servers.bgp import history
from earwitness.servers.bgp.errors import Cease
from earwitness.servers.bgp.history import Down, Event, Heard, Up, View
from earwitness.servers.bgp.message import Open
from earwitness.servers.bgp.prefix import Family
from earwitness.servers.bgp.session import Admission, Ended, Established, Happening, Peer, Session

HOLD_SECONDS = 90
"""What the RFC suggests; the smaller one of both sides counts."""

_TICK_SECONDS = 0.5
_RECEIVED_OCTETS = 65536
_LOOPBACK = "127.0.0.1"
_STOP_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The routes at one moment, and how long the log was then."""

    mark: int
    view: View


@dataclass
class _Connection:
    socket: socket.socket
    session: Session
    unsent: bytes = field(default=b"")


class Collector:
    """A listening collector; made by ``running``. Its methods may be called from any thread."""

    def __init__(self, local: Open, peers: Iterable[Peer], listener: socket.socket) -> None:
        self._local = local
        self._listener = listener
        self._expected = frozenset(peers)
        self._shut: set[Peer] = set()
        self._connections: dict[int, _Connection] = {}
        self._log: list[Event] = []
        self._view: View = {}
        self._lock = threading.RLock()
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        self._stopping = False
        self._broken: BaseException | None = None
        self.address, self.port = listener.getsockname()[:2]
        self.asn = local.asn

    def snapshot(self) -> Snapshot:
        """The routes now; RuntimeError when the collector itself has failed."""
        with self._lock:
            if self._broken is not None:
                raise RuntimeError(f"the collector failed: {self._broken}") from self._broken
            return Snapshot(mark=len(self._log), view=self._view)

    def since(self, mark: int) -> tuple[Event, ...]:
        """What was heard since the log had that length, in order."""
        with self._lock:
            return tuple(self._log[mark:])

    def quiet_seconds(self) -> float:
        """Seconds since the last entry of the log; without any, since ever."""
        with self._lock:
            return time.monotonic() - self._log[-1].at if self._log else float("inf")

    def shut(self, peer: Peer) -> None:
        """End the session with a router, and refuse it until ``open``."""
        with self._lock:
            self._shut.add(peer)
            for connection in [*self._connections.values()]:
                if connection.session.peer == peer:
                    self._note(connection, connection.session.end(Cease.ADMINISTRATIVE_SHUTDOWN))
                    self._finish(connection)

    def open(self, peer: Peer) -> None:
        """Let the router connect again."""
        with self._lock:
            self._shut.discard(peer)

    def serve(self) -> None:
        """Speak with the routers until ``stop``; for the collector's own thread."""
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._woken, selectors.EVENT_READ)
        try:
            while not self._stopping:
                ready = self._selector.select(_TICK_SECONDS)
                with self._lock:
                    for key, events in ready:
                        self._ready(key.fd, events)
                    self._tick()
        except BaseException as problem:
            self._broken = problem
        finally:
            with self._lock:
                self._close_all()

    def stop(self) -> None:
        """End ``serve`` soon."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._waker.send(b"\0")

    def _ready(self, file: int, events: int) -> None:
        if file == self._listener.fileno():
            self._accept()
        elif connection := self._connections.get(file):
            if events & selectors.EVENT_READ:
                self._receive(connection)
            self._finish(connection)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # who has given up already
            accepted, _ = self._listener.accept()
            accepted.setblocking(False)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = _Connection(
                accepted, Session(self._local, self._admission, time.monotonic())
            )
            self._connections[accepted.fileno()] = connection
            self._selector.register(accepted, selectors.EVENT_READ)
            self._finish(connection)

    def _admission(self, peer: Peer) -> Admission:
        if peer not in self._expected:
            return Admission.UNKNOWN
        if peer in self._shut:
            return Admission.SHUT
        if any(connection.session.peer == peer for connection in self._connections.values()):
            return Admission.BUSY
        return Admission.WELCOME

    def _receive(self, connection: _Connection) -> None:
        now = time.monotonic()
        try:
            data = connection.socket.recv(_RECEIVED_OCTETS)
        except BlockingIOError:
            return
        except OSError as problem:
            self._note(connection, connection.session.lost(str(problem)))
            return
        self._note(connection, connection.session.receive(data, now), now)

    def _note(
        self, connection: _Connection, happenings: Iterable[Happening], at: float | None = None
    ) -> None:
        """Write to the log what happened on a connection."""
        at = time.monotonic() if at is None else at
        for happening in happenings:
            match happening:
                case Established(peer):
                    self._append(Up(at, peer))
                case Ended(peer, reason):
                    if peer is not None and peer in self._view:
                        self._append(Down(at, peer, reason))
                case update:
                    assert connection.session.peer is not None
                    self._append(Heard(at, connection.session.peer, update))

    def _append(self, event: Event) -> None:
        self._log.append(event)
        self._view = history.apply(self._view, event)

    def _finish(self, connection: _Connection) -> None:
        """Send what is to be sent; drop the connection when its session is over."""
        connection.unsent += connection.session.outgoing()
        try:
            while connection.unsent:
                sent = connection.socket.send(connection.unsent)
                connection.unsent = connection.unsent[sent:]
        except BlockingIOError:
            pass
        except OSError as problem:
            self._note(connection, connection.session.lost(str(problem)))
        if connection.session.closed:
            self._drop(connection)
        else:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.unsent else 0)
            self._selector.modify(connection.socket, wanted)

    def _drop(self, connection: _Connection) -> None:
        if self._connections.pop(connection.socket.fileno(), None) is not None:
            self._selector.unregister(connection.socket)
            connection.socket.close()

    def _tick(self) -> None:
        now = time.monotonic()
        for connection in [*self._connections.values()]:
            self._note(connection, connection.session.tick(now), now)
            self._finish(connection)

    def _close_all(self) -> None:
        for connection in [*self._connections.values()]:
            self._note(connection, connection.session.end(Cease.ADMINISTRATIVE_SHUTDOWN))
            self._finish(connection)
        self._selector.close()
        for one in (self._listener, self._woken, self._waker):
            one.close()


@contextlib.contextmanager
def running(asn: int, router_id: str, peers: Iterable[Peer]) -> Iterator[Collector]:
    """A collector of that AS that listens until the end of the block and expects these routers.

    OSError when no socket can be had.
    """
    local = Open(
        asn=asn,
        router_id=ipaddress.IPv4Address(router_id),
        hold_seconds=HOLD_SECONDS,
        families=frozenset(Family),
    )
    listener = socket.create_server((_LOOPBACK, 0), backlog=64)
    listener.setblocking(False)
    collector = Collector(local, peers, listener)
    thread = threading.Thread(target=collector.serve, name="collector", daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        collector.stop()
        thread.join(_STOP_SECONDS)
