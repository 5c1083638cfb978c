"""The folder of a run, and what is done about runs that were killed.

A workspace is a folder below one root per user. It names its owner (``owner.json``) and what the
operating system would keep if the owner were killed (``debts.jsonl``: child processes, shared
memory), so that the next start can clear it up: ``sweep``. Kinds of debt are kinds of things in
the kernel; no server's name stands here.

A run is alive while its owner holds the lock on ``owner.json`` (kept by the kernel until the
owner's last moment, also across containers that share the folder) or while the process named there
exists. Making and sweeping take turns by a lock on the root, so a folder without an owner is one
whose maker died.

Safety. The root belongs to the user, is no symbolic link and is writable by nobody else. For root
it can be traversed, so that servers without privileges reach their own folders, but not listed.
"""

import contextlib
import errno
import fcntl
import os
import re
import shutil
import stat
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from earwitness.servers import liveness
from earwitness.servers.liveness import Identity

_OWNER = "owner.json"
_DEBTS = "debts.jsonl"
_LOCK = ".lock"
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
# linux/fs.h: FS_IOC_GETFLAGS, FS_IOC_SETFLAGS (defined with a long, used with an int), FS_TOPDIR_FL
_WORD = struct.calcsize("l") << 16
_GET_FLAGS = 0x80006601 | _WORD
_SET_FLAGS = 0x40006602 | _WORD
_TOP_OF_HIERARCHY = 0x00020000
_LONGEST_TEMPORARY_FOLDER = 30
"""Characters. The address of a Unix socket has 104 on macOS; the rest is for our own names."""


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Whose run it is. ``began_at``: seconds of the epoch."""

    process: Identity
    boot: str
    began_at: float


class Child(msgspec.Struct, frozen=True, kw_only=True, tag="child"):
    """A process that was started for the run."""

    process: Identity


class SharedMemory(msgspec.Struct, frozen=True, kw_only=True, tag="shared_memory"):
    """A System V segment, which survives the processes that made it (shmget(2))."""

    id: int
    key: int
    creator_pid: int


Debt = Child | SharedMemory
_debts = msgspec.json.Decoder(Debt)


class Swept(msgspec.Struct, frozen=True, kw_only=True):
    """What was left of one dead run and is gone now."""

    folder: Path
    killed: tuple[int, ...]
    """Ids of processes that still ran."""
    segments: tuple[int, ...]
    """Ids of shared memory segments."""


def default_root() -> Path:
    """One folder per user in the temporary folder; in /tmp where that one's path is long."""
    folder = tempfile.gettempdir()
    if len(folder) > _LONGEST_TEMPORARY_FOLDER:
        folder = "/tmp"  # noqa: S108 - ownership is verified before use
    return Path(folder) / f"earwitness-{os.getuid()}"


@contextlib.contextmanager
def workspace(run_id: str, *, root: Path | None = None) -> Iterator[Path]:
    """An empty folder for one run; on exit its processes are ended and it is removed.

    ``run_id``: up to 40 letters, digits, dots, dashes or underscores. ValueError when it is
    something else, FileExistsError when such a run exists, PermissionError when the root is not
    ours alone.
    """
    if not _RUN_ID.fullmatch(run_id):
        raise ValueError(f"not a run id: {run_id!r}")
    root = _verified(root or default_root())
    folder = root / run_id
    with _turn(root):
        folder.mkdir(mode=_mode())
        folder.chmod(_mode())  # mkdir obeys the umask
        held = _claim(folder)
    try:
        yield folder
    finally:
        with _turn(root):
            _clear(folder)
        os.close(held)


def sweep(root: Path | None = None) -> tuple[Swept, ...]:
    """Clear up after runs whose owner is dead; say what was removed. Never touches a live run.

    A process is killed when it is recorded there, id and start time both match, and the machine
    has not booted since; or when it has no terminal and its current directory lies in the dead
    run's folder. PermissionError when the root is not ours alone.
    """
    root = root or default_root()
    if not root.exists():
        return ()
    root = _verified(root)
    with _turn(root):
        folders = sorted(entry for entry in root.iterdir() if _RUN_ID.fullmatch(entry.name))
        return tuple(_clear(f) for f in folders if f.is_dir() and not f.is_symlink() and _dead(f))


def home_of(path: Path) -> Path:
    """The workspace that ``path`` lies in; ValueError when it lies in none."""
    for folder in (path, *path.parents):
        if (folder / _OWNER).is_file():
            return folder
    raise ValueError(f"{path} is in no workspace: open one with servers.workspace.workspace()")


