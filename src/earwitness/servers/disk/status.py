"""What the programs of this room tell whoever started them: a small file, and an exit status."""

import contextlib
import errno
import json
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

NOT_GRANTED = 3
"""Exit status: this machine or its administrator does not let us."""
DAMAGED = 4
"""Exit status: what is on the disk cannot be mounted."""

_REFUSALS = (errno.EPERM, errno.EACCES, errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EROFS)


def write(path: Path, facts: Mapping[str, str | int]) -> None:
    """Put the facts there at once: a reader finds all of them or the earlier ones."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(facts))
    os.replace(partial, path)  # noqa: PTH105 - the atomic one, by its name


def read(path: Path) -> Mapping[str, str | int]:
    """The facts; none before the first were written."""
    try:
        facts: Mapping[str, str | int] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return facts


@contextlib.contextmanager
def refusals_told() -> Iterator[None]:
    """End with ``NOT_GRANTED`` and the reason when the kernel refuses what happens within."""
    try:
        yield
    except OSError as error:
        if error.errno not in _REFUSALS:
            raise
        _end(NOT_GRANTED, error)


@contextlib.contextmanager
def damage_told() -> Iterator[None]:
    """End with ``DAMAGED`` and the reason when the kernel cannot make sense of a disk."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.EPERM, errno.EACCES, errno.ENODEV):
            _end(NOT_GRANTED, error)
        _end(DAMAGED, error)


def _end(number: int, error: OSError) -> None:
    sys.stderr.write(f"{error}\n")
    raise SystemExit(number) from None
