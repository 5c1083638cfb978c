"""The Markdown pages of the project, taken apart: links, headings, code blocks, inline code.

Reads files and nothing else; what has to hold of them stands in the tests.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^()\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what else stands on the fence, and its text."""

    page: Path
    language: str
    label: str
    text: str


def pages() -> list[Path]:
    return [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", text(page))


def blocks(page: Path) -> Iterator[Block]:
    for match in _FENCE.finditer(text(page)):
        language, _, label = match["info"].strip().partition(" ")
        yield Block(page=page, language=language, label=label, text=match["text"])


def labelled(page: Path, label: str) -> list[Block]:
    return [block for block in blocks(page) if block.label == label]


def inline_code(page: Path) -> list[str]:
    """Inline code, line breaks inside it read as spaces."""
    return [" ".join(code.split()) for code in _INLINE.findall(prose(page))]


def links(page: Path) -> list[str]:
    return [match["target"] for match in _LINK.finditer(_INLINE.sub("code", prose(page)))]


def anchors(page: Path) -> set[str]:
    """What headings can be linked by, as code hosts make it of them."""
    titles = _HEADING.findall(prose(page))
    return {_NOT_IN_ANCHORS.sub("", title.lower()).replace(" ", "-") for title in titles}
