"""Downloads a recording, so that whatever interrupts it costs only what had not come yet.

What came stands in a file ``.part`` beside a note of whose bytes they are: the address and the
server's own mark of that version. A later call asks for the rest of that very version (``Range``
with ``If-Range``, RFC 9110); when the server has another one by now it sends that from its start.
A complete file is on disk before it gets its name, and the name has nothing of the feed in it.
"""

import contextlib
import errno
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from earwitness.library.fetching import fetcher, recordings
from earwitness.library.fetching.fetcher import Answer
from earwitness.library.fetching.problems import Answered, Incomplete, NoSpace, TooBig
from earwitness.library.fetching.web import MEBIBYTE, Limits, Web

LIMITS = Limits(seconds=6 * 3600.0, idle_seconds=30.0, bytes=4096 * MEBIBYTE, redirects=10)
"""A recording is larger than a page, and advertising sends it through many hosts."""

_PARTIAL = 206
_RANGE_NOT_SATISFIABLE = 416
_LENGTH = re.compile(r"[0-9]{1,18}")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")

Progress = Callable[[float], None]
"""Is told how much of the file is here, from 0 to 1."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Whose bytes a part is."""

    url: str
    validator: str | None
    """The strong ETag, else Last-Modified; None: it cannot be continued."""
    length: int | None
    """Of the whole file."""


def download(
    web: Web, url: str, target: Path, *, progress: Progress, limits: Limits = LIMITS
) -> Path:
    """Download to the target with the suffix of its kind, and return that path. Raises NotFetched.

    ``target`` has no suffix; folders are made. One process at a time for each target.
    """
    target.parent.mkdir(parents=True, exist_ok=True)

    def once() -> None:
        with _space_named(target.parent):
            _continue(web, url, target, progress, limits)

    web.patiently(once)
    return _finished(target)


def part_of(target: Path) -> Path:
    """Where the bytes are that came so far."""
    return target.with_name(target.name + ".part")


def _note_of(target: Path) -> Path:
    return target.with_name(target.name + ".part.json")


def _continue(web: Web, url: str, target: Path, progress: Progress, limits: Limits) -> None:
    """Ask for what is missing and write it behind what is there."""
    part, note = _so_far(url, target)
    if note.length is not None and part == note.length:
        return
    headers = {"Accept-Encoding": "identity"}
    if part and note.validator is not None:
        headers |= {"Range": f"bytes={part}-", "If-Range": note.validator}
    else:
        part = 0
    try:
        with fetcher.opened(web, url, headers=headers, limits=limits) as answer:
            part, length = _begin(answer, url, target, part)
            _check_space(target, length, part, limits)
            _receive(answer, target, part, length, progress)
    except Answered as problem:
        if problem.status != _RANGE_NOT_SATISFIABLE or not part:
            raise
        _forget(target)  # the file is another one by now
        _continue(web, url, target, progress, limits)


def _so_far(url: str, target: Path) -> tuple[int, Part]:
    """How many bytes of this address are here, and whose they are."""
    try:
        note = msgspec.json.decode(_note_of(target).read_bytes(), type=Part)
        if note.url == url:
            return part_of(target).stat().st_size, note
    except (FileNotFoundError, msgspec.DecodeError):
        pass
    return 0, Part(url=url, validator=None, length=None)


def _begin(answer: Answer, url: str, target: Path, part: int) -> tuple[int, int | None]:
    """How much of what the answer continues is here, and the length of the whole."""
    if answer.status == _PARTIAL:
        return part, _whole_length(answer, part)
    length = _length(answer)
    part_of(target).unlink(missing_ok=True)
    note = Part(url=url, validator=_validator(answer), length=length)
    _write_whole(_note_of(target), msgspec.json.encode(note))
    return 0, length


def _receive(
    answer: Answer, target: Path, came: int, length: int | None, progress: Progress
) -> None:
    with part_of(target).open("ab") as file:
        for piece in _recording(answer.pieces, answer, fresh=not came):
            file.write(piece)
            came += len(piece)
            if length:
                progress(came / length)
        file.flush()
        os.fsync(file.fileno())
    if length is not None and came != length:
        raise Incomplete(f"{came} of {length} bytes came of {fetcher.shown(answer.url)}")


def _recording(pieces: Iterator[bytes], answer: Answer, *, fresh: bool) -> Iterator[bytes]:
    """The pieces, once the first of them showed that this is a recording."""
    held = b""
    for piece in pieces:
        if not fresh:
            yield piece
            continue
        held += piece
        if len(held) >= recordings.FIRST_BYTES:
            _require_recording(held, answer)
            fresh = False
            yield held
    if fresh:
        _require_recording(held, answer)
        yield held


def _require_recording(first: bytes, answer: Answer) -> None:
    if recordings.suffix(first) is None:
        kind = answer.headers.get("content-type", "of no type").partition(";")[0][:60]
        problem = Incomplete(f"{fetcher.shown(answer.url)} is no recording but {kind}")
        problem.passing = False
        raise problem


def _finished(target: Path) -> Path:
    """Give the complete file its name."""
    part = part_of(target)
    with part.open("rb") as file:
        suffix = recordings.suffix(file.read(recordings.FIRST_BYTES))
    named = target.with_name(f"{target.name}.{suffix or 'bin'}")
    part.replace(named)
    _note_of(target).unlink(missing_ok=True)
    return named


def _forget(target: Path) -> None:
    part_of(target).unlink(missing_ok=True)
    _note_of(target).unlink(missing_ok=True)


def _whole_length(answer: Answer, part: int) -> int:
    """The length of the whole file by a partial answer, which has to go on where we are."""
    found = _CONTENT_RANGE.fullmatch(answer.headers.get("content-range", ""))
    if found is None or int(found[1]) != part or int(found[2]) + 1 != int(found[3]):
        raise Incomplete(f"{fetcher.shown(answer.url)} sends another part than was asked for")
    return int(found[3])


def _length(answer: Answer) -> int | None:
    text = answer.headers.get("content-length", "")
    return int(text) if _LENGTH.fullmatch(text) else None


def _validator(answer: Answer) -> str | None:
    """What a later request can name this version by: a weak ETag does not promise equal bytes."""
    etag = answer.headers.get("etag")
    if etag is not None and not etag.startswith("W/"):
        return etag
    return answer.headers.get("last-modified")


def _check_space(target: Path, length: int | None, part: int, limits: Limits) -> None:
    if length is None:
        return
    if length > limits.bytes:
        raise TooBig(f"the recording has {length} bytes; {limits.bytes} are allowed")
    free = shutil.disk_usage(target.parent).free
    if length - part > free:
        raise NoSpace(
            f"the recording needs {length - part} bytes more and {free} are free in "
            f"{target.parent}: free some space and start again"
        )


@contextlib.contextmanager
def _space_named(folder: Path) -> Iterator[None]:
    """Turn the error of a full disk into ours."""
    try:
        yield
    except OSError as problem:
        if problem.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise NoSpace(
            f"the disk of {folder} is full: free some space and start again; what came is kept"
        ) from None


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all."""
    beside = path.with_name(path.name + ".new")
    beside.write_bytes(data)
    beside.replace(path)
