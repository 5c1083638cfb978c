"""The fields of a show and of an episode, gathered from the elements of a feed.

An element becomes a field only when the field then holds all of it. Everything else (a second title,
a person with attributes of somebody's own, ``podcast:value``) is kept whole as ``Element``, raw and
in order. ``feed_handlers`` says what each element means; what takes several of them is settled here:
which text is the description, what stands for a guid or a title that is missing.
"""

import hashlib
import urllib.parse
from collections.abc import Mapping, Set

from lxml import etree

from earwitness.library.intake import Element
from earwitness.library.reading import clock, sanitise
from earwitness.library.reading.feed_elements import whole
from earwitness.library.reading.feed_handlers import CHANNEL, ITEM, Fields, Handler
from earwitness.library.reading.namespaces import name

ITEMS = frozenset({"item", "entry", "atom:entry"})


def of_item(item: etree._Element, base: str | None) -> Fields:
    """The fields of an episode."""
    fields = _gathered(item, base, ITEM)
    _settle(
        fields, ("content:encoded", "atom:content", "xhtml:body", "description", "atom:summary")
    )
    values = fields.values
    if "title" not in values:
        values["title"] = _title(fields)
    if "date" not in values and (date := fields.kept("atom:updated", "dc:date", "dcterms:issued")):
        values["date"] = clock.date(date)
    if "link" not in values and values.pop("guid is link", True):
        values["link"] = sanitise.address(values.get("guid"))
    values.pop("guid is link", None)
    if "guid" not in values:
        values["guid"] = _guid(fields)
    return fields


def of_channel(channel: etree._Element, base: str | None) -> Fields:
    """The fields of a show; what stands beside the channel in RSS 1.0 is in it too."""
    fields = _gathered(channel, base, CHANNEL, ITEMS)
    parent = channel.getparent()
    if parent is not None:
        beside = _gathered(parent, base, CHANNEL, ITEMS | {"channel"})
        for key, value in beside.values.items():
            fields.put(key, value)
        fields.elements += beside.elements
        fields.wrong += beside.wrong
    _settle(fields, ("description", "atom:subtitle", "itunes:summary"))
    said = ("itunes:author", "managingEditor", "dc:creator", "googleplay:author", "atom:author")
    if author := fields.kept(*said) or _atom_author(fields):
        fields.values["author"] = author
    return fields


def _gathered(
    parent: etree._Element,
    base: str | None,
    handlers: Mapping[str, Handler],
    besides: Set[str] = frozenset(),
) -> Fields:
    fields = Fields(base=urllib.parse.urljoin(base or "", parent.base) if parent.base else base)
    if parent.items():
        attributes = {name(key): value for key, value in parent.items()}
        fields.elements.append(Element(name=name(parent.tag), attributes=attributes))
    for child in parent:
        if besides and name(child.tag) in besides:
            continue
        element = whole(child, fields.wrong)
        handler = handlers.get(element.name)
        if handler is None or not handler(fields, element):
            fields.elements.append(element)
    return fields


def _settle(fields: Fields, order: tuple[str, ...]) -> None:
    """Make the first of these texts the description, and keep the others."""
    for wanted in order:
        element = fields.texts.pop(wanted, None)
        if element is None:
            continue
        described = element.text.strip() and fields.put("description", _described(fields, element))
        if described and element.attributes.keys() <= {"type"}:
            continue
        fields.elements.append(element)
    if "description" not in fields.values and (
        text := fields.kept("itunes:summary", "media:description")
    ):
        fields.values["description"] = sanitise.clean(text, fields.base)


def _described(fields: Fields, element: Element) -> str:
    if element.name.startswith("atom:") and element.attributes.get("type", "text") == "text":
        return sanitise.escaped(element.text)
    return sanitise.clean(element.text, fields.base)


def _title(fields: Fields) -> str:
    if title := fields.kept("itunes:title", "media:title", "dc:title"):
        return " ".join(title.split())
    fields.wrong.append("has no title")
    lines = sanitise.plain(fields.values.get("description", "")).splitlines()
    return lines[0][:80] if lines else "Untitled episode"


def _guid(fields: Fields) -> str:
    """A mark for an episode that has none; the same each time."""
    fields.wrong.append("has no guid; its recording or link stands for it")
    values = fields.values
    if recordings := fields.lists.get("enclosures"):
        return str(recordings[0].url)
    if values.get("link"):
        return str(values["link"])
    said = f"{values['title']}\n{values.get('date')}\n{values.get('description', '')}"
    return "sha256:" + hashlib.sha256(said.encode()).hexdigest()[:32]


def _atom_author(fields: Fields) -> str | None:
    for element in fields.elements:
        if element.name in {"atom:author", "author"}:
            return next(
                (child.text for child in element.children if child.name == "atom:name"), None
            )
    return None
