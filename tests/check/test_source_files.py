"""Which files of a repository are searched, and what their places are relative to."""

import os
from pathlib import Path

import pytest

from earwitness.check import source_files


def made(root: Path, *names: str) -> None:
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("select 1;")


def paths(*given: Path) -> list[str]:
    return [file.path for file in source_files.read(given).files]


def test_places_are_relative_to_the_repository(tmp_path: Path) -> None:
    made(tmp_path, ".git/config", "db/a.sql", "app/b.py")
    assert paths(tmp_path / "db") == ["db/a.sql"]
    assert paths(tmp_path / "app" / "b.py", tmp_path) == ["app/b.py", "db/a.sql"]


def test_without_a_repository_they_are_relative_to_here_or_to_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path, "here/db/a.sql", "there/b.sql")
    monkeypatch.chdir(tmp_path / "here")
    assert paths(Path("db")) == ["db/a.sql"]
    assert paths(tmp_path / "there") == ["b.sql"]


def test_what_nobody_wrote_is_left_out(tmp_path: Path) -> None:
    made(tmp_path, "a.sql", "node_modules/b.sql", ".venv/c.py", "vendor/d.go", "image.png", "e.SQL")
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "f.sql").symlink_to(tmp_path / "a.sql")
    assert paths(tmp_path) == ["a.sql", "e.SQL"]
    made(tmp_path, "named.txt")
    assert paths(tmp_path / "named.txt") == ["named.txt"]


def test_a_name_that_is_no_text_is_left_out(tmp_path: Path) -> None:
    made(tmp_path, "a.sql")
    try:
        (tmp_path / os.fsdecode(b"\xff.sql")).write_text("select 1;")
    except OSError:
        pytest.skip("this file system has only names that are text")
    read = source_files.read([tmp_path])
    assert ([file.path for file in read.files], read.left_out) == (["a.sql"], 1)


def test_what_is_too_large_is_counted_and_bad_bytes_are_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "large.sql").write_bytes(b" " * (source_files.LARGEST + 1))
    (tmp_path / "odd.sql").write_bytes(b"\xff\xfe select 1;")
    read = source_files.read([tmp_path])
    assert ([file.path for file in read.files], read.left_out) == (["odd.sql"], 1)
