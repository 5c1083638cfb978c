"""The text of a feed before it is parsed: decoded, without a document type, and mended where asked.

A document type with declarations of its own is refused: feeds have no use for entities, and attacks
have. One that only names RSS, as version 0.91 demanded, is left out and never looked up. Mending
is for feeds that are not well-formed, and touches nothing inside CDATA.
"""

import html.entities
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from earwitness.library.intake import NotReadable, Problem
from earwitness.library.reading import text_file

_WHITE = " \t\r\n"
_INVALID = dict.fromkeys(
    [*range(9), 0x0B, 0x0C, *range(0x0E, 0x20), 0xFFFE, 0xFFFF, *range(0xD800, 0xE000)]
)
_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>|<!--.*?-->)", re.DOTALL)
LARGE = 3_000_000
"""Characters of a feed in which elements are counted first; in fewer there are never too many."""
MOST_ELEMENTS = 400_000
"""Of a feed; the parser has all of them in memory when none is in an episode."""
MOST_ATTRIBUTES = 400_000
"""Of a feed, with those of HTML that is escaped."""
MOST_AMPERSANDS = 500_000
"""Of a feed that has to be mended."""
MOST_BEFORE = 1_000
"""Comments and instructions before the first element."""
_AMPERSAND = re.compile(r"&(#[0-9]{1,8};|#[xX][0-9a-fA-F]{1,8};|[A-Za-z][A-Za-z0-9]{1,31};)?")
_ITEM = re.compile(r"<(/?)(item|entry)(?:\s[^<>]*?)?(/?)>")
_OF_XML = frozenset(("amp;", "lt;", "gt;", "quot;", "apos;"))

PARSING: Mapping[str, Any] = {
    "encoding": "utf-8",
    "resolve_entities": False,
    "load_dtd": False,
    "no_network": True,
    "huge_tree": False,
    "remove_comments": True,
    "remove_pis": True,
}
"""What the parser may do with a text from outside."""


@dataclass(frozen=True)
class FeedText:
    """The text of a feed, and where its first element begins."""

    text: str
    begin: int
    problems: tuple[Problem, ...] = ()

    def mended(self) -> "FeedText":
        """The same with entities that only HTML has as characters, and stray ampersands escaped.

        An episode that begins in another one ends that first: nobody closed it.
        """
        if self.text.count("&") > MOST_AMPERSANDS:
            raise NotReadable(f"is not well-formed, and has more than {MOST_AMPERSANDS} ampersands")
        parts = _CDATA.split(without_invalid(self.text[self.begin :]))
        parts[::2] = [_AMPERSAND.sub(_reference, part) for part in parts[::2]]
        parts[::2] = _closing(parts[::2])
        return replace(self, text=self.text[: self.begin] + "".join(parts))

    def refuse_too_much(self) -> None:
        """Raises NotReadable for a large feed with more in it than the parser has memory for.

        It has all of that in memory before it tells of it, so it is counted in the text.
        """
        if len(self.text) < LARGE:
            return
        text = _CDATA.sub("", self.text)
        if text.count("<") - text.count("</") > MOST_ELEMENTS:
            raise NotReadable(f"has more than {MOST_ELEMENTS} elements")
        if text.count("=") > MOST_ATTRIBUTES:
            raise NotReadable(f"has more than {MOST_ATTRIBUTES} attributes")

    def stream(self) -> "Stream":
        """What the parser reads."""
        return Stream(self)


class Stream:
    """A feed from its first element on, as a file in UTF-8; lines count as they stand in the text.

    It comes in pieces, since a copy of the whole takes longer than parsing it.
    """

    def __init__(self, feed: FeedText) -> None:
        self._text, self._at = feed.text, feed.begin
        self._before = b"\n" * feed.text.count("\n", 0, feed.begin)

    def read(self, most: int) -> bytes:
        """The next piece; nothing at the end."""
        before, self._before = self._before, b""
        at, self._at = self._at, self._at + most
        return before + self._text[at : at + most].encode("utf-8", "replace")


def prepared(data: bytes, most: int = text_file.LARGEST_BYTES) -> FeedText:
    """A feed's text, and where in it the first element is. Raises NotReadable."""
    text, wrong = text_file.decoding(data, most)
    problems = [Problem(where="encoding", what=wrong)] if wrong else []
    begin = text.find("<")
    if begin < 0:
        raise NotReadable("not a feed: there is no element in it")
    if text[:begin].strip():
        raise NotReadable("not a feed: it starts with text")
    if begin and text.startswith("<?xml", begin):
        problems.append(Problem(where="line 1", what="blank before the XML declaration"))
    begin, doctype = _root(text, begin)
    if doctype:
        problems.append(Problem(where="document type", what="left out, and not looked up"))
    return FeedText(text, begin, tuple(problems))


def without_invalid(text: str) -> str:
    """Text without the characters that XML cannot have."""
    return text.translate(_INVALID)


def _root(text: str, at: int) -> tuple[int, bool]:
    """Where the first element begins, and whether a document type was passed over."""
    doctype = False
    for _ in range(MOST_BEFORE):
        if text.startswith("<?", at):
            end = _past(text, "?>", at)
        elif text.startswith("<!--", at):
            end = _past(text, "-->", at)
        elif text[at : at + 9].upper() == "<!DOCTYPE":
            end = _after_doctype(text, at)
            doctype = True
        else:
            return at, doctype
        at = text.find("<", end)
        if at < 0:
            raise NotReadable("not a feed: there is no element in it")
    raise NotReadable(f"not a feed: more than {MOST_BEFORE} things stand before its first element")


def _past(text: str, mark: str, at: int) -> int:
    end = text.find(mark, at)
    if end < 0:
        raise NotReadable("not a feed: what stands before its first element does not end")
    return end + len(mark)


def _after_doctype(text: str, at: int) -> int:
    end = text.find(">", at)
    declaration = text[at : end + 1]
    if "[" in declaration or end < 0:
        raise NotReadable("has a document type with declarations (DTD), which is refused")
    if declaration[9:].split(None, 1)[0].casefold().rstrip(">") == "html":
        raise NotReadable("a web page, not a feed")
    return end + 1


def _closing(parts: Iterable[str]) -> list[str]:
    """The parts of a feed, with an end before each episode that begins in another one."""
    inside = False

    def closed(match: re.Match[str]) -> str:
        nonlocal inside
        tag, ends, name, alone = match[0], match[1], match[2], match[3]
        before = f"</{name}>" if inside and not ends else ""
        inside = not ends and not alone
        return before + tag

    return [_ITEM.sub(closed, part) for part in parts]


def _reference(match: re.Match[str]) -> str:
    name = match[1]
    if name is None:
        return "&amp;"
    if name in _OF_XML:
        return match[0]
    if name.startswith("#"):
        number = int(name[2:-1], 16) if name[1] in "xX" else int(name[1:-1])
        return match[0] if _is_character(number) else ""
    character = html.entities.html5.get(name)
    return character if character and character not in "<&" else f"&amp;{name}"


def _is_character(number: int) -> bool:
    """Whether XML allows a reference to it."""
    return (
        number in {9, 10, 13}
        or 0x20 <= number <= 0xD7FF
        or 0xE000 <= number <= 0xFFFD
        or 0x10000 <= number <= 0x10FFFF
    )
