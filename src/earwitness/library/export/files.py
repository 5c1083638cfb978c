"""Files of an export: names that every system can hold, and writing that is whole or not at all."""

import contextlib
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from earwitness.trouble import Trouble

LONGEST_NAME = 120
"""Characters of a name without its ending; with any letters it stays below 255 bytes times two."""
_MOST_BYTES = 200
_FORBIDDEN = re.compile(r'[\\/:*?"<>|#^\[\]%\x00-\x1f\x7f-\x9f]')
"""What Windows refuses, and what links of Obsidian and Logseq cannot hold."""
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


class CannotExport(Trouble):
    """The destination cannot be written, or the file cannot be read; one line."""


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """What an export or an import came to."""

    schema: Literal["earwitness/export/1"] = "earwitness/export/1"
    destination: str
    changed: int
    """Files, or snips, that were written."""
    unchanged: int
    items: int
    """Snips, or cards, that it has."""
    problems: tuple[str, ...] = ()
    """What went wrong and was left out or done in another way, a line each."""


def safe_name(title: str) -> str:
    """A name for a file, without its ending; the same for the same title."""
    plain = unicodedata.normalize("NFC", title)
    plain = "".join(
        " " if unicodedata.category(letter) in ("Cf", "Zl", "Zp", "Cs", "Co", "Cn") else letter
        for letter in plain
    )
    name = " ".join(_FORBIDDEN.sub(" ", plain).split())[:LONGEST_NAME]
    name = name.encode()[:_MOST_BYTES].decode(errors="ignore").strip(". ")
    if not name:
        return "untitled"
    return f"{name}_" if _DEVICES.fullmatch(name) else name


def write(file: Path, content: bytes) -> bool:
    """Put a file in place whole, or leave what is there; False when it has that content already.

    Raises CannotExport.
    """
    with _named(file):
        if file.is_file() and file.read_bytes() == content:
            return False
        with replacing(file) as new:
            new.write_bytes(content)
    return True


@contextlib.contextmanager
def replacing(file: Path) -> Iterator[Path]:
    """A path beside the file to write to; it takes the file's place when all went well."""
    with _named(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".earwitness-", dir=file.parent)
        new = Path(name)
        try:
            os.close(handle)
            new.chmod(file.stat().st_mode & 0o777 if file.exists() else 0o666 & ~_umask())
            yield new
            with new.open("rb+") as written:
                os.fsync(written.fileno())
            new.replace(file)
        finally:
            new.unlink(missing_ok=True)


def read(file: Path) -> str | None:
    """The text of a file as it stands, line ends included; None without one. Raises CannotExport."""
    with _named(file, "read"):
        try:
            return file.read_bytes().decode()
        except FileNotFoundError:
            return None
        except UnicodeDecodeError as problem:
            raise CannotExport(f"{file} is not UTF-8") from problem


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def _named(file: Path, done: str = "written") -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        raise CannotExport(f"{file} cannot be {done}: {problem.strerror}") from problem
