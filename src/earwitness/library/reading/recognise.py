"""Finds out what was given and reads it: by its content first, by its name where content does not tell.

Names lie more often than content does: feeds come as ``.txt``, transcripts of any kind as ``.vtt``.
"""

import re
from collections.abc import Callable
from pathlib import PurePath

from earwitness.library.intake import Intake, NotReadable, Transcript
from earwitness.library.reading import (
    audio_tags,
    chapters_json,
    feed,
    opml,
    readwise,
    share_page,
    snipd,
    srt,
    text_file,
    transcript_json,
    transcript_markdown,
    vtt,
)
from earwitness.library.reading.opml import Opml

Read = Intake | tuple[Intake, ...] | Transcript | Opml
"""Several intakes where one file speaks of several shows."""

_VTT_TIMES = re.compile(r"^(?:\d+:)?\d\d:\d\d\.\d{3} --> ", re.MULTILINE)
_SRT_TIMES = re.compile(r"^\d+:\d\d?:\d\d?,\d+ *--> ", re.MULTILINE)
_HEAD = 4096
"""Characters in which the first element of a document stands, behind its comments."""
_SAMPLE = 1_000_000
"""Characters of a text that show what it is."""


def read(data: bytes, name: str) -> Read:
    """What the bytes of a file of that name hold. Raises NotReadable."""
    if not data.strip(b"\x00 \t\r\n"):
        raise NotReadable(f"{name} is empty")
    if audio_tags.looks_like_one(data[:16]) and b"\x00" in data[:512]:
        raise NotReadable(f"{name} is a recording; it is read from its path")
    text = text_file.decoded(data, text_file.LARGEST_BYTES)
    start = text.lstrip()[:_HEAD]
    if start.startswith("<"):
        return _markup(data, start, text, name)
    if start.startswith(("{", "[")):
        return _json(data, name)
    return _text(data, name, text)


def _markup(data: bytes, start: str, text: str, name: str) -> Read:
    lowered = start.lower()
    if "<opml" in lowered:
        return opml.read(data)
    if "<html" in lowered or "<!doctype html" in lowered:
        shown = share_page.text_of_html(text)
        if share_page.looks_like_one(shown):
            return share_page.read_text(shown)
        raise NotReadable("a web page, and no share page of a show: give the address of its feed")
    return feed.read(data, name if name.startswith(("http://", "https://")) else None)


def _json(data: bytes, name: str) -> Read:
    document = text_file.json(data)
    if chapters_json.looks_like_one(document):
        raise NotReadable(f"{name} has chapters; they belong to an episode, whose feed names them")
    return transcript_json.read(data)


def _text(data: bytes, name: str, text: str) -> Read:
    text = text[:_SAMPLE]
    if text.startswith("WEBVTT") or _VTT_TIMES.search(text):
        return vtt.read(data)
    if _SRT_TIMES.search(text):
        return srt.read(data)
    if snipd.looks_like_one(text):
        return snipd.read(data)
    if share_page.looks_like_one(text):
        return share_page.read(data)
    if readwise.looks_like_one(text):
        found = readwise.read(data)
        return found[0] if len(found) == 1 else found
    if transcript_markdown.looks_like_one(text):
        return transcript_markdown.read(data)
    return _by_name(data, name)


def _by_name(data: bytes, name: str) -> Read:
    """Where content does not tell, the reader of that name says what is missing."""
    readers: dict[str, Callable[[bytes], Read]] = {
        ".vtt": vtt.read,
        ".srt": srt.read,
        ".csv": readwise.read,
        ".md": transcript_markdown.read,
        ".xml": feed.read,
        ".rss": feed.read,
        ".opml": opml.read,
        ".json": transcript_json.read,
    }
    reader = readers.get(PurePath(name).suffix.lower())
    if reader is None:
        raise NotReadable(f"{name} is of no kind that is known here")
    return reader(data)
