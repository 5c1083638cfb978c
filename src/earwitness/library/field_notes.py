"""Our own text on the subjects of bundled episodes, read from ``notes/*.md``.

One file for each episode, named as the last part of the episode's id. Front matter between two
lines of three dashes lists the sources, which the text cites by number: ``[2]``. Then each heading
``## 5:30 Title`` stands for the chapter that begins there, and ``## Title`` for a part without a
second. Facts about the format only; who shows the notes, and where, is not known here.
"""

import functools
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

from earwitness.library import bundled

_FRONT_MATTER = re.compile(r"\A---\n(?P<lines>.*?)\n---\n", re.DOTALL)
_HEADING = re.compile(r"^## +(?:(?P<time>(?:\d+:)?\d{1,3}:\d\d) +)?(?P<title>.+?) *$", re.MULTILINE)
_SOURCE = re.compile(r"^- +(?P<source>.+?) *$", re.MULTILINE)
_CITED = re.compile(r" ?\[(?P<numbers>\d+(?:\]?, *\[?\d+)*)\](?!\()")
_LINK = re.compile(r"\[(?P<text>[^\]]*)\]\((?P<url>[^)\s]+)\)")


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the notes on one episode; ``start_seconds`` where it belongs to a chapter."""

    start_seconds: float | None
    title: str
    text: str
    sources: tuple[str, ...]
    """What the section cites, in its order, each once: who, what, and the address."""


def notes(show_id: str, episode_slug: str) -> tuple[Section, ...]:
    """The notes on that episode of that bundled show; none when there are none."""
    try:
        bundled.find_episode(show_id, episode_slug)
    except KeyError:
        return ()
    text = _files().get(f"{episode_slug}.md")
    return () if text is None else tuple(read(text))


def read(text: str) -> Iterator[Section]:
    """The sections of a file, in order; what stands before the first heading is no section."""
    front = _FRONT_MATTER.match(text)
    known = [one["source"] for one in _SOURCE.finditer(front["lines"])] if front else []
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends, strict=False):
        markdown = text[heading.end() : end].strip()
        yield Section(
            start_seconds=_seconds(heading["time"]),
            title=_plain(heading["title"]),
            text=_plain(_CITED.sub("", markdown)),
            sources=tuple(known[n - 1] for n in _cited(markdown) if 0 < n <= len(known)),
        )


def _cited(markdown: str) -> list[int]:
    numbers = (n for one in _CITED.finditer(markdown) for n in re.findall(r"\d+", one["numbers"]))
    return list(dict.fromkeys(map(int, numbers)))


@functools.cache
def digest() -> str:
    """Of all notes that are installed: another one when any of them changed."""
    whole = hashlib.sha256()
    for name, text in sorted(_files().items()):
        whole.update(f"{name}\0{text}\0".encode())
    return whole.hexdigest()


@functools.cache
def _files() -> dict[str, str]:
    folder = resources.files("earwitness.library") / "notes"
    if not folder.is_dir():
        return {}
    return {
        file.name: file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".md")
    }


def _seconds(time: str | None) -> float | None:
    if time is None:
        return None
    seconds = 0
    for part in time.split(":"):
        seconds = seconds * 60 + int(part)
    return float(seconds)


def _plain(markdown: str) -> str:
    """Words without the marks of Markdown; enough for prose, lists and code words."""
    without_links = _LINK.sub(lambda match: match["text"], markdown)
    without_links = re.sub(r"(?<!\n)\n(?![\n\-*+>#\d])", " ", without_links)  # wrapped lines
    unmarked = re.sub(r"(?m)^(?:[-*+]|\d+\.|#+|>) +", "", without_links)
    return re.sub(r"`([^`\n]*)`", r"\1", re.sub(r"\*\*(.+?)\*\*", r"\1", unmarked)).strip()
