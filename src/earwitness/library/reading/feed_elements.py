"""Elements of a feed as values, whole: names, attributes, text and what is in them, within limits.

The one place where the tree of the parser is read. Texts that are HTML stay one text, also where a
feed has not escaped it.
"""

from dataclasses import dataclass

from lxml import etree

from earwitness.library.intake import Element, NotReadable
from earwitness.library.reading import sanitise
from earwitness.library.reading.namespaces import name

MOST_ELEMENTS = 80_000
"""Of one feed; 4,000 episodes that use all there is have as many."""
USUAL_ATTRIBUTES = 20
"""Of one element; each of one that has more counts as an element."""
MOST_ATTRIBUTES = 200
"""Of one element; the richest ones of Media RSS have fifteen."""
MOST_CHILDREN = 10_000
"""Elements in one element of an episode; lists of chapters have hundreds."""
LONGEST_TEXT = 1_000_000
"""Characters of one element; a transcript of hours has a third of it."""

_MARKED_UP = frozenset(
    [
        "description",
        "content:encoded",
        "atom:content",
        "atom:summary",
        "atom:subtitle",
        "xhtml:body",
    ]
)
"""Texts that are HTML, also where a feed does not escape it."""
_INSIDE = etree.XPath("count(.//*)")
_VOID = {"br", "hr", "img", "wbr"}


class TooMany(NotReadable):
    """There are more elements than are taken of one feed."""


@dataclass(slots=True)
class Quota:
    """How many elements of a feed may still be taken."""

    left: int = MOST_ELEMENTS

    def take(self, elements: int) -> None:
        """Count these. Raises TooMany."""
        self.left -= elements
        if self.left < 0:
            raise TooMany(f"has more than {MOST_ELEMENTS} elements")


def whole(element: etree._Element, wrong: list[str], quota: Quota) -> Element:
    """An element with all that is in it, which is counted. Raises NotReadable for too much."""
    known, named, text = name(element.tag), attributes(element, quota), element.text or ""
    children: tuple[Element, ...] = ()
    if len(element):
        text, children = _content(element, known, wrong, quota)
    if len(text) > LONGEST_TEXT:
        wrong.append(f"<{known}> is cut after {LONGEST_TEXT} characters")
        text = text[:LONGEST_TEXT]
    return Element(name=known, attributes=named, text=text, children=children)


def attributes(element: etree._Element, quota: Quota) -> dict[str, str]:
    """The attributes of an element; many are counted. Raises NotReadable for too many."""
    pairs = element.items()
    if not pairs:
        return {}
    if len(pairs) > USUAL_ATTRIBUTES:
        if len(pairs) > MOST_ATTRIBUTES:
            raise _too_much(element, f"{len(pairs)} attributes, more than {MOST_ATTRIBUTES}")
        quota.take(len(pairs))
    for key, _ in pairs:
        if key[0] == "{":
            return {name(key): value for key, value in pairs}
    return dict(pairs)


def _content(
    element: etree._Element, known: str, wrong: list[str], quota: Quota
) -> tuple[str, tuple[Element, ...]]:
    """The text of an element that has others in it, and these."""
    if len(element) > MOST_CHILDREN:
        raise _too_much(element, f"{len(element)} elements in it, more than {MOST_CHILDREN}")
    if known in _MARKED_UP or element.get("type") == "xhtml":
        quota.take(int(_INSIDE(element)))
        return _inner_html(element), ()
    quota.take(len(element))
    texts = [element.text, *(child.tail for child in element)]
    text = " ".join((text or "").strip() for text in texts).strip()
    return text, tuple(whole(child, wrong, quota) for child in element)


def _too_much(element: etree._Element, what: str) -> NotReadable:
    return NotReadable(f"line {element.sourceline}: an element has {what}")


def _inner_html(element: etree._Element) -> str:
    """The content of an element whose HTML was not escaped, without the names of XML's spaces."""
    for child in element.iterdescendants():
        child.tag = etree.QName(child).localname
        if not len(child) and child.text is None and child.tag not in _VOID:
            child.text = ""  # so that it is written with an end, which HTML needs
    etree.cleanup_namespaces(element)
    inner = "".join(etree.tostring(child, encoding="unicode") for child in element)
    return sanitise.escaped(element.text or "") + inner
