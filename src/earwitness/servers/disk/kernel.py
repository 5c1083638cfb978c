"""The calls of Linux that Python does not have: mount namespaces, mounts, loop devices.

Thin: one function for each thing that is asked of the kernel, OSError when it refuses. Runs in the
programs of this room, after they have gone into a mount namespace of their own.
"""

import contextlib
import ctypes
import errno
import fcntl
import functools
import os
import signal
import struct
from pathlib import Path

SYS_ADMIN = 21
"""CAP_SYS_ADMIN, linux/capability.h."""

_NEW_MOUNTS = 0x00020000  # CLONE_NEWNS, linux/sched.h
_RECURSIVE, _PRIVATE = 0x4000, 0x40000  # MS_REC, MS_PRIVATE, linux/mount.h
_NO_SUID, _NO_DEVICES, _NO_EXEC, _NO_ACCESS_TIMES = 2, 4, 8, 1024
_CONFIGURE, _GET_FREE = 0x4C0A, 0x4C82  # LOOP_CONFIGURE, LOOP_CTL_GET_FREE, linux/loop.h
_AUTOCLEAR = 4  # LO_FLAGS_AUTOCLEAR
_CONTROL = Path("/dev/loop-control")
_LOOP_CONFIG = struct.Struct("=II5QIIII64s64s32s16x64x")  # loop_config with loop_info64
_TRIES = 16
_FLUSHES_FIELD = 15  # of /sys/block/*/stat, counted from 0 (admin-guide/iostats)
_EXTENT_MAP = 0xC020660B  # FS_IOC_FIEMAP, linux/fs.h
_EXTENTS = struct.Struct("=QQIIII")  # fiemap, before its extents
_EXTENT = struct.Struct("=QQQ16xI12x")  # fiemap_extent: in the file, on the disk, length, flags
_MOST_EXTENTS = 64
_SYNC_FIRST = 1  # FIEMAP_FLAG_SYNC
_WRITE_BACK = 2  # SYNC_FILE_RANGE_WRITE, linux/fs.h
_WRITE_BACK_AND_WAIT = 7  # with SYNC_FILE_RANGE_WAIT_BEFORE and _AFTER


def enter_private_mounts() -> None:
    """Leave the mounts of everybody else: nothing that is mounted from now on can be seen there.

    It vanishes with the last process of this namespace.
    """
    _check(_libc().unshare(_NEW_MOUNTS), "unshare(CLONE_NEWNS)")
    mount("none", Path("/"), None, _RECURSIVE | _PRIVATE)


def leave_orphans_to_the_kernel() -> None:
    """Have nobody to bury: the first process of a namespace inherits whoever loses a parent there."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def mount_fuse(device: int, folder: Path) -> None:
    """Mount the file system that is served through this descriptor of /dev/fuse."""
    flags = _NO_SUID | _NO_DEVICES | _NO_EXEC
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0"
    mount("earwitness", folder, "fuse", flags, options)


def mount_device(device: Path, folder: Path, kind: str, options: str) -> None:
    """Mount a file system of this kind; without access times, which would be writes of their own."""
    flags = _NO_SUID | _NO_DEVICES | _NO_ACCESS_TIMES
    mount(os.fspath(device), folder, kind, flags, options)


def mount(source: str, folder: Path, kind: str | None, flags: int, options: str = "") -> None:
    """Mount; the arguments are those of the system call (man 2 mount)."""
    done = _libc().mount(
        source.encode(),
        os.fsencode(folder),
        None if kind is None else kind.encode(),
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    _check(done, f"mount {kind or 'flags'} on {folder}")


def unmount(folder: Path) -> None:
    """Unmount; OSError with EBUSY while somebody is in there."""
    _check(_libc().umount2(os.fsencode(folder), 0), f"umount {folder}")


def attach(file: int, block_bytes: int) -> tuple[int, Path]:
    """A free loop device on this file, open, with its path.

    It detaches itself when it is neither open nor mounted any more, however that came about. EBUSY
    when others take the free ones first each time.
    """
    info = (0, 0, 0, 0, 0, 0, 0, 0, _AUTOCLEAR, b"earwitness", b"", b"")
    config = _LOOP_CONFIG.pack(file, block_bytes, *info)
    control = os.open(_CONTROL, os.O_RDWR | os.O_CLOEXEC)
    try:
        for _ in range(_TRIES):
            path = Path(f"/dev/loop{fcntl.ioctl(control, _GET_FREE)}")
            device = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.ioctl(device, _CONFIGURE, config)
            except OSError as error:
                os.close(device)
                if error.errno != errno.EBUSY:
                    raise
            else:
                return device, path
    finally:
        os.close(control)
    raise OSError(errno.EBUSY, "no loop device stayed free")


def require_write_back(device: Path) -> None:
    """Let the kernel send flushes to this device; OSError when it will not.

    Somebody may have told it otherwise when the device had another file: that setting stays.
    """
    setting = _in_sys(device) / "queue" / "write_cache"
    if setting.read_text().strip() != "write back":
        setting.write_text("write back")
    if (said := setting.read_text().strip()) != "write back":
        raise OSError(errno.EIO, f"{device} is {said}, and would get no flushes")


def flushes(device: Path) -> int:
    """How many flushes the kernel counts on this device, over all files that it ever had."""
    return int((_in_sys(device) / "stat").read_text().split()[_FLUSHES_FIELD])


def extents(file: int) -> tuple[tuple[int, int], ...]:
    """Where an open file lies on its file system's device: first byte and length of each piece.

    What is not written yet is written first. At most as many as fit into one question.
    """
    question = _EXTENTS.pack(0, 2**64 - 1, _SYNC_FIRST, 0, _MOST_EXTENTS, 0)
    answer = bytearray(question + bytes(_EXTENT.size * _MOST_EXTENTS))
    fcntl.ioctl(file, _EXTENT_MAP, answer)
    _start, _length, _flags, count, *_ = _EXTENTS.unpack_from(answer)
    pieces = (
        _EXTENT.unpack_from(answer, _EXTENTS.size + number * _EXTENT.size)
        for number in range(count)
    )
    return tuple((on_disk, length) for _in_file, on_disk, length, _flags in pieces)


def write_back(file: int, offset: int, length: int, *, wait: bool = False) -> None:
    """Let the kernel begin to write that part of the file, as it does by itself after a while.

    Nothing is flushed by it (man 2 sync_file_range). ``length`` 0: to the end. ``wait``: until the
    device has it.
    """
    flags = _WRITE_BACK_AND_WAIT if wait else _WRITE_BACK
    done = _libc().sync_file_range(file, ctypes.c_int64(offset), ctypes.c_int64(length), flags)
    _check(done, "sync_file_range")


def capable(capability: int) -> bool:
    """Whether this process has the capability now."""
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("CapEff:"):
                return bool(int(line.split()[1], 16) >> capability & 1)
    return False


def _in_sys(device: Path) -> Path:
    return Path("/sys/block") / device.name


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
