"""Where a directory lies, and what stands between the kernel and the hardware: facts, no judgement.

Of a data folder of PostgreSQL, the write-ahead log and the tablespaces may lie elsewhere, and are
places of their own then. Opens nothing in a directory but the links that lead out of it.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from earwitness.check import storage
from earwitness.check.storage import Counters, Device, Mount
from earwitness.claims.fsync.evidence import Counted, Place, Surroundings

_ROOT = Path("/")
_NO_SYNC = re.compile(r"(?:eatmydata|nosync|nofsync|fakesync)[\w.-]*\.so")
"""Libraries whose purpose is that fsync does nothing, by their names."""
_CONTAINER_FILES = {".dockerenv": "Docker", "run/.containerenv": "Podman"}
_CONTAINER_GROUP = re.compile(r"docker|kubepods|containerd|lxc|libpod")


def places(directory: Path, root: Path = _ROOT) -> tuple[Place, ...]:
    """The directory, and what leads out of it to another file system. OSError when unreadable."""
    among = storage.mounts((root / "proc/self/mountinfo").read_text(errors="backslashreplace"))
    found = [_place("directory", directory, among, root)]
    for role, path in _led_out(directory):
        place = _place(role, path, among, root)
        if place.mount not in [other.mount for other in found]:
            found.append(place)
    return tuple(found)


def is_open(directory: Path) -> bool:
    """Whether we may see what leads out of the directory."""
    return os.access(directory, os.R_OK | os.X_OK)


def _led_out(directory: Path) -> Iterator[tuple[str, Path]]:
    """Parts of a data folder of PostgreSQL that are links."""
    if not is_open(directory) or not (directory / "PG_VERSION").is_file():
        return
    log = directory / "pg_wal"
    if log.exists():
        yield "write-ahead log", _resolved(log)
    spaces = directory / "pg_tblspc"
    if spaces.is_dir():
        for space in sorted(spaces.iterdir()):
            yield "tablespace", _resolved(space)


def _resolved(link: Path) -> Path:
    """Where it leads, as far as it does; in characters, whatever the bytes of its name."""
    return Path(os.fsencode(os.path.realpath(link)).decode(errors="backslashreplace"))


def _place(role: str, path: Path, among: Sequence[Mount], root: Path) -> Place:
    mount = storage.mount_of(path, among)
    if mount is None:
        return Place(role=role, path=str(path), mount=None, devices=())
    below = _Below(among, root)
    below.follow(mount)
    return Place(
        role=role,
        path=str(path),
        mount=mount,
        devices=tuple(below.devices.values()),
        covered=below.mounts[1].kind if mount.kind == "overlay" and below.mounts[1:] else None,
        below=tuple(below.mounts[1:]),
        unfollowed=tuple(below.unfollowed),
    )


class _Below:
    """A mount, and those that it lies on: by the upper folder of an overlay, or a loop device's file."""

    def __init__(self, among: Sequence[Mount], root: Path) -> None:
        self._among = among
        self._root = root
        self.mounts: list[Mount] = []
        self.devices: dict[str, Device] = {}
        self.unfollowed: list[str] = []

    def follow(self, mount: Mount) -> str:
        """All that is below it; the name of its own device, empty when it has none."""
        if mount in self.mounts:
            return ""
        self.mounts.append(mount)
        found = storage.devices(mount, self._root)
        self.devices |= {device.name: device for device in found}
        for device in found:
            if device.backing:
                lower = self._lower(device.backing, self._among)
                if lower and not device.below:
                    self.devices[device.name] = msgspec.structs.replace(device, below=(lower,))
        upper = next(
            (o.partition("=")[2] for o in mount.options if o.startswith("upperdir=")), None
        )
        if mount.kind == "overlay" and upper is not None:
            # no overlay lies on an overlay, and its own mount would seem to be below itself
            self._lower(upper, [other for other in self._among if other.kind != "overlay"])
        return found[0].name if found else ""

    def _lower(self, path: str, among: Sequence[Mount]) -> str:
        """What is below the mount that this path lies in, as ``follow`` has it."""
        real = _real(path, self._root)
        mount = None if real is None else storage.mount_of(real, among)
        if mount is None:
            self.unfollowed.append(path)
            return ""
        return self.follow(mount)


def _real(path: str, root: Path) -> Path | None:
    """Without links, where it can be seen; None: there is none, or it is relative to who knows what."""
    if not path.startswith("/"):
        return None
    try:
        there = (root / path.lstrip("/")).resolve(strict=True)
        return Path("/") / there.relative_to(root.resolve())
    except PermissionError:
        return Path(path)  # its mount is known all the same
    except (OSError, RuntimeError, ValueError):
        return None


def physical_devices(found: Sequence[Place]) -> tuple[str, ...]:
    """Names of all physical devices below these places."""
    names = (device.name for place in found for device in storage.physical(place.devices))
    return tuple(dict.fromkeys(names))


def counters(names: Sequence[str], root: Path = _ROOT) -> Mapping[str, Counters]:
    """What each has counted; those of which the kernel does not say are left out."""
    seen = {name: storage.counters(name, root) for name in names}
    return {name: counted for name, counted in seen.items() if counted is not None}


def between(
    names: Sequence[str], before: Mapping[str, Counters], after: Mapping[str, Counters]
) -> tuple[Counted, ...]:
    """What each device did between two looks."""
    return tuple(
        Counted(
            device=name,
            writes=after[name].writes - before[name].writes,
            flushes=after[name].flushes - before[name].flushes,
            flush_milliseconds=after[name].flush_milliseconds - before[name].flush_milliseconds,
        )
        for name in names
        if name in before and name in after
    )


def surroundings(directory: Path, root: Path = _ROOT) -> Surroundings:
    """Machine, container, and libraries of the processes whose working folder is the directory."""
    seen, suspects = 0, set[str]()
    for process in (root / "proc").glob("[0-9]*"):
        try:
            if not (process / "cwd").readlink().is_relative_to(directory):
                continue
            suspects |= set(_NO_SYNC.findall((process / "maps").read_text()))
            seen += 1
        except OSError:
            continue  # it has ended, or is not ours to look into
    preloaded = _text(root / "etc/ld.so.preload")
    return Surroundings(
        virtual_machine=_machine(root),
        container=_container(root),
        suspects=tuple(sorted(suspects | set(_NO_SYNC.findall(preloaded)))),
        processes_seen=seen,
    )


def _machine(root: Path) -> str | None:
    vendor = " ".join(
        text
        for name in ("sys_vendor", "product_name")
        if (text := _text(root / "sys/class/dmi/id" / name))
    )
    hypervisor = _text(root / "sys/hypervisor/type")
    flagged = re.search(r"^flags\s*:.*\bhypervisor\b", _text(root / "proc/cpuinfo"), re.MULTILINE)
    if hypervisor or flagged:
        return hypervisor or vendor or "the processor's flag"
    return None


def _container(root: Path) -> str | None:
    named = next((name for file, name in _CONTAINER_FILES.items() if (root / file).exists()), None)
    group = _CONTAINER_GROUP.search(_text(root / "proc/self/cgroup"))
    return named or (group[0] if group else None)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
