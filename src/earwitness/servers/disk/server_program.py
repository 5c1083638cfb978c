"""The program that serves a disk: reads requests from /dev/fuse, writes the log, answers.

A process of its own (``python -I -m earwitness.servers.disk.server_program``), because whoever
waits for a file system must not be the one that it waits for. One request after the other, so that
the order of the log is the order of events. What it writes changes a private copy of the image.

Arguments: image, log, folder to mount on, file that appears when it is ready, file with the writes
to refuse, and how many seconds a flush takes. It ends when the file system is unmounted, or by SIGKILL;
the mount is in a namespace of its own and vanishes with it and with whoever joined it.
"""

import errno
import mmap
import os
import sys
import time
from pathlib import Path

from earwitness.servers.disk import fuse, kernel, log, status
from earwitness.servers.disk.faults import Faults

_DEVICE = "/dev/fuse"


class _Disk:
    """The file's content, and its log."""

    def __init__(self, image: int, log_file: int, faults: Faults, flush_seconds: float) -> None:
        self._content = mmap.mmap(image, 0, access=mmap.ACCESS_COPY)
        self._log = log_file
        self._faults = faults
        self._flush_seconds = flush_seconds

    @property
    def size(self) -> int:
        return len(self._content)

    def read(self, offset: int, count: int) -> bytes:
        return self._content[offset : offset + count]

    def write(self, offset: int, data: bytes) -> None:
        if offset + len(data) > self.size:
            raise OSError(errno.ENOSPC, "past the end of the disk")
        if self._faults.refuses(offset, len(data)):
            self._note(log.Refused(time.monotonic_ns(), offset, len(data)))
            raise OSError(errno.EIO, "told to refuse it")
        self._note(log.Write(time.monotonic_ns(), offset, data))
        self._content[offset : offset + len(data)] = data

    def flush(self) -> None:
        if self._flush_seconds:
            time.sleep(self._flush_seconds)
        self._note(log.Flush(time.monotonic_ns()))

    def _note(self, record: log.Record) -> None:
        try:
            parts = log.encoded(record)
        except ValueError as error:
            raise OSError(errno.EINVAL, str(error)) from error
        if os.writev(self._log, parts) != sum(map(len, parts)):
            raise OSError(errno.ENOSPC, "the log is full")


def _serve(device: int, disk: _Disk) -> None:
    buffer = bytearray(fuse.BUFFER_BYTES)
    view = memoryview(buffer)
    while True:
        try:
            count = os.readv(device, [buffer])
        except OSError as error:
            if error.errno == errno.ENODEV:  # unmounted
                return
            if error.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):  # taken back
                continue
            raise
        said = fuse.answer(bytes(view[:count]), disk)
        if said is None:
            continue
        try:
            os.write(device, said)
        except OSError as error:
            if error.errno != errno.ENOENT:  # who asked has been killed
                raise


def main(arguments: list[str]) -> None:
    """Serve until the end."""
    *paths, flush_seconds = arguments
    image, log_path, folder, ready, faults_path = (Path(path) for path in paths)
    kernel.leave_orphans_to_the_kernel()
    with status.refusals_told():
        kernel.enter_private_mounts()
        device = os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC)
        kernel.mount_fuse(device, folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
    with image.open("rb") as file:
        log_file = os.open(log_path, flags, 0o600)
        disk = _Disk(file.fileno(), log_file, Faults(faults_path), float(flush_seconds))
    status.write(ready, {})
    _serve(device, disk)


if __name__ == "__main__":
    main(sys.argv[1:])
