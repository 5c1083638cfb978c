"""Where a directory lies, followed through overlays and loop devices to what is really below."""

from pathlib import Path

from earwitness.claims.fsync import places

ROOT = "20 1 8:1 / / rw - ext4 /dev/sda1 rw"


def seen(root: Path, *lines: str, path: str = "/merged/data") -> places.Place:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/mountinfo").write_text("\n".join((ROOT, *lines)) + "\n")
    return places.places(Path(path), root)[0]


def overlay(upper: str) -> str:
    return f"30 20 0:50 / /merged rw - overlay overlay rw,upperdir={upper},workdir=/w"


def disk(root: Path, name: str, number: str) -> Path:
    folder = root / "sys/devices/block" / name
    (folder / "queue").mkdir(parents=True)
    (folder / "queue/write_cache").write_text("write back")
    link = root / "sys/dev/block" / number
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(folder)
    return folder


def test_below_an_overlay_is_the_mount_of_its_upper_folder(tmp_path: Path) -> None:
    (tmp_path / "fast/a b").mkdir(parents=True)
    disk(tmp_path, "sdb", "8:16")
    fast = "31 20 8:16 / /fast rw - xfs /dev/sdb rw,nobarrier"
    place = seen(tmp_path, fast, overlay("/fast/a\\040b"))
    assert place.covered == "xfs"
    assert [mount.point for mount in place.below] == ["/fast"]
    assert [device.name for device in place.devices] == ["sdb"]
    assert place.unfollowed == ()


def test_an_upper_folder_that_is_not_seen_is_noted(tmp_path: Path) -> None:
    place = seen(tmp_path / "one", overlay("relative/upper"))
    assert (place.below, place.unfollowed) == ((), ("relative/upper",))
    place = seen(tmp_path / "two", overlay("/of/the/host"))
    assert (place.below, place.unfollowed) == ((), ("/of/the/host",))


def test_below_a_loop_device_is_the_mount_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory/image").touch()
    loop = disk(tmp_path, "loop0", "7:0")
    (loop / "loop").mkdir()
    (loop / "loop/backing_file").write_text("/memory/image\n")
    memory = "31 20 0:60 / /memory rw - tmpfs tmpfs rw"
    place = seen(tmp_path, memory, "32 20 7:0 / /merged rw - ext4 /dev/loop0 rw")
    assert [mount.kind for mount in place.below] == ["tmpfs"]
