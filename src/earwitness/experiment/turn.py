"""One experiment at a time on a machine, whoever starts it and whatever its data folder is.

Two runs at once would measure each other. The lock is an advisory lock on one file for all users;
it ends with the process that holds it, however that process ends. The file's content only says
who has the machine, and is never trusted for anything else.
"""

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_POLL_SECONDS = 0.2
_LONGEST_NAME = 200
_NAME = "earwitness-turn.lock"


@contextlib.contextmanager
def turn(name: str, waiting: Callable[[str], None], *, file: Path | None = None) -> Iterator[None]:
    """Wait until no other experiment runs here, then have the machine until the block ends.

    ``waiting`` is called once, with the name of the holder, when there is somebody to wait for.
    """
    lock = _open(file or _shared_file())
    try:
        if not _try(lock):
            waiting(_holder(lock))
            while not _try(lock):
                time.sleep(_POLL_SECONDS)
        os.ftruncate(lock, 0)
        os.pwrite(lock, name.encode()[:_LONGEST_NAME], 0)
        yield
    finally:
        os.close(lock)


def taken(file: Path | None = None) -> bool:
    """Whether an experiment runs now. Only looks: taking the lock to find out could delay one."""
    try:
        status = (file or _shared_file()).stat()
        held = Path("/proc/locks").read_text(encoding="ascii")
    except OSError:
        return False  # no experiment has run here, or not on this kind of system
    major, minor = os.major(status.st_dev), os.minor(status.st_dev)
    place = f"{major:02x}:{minor:02x}:{status.st_ino}"
    return any("FLOCK" in words and place in words for words in map(str.split, held.splitlines()))


def _shared_file() -> Path:
    """In the folder that all users share: /run/lock where there is one, else the temp folder."""
    run_lock = Path("/run/lock")
    shared = run_lock if os.access(run_lock, os.W_OK) else Path(tempfile.gettempdir())
    return shared / _NAME


def _open(file: Path) -> int:
    # Without O_CREAT first: in a sticky folder the kernel may refuse O_CREAT on another user's
    # file (fs.protected_regular), although opening it is allowed.
    with contextlib.suppress(FileNotFoundError):
        return os.open(file, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    lock = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
    with contextlib.suppress(PermissionError):  # another user was faster and owns it now
        os.fchmod(lock, 0o666)  # the umask must not shut other users out
    return lock


def _try(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(lock: int) -> str:
    written = os.pread(lock, _LONGEST_NAME, 0).decode(errors="replace")
    return "".join(char for char in written if char.isprintable()) or "another run"
