"""Ports for servers that cannot be told to let the kernel choose one.

A port that was free may be taken before the server listens: whoever starts it tries again. Servers
that accept port 0 need nothing from here.
"""

import contextlib
import re
import socket
from collections.abc import Mapping

_TOKEN = re.compile(r"@port:([a-z0-9-]+)@")
_ATTEMPTS = 100


def fill(text: str) -> tuple[str, Mapping[str, int]]:
    """Put a free port for every ``@port:name@`` in a configuration; the same for the same name.

    Returns the text and the ports by name.
    """
    names = dict.fromkeys(_TOKEN.findall(text))
    ports = dict(zip(names, free(len(names)), strict=True))
    return _TOKEN.sub(lambda token: str(ports[token[1]]), text), ports


def free(count: int) -> tuple[int, ...]:
    """Different ports of 127.0.0.1 that nobody uses, neither with TCP nor with UDP.

    OSError when the kernel has none left.
    """
    with contextlib.ExitStack() as held:
        return tuple(_hold(held) for _ in range(count))


def _hold(held: contextlib.ExitStack) -> int:
    """A port of both kinds, kept until the stack is closed."""
    for _ in range(_ATTEMPTS):
        stream = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        stream.bind(("127.0.0.1", 0))
        port = int(stream.getsockname()[1])
        datagram = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        with contextlib.suppress(OSError):
            datagram.bind(("127.0.0.1", port))
            return port
    raise OSError("no port is free with both TCP and UDP")
