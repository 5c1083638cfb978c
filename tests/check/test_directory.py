"""The kind of target that is a directory: addresses, the plan, the record and the budget."""

import os
from pathlib import Path

import msgspec
import pytest

from earwitness.check import directory, kinds
from earwitness.check.plan import Step
from earwitness.check.target import NotATarget, NotSeen, Target, Unreachable

ONE = Step(name="one", purpose="the first thing", text="/proc/one")
TWO = Step(name="two", purpose="the second thing", text="/proc/two")


def target(path: Path) -> Target:
    found = directory.parse(str(path))
    assert found is not None
    return found


@pytest.mark.parametrize("address", ["/srv", "./data", "../data", "~/data", "."])
def test_paths_are_directories(address: str) -> None:
    kind, found = kinds.recognise(address)
    assert (kind.name, found.kind) == ("directory", "directory")


@pytest.mark.parametrize("address", ["data", "postgresql://here/shop", "service=shop"])
def test_what_begins_otherwise_is_none(address: str) -> None:
    assert directory.parse(address) is None


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotATarget, match="no directory"):
        directory.parse(str(tmp_path / "file"))
    with pytest.raises(NotATarget, match="none on this machine"):
        directory.parse("~no-such-user/data")


def test_one_that_is_not_there_cannot_be_reached(tmp_path: Path) -> None:
    with (
        pytest.raises(Unreachable, match="No such file"),
        directory.open_session(target(tmp_path / "none"), directory.BUDGET, ()),
    ):
        pytest.fail("it opened")


@pytest.mark.parametrize("loop", ["one", "other"])
def test_links_in_a_circle_cannot_be_reached(loop: str, tmp_path: Path) -> None:
    (tmp_path / "one").symlink_to("other")
    (tmp_path / "other").symlink_to("one")
    with (
        pytest.raises(Unreachable, match="cannot look at"),
        directory.open_session(target(tmp_path / loop), directory.BUDGET, ()),
    ):
        pytest.fail("it opened")


def test_what_may_not_be_looked_into_cannot_be_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    (tmp_path / "in").mkdir()
    monkeypatch.setattr(Path, "stat", refused)  # root may look into everything
    with (
        pytest.raises(Unreachable, match="Permission denied"),
        directory.open_session(target(tmp_path / "in"), directory.BUDGET, ()),
    ):
        pytest.fail("it opened")


def test_names_that_no_document_can_hold_are_refused(tmp_path: Path) -> None:
    name = os.fsdecode(b"a\xff")
    try:
        (tmp_path / name).mkdir()
    except OSError:
        pytest.skip("this file system has only names in UTF-8")
    (tmp_path / "link").symlink_to(name)
    with pytest.raises(NotATarget, match="not UTF-8"):
        directory.parse(str(tmp_path / name))
    with (
        pytest.raises(Unreachable, match="not UTF-8"),
        directory.open_session(target(tmp_path / "link"), directory.BUDGET, ()),
    ):
        pytest.fail("it opened")


def test_a_directory_that_is_named_without_its_beginning_is_hinted_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotATarget, match=r"say \./data"):
        directory.parse("data")
    assert directory.parse("other") is None


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    with directory.open_session(target(tmp_path / "link"), directory.BUDGET, ()) as session:
        assert session.path == tmp_path / "real"


def test_only_what_was_announced_is_done_and_all_of_it_is_noted(tmp_path: Path) -> None:
    def refused() -> None:
        raise PermissionError(13, "Permission denied", "/proc/one")

    with directory.open_session(target(tmp_path), directory.BUDGET, (ONE,)) as session:
        assert session.look(ONE, lambda: 7) == 7
        with pytest.raises(NotSeen, match="announced"):
            session.look(TWO, lambda: pytest.fail("it was done"))
        with pytest.raises(NotSeen, match="Permission denied: /proc/one"):
            session.look(ONE, refused)
        assert [(read.name, bool(read.failed)) for read in session.record] == [
            ("one", False),
            ("one", True),
        ]


@pytest.mark.parametrize("spent", [{"steps": 1}, {"seconds": 0.0}])
def test_the_budget_ends_it(spent: dict[str, float], tmp_path: Path) -> None:
    budget = msgspec.structs.replace(directory.BUDGET, **spent)
    with directory.open_session(target(tmp_path), budget, (ONE,)) as session:
        if "steps" in spent:
            session.look(ONE, lambda: None)
        with pytest.raises(NotSeen, match="budget"):
            session.look(ONE, lambda: pytest.fail("it was done"))
