"""Where a directory lies, read from a /sys and a /proc that are put together for the test."""

import os
from pathlib import Path

import pytest

from earwitness.check import storage
from earwitness.check.storage import Mount

MOUNTINFO = """\
20 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw,errors=remount-ro
21 20 0:30 / /tmp rw,nosuid - tmpfs tmpfs rw,size=1024k
22 20 0:41 / /srv/with\\040space rw,relatime - nfs4 nas:/export rw,vers=4.2
23 20 8:17 / /srv ro,nobarrier - xfs /dev/sdb1 rw
this is no line of it
"""


def mount(device: str, source: str = "none") -> Mount:
    return Mount(point="/", device=device, kind="ext4", source=source, options=())


def disk(root: Path, name: str, number: str, **queue: str) -> Path:
    """A whole device below /sys, with its links."""
    folder = root / "sys/devices/pci/block" / name
    (folder / "queue").mkdir(parents=True)
    for attribute, value in queue.items():
        (folder / "queue" / attribute).write_text(value + "\n")
    linked(root, folder, number)
    return folder


def linked(root: Path, folder: Path, number: str) -> None:
    for link in (root / "sys/dev/block" / number, root / "sys/class/block" / folder.name):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(folder)


def test_a_path_lies_in_the_deepest_mount_above_it() -> None:
    among = storage.mounts(MOUNTINFO)
    assert len(among) == 4
    places = {
        "/var/lib": "ext4",
        "/tmp/x": "tmpfs",
        "/srv/data": "xfs",
        "/srv/with space/data": "nfs4",
        "/srvother": "ext4",
    }
    for path, kind in places.items():
        found = storage.mount_of(Path(path), among)
        assert found is not None
        assert found.kind == kind, path
    assert storage.mount_of(Path("/x"), among[1:]) is None


def test_options_of_mount_and_file_system_are_together() -> None:
    of_srv = storage.mounts(MOUNTINFO)[3]
    assert of_srv.options == ("ro", "nobarrier", "rw")


def test_what_is_mounted_over_something_counts() -> None:
    twice = storage.mounts(MOUNTINFO + "24 23 0:50 / /srv rw - tmpfs tmpfs rw\n")
    found = storage.mount_of(Path("/srv/data"), twice)
    assert found is not None
    assert found.kind == "tmpfs"


def test_a_partition_lies_on_its_disk(tmp_path: Path) -> None:
    whole = disk(tmp_path, "sda", "8:0", write_cache="write back", rotational="0", fua="1")
    (whole / "device").mkdir()
    (whole / "device/model").write_text("A drive \n")
    part = whole / "sda2"
    part.mkdir()
    (part / "partition").write_text("2")
    linked(tmp_path, part, "8:2")
    first, second = storage.devices(mount("8:2"), tmp_path)
    assert (first.name, first.kind, first.below) == ("sda2", "partition", ("sda",))
    assert (second.name, second.kind, second.below) == ("sda", "disk", ())
    assert second.model == "A drive"
    assert (second.write_cache, second.rotational, second.fua) == ("write back", False, True)
    assert storage.physical((first, second)) == (second,)


def test_a_mapped_device_on_a_raid_leads_to_both_disks(tmp_path: Path) -> None:
    raid = disk(tmp_path, "md0", "9:0")
    (raid / "md").mkdir()
    (raid / "md/level").write_text("raid1")
    mapped = disk(tmp_path, "dm-0", "253:0")
    (mapped / "dm").mkdir()
    (mapped / "dm/uuid").write_text("LVM-abc")
    for folder, slaves in ((mapped, ["md0"]), (raid, ["sda", "sdb"])):
        (folder / "slaves").mkdir()
        for number, slave in enumerate(slaves):
            at = tmp_path / "sys/devices/pci/block" / slave
            if not at.exists():
                disk(tmp_path, slave, f"8:{16 * number}")
            (folder / "slaves" / slave).symlink_to(at)
    found = storage.devices(mount("253:0"), tmp_path)
    assert [(device.name, device.kind, device.layer) for device in found] == [
        ("dm-0", "mapped", "LVM"),
        ("md0", "raid", "raid1"),
        ("sda", "disk", ""),
        ("sdb", "disk", ""),
    ]
    assert [device.name for device in storage.physical(found)] == ["sda", "sdb"]


def test_a_loop_device_leads_to_what_its_file_lies_on(tmp_path: Path) -> None:
    file = tmp_path / "image"
    file.touch()
    number = file.stat().st_dev
    disk(tmp_path, "vda", f"{os.major(number)}:{os.minor(number)}")
    loop = disk(tmp_path, "loop0", "7:0")
    (loop / "loop").mkdir()
    (loop / "loop/backing_file").write_text("/image\n")
    found = storage.devices(mount("7:0"), tmp_path)
    assert [(device.name, device.kind) for device in found] == [("loop0", "loop"), ("vda", "disk")]


def test_where_no_device_is_there_is_none(tmp_path: Path) -> None:
    assert storage.devices(mount("0:30", "tmpfs"), tmp_path) == ()
    assert storage.devices(mount("0:41", "/dev/gone"), tmp_path) == ()


@pytest.mark.parametrize(
    ("stat", "flushes"),
    [
        ("1 2 3 4 50 6 7 8 9 10 11 12 13 14 15 120 30", 120),
        ("1 2 3 4 50 6 7 8 9 10 11", None),  # before Linux 5.5
    ],
)
def test_flushes_are_counted_where_the_kernel_does(
    stat: str, flushes: int | None, tmp_path: Path
) -> None:
    (disk(tmp_path, "sda", "8:0") / "stat").write_text(stat)
    counted = storage.counters("sda", tmp_path)
    assert (counted.flushes if counted else None) == flushes
    assert storage.counters("sdz", tmp_path) is None


def test_pressure_is_what_somebody_waited(tmp_path: Path) -> None:
    assert storage.pressure(tmp_path) is None
    (tmp_path / "proc/pressure").mkdir(parents=True)
    (tmp_path / "proc/pressure/io").write_text(
        "some avg10=12.50 avg60=0.00 avg300=0.00 total=1\nfull avg10=7.00 avg60=0 avg300=0 total=1\n"
    )
    assert storage.pressure(tmp_path) == 12.5
