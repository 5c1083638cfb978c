"""Where the disk can be had, and what is said where it cannot."""

import os
import sys
from pathlib import Path

import pytest

from earwitness.servers.disk import components, disk, kernel, status
from earwitness.servers.process import MissingComponent


def test_without_root_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(MissingComponent, match="root"):
        disk.find()
    (row,) = components()
    assert row.version is None
    assert "root" in (row.missing or "")


def test_root_without_the_capability_is_told_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(kernel, "capable", lambda _capability: False)
    with pytest.raises(MissingComponent, match="CAP_SYS_ADMIN"):
        disk.find()


def test_a_device_that_is_not_there_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(kernel, "capable", lambda _capability: True)
    monkeypatch.setattr(disk, "_DEVICES", (tmp_path / "fuse",))
    with pytest.raises(MissingComponent, match=str(tmp_path / "fuse")):
        disk.find()


def test_a_missing_formatter_comes_with_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(kernel, "capable", lambda _capability: True)
    monkeypatch.setattr(disk, "_DEVICES", ())
    monkeypatch.setenv("EARWITNESS_MKFS", str(tmp_path / "none"))
    with pytest.raises(MissingComponent) as missing:
        disk.find()
    assert missing.value.install == "apt-get install e2fsprogs"


def test_elsewhere_it_needs_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(MissingComponent, match="Linux"):
        disk.find()


@pytest.mark.parametrize("size", [0, 4095, disk.LARGEST_BYTES + 4096])
def test_images_are_bounded(size: int, tmp_path: Path) -> None:
    program = disk.Program(Path("/bin/true"), "1", "test", "")
    with pytest.raises(ValueError, match="whole blocks"):
        disk.format_image(program, tmp_path / "image", size)
    assert not (tmp_path / "image").exists()


def test_facts_are_there_whole_or_not_at_all(tmp_path: Path) -> None:
    told = tmp_path / "status"
    assert status.read(told) == {}
    status.write(told, {"device": "/dev/loop9", "flushes": 3})
    assert status.read(told) == {"device": "/dev/loop9", "flushes": 3}
    assert [path.name for path in tmp_path.iterdir()] == ["status"]


@pytest.mark.parametrize(
    ("told", "number", "expected"),
    [
        (status.refusals_told, 1, status.NOT_GRANTED),  # EPERM
        (status.damage_told, 74, status.DAMAGED),  # EBADMSG
        (status.damage_told, 1, status.NOT_GRANTED),
    ],
)
def test_a_refusal_becomes_an_exit_status(
    told: object, number: int, expected: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(told)
    with pytest.raises(SystemExit) as ended, told():
        raise OSError(number, "the reason")
    assert ended.value.code == expected
    assert "the reason" in capsys.readouterr().err


def test_other_errors_are_not_refusals() -> None:
    with pytest.raises(OSError, match="broken"), status.refusals_told():
        raise OSError(5, "broken")
