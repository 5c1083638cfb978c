"""One true sentence for each layer between the file and the medium that hides what is below. Pure.

None is a fault. Each says what cannot be seen from here because of it, and who can see it.
"""

from collections.abc import Iterator
from typing import NamedTuple

from earwitness.check.finding import Finding, Location, Severity
from earwitness.check.storage import Device, Mount
from earwitness.claims.fsync.evidence import DirectoryDurability, Place, Surroundings
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
_OF_DEVICES = {
    "raid": "{name} is a RAID ({layer}): a flush goes to every member, and is as good as the worst of "
    "them; counted are all.",
    "mapped": "{name} is a mapped device ({layer}): it passes flushes on to what it lies on, which was "
    "looked at as well.",
    "loop": "{name} is a file taken for a device: its flush is an fsync of that file.",
}
_VOLATILE = {"volatile", "fsync=volatile"}
"""Of an overlay; newer kernels write the second."""


class _Layer(NamedTuple):
    sort: str
    statement: str
    fix: str = "Nothing to do."
    severity: Severity = Severity.INFO


def layers(seen: DirectoryDurability) -> tuple[Finding, ...]:
    """The sentences, place by place, then those about the machine."""
    of_places = [
        _finding(layer, f"/places/{number}", Location(kind=place.role, name=place.path))
        for number, place in enumerate(seen.places)
        for layer in _of_place(place)
    ]
    of_machine = [_finding(layer, "/surroundings") for layer in _of_machine(seen.surroundings)]
    return (*of_places, *of_machine)


def _of_place(place: Place) -> Iterator[_Layer]:
    if place.mount is None:
        return
    for mount in (place.mount, *place.below):
        yield from _of_mount(mount)
    for path in place.unfollowed:
        yield _Layer(
            "unfollowed",
            f"{path}, which takes the writes, cannot be seen from here: what lies below it was not "
            "looked at.",
            "The same check of that folder, by root or on the host.",
        )
    yield from (_of_device(device) for device in place.devices if device.kind in _OF_DEVICES)


def _of_mount(mount: Mount) -> Iterator[_Layer]:
    kind = mount.kind
    if kind in NETWORK or kind.startswith("fuse"):
        yield _Layer(
            "elsewhere",
            f"The data lie behind {kind}: a sync is as good as what the program or machine behind it "
            "makes of it, and its devices are counted there.",
            "The same check on that machine.",
        )
    if kind == "overlay" and _VOLATILE & set(mount.options):
        yield _Layer(
            "file-system",
            _OF_FILE_SYSTEMS[kind] + " This one is mounted volatile.",
            "Mount it without volatile.",
            Severity.HIGH,
        )
    elif kind in _OF_FILE_SYSTEMS:
        yield _Layer("file-system", _OF_FILE_SYSTEMS[kind])


def _of_device(device: Device) -> _Layer:
    layer = device.layer or "device mapper"
    return _Layer(device.kind, _OF_DEVICES[device.kind].format(name=device.name, layer=layer))


def _of_machine(around: Surroundings) -> Iterator[_Layer]:
    if around.virtual_machine:
        yield _Layer(
            "virtual-machine",
            f"This is a virtual machine ({around.virtual_machine}): whether its host passes a flush "
            "on to a medium, keeps it in memory or drops it cannot be seen from inside.",
            "Ask whoever runs the host for the cache mode of this disk, and where it lies.",
        )
    if around.container:
        yield _Layer(
            "container",
            f"This is a container ({around.container}): mounts and devices are seen as far as it is "
            "shown them.",
            "The same check on its host, for the folder that is mounted here.",
        )


def _finding(layer: _Layer, evidence: str, where: Location | None = None) -> Finding:
    return finding(
        layer.sort,
        layer.severity,
        "A layer that hides what is below it",
        statement=layer.statement,
        fix=layer.fix,
        where=where,
        evidence=(evidence,),
    )
