"""What a recording says of itself: title, show, length and chapters, read by mutagen.

Chapters stand in MP3 as frames (CHAP, ordered by CTOC), in Ogg and FLAC as comments (CHAPTER001 and
CHAPTER001NAME), in MP4 as Nero's list. This is the one reader that opens a file, as recordings are
too large to be handed around; it is given the path and writes nothing.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import mutagen
from mutagen.id3 import ID3
from mutagen.mp4 import MP4

from earwitness.library.intake import NotReadable, SourcedChapter
from earwitness.library.reading import clock, sanitise

MOST_CHAPTERS = 5_000

_TEXT_FRAMES = {"title": "TIT2", "show": "TALB", "author": "TPE1", "date": "TDRC"}
_MP4_ATOMS = {"title": "\xa9nam", "show": "\xa9alb", "author": "\xa9ART", "date": "\xa9day"}
_COMMENTS = {"title": "title", "show": "album", "author": "artist", "date": "date"}


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """A recording by its own tags."""

    duration_seconds: float | None = None
    title: str = ""
    show: str = ""
    author: str = ""
    date: str | None = None
    chapters: tuple[SourcedChapter, ...] = ()


def looks_like_one(head: bytes) -> bool:
    """Whether a file that begins so is a recording that is read here."""
    return (
        head.startswith((b"ID3", b"OggS", b"fLaC"))
        or head[4:8] == b"ftyp"
        or (len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2)
    )


def read(path: Path) -> Recording:
    """The tags of a recording. Raises NotReadable; OSError when the file cannot be opened."""
    with path.open("rb") as file:  # mutagen would hide why a file cannot be opened
        if not file.read(1):
            raise NotReadable(f"{path.name} is empty")
    try:
        found = mutagen.File(path)
    except Exception as error:
        raise NotReadable(f"{path.name} is no recording that can be read: {error}") from error
    if found is None:
        raise NotReadable(f"{path.name} is no recording of a known kind")
    length = getattr(found.info, "length", None)
    duration = float(length) if length else None
    said, chapters = _tags(found)
    date = said.pop("date", "")
    return Recording(
        duration_seconds=duration,
        date=clock.date(date[:10]) or None,
        chapters=tuple(sorted(chapters, key=lambda chapter: chapter.start_seconds)[:MOST_CHAPTERS]),
        **said,
    )


def _tags(found: mutagen.FileType) -> tuple[dict[str, str], list[SourcedChapter]]:
    tags = found.tags
    if isinstance(tags, ID3):
        texts = {key: _first(tags.getall(frame)) for key, frame in _TEXT_FRAMES.items()}
        return texts, _id3_chapters(tags)
    if isinstance(found, MP4):
        texts = {key: _first((tags or {}).get(atom, [])) for key, atom in _MP4_ATOMS.items()}
        return texts, _nero_chapters(found)
    if hasattr(tags, "keys"):  # comments of Vorbis are a list that acts as a dictionary
        comments = {str(key).lower(): _first(value) for key, value in tags.items()}
        texts = {key: comments.get(comment, "") for key, comment in _COMMENTS.items()}
        return texts, _comment_chapters(comments)
    return {}, []


def _first(values: Any) -> str:
    values = values if isinstance(values, list) else [values]
    return " ".join(str(values[0]).split()) if values else ""


def _id3_chapters(tags: ID3) -> list[SourcedChapter]:
    listed = {child for contents in tags.getall("CTOC") for child in contents.child_element_ids}
    found = []
    for frame in tags.getall("CHAP"):
        inner = frame.sub_frames
        link = next((one.url for one in inner.getall("WXXX")), None)
        found.append(
            SourcedChapter(
                start_seconds=frame.start_time / 1000,
                end_seconds=frame.end_time / 1000 if frame.end_time > frame.start_time else None,
                title=_first(inner.getall("TIT2")),
                url=sanitise.address(link),
                listed=not listed or frame.element_id in listed,
            )
        )
    return found


def _nero_chapters(found: MP4) -> list[SourcedChapter]:
    return [
        SourcedChapter(start_seconds=float(one.start), title=" ".join(one.title.split()))
        for one in found.chapters or ()
    ]


def _comment_chapters(comments: Mapping[str, str]) -> list[SourcedChapter]:
    found = []
    for key, value in comments.items():
        number = key.removeprefix("chapter")
        if number == key or not number.isdigit() or (start := clock.seconds(value)) is None:
            continue
        found.append(
            SourcedChapter(
                start_seconds=start,
                title=comments.get(f"{key}name", ""),
                url=sanitise.address(comments.get(f"{key}url")),
            )
        )
    return found
