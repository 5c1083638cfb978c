"""Which process namespace our next children are born in (pid_namespaces(7)).

A namespace ends with its first process: the kernel kills whoever else is in there, however that came
about and whatever became of us. We stay in our own and are the parent of its members, who see no
parent; their ids here are the usual ones.

Linux alone, and with CAP_SYS_ADMIN. What a child does about its other namespaces is done in ``child``.
"""

import contextlib
import ctypes
import os
from collections.abc import Iterator

_NEW_PROCESSES = 0x20000000  # CLONE_NEWPID, linux/sched.h


@contextlib.contextmanager
def children_with(member: int | None) -> Iterator[None]:
    """Children that this thread starts meanwhile are in the namespace of the process ``member``.

    None: in a new one, of which the first child is the first process. The thread cannot start threads
    meanwhile. OSError when the kernel refuses.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    with _opened("self") as ours:
        if member is None:
            _check(libc.unshare(_NEW_PROCESSES), "unshare(CLONE_NEWPID)")
        else:
            with _opened(str(member)) as theirs:
                _check(libc.setns(theirs, _NEW_PROCESSES), "setns(CLONE_NEWPID)")
        try:
            yield
        finally:
            _check(libc.setns(ours, _NEW_PROCESSES), "setns(CLONE_NEWPID)")


@contextlib.contextmanager
def _opened(process: str) -> Iterator[int]:
    namespace = os.open(f"/proc/{process}/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield namespace
    finally:
        os.close(namespace)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
