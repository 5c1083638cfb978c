"""The last steps of a child process before it becomes the server it was started for.

Runs as its own small program (``python -I -S child.py ...``) and then replaces itself, because
code between fork and exec is not safe in a process that has threads. Standard library only, and
every module is imported before privileges are dropped: afterwards they may not be readable.

The order matters. A change of credentials clears the parent-death signal, so it is set after them
(prctl(2), PR_SET_PDEATHSIG); and a parent that died before it was set sends nothing, so the parent
is compared afterwards.

Arguments: parent's pid, death signal, ``uid:gid`` or ``-``, where it lives, working folder, then the
command. Where it lives is ``-`` (with everybody), ``apart`` (the first of a process namespace, and
alone with its System V memory), or the pid of a process whose mounts and memory it shares.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_APART = "apart"
_NEW_MEMORY = 0x08000000  # CLONE_NEWIPC, linux/sched.h
_NEW_MOUNTS = 0x00020000  # CLONE_NEWNS
_NOT_STARTED = 127  # what a shell answers when it cannot execute a command


def _move(where: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if where == _APART:
        if libc.unshare(_NEW_MEMORY) != 0:
            raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWIPC) failed")
        return
    # the mounts last: the others are found through ours
    for name, kind in (("ipc", _NEW_MEMORY), ("mnt", _NEW_MOUNTS)):
        namespace = os.open(f"/proc/{where}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        if libc.setns(namespace, kind) != 0:
            raise OSError(ctypes.get_errno(), f"setns to the {name} namespace failed")


def _drop_privileges(identity: str) -> None:
    uid, gid = (int(part) for part in identity.split(":"))
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def _die_with(parent: int, death_signal: int) -> None:
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if _parent() != parent:
        raise SystemExit(_NOT_STARTED)


def _parent() -> int:
    """Who started us; asked of /proc when that is in another process namespace and has no id here."""
    inside = os.getppid()
    if inside != 0:
        return inside
    with open("/proc/self/stat", "rb") as facts:  # noqa: PTH123 - pathlib costs time here
        return int(facts.read().rpartition(b")")[2].split()[1])


def main(arguments: list[str]) -> None:
    """Become the command; return never."""
    parent, death_signal, identity, where, folder, *command = arguments
    try:
        if where != "-":
            _move(where)
        if identity != "-":
            _drop_privileges(identity)
        _die_with(int(parent), int(death_signal))
        os.umask(0o077)
        os.chdir(folder)
        # The interpreter ignores these two, and what is ignored stays so across exec.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        os.execv(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"cannot start {command[0]}: {error}\n")
        raise SystemExit(_NOT_STARTED) from None


if __name__ == "__main__":
    main(sys.argv[1:])
