"""The process that holds a network of its own and hands out sockets in it.

A small program (``python -I -S network_child.py <path>``), standard library only. It makes a user
and a network namespace, in which it needs no privileges outside, brings loopback up, and answers
every connection to a Unix socket at ``path`` with one fresh TCP socket. The namespaces vanish with
it and with the last socket; it ends with whoever started it.
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys

_CLONE_NEWUSER = 0x10000000  # linux/sched.h
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914  # linux/sockios.h
_IFF_UP = 1  # linux/if.h
_LOOK_FOR_PARENT_SECONDS = 0.5


def _enter_own_network() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"unshare(2): {os.strerror(error)}")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sH14x", b"lo", _IFF_UP)  # struct ifreq
        fcntl.ioctl(control, _SIOCSIFFLAGS, request)


def main(path: str) -> None:
    """Hand out sockets for as long as the parent lives."""
    parent = os.getppid()
    try:
        _enter_own_network()
    except OSError as error:
        raise SystemExit(f"cannot start a network of its own: {error.strerror}") from None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen()
        listener.settimeout(_LOOK_FOR_PARENT_SECONDS)
        while os.getppid() == parent:
            try:
                asking, _ = listener.accept()
            except TimeoutError:
                continue
            with asking, socket.socket(socket.AF_INET, socket.SOCK_STREAM) as made:
                socket.send_fds(asking, [b"\0"], [made.fileno()])


if __name__ == "__main__":
    main(sys.argv[1])
