"""The program that keeps a file system mounted: a loop device on a file, and a mount of it.

A process of its own (``python -I -m earwitness.servers.disk.mount_program``) in a mount namespace
of its own, which others join by its process id. Asked to end by SIGTERM it unmounts and says how
many flushes the kernel has counted; killed, the mount vanishes with the last process in there and the
loop device detaches itself.

Arguments: file, folder to mount on, status file, which appears when it is ready, the kind of file
system, the options of its mount, and the bytes of a block of the device. A crash state has to wait for
this program, so that it imports little.
"""

import contextlib
import errno
import os
import signal
import sys
import time
from pathlib import Path

from earwitness.servers.disk import kernel, status

_UNMOUNT_SECONDS = 5.0
_POLL_SECONDS = 0.005


def main(arguments: list[str]) -> None:
    """Mount, wait, unmount."""
    *paths, kind, options, block_bytes = arguments
    file, folder, told = (Path(path) for path in paths)
    asked = {signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, asked)
    kernel.leave_orphans_to_the_kernel()
    with status.refusals_told():
        kernel.enter_private_mounts()
        device, path = _attach(file, int(block_bytes))
        kernel.require_write_back(path)
    # the kernel flushes the file once when it is attached, which is no flush of the device
    facts: dict[str, str | int] = {"device": os.fspath(path), "attached_at": time.monotonic_ns()}
    before = kernel.flushes(path)
    with status.damage_told():
        kernel.mount_device(path, folder, kind, options)
    status.write(told, facts)
    signal.sigwait(asked)
    _unmount(folder)
    status.write(told, {**facts, "flushes": kernel.flushes(path) - before})
    os.close(device)  # until here nobody else could have got this loop device


def _attach(file: Path, block_bytes: int) -> tuple[int, Path]:
    opened = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        return kernel.attach(opened, block_bytes)
    finally:
        os.close(opened)


def _unmount(folder: Path) -> None:
    """What was killed a moment ago may still be on its way out of the file system."""
    deadline = time.monotonic() + _UNMOUNT_SECONDS
    while True:
        with contextlib.suppress(InterruptedError):
            try:
                kernel.unmount(folder)
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_SECONDS)
            else:
                return


if __name__ == "__main__":
    main(sys.argv[1:])
