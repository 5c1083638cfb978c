"""Which writes are refused: seen by whoever has the file, counted, and only those of the range."""

from pathlib import Path

import pytest

from earwitness.servers.disk.faults import Faults


def test_nothing_is_refused_at_first(tmp_path: Path) -> None:
    assert not Faults(tmp_path / "faults").refuses(0, 1 << 20)


def test_as_many_as_were_asked_for_are_refused_on_the_other_side(tmp_path: Path) -> None:
    owner, disk = (Faults(tmp_path / "faults") for _ in range(2))
    owner.refuse(8192, 12288, 2)
    assert [disk.refuses(8192, 4096) for _ in range(4)] == [True, True, False, False]


@pytest.mark.parametrize(
    ("offset", "length", "touches"),
    [(0, 8192, False), (0, 8193, True), (12287, 1, True), (12288, 4096, False)],
)
def test_only_what_touches_the_range(
    offset: int, length: int, touches: bool, tmp_path: Path
) -> None:
    faults = Faults(tmp_path / "faults")
    faults.refuse(8192, 12288, 9)
    assert faults.refuses(offset, length) is touches


def test_a_new_range_takes_the_place_of_the_old(tmp_path: Path) -> None:
    faults = Faults(tmp_path / "faults")
    faults.refuse(0, 4096, 5)
    faults.refuse(4096, 8192, 1)
    assert not faults.refuses(0, 4096)
    assert faults.refuses(4096, 4096)
