"""Entries of the cache are whole or not there."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from earwitness.servers import cache


def make(text: str):
    def fill(folder: Path) -> None:
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_text(text)

    return fill


def never(folder: Path) -> None:
    raise AssertionError("made again")


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    first = cache.keep("kind", "key", make("a"), root=tmp_path)
    assert cache.keep("kind", "key", never, root=tmp_path) == first
    assert (first / "deep" / "file").read_text() == "a"


@pytest.mark.parametrize("damage", ["lost", "shortened", "unsealed"])
def test_a_damaged_entry_is_made_again(tmp_path: Path, damage: str) -> None:
    entry = cache.keep("kind", "key", make("before"), root=tmp_path)
    match damage:
        case "lost":
            (entry / "deep" / "file").unlink()
        case "shortened":
            (entry / "deep" / "file").write_text("")
        case _:
            (entry / "sealed.json").unlink()
    entry = cache.keep("kind", "key", make("after"), root=tmp_path)
    assert (entry / "deep" / "file").read_text() == "after"
    assert [p.name for p in entry.parent.iterdir()] == ["key"]


def test_a_maker_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("")
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        cache.keep("kind", "key", fail, root=tmp_path)
    assert list((tmp_path / "kind").iterdir()) == []


def test_a_maker_that_is_killed_leaves_no_entry(tmp_path: Path) -> None:
    script = f"""
import pathlib, time
from earwitness.servers import cache
def make(folder):
    (folder / "half").write_text("")
    print("making", flush=True)
    time.sleep(60)
cache.keep("kind", "key", make, root=pathlib.Path({str(tmp_path)!r}))
"""
    maker = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert maker.stdout is not None
    assert maker.stdout.readline() == b"making\n"
    maker.send_signal(signal.SIGKILL)
    maker.communicate()
    assert not (tmp_path / "kind" / "key").exists()
    entry = cache.keep("kind", "key", make("whole"), root=tmp_path)
    assert (entry / "deep" / "file").read_text() == "whole"

    rest = [p for p in entry.parent.iterdir() if p != entry]
    assert len(rest) == 1  # it may be somebody's who is still at it ...
    long_ago = time.time() - 7200
    os.utime(rest[0], (long_ago, long_ago))
    cache.keep("kind", "other", make("b"), root=tmp_path)
    assert not rest[0].exists()  # ... but not for two hours


def test_of_two_makers_at_once_both_get_a_whole_entry(tmp_path: Path) -> None:
    both_at_it = threading.Barrier(2)
    got = []

    def fill(folder: Path) -> None:
        both_at_it.wait(timeout=30)
        make("same")(folder)

    def keep() -> None:
        got.append(cache.keep("kind", "key", fill, root=tmp_path))

    threads = [threading.Thread(target=keep) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == [tmp_path / "kind" / "key"] * 2
    assert [p.name for p in (tmp_path / "kind").iterdir()] == ["key"]


def test_a_cache_that_others_may_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kind").mkdir()
    (tmp_path / "kind").chmod(0o777)
    with pytest.raises(PermissionError, match="writable by no other"):
        cache.keep("kind", "key", never, root=tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's cache serves another user")
def test_entries_of_root_can_be_read_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        entry = cache.keep("kind", "key", make("a"), root=tmp_path / "new")
    finally:
        os.umask(before)
    for path in (entry.parent, entry, entry / "deep"):
        assert path.stat().st_mode & 0o777 == 0o755
    assert (entry / "deep" / "file").stat().st_mode & 0o777 == 0o644


def test_the_folder_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EARWITNESS_CACHE", str(tmp_path))
    assert cache.folder() == tmp_path
    monkeypatch.delenv("EARWITNESS_CACHE")
    assert cache.folder() != tmp_path
