"""One true sentence for each layer between the file and the medium that hides what is below. Pure.

None is a fault. Each says what cannot be seen from here because of it, and who can see it.
"""

from collections.abc import Iterator

from earwitness.check.finding import Finding, Location, Severity
from earwitness.claims.fsync.evidence import DirectoryDurability, Place
from earwitness.claims.fsync.wording import finding

NETWORK = ("nfs", "nfs4", "cifs", "smb3", "ceph", "glusterfs", "9p", "virtiofs", "afs", "lustre")
_OF_FILE_SYSTEMS = {
    "zfs": "ZFS answers a sync when its intent log has it: flushes go to the devices of the pool, "
    "which are not counted here, and sync=disabled of the dataset would swallow them (zfs get sync).",
    "btrfs": "Btrfs writes to new places and flushes twice for each sync: once for the data's tree "
    "and once for its head.",
    "overlay": "An overlay writes to a folder of another file system: what holds there holds here, "
    "and an fsync goes through unless the overlay is mounted volatile.",
}


def layers(seen: DirectoryDurability) -> tuple[Finding, ...]:
    """The sentences, place by place, then those about the machine."""
    of_places = [
        one for number, place in enumerate(seen.places) for one in _of_place(place, number)
    ]
    return (*of_places, *_of_machine(seen))


def _of_place(place: Place, number: int) -> Iterator[Finding]:
    if place.mount is None:
        return
    where = Location(kind=place.role, name=place.path)
    pointer = (f"/places/{number}",)
    kind = place.mount.kind
    if kind in NETWORK or kind.startswith("fuse"):
        yield _layer(
            "elsewhere",
            f"The data lie behind {kind}: a sync is as good as what the program or machine behind it "
            "makes of it, and its devices are counted there.",
            fix="The same check on that machine.",
            where=where,
            evidence=pointer,
        )
    if kind in _OF_FILE_SYSTEMS:
        volatile = kind == "overlay" and "volatile" in place.mount.options
        yield _layer(
            "file-system",
            _OF_FILE_SYSTEMS[kind] + (" This one is mounted volatile." if volatile else ""),
            fix="Mount it without volatile." if volatile else "Nothing to do.",
            where=where,
            evidence=pointer,
            severity=Severity.HIGH if volatile else Severity.INFO,
        )
    for device in place.devices:
        if device.kind == "raid":
            yield _layer(
                "raid",
                f"{device.name} is a RAID ({device.layer}): a flush goes to every member, and is as "
                "good as the worst of them; counted are all.",
                fix="Nothing to do.",
                where=where,
                evidence=pointer,
            )
        if device.kind == "mapped":
            yield _layer(
                "mapped",
                f"{device.name} is a mapped device ({device.layer or 'device mapper'}): it passes "
                "flushes on to what it lies on, which was looked at as well.",
                fix="Nothing to do.",
                where=where,
                evidence=pointer,
            )
        if device.kind == "loop":
            yield _layer(
                "loop",
                f"{device.name} is a file taken for a device: its flush is an fsync of that file.",
                fix="Nothing to do.",
                where=where,
                evidence=pointer,
            )


def _of_machine(seen: DirectoryDurability) -> Iterator[Finding]:
    around = seen.surroundings
    if around.virtual_machine:
        yield _layer(
            "virtual-machine",
            f"This is a virtual machine ({around.virtual_machine}): whether its host passes a flush "
            "on to a medium, keeps it in memory or drops it cannot be seen from inside.",
            fix="Ask whoever runs the host for the cache mode of this disk, and where it lies.",
            where=None,
            evidence=("/surroundings",),
        )
    if around.container:
        yield _layer(
            "container",
            f"This is a container ({around.container}): mounts and devices are seen as far as it is "
            "shown them.",
            fix="The same check on its host, for the folder that is mounted here.",
            where=None,
            evidence=("/surroundings",),
        )


def _layer(
    sort: str,
    statement: str,
    *,
    fix: str,
    where: Location | None,
    evidence: tuple[str, ...],
    severity: Severity = Severity.INFO,
) -> Finding:
    title = "A layer that hides what is below it"
    return finding(
        sort, severity, title, statement=statement, fix=fix, where=where, evidence=evidence
    )
