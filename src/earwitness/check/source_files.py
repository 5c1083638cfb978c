"""The source files of a repository, read so that findings can be placed in them.

Folders are walked without following links; what is generated, installed or hidden is left out, and so
is what is too large to be written by hand. Nothing is written, and no other program is asked.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from earwitness.check.source_places import SourceFile

SUFFIXES = frozenset(
    [
        ".sql",
        ".psql",
        ".pgsql",
        ".ddl",
        ".py",
        ".rb",
        ".php",
        ".js",
        ".mjs",
        ".cjs",
        ".jsx",
        ".ts",
        ".mts",
        ".cts",
        ".tsx",
        ".java",
        ".kt",
        ".kts",
        ".groovy",
        ".scala",
        ".clj",
        ".go",
        ".rs",
        ".c",
        ".h",
        ".cc",
        ".cpp",
        ".hpp",
        ".cs",
        ".fs",
        ".vb",
        ".swift",
        ".dart",
        ".ex",
        ".exs",
        ".erl",
        ".hs",
        ".ml",
        ".lua",
        ".pl",
        ".pm",
        ".r",
        ".sh",
        ".xml",
        ".erb",
        ".prisma",
    ]
)
"""What is read in a folder; a file that is named is read whatever it is called."""
LEFT_OUT = frozenset(
    ("node_modules", "site-packages", "__pycache__", "venv", "vendor", "target", "build", "dist")
)
LARGEST = 1_000_000
"""Bytes of a file; larger ones are generated, or data."""
MOST = 20_000
"""Files in all."""


@dataclass(frozen=True)
class Sources:
    """What was read, and what was not."""

    files: tuple[SourceFile, ...]
    left_out: int
    """Files that are too large, too many, or cannot be read."""


def read(paths: Iterable[Path]) -> Sources:
    """The files of these paths, each once, in the order of their names."""
    files: dict[str, SourceFile] = {}
    left_out = 0
    for path in paths:
        root = _root(path.resolve())
        for file in _below(path.resolve()):
            name = file.relative_to(root).as_posix()
            text = _text(file) if len(files) < MOST and _is_text(name) else None
            if text is None:
                left_out += 1
            else:
                files[name] = SourceFile(path=name, text=text)
    return Sources(tuple(files[name] for name in sorted(files)), left_out)


def _root(path: Path) -> Path:
    """The repository that a path is in; else the current folder, where it is inside; else its own."""
    folder = path if path.is_dir() else path.parent
    for above in (folder, *folder.parents):
        if (above / ".git").exists():
            return above
    here = Path.cwd()
    return here if here in (folder, *folder.parents) else folder


def _below(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(f for f in folders if f not in LEFT_OUT and not f.startswith("."))
        for name in sorted(names):
            file = Path(folder, name)
            if file.suffix.lower() in SUFFIXES and file.is_file() and not file.is_symlink():
                yield file


def _is_text(name: str) -> bool:
    """Whether a name can be written into a document; those of files may be any bytes."""
    return name.encode(errors="ignore").decode() == name


def _text(file: Path) -> str | None:
    """The text; None when it is too large or cannot be read."""
    try:
        if file.stat().st_size > LARGEST:
            return None
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
