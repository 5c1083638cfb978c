"""Folders that are made once and used by many runs: unpacked binaries, initialised clusters.

An entry is there whole or not at all. It is made under another name, sealed with what it should
contain, and renamed into place; an entry that does not match its seal (a machine that lost power)
is made again. Entries are never changed. What is kept stands in the rooms of the servers.

As root the cache belongs to root and nobody else may write it, because what lies there is run.
"""

import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import platformdirs

_SEAL = "sealed.json"
_ROOTS_CACHE = Path("/var/cache/earwitness")
_ABANDONED_SECONDS = 3600.0
"""A folder under construction that is older than this has no builder any more."""


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry must contain, the seal itself not counted."""

    files: int
    bytes: int


def folder() -> Path:
    """Where entries are: EARWITNESS_CACHE, else /var/cache/earwitness for root, else the user's."""
    if chosen := os.environ.get("EARWITNESS_CACHE"):
        return Path(chosen).expanduser().absolute()
    if os.geteuid() == 0:
        return _ROOTS_CACHE
    return Path(platformdirs.user_cache_dir("earwitness"))


def keep(kind: str, key: str, make: Callable[[Path], None], *, root: Path | None = None) -> Path:
    """The entry ``kind/key``; made by ``make(empty folder)`` when there is no whole one yet.

    Two makers at once do not disturb each other: one result is kept. PermissionError when the
    cache is not ours alone, OSError when it cannot be written, and whatever ``make`` raises.
    """
    shelf = _shelf(root or folder(), kind)
    entry = shelf / key
    if _is_whole(entry):
        return entry
    _remove_abandoned(shelf)
    partial = shelf / f".{key}.{secrets.token_hex(4)}"
    partial.mkdir(mode=0o755)
    try:
        make(partial)
        if os.geteuid() == 0:
            _let_everybody_read(partial)
        (partial / _SEAL).write_bytes(msgspec.json.encode(_contents(partial)))
        _put(partial, entry)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return entry


def traversable(path: Path) -> bool:
    """Whether everybody may reach ``path``: each folder above it lets others through."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def _shelf(root: Path, kind: str) -> Path:
    shelf = root / kind
    for level in (root, shelf):
        if not level.exists():
            level.mkdir(parents=True, exist_ok=True)
            level.chmod(0o755)  # mkdir obeys the umask
        facts = level.stat()
        if facts.st_uid != os.geteuid() or facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(f"{level} must belong to this user and be writable by no other")
    return shelf


def _let_everybody_read(entry: Path) -> None:
    """Servers run as another user than root, whatever umask the files were made with."""
    for parent, _, names in os.walk(entry):
        Path(parent).chmod(0o755)
        for file in (Path(parent) / name for name in names):
            if not file.is_symlink():
                mode = stat.S_IMODE(file.stat().st_mode)
                file.chmod(mode | 0o444 | (0o111 if mode & stat.S_IXUSR else 0))


def _contents(entry: Path) -> Seal:
    sizes = [
        (Path(parent) / name).lstat().st_size
        for parent, _, names in os.walk(entry)
        for name in names
        if name != _SEAL
    ]
    return Seal(files=len(sizes), bytes=sum(sizes))


def _is_whole(entry: Path) -> bool:
    try:
        seal = msgspec.json.decode((entry / _SEAL).read_bytes(), type=Seal)
        return seal == _contents(entry)
    except (OSError, msgspec.DecodeError):
        return False


def _put(partial: Path, entry: Path) -> None:
    """Rename into place; where another maker was faster, a whole entry of theirs stays."""
    try:
        partial.rename(entry)
    except OSError:
        if _is_whole(entry):
            return
        broken = entry.with_name(f".{entry.name}.{secrets.token_hex(4)}")
        entry.rename(broken)
        partial.rename(entry)
        shutil.rmtree(broken, ignore_errors=True)


def _remove_abandoned(shelf: Path) -> None:
    for entry in shelf.glob(".*"):
        if time.time() - entry.lstat().st_mtime > _ABANDONED_SECONDS:
            shutil.rmtree(entry, ignore_errors=True)
