"""What the mounts and devices below a place mean for what is written there. Pure.

Certain is what stands in the options of a mount. A flush that is too quick for its medium has
several explanations, and all are named.
"""

from collections.abc import Iterator

from earwitness.check import storage
from earwitness.check.finding import Finding, Location, Severity
from earwitness.check.storage import Device, Mount
from earwitness.claims.fsync.evidence import Place
from earwitness.claims.fsync.wording import finding

BARRIERS = "https://www.kernel.org/doc/html/latest/admin-guide/ext4.html"
CACHES = "https://www.kernel.org/doc/html/latest/block/writeback_cache_control.html"

IN_MEMORY = ("tmpfs", "ramfs", "devtmpfs", "hugetlbfs")
NO_STORAGE = (
    "proc",
    "sysfs",
    "devpts",
    "cgroup",
    "cgroup2",
    "securityfs",
    "debugfs",
    "tracefs",
    "configfs",
    "bpf",
    "mqueue",
    "binfmt_misc",
    "fusectl",
    "nsfs",
)
"""File systems whose files are the kernel's own facts."""
_UNGUARDED = ("barrier=0", "nobarrier", "nobarrier=1")
ROTATION_MICROSECONDS = 4000.0
"""Half a turn at 7200 a minute: what a flush of a disk that turns takes on average at least."""
NAND_MICROSECONDS = 200.0
"""A page of NAND takes longer to be programmed; published times of consumer drives start at 1 ms."""
FEWEST_FLUSHES = 20
"""Of a device, before the mean of their times is held against the medium."""
_EXPLANATIONS = (
    "Either the cache that answers is not volatile (capacitors in the drive, a battery in the "
    "controller, memory of a host or of another machine that survives), or the flush is answered "
    "and not done. From here the two look the same."
)


def of_place(place: Place, pointer: str) -> Iterator[Finding]:
    """What its mounts and devices are; ``pointer``: where it stands in the evidence."""
    where = Location(kind=place.role, name=place.path)
    if place.mount is None:
        return
    if forgetful := _forgetful(place):
        yield finding(
            "in-memory",
            Severity.CRITICAL,
            "What is written here is gone with the power",
            statement=f"The {place.role} lies on {forgetful}",
            fix="Another file system, where the data matter.",
            where=where,
            evidence=(f"{pointer}/mount",),
        )
    for mount in (place.mount, *place.below):
        yield from _of_mount(mount, where, pointer)
    for device in storage.physical(place.devices):
        yield from _of_device(place, device, where, pointer)


def _forgetful(place: Place) -> str:
    """What of it keeps nothing, and why; empty: nothing."""
    kind = place.mount.kind if place.mount else ""
    below = [mount.kind for mount in place.below] or ([place.covered] if place.covered else [])
    if kind in NO_STORAGE:
        return f"{kind}, which is no storage: the kernel makes up what is read there, and keeps nothing."
    for one in (kind, *below):
        if one in IN_MEMORY:
            on = one if one == kind else f"{kind}, whose data lie on {one}"
            return f"{on}, which is memory: fsync returns at once, and nothing is kept."
    return ""


def _of_mount(mount: Mount, where: Location, pointer: str) -> Iterator[Finding]:
    if unguarded := sorted(set(mount.options) & set(_UNGUARDED)):
        yield finding(
            "no-barriers",
            Severity.CRITICAL,
            "The file system is mounted without barriers",
            statement=f"{mount.point} ({mount.kind}) is mounted with {', '.join(unguarded)}: no fsync "
            "becomes a flush of the device. That is right only where no cache below loses anything "
            "with the power.",
            fix="Mount it with barriers, which is the default.",
            where=where,
            evidence=(f"{pointer}/mount/options",),
            learn_more=BARRIERS,
        )


def _of_device(place: Place, device: Device, where: Location, pointer: str) -> Iterator[Finding]:
    if device.write_cache == "write through":
        yield finding(
            "write-through",
            Severity.MEDIUM,
            "The kernel sends this device no flush",
            statement=f"{device.name}{_model(device)} is known to the kernel as write through. That is right "
            "when the device said so of itself: it has no volatile cache, or one that survives. It "
            "is wrong when somebody wrote it into its settings, which stays until the machine is "
            "started anew.",
            fix=f"/sys/block/{device.name}/queue/write_cache, compared with what the device says of "
            "itself (nvme id-ctrl, field vwc; smartctl -g wcache).",
            where=where,
            evidence=(f"{pointer}/devices",),
            learn_more=CACHES,
        )
    for counted in place.counted:
        if counted.device == device.name and counted.flushes >= FEWEST_FLUSHES:
            mean = 1000 * counted.flush_milliseconds / counted.flushes
            if (least := medium_takes(device)) and mean < least[1]:
                yield implausible(device, mean, "mean of what the kernel counted", least, where)


def medium_takes(device: Device) -> tuple[str, float] | None:
    """What the medium is, and what a flush takes it at least, in microseconds."""
    if device.write_cache != "write back" or device.rotational is None:
        return None
    if device.rotational:
        return "a disk that turns", ROTATION_MICROSECONDS
    return "flash memory", NAND_MICROSECONDS


def implausible(
    device: Device, took: float, how: str, medium: tuple[str, float], where: Location
) -> Finding:
    """A flush that took so many microseconds on a medium that takes more."""
    return finding(
        "implausibly-fast",
        Severity.MEDIUM,
        "A flush returns sooner than its medium can",
        statement=f"{device.name}{_model(device)} calls itself {medium[0]} with a volatile cache, and a flush "
        f"took {took:,.0f} us ({how}); the medium takes {medium[1]:,.0f} us or more. "
        f"{_EXPLANATIONS}",
        fix="Ask whoever sells the drive or the machine for its power-loss protection, in writing; or "
        "pull the plug: `earwitness check --plug-pull`.",
        where=where,
        evidence=("/places", "/probed"),
    )


def _model(device: Device) -> str:
    return f" ({device.model})" if device.model else ""
