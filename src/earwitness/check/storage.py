"""Where a directory really lies: its mount, the devices below it, and what they count.

Reads what Linux says of itself, below a root that tests put elsewhere, and writes nothing. What it
means is judged by claims. A device is looked at from the file system down to what is physical: a
partition lies on a disk, a mapped device on its slaves, a loop device on a file.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

_ESCAPE = re.compile(r"\\([0-7]{3})")
_FLUSHES, _FLUSH_TICKS = 15, 16  # of a device's stat, from 0 (admin-guide/iostats, since Linux 5.5)
_WRITES = 4


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """A line of /proc/self/mountinfo (proc_pid_mountinfo(5))."""

    point: str
    device: str
    """Major and minor number with a colon; of some file systems no device has it."""
    kind: str
    """Of file system."""
    source: str
    options: tuple[str, ...]
    """Of the mount and of the file system."""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A block device as /sys describes it; None where it does not say."""

    name: str
    kind: str
    """``disk``, ``partition``, ``mapped`` (with ``layer``), ``raid`` (likewise) or ``loop``."""
    layer: str = ""
    """Of a mapped device who made it (``LVM``, ``CRYPT``); of a RAID its level."""
    model: str = ""
    write_cache: str | None = None
    """What the kernel takes it for. ``write back``: it sends flushes; ``write through``: it does not."""
    fua: bool | None = None
    """Whether it takes single writes through its cache, which then need no flush."""
    rotational: bool | None = None
    physical_block: int | None = None
    backing: str = ""
    """The file that a loop device is."""
    below: tuple[str, ...] = ()
    """Names of what it lies on; none: it is physical, or the machine that we are in invents it."""


class Counters(msgspec.Struct, frozen=True, kw_only=True):
    """What the kernel has counted on one device since it started."""

    writes: int
    flushes: int
    flush_milliseconds: int


def mounts(text: str) -> tuple[Mount, ...]:
    """The lines of mountinfo; what is no such line is left out."""
    found = []
    for line in text.splitlines():
        head, separator, tail = line.partition(" - ")
        before, after = head.split(), tail.split()
        if not separator or len(before) < 6 or len(after) < 2:
            continue
        options = [*before[5].split(","), *(after[2].split(",") if len(after) > 2 else [])]
        options = [_plain(option) for option in options]
        found.append(
            Mount(
                point=_plain(before[4]),
                device=before[2],
                kind=after[0],
                source=_plain(after[1]),
                options=tuple(dict.fromkeys(options)),
            )
        )
    return tuple(found)


def mount_of(path: Path, among: Sequence[Mount]) -> Mount | None:
    """The mount that a resolved path lies in: of the deepest point the last one; None: of none."""
    own = [mount for mount in among if path.is_relative_to(mount.point)]
    deepest = max((len(Path(mount.point).parts) for mount in own), default=0)
    return next((m for m in reversed(own) if len(Path(m.point).parts) == deepest), None)


def devices(mount: Mount, root: Path = Path("/")) -> tuple[Device, ...]:
    """The devices below a mount, the file system's own first; none where there is no device."""
    number = mount.device
    if not (root / "sys/dev/block" / number).exists():
        number = _number_of(mount.source, root) or ""
    if not number:
        return ()
    found: dict[str, Device] = {}
    waiting = [(root / "sys/dev/block" / number).resolve()]
    while waiting:
        folder = waiting.pop(0)
        if folder.name not in found:
            below = list(_below(folder, root))
            found[folder.name] = _device(folder, below)
            waiting += below
    return tuple(found.values())


def physical(among: Sequence[Device]) -> tuple[Device, ...]:
    """Those with nothing below them."""
    return tuple(device for device in among if not device.below)


def counters(name: str, root: Path = Path("/")) -> Counters | None:
    """What is counted on a whole device; None where the kernel does not count flushes."""
    fields = (_text(root / "sys/class/block" / name / "stat") or "").split()
    if len(fields) <= _FLUSH_TICKS:
        return None
    return Counters(
        writes=int(fields[_WRITES]),
        flushes=int(fields[_FLUSHES]),
        flush_milliseconds=int(fields[_FLUSH_TICKS]),
    )


def pressure(root: Path = Path("/")) -> float | None:
    """Share of the last 10 s, in percent, in which somebody waited for a device; None: not told."""
    found = re.search(r"^some avg10=([\d.]+)", _text(root / "proc/pressure/io") or "", re.MULTILINE)
    return float(found[1]) if found else None


def _device(folder: Path, below: Sequence[Path]) -> Device:
    # a partition has no queue of its own
    queue = folder / "queue" if (folder / "queue").is_dir() else folder.parent / "queue"
    rotational, fua = _text(queue / "rotational"), _text(queue / "fua")
    block = _text(queue / "physical_block_size")
    kind, layer = _kind(folder)
    return Device(
        name=folder.name,
        kind=kind,
        layer=layer,
        model=_text(folder / "device/model") or "",
        write_cache=_text(queue / "write_cache"),
        fua=None if fua is None else fua == "1",
        rotational=None if rotational is None else rotational == "1",
        backing=_text(folder / "loop/backing_file") or "",
        physical_block=int(block) if block and block.isdecimal() else None,
        below=tuple(path.name for path in below),
    )


def _kind(folder: Path) -> tuple[str, str]:
    if (folder / "partition").exists():
        return "partition", ""
    if (folder / "dm").is_dir():
        return "mapped", (_text(folder / "dm/uuid") or "").partition("-")[0]
    if (folder / "md").is_dir():
        return "raid", _text(folder / "md/level") or ""
    if (folder / "loop").is_dir():
        return "loop", ""
    return "disk", ""


def _below(folder: Path, root: Path) -> Iterator[Path]:
    """Folders in /sys of what this device lies on."""
    if (folder / "partition").exists():
        yield folder.parent
        return
    slaves = folder / "slaves"
    if slaves.is_dir():
        yield from (slave.resolve() for slave in sorted(slaves.iterdir()))
    file = _text(folder / "loop/backing_file")
    if file:
        number = _device_of(root / file.lstrip("/"))
        below = root / "sys/dev/block" / number
        if number and below.exists():
            yield below.resolve()


def _number_of(source: str, root: Path) -> str | None:
    """Major and minor of a device by its path, for file systems that hide theirs."""
    if not source.startswith("/dev/"):
        return None
    try:
        facts = (root / source.lstrip("/")).stat()
    except OSError:
        return None
    return f"{os.major(facts.st_rdev)}:{os.minor(facts.st_rdev)}" if facts.st_rdev else None


def _device_of(path: Path) -> str:
    try:
        number = path.stat().st_dev
    except OSError:
        return ""
    return f"{os.major(number)}:{os.minor(number)}"


def _text(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return None


def _plain(escaped: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)), escaped)
