"""A connection with a deadline and a count of what came over it.

Stands in for the socket inside ``http.client``, whose time limit would otherwise begin anew with
every byte that drips in.
"""

import io
import socket
import ssl
import time
from collections.abc import Sequence

from earwitness.library.fetching.addresses import Place
from earwitness.library.fetching.problems import (
    NotFetched,
    OutOfTime,
    TooSlow,
    Unreachable,
    Untrusted,
)


class Line:
    """An open connection to one server."""

    def __init__(self, connected: socket.socket, host: str, until: float, idle: float) -> None:
        self._socket = connected
        self._host = host
        self._until = until
        self._idle = idle

    def sendall(self, data: bytes) -> None:
        """Send all of it before the deadline."""
        self._limit()
        self._socket.sendall(data)

    def makefile(self, mode: str, *_buffering: int) -> io.BufferedReader:
        """What the server sends; ``mode`` is that of reading, as ``http.client`` asks for it."""
        del mode
        return io.BufferedReader(_Incoming(self))

    def receive_into(self, buffer: memoryview) -> int:
        """Receive what is there, waiting for it. Raises TooSlow and OutOfTime."""
        self._limit()
        try:
            return self._socket.recv_into(buffer)
        except TimeoutError:
            raise self._too_slow() from None

    def close(self) -> None:
        """Nothing: ``http.client`` lets go of a socket before the body is read."""

    def hang_up(self) -> None:
        """End the connection."""
        self._socket.close()

    def _limit(self) -> None:
        left = self._until - time.monotonic()
        if left <= 0:
            raise self._too_slow()
        self._socket.settimeout(min(left, self._idle))

    def _too_slow(self) -> NotFetched:
        if time.monotonic() >= self._until:
            return OutOfTime(f"{self._host} was too slow: the answer was not complete in time")
        return TooSlow(f"{self._host} sent nothing for {self._idle:.0f} s")


class _Incoming(io.RawIOBase):
    """The receiving side of a line, as a file."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        return self._line.receive_into(memoryview(buffer))  # type: ignore[arg-type] # Buffer has no name before Python 3.12


def connect(places: Sequence[Place], host: str, *, tls: bool, until: float, idle: float) -> Line:
    """A line to the first of these places that answers; with TLS its certificate is checked."""
    problem: OSError | None = None
    for place in places:
        connected = socket.socket(place.family, socket.SOCK_STREAM)
        try:
            connected.settimeout(max(0.01, min(until - time.monotonic(), idle)))
            connected.connect(place.address)
            return Line(_secured(connected, host) if tls else connected, host, until, idle)
        except ssl.SSLCertVerificationError as untrusted:
            connected.close()
            raise Untrusted(
                f"the certificate of {host} is not valid: {untrusted.verify_message}"
            ) from None
        except OSError as one:
            connected.close()
            problem = one
    if isinstance(problem, TimeoutError):
        raise TooSlow(f"{host} did not answer within {idle:.0f} s")
    raise Unreachable(f"{host} cannot be reached: {getattr(problem, 'strerror', None) or problem}")


def _secured(connected: socket.socket, host: str) -> socket.socket:
    return ssl.create_default_context().wrap_socket(connected, server_hostname=host)
