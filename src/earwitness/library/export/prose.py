"""Text from elsewhere as Markdown: what it says stays, what Markdown would read into it does not.

Pure.
"""

import re
from html.parser import HTMLParser

_INLINE = re.compile(r"[\\`*<>\[\]$]|(?<![^\W_])_|_(?![^\W_])|~~|==|%%|\{\{")
_AT_START = re.compile(r"^(\s*)(?:([#>+=-])|(\d+)([.)]))")
_PROPERTY = re.compile(r"::")
_BLOCKS = frozenset(
    [
        "p",
        "div",
        "ul",
        "ol",
        "blockquote",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "pre",
        "table",
        "tr",
        "section",
        "article",
    ]
)
_DROPPED = frozenset(("script", "style"))
_WEB = ("http://", "https://")


def escaped(text: str) -> str:
    """One line of Markdown that shows exactly this text."""
    line = " ".join(text.split())
    line = _INLINE.sub(lambda match: "".join(f"\\{letter}" for letter in match[0]), line)
    line = _PROPERTY.sub(r":\\:", line)
    return _AT_START.sub(_start, line)


def quoted(text: str) -> str:
    """A block quote of this text, line by line."""
    return "\n".join(f"> {escaped(line)}".rstrip() for line in text.splitlines() or [""])


def link(text: str, address: str | None) -> str:
    """A link, or the text alone where the address is none of the web."""
    if not address or not address.startswith(_WEB):
        return escaped(text)
    plain = re.sub(r"[\s<>()\\]", lambda match: f"%{ord(match[0][0]):02X}", address)
    return f"[{escaped(text)}]({plain})"


def from_html(html: str) -> str:
    """Markdown of sanitised HTML: paragraphs, lists, links, emphasis; pictures are left out."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (line.strip() for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def _start(match: re.Match[str]) -> str:
    blank, sign, number, stop = match.groups()
    return f"{blank}\\{sign}" if sign else f"{blank}{number}\\{stop}"


class _Reader(HTMLParser):
    """Collects Markdown while HTML is fed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._links: list[str | None] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _DROPPED:
            self._silent += 1
        elif tag in _BLOCKS:
            self.parts.append("\n\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag == "br":
            self.parts.append("\n")
        elif tag == "a":
            address = dict(attrs).get("href") or ""
            self._links.append(address if address.startswith(_WEB) else None)
            self.parts.append("[" if self._links[-1] else "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _DROPPED:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n\n")
        elif tag == "a" and self._links:
            address = self._links.pop()
            if address:
                plain = re.sub(r"[\s<>()\\]", lambda match: f"%{ord(match[0][0]):02X}", address)
                self.parts.append(f"]({plain})")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            text = escaped(data)
            before = " " if data[:1].isspace() else ""
            after = " " if text and data[-1:].isspace() else ""
            self.parts.append(f"{before}{text}{after}")
