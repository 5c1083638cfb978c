"""A network of our own: loopback alone, in which a process without privileges may do what root may.

Only sockets live in it; we stay where we are, and they are passed to us. Who made the network's
user namespace has every right over it (user_namespaces(7)), which is what some of ``tcp`` takes on
newer kernels. What is done with the sockets is the affair of others.
"""

import contextlib
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from earwitness.servers import process
from earwitness.servers.process import MissingComponent, ServerFailed

MakeSocket = Callable[[], socket.socket]
"""A new TCP socket (IPv4), neither bound nor connected."""

_CHILD = Path(__file__).with_name("network_child.py")
_START_SECONDS = 10.0


def common() -> socket.socket:
    """A TCP socket in the network where everybody is."""
    return socket.socket(socket.AF_INET, socket.SOCK_STREAM)


@contextlib.contextmanager
def own(folder: Path) -> Iterator[MakeSocket]:
    """A network that ends with the block and with its last socket.

    ``folder`` lies in a workspace. MissingComponent where a process may not make namespaces.
    """
    path = folder / "network.sock"
    command = [sys.executable, "-I", "-S", os.fspath(_CHILD), os.fspath(path)]
    with process.running(command, folder, name="network") as holder:
        try:
            holder.wait_until(lambda: _answers(path), _START_SECONDS)
        except ServerFailed as error:
            raise MissingComponent(f"no network namespace can be made: {error}") from error

        def make() -> socket.socket:
            made = _made_by(path)
            if made is None:
                raise holder.failure("gave no socket")
            return made

        yield make
    path.unlink(missing_ok=True)


def _answers(path: Path) -> bool:
    made = _made_by(path)
    if made is not None:
        made.close()
    return made is not None


def _made_by(path: Path) -> socket.socket | None:
    """A socket from the process that listens there; None while none does."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(_START_SECONDS)
            asking.connect(os.fspath(path))
            _data, files, _flags, _address = socket.recv_fds(asking, 1, 1)
    except OSError:
        return None
    return socket.socket(fileno=files[0]) if files else None
