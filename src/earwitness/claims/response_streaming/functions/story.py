"""An answer in several writes, with a halt after each one, for AWS's and for our own Python runtime.

Runs inside a function's process, and in the plain HTTP server beside which Lambda is held. Each
answer is the beginning of the same text, so that a client can tell what is missing.

Parameters of a request: ``sizes``, bytes of each write, multiples of eight, separated by commas;
``gate``, a loopback port that is told the bytes written so far and must answer before the function
goes on; ``pause_ms``, a pause between writes instead. With neither, the writes follow each other.
"""

import socket
import time
from collections.abc import Callable, Generator, Mapping
from typing import Any, Protocol

_WORD_BYTES = 8
_GATE_SECONDS = 25.0
"""Less than the time-out of the function, so that a lost gate is told as such."""


class Writable(Protocol):
    """What a streaming runtime hands to its function."""

    def write(self, data: bytes) -> None:
        """Send bytes."""


def streamed(event: Mapping[str, Any], response: Writable) -> None:
    """The handler of a runtime that streams."""
    tell(event["queryStringParameters"], response.write)


def buffered(event: Mapping[str, Any], _context: object) -> str:
    """The handler of a runtime that takes one value: a write can only be kept."""
    kept: list[bytes] = []
    tell(event["queryStringParameters"], kept.append)
    return b"".join(kept).decode()


def tell(parameters: Mapping[str, str], write: Callable[[bytes], Any]) -> None:
    """Write the answer as the parameters say."""
    halt = _halting(parameters)
    next(halt)
    written = 0
    for size in map(int, parameters["sizes"].split(",")):
        write(text(written + size)[written:])
        written += size
        halt.send(written)


def text(size: int) -> bytes:
    """The first ``size`` bytes of the text: words of eight bytes, numbered."""
    return b"".join(b"%07d " % number for number in range(size // _WORD_BYTES))


def _halting(parameters: Mapping[str, str]) -> Generator[None, int, None]:
    """What happens after each write; it is sent the bytes written so far."""
    if "gate" in parameters:
        address = ("127.0.0.1", int(parameters["gate"]))
        with socket.create_connection(address, _GATE_SECONDS) as gate:
            while True:
                written = yield
                gate.sendall(b"%d\n" % written)
                if not gate.recv(1):
                    raise ConnectionError("the gate was closed")
    pause = float(parameters.get("pause_ms", "0")) / 1000
    while True:
        yield
        time.sleep(pause)
