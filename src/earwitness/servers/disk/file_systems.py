"""The file systems that can be put on the disk: how they are made, mounted and examined.

Values only. All are made with blocks of the disk's size, and so that the kernel has nothing left to
do in the background, where it would be counted.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from earwitness.servers.disk.log import BLOCK_BYTES
from earwitness.servers.program import Wanted


@dataclass(frozen=True)
class FileSystem:
    """A kind that the kernel mounts by this name.

    ``format``: what the formatter is called with before the image. ``options``: of the mount;
    flushes are on. ``checker`` and ``check``: the program that examines an unmounted image without
    changing it, and what it is called with. ``least_bytes``: the smallest image.
    """

    name: str
    formatter: Wanted
    format: tuple[str, ...]
    options: str
    checker: Wanted
    check: tuple[str, ...]
    least_bytes: int


def _wanted(file: str, ask: str, version: str, package: str, variable: str) -> Wanted:
    install = f"apt-get install {package}"
    return Wanted(
        name=file, file=file, variable=variable, ask=(ask,), version=version, install=install
    )


_E2FSPROGS = r"(?:mke2fs|e2fsck) (\S+)"

EXT4 = FileSystem(
    name="ext4",
    formatter=_wanted("mkfs.ext4", "-V", _E2FSPROGS, "e2fsprogs", "EARWITNESS_MKFS"),
    format=(
        *("-q", "-F", "-b", str(BLOCK_BYTES), "-m", "0", "-N", "8192"),
        *("-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", "-J", "size=4"),
    ),
    # what is found damaged on the way makes it read-only
    options="barrier=1,errors=remount-ro",
    checker=_wanted("e2fsck", "-V", _E2FSPROGS, "e2fsprogs", "EARWITNESS_FSCK"),
    check=("-f", "-n"),
    least_bytes=8 << 20,
)
XFS = FileSystem(
    name="xfs",
    formatter=_wanted("mkfs.xfs", "-V", r"version (\S+)", "xfsprogs", "EARWITNESS_MKFS_XFS"),
    format=("-q", "-f", "-K", "-b", f"size={BLOCK_BYTES}", "-s", f"size={BLOCK_BYTES}"),
    options="",
    checker=_wanted("xfs_repair", "-V", r"version (\S+)", "xfsprogs", "EARWITNESS_FSCK_XFS"),
    check=("-f", "-n"),
    least_bytes=300 << 20,
)
BTRFS = FileSystem(
    name="btrfs",
    formatter=_wanted(
        "mkfs.btrfs", "-V", r"btrfs-progs v(\S+)", "btrfs-progs", "EARWITNESS_MKFS_BTRFS"
    ),
    format=("-q", "-f", "-K", "-s", str(BLOCK_BYTES)),
    options="barrier",
    checker=_wanted(
        "btrfs", "--version", r"btrfs-progs v(\S+)", "btrfs-progs", "EARWITNESS_FSCK_BTRFS"
    ),
    check=("check", "--readonly"),
    least_bytes=128 << 20,
)

FILE_SYSTEMS: Mapping[str, FileSystem] = {kind.name: kind for kind in (EXT4, XFS, BTRFS)}
"""By the kernel's name."""