def record(path: Path, debt: Debt) -> None:
    """Note what must not outlive the run that ``path`` belongs to."""
    line = msgspec.json.encode(debt) + b"\n"
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    file = os.open(home_of(path) / _DEBTS, flags, 0o600)
    try:
        if os.write(file, line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(file)


def _mode() -> int:
    return 0o711 if os.geteuid() == 0 else 0o700


def _verified(root: Path) -> Path:
    """The root, made if need be; PermissionError when anybody else could have a hand in it."""
    with contextlib.suppress(FileExistsError):
        root.mkdir(mode=_mode())
        _spread(root)
    facts = root.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
        raise PermissionError(f"{root} is not a folder of this user: remove it or set TMPDIR")
    if stat.S_IMODE(facts.st_mode) != _mode():
        root.chmod(_mode())
    return root.resolve()


def _spread(root: Path) -> None:
    """Ask ext4 to put each run's folder into a part of the disk that has room.

    By default it stays near its parent, and in a crowded /tmp every new file costs a long search:
    1 to 3 ms were seen in place of 0.1, for a thousand files of a cluster. Other file systems
    refuse, and need not be asked.
    """
    if sys.platform != "linux":
        return
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        with contextlib.suppress(OSError):
            flags = struct.unpack("i", fcntl.ioctl(folder, _GET_FLAGS, bytes(4)))[0]
            fcntl.ioctl(folder, _SET_FLAGS, struct.pack("i", flags | _TOP_OF_HIERARCHY))
    finally:
        os.close(folder)


@contextlib.contextmanager
def _turn(root: Path) -> Iterator[None]:
    """Making, ending and sweeping workspaces of one root, one at a time."""
    file = os.open(root / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _claim(folder: Path) -> int:
    """Write the owner and keep the lock that says it lives: an open file, closed by death."""
    process = liveness.identity(os.getpid())
    assert process is not None
    owner = Owner(process=process, boot=liveness.boot(), began_at=time.time())
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    file = os.open(folder / _OWNER, flags, 0o600)
    fcntl.flock(file, fcntl.LOCK_EX)
    os.write(file, msgspec.json.encode(owner))
    return file


def _owner(folder: Path) -> Owner | None:
    try:
        return msgspec.json.decode((folder / _OWNER).read_bytes(), type=Owner)
    except (OSError, msgspec.DecodeError):
        return None


def _dead(folder: Path) -> bool:
    owner = _owner(folder)
    if owner is not None and owner.boot == liveness.boot() and liveness.exists(owner.process):
        return False
    try:
        file = os.open(folder / _OWNER, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(file)


def _clear(folder: Path) -> Swept:
    """End what the run left behind and remove its folder; what is already gone is no error."""
    owner = _owner(folder)
    killed: tuple[Identity, ...] = ()
    segments: tuple[int, ...] = ()
    if owner is not None and owner.boot == liveness.boot():
        debts = tuple(_read_debts(folder))
        children = [debt.process for debt in debts if isinstance(debt, Child)]
        families = [
            d
            for child in children
            if liveness.exists(child)
            for d in liveness.descendants(child.pid)
        ]
        killed = liveness.kill([*children, *families])
        killed += liveness.kill(liveness.inhabitants(folder))
        owed = [debt for debt in debts if isinstance(debt, SharedMemory)]
        segments = tuple(debt.id for debt in owed if _release(debt))
    shutil.rmtree(folder, ignore_errors=True)
    return Swept(folder=folder, killed=tuple(p.pid for p in killed), segments=segments)


def _read_debts(folder: Path) -> Iterator[Debt]:
    with contextlib.suppress(FileNotFoundError):
        for line in (folder / _DEBTS).read_bytes().splitlines():
            with contextlib.suppress(msgspec.DecodeError):  # the last line of a killed writer
                yield _debts.decode(line)


def _release(segment: SharedMemory) -> bool:
    """Remove the segment if it is that very one and nobody is attached; whether it was done."""
    if sys.platform != "linux":
        return False
    wanted = (segment.key, segment.creator_pid, 0)
    for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]:
        key, id, _mode, _size, creator, _last, attached, *_rest = map(int, line.split())
        if id == segment.id and (key, creator, attached) == wanted:
            return _remove_segment(id)
    return False


def _remove_segment(id: int) -> bool:
    import ctypes

    remove = 0  # IPC_RMID, linux/ipc.h
    return int(ctypes.CDLL(None, use_errno=True).shmctl(id, remove, None)) == 0
