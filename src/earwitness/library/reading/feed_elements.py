"""Elements of a feed as values, whole: names, attributes, text and what is in them, within limits.

The one place where the tree of the parser is read. Texts that are HTML stay one text, also where a
feed has not escaped it.
"""

from lxml import etree

from earwitness.library.intake import Element, NotReadable
from earwitness.library.reading import sanitise
from earwitness.library.reading.namespaces import name

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
_VOID = {"br", "hr", "img", "wbr"}


def whole(element: etree._Element, wrong: list[str]) -> Element:
    """An element with all that is in it. Raises NotReadable when it has too many attributes."""
    attributes, text = element.items(), element.text or ""
    if len(attributes) > MOST_ATTRIBUTES:
        raise NotReadable(
            f"line {element.sourceline}: an element has {len(attributes)} attributes,"
            f" more than {MOST_ATTRIBUTES}"
        )
    if len(element) > MOST_CHILDREN:
        raise NotReadable(
            f"line {element.sourceline}: an element has {len(element)} elements in it,"
            f" more than {MOST_CHILDREN}"
        )
    known = name(element.tag)
    children: tuple[Element, ...] = ()
    if len(element):
        if known in _MARKED_UP:
            text = _inner_html(element)
        else:
            tails = [(child.tail or "").strip() for child in element]
            text = " ".join([text.strip(), *tails]).strip()
            children = tuple(whole(child, wrong) for child in element)
    if len(text) > LONGEST_TEXT:
        wrong.append(f"<{known}> is cut after {LONGEST_TEXT} characters")
        text = text[:LONGEST_TEXT]
    named = dict(attributes)
    if attributes and "{" in "".join(named):
        named = {name(key): value for key, value in attributes}
    return Element(name=known, attributes=named, text=text, children=children)


def _inner_html(element: etree._Element) -> str:
    """The content of an element whose HTML was not escaped, without the names of XML's spaces."""
    for child in element.iterdescendants():
        child.tag = etree.QName(child).localname
        if not len(child) and child.text is None and child.tag not in _VOID:
            child.text = ""  # so that it is written with an end, which HTML needs
    etree.cleanup_namespaces(element)
    inner = "".join(etree.tostring(child, encoding="unicode") for child in element)
    return sanitise.escaped(element.text or "") + inner
