"""What the elements of a feed mean: which become fields of a show or an episode, and which are kept.

An element becomes a field only when the field then holds all of it. Everything else (a second title,
a person with attributes of somebody's own, ``podcast:value``) is kept whole as ``Element``, raw and
in order. Handlers return whether the field has taken everything. Nothing here knows how the XML came.
"""

import hashlib
import urllib.parse
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from earwitness.library.intake import (
    Element,
    Enclosure,
    Funding,
    NotReadable,
    Person,
    Soundbite,
    SourcedChapter,
    TranscriptLink,
)
from earwitness.library.reading import clock, sanitise
from earwitness.library.reading.namespaces import name

MOST_ATTRIBUTES = 200
"""Of one element; the richest ones of Media RSS have fifteen."""
MOST_CHILDREN = 10_000
"""Elements in one element of an episode; lists of chapters have hundreds."""
LONGEST_TEXT = 1_000_000
"""Characters of one element; a transcript of hours has a third of it."""

ITEMS = frozenset({"item", "entry", "atom:entry"})
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
_MEDIA = ("audio/", "video/")


@dataclass
class Fields:
    """A show or an episode while its elements are gone through."""

    base: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    """Fields that have one value, by their names."""
    lists: dict[str, list[Any]] = field(default_factory=dict)
    texts: dict[str, Element] = field(default_factory=dict)
    """Elements that may be the description, by name."""
    elements: list[Element] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def put(self, key: str, value: Any) -> bool:
        """Set a field that is not set; False when it is, or when there is nothing to set."""
        if value is None or value == "" or key in self.values:
            return False
        self.values[key] = value
        return True

    def add(self, key: str, value: Any) -> bool:
        """One more of a field that has many."""
        self.lists.setdefault(key, []).append(value)
        return True

    def address(self, text: str | None) -> str | None:
        """An address of the web, or None with a word about it."""
        found = sanitise.address(text, self.base)
        if found is None and text and text.strip():
            self.wrong.append(f"has an address that is none of the web: {text.strip()[:80]!r}")
        return found

    def kept(self, *names: str) -> str | None:
        """The text of the first element of these names that was kept."""
        for wanted in names:
            for element in self.elements:
                if element.name == wanted and element.text:
                    return element.text
        return None


_Handler = Callable[[Fields, Element], bool]


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


def _gathered(
    parent: etree._Element,
    base: str | None,
    handlers: Mapping[str, _Handler],
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


def _said(element: Element) -> str:
    """The text of an element, with that of all in it."""
    if not element.children:
        return element.text
    return " ".join([element.text, *(_said(child) for child in element.children)])


def _is_bare(element: Element) -> bool:
    return not element.attributes and not element.children


def _has_only(element: Element, known: Set[str]) -> bool:
    return element.attributes.keys() <= known and not element.children


def _line_of(key: str) -> _Handler:
    """A field that is one line of text."""

    def handle(fields: Fields, element: Element) -> bool:
        line = " ".join((_said(element) if element.children else element.text).split())
        if not line or key in fields.values:
            return False
        fields.values[key] = line
        return not element.attributes and not element.children

    return handle


def _description(fields: Fields, element: Element) -> bool:
    """One of the texts that may be the description; which of them, is settled at the end."""
    if element.name in fields.texts:
        return False
    fields.texts[element.name] = element
    return True


def _date(fields: Fields, element: Element) -> bool:
    text = _said(element)
    date = clock.date(text)
    if date is None and text.strip():
        fields.wrong.append(f"has a date that cannot be read: {text.strip()[:60]!r}")
    return fields.put("date", date) and _is_bare(element)


def _duration(fields: Fields, element: Element) -> bool:
    text = _said(element)
    duration = clock.seconds(text)
    if duration is None and text.strip():
        fields.wrong.append(f"has a duration that cannot be read: {text.strip()[:60]!r}")
    return fields.put("duration_seconds", duration) and _is_bare(element)


def _link(fields: Fields, element: Element) -> bool:
    text = _said(element)
    return bool(text.strip()) and fields.put("link", fields.address(text)) and _is_bare(element)


def _item_guid(fields: Fields, element: Element) -> bool:
    taken = fields.put("guid", _said(element).strip()[:2000])
    if taken and element.attributes.get("isPermaLink", "true").lower() != "true":
        fields.values["guid is link"] = False
    return taken and _has_only(element, {"isPermaLink"})


def _enclosure(fields: Fields, element: Element) -> bool:
    url, length = fields.address(element.attributes.get("url")), element.attributes.get("length")
    if url is None:
        return False
    size = int(length) if length and length.isascii() and length.isdigit() else None
    fields.add("enclosures", Enclosure(url=url, type=element.attributes.get("type"), bytes=size))
    return _has_only(element, {"url", "type", "length"}) and (length is None or size is not None)


def _media_content(fields: Fields, element: Element) -> bool:
    """A recording where the feed has no enclosure for it; always kept, as it says much more."""
    kind = element.attributes.get("type") or f"{element.attributes.get('medium')}/"
    url = sanitise.address(element.attributes.get("url"), fields.base)
    if url and kind.startswith(_MEDIA):
        fields.add("media", Enclosure(url=url, type=element.attributes.get("type")))
    return False


def _atom_link(fields: Fields, element: Element) -> bool:
    rel, url = (
        element.attributes.get("rel", "alternate"),
        fields.address(element.attributes.get("href")),
    )
    if url is None:
        return False
    known = {"rel", "href"}
    if rel == "enclosure":
        length = element.attributes.get("length", "")
        size = int(length) if length.isascii() and length.isdigit() else None
        fields.add(
            "enclosures", Enclosure(url=url, type=element.attributes.get("type"), bytes=size)
        )
        return _has_only(element, known | {"type", "length"}) and (not length or size is not None)
    key = {"alternate": "link", "self": "feed_url"}.get(rel)
    return key is not None and fields.put(key, url) and _has_only(element, known)


def _image(fields: Fields, element: Element) -> bool:
    """A picture as an attribute (iTunes, Google, Media RSS)."""
    url = fields.address(element.attributes.get("href") or element.attributes.get("url"))
    only = (
        len(element.attributes) == 1 and not element.children and not (element.text or "").strip()
    )
    return fields.put("image", url) and only


def _channel_image(fields: Fields, element: Element) -> bool:
    """The picture of RSS itself, which has a title and a link of its own."""
    for child in element.children:
        if child.name == "url":
            fields.put("rss image", fields.address(child.text))
    return False


def _transcript(fields: Fields, element: Element) -> bool:
    url = fields.address(element.attributes.get("url"))
    if url is None:
        return False
    link = TranscriptLink(
        url=url,
        type=element.attributes.get("type", ""),
        language=element.attributes.get("language"),
        rel=element.attributes.get("rel"),
    )
    fields.add("transcripts", link)
    return _has_only(element, {"url", "type", "language", "rel"})


def _person(fields: Fields, element: Element) -> bool:
    who = " ".join(_said(element).split())
    if not who:
        return False
    href, img = element.attributes.get("href"), element.attributes.get("img")
    url, image = fields.address(href), fields.address(img)
    person = Person(
        name=who,
        role=element.attributes.get("role", "host"),
        group=element.attributes.get("group", "cast"),
        url=url,
        image=image,
    )
    fields.add("persons", person)
    unread = (href and not url) or (img and not image)
    return not unread and _has_only(element, {"role", "group", "href", "img"})


def _soundbite(fields: Fields, element: Element) -> bool:
    start = clock.seconds(element.attributes.get("startTime", ""))
    duration = clock.seconds(element.attributes.get("duration", ""))
    if start is None or duration is None:
        fields.wrong.append("has a soundbite without a place")
        return False
    title = " ".join(_said(element).split())
    fields.add("soundbites", Soundbite(start_seconds=start, duration_seconds=duration, title=title))
    return _has_only(element, {"startTime", "duration"})


def _chapters_link(fields: Fields, element: Element) -> bool:
    taken = fields.put("chapters_link", fields.address(element.attributes.get("url")))
    kind = element.attributes.get("type", "application/json+chapters")
    known = _has_only(element, {"url", "type"})
    return taken and known and kind == "application/json+chapters"


def _psc(fields: Fields, element: Element) -> bool:
    chapters = [
        _psc_chapter(fields, child) for child in element.children if child.name == "psc:chapter"
    ]
    good = [chapter for chapter in chapters if chapter is not None]
    known = {"start", "title", "href", "image"}
    exact = all(_has_only(child, known) for child in element.children) and len(good) == len(
        element.children
    )
    taken = bool(good) and fields.put(
        "psc", sorted(good, key=lambda chapter: chapter.start_seconds)
    )
    return taken and exact and element.attributes.keys() <= {"version"}


def _psc_chapter(fields: Fields, element: Element) -> SourcedChapter | None:
    start = clock.seconds(element.attributes.get("start", ""))
    if start is None:
        fields.wrong.append("has a chapter without a start")
        return None
    return SourcedChapter(
        start_seconds=start,
        title=" ".join(element.attributes.get("title", "").split()),
        url=fields.address(element.attributes.get("href")),
        image=fields.address(element.attributes.get("image")),
    )


def _funding(fields: Fields, element: Element) -> bool:
    url = fields.address(element.attributes.get("url"))
    if url is None:
        return False
    fields.add("funding", Funding(url=url, text=" ".join(_said(element).split())))
    return _has_only(element, {"url"})


def _category(fields: Fields, element: Element) -> bool:
    text = " ".join((element.attributes.get("text") or _said(element)).split())
    if not text:
        return False
    inner = [child.attributes.get("text", "") for child in element.children]
    for one in [f"{text} > {child}" for child in inner if child] or [text]:
        fields.add("categories", one)
    bare = all(_has_only(child, {"text"}) for child in element.children)
    return bare and element.attributes.keys() <= {"text"}


_COMMON: dict[str, _Handler] = {
    "title": _line_of("title"),
    "atom:title": _line_of("title"),
    "link": _link,
    "atom:link": _atom_link,
    "description": _description,
    "itunes:image": _image,
    "googleplay:image": _image,
    "podcast:person": _person,
}
ITEM: Mapping[str, _Handler] = _COMMON | {
    "guid": _item_guid,
    "atom:id": _item_guid,
    "pubDate": _date,
    "atom:published": _date,
    "content:encoded": _description,
    "atom:content": _description,
    "atom:summary": _description,
    "enclosure": _enclosure,
    "media:content": _media_content,
    "media:thumbnail": _image,
    "itunes:duration": _duration,
    "itunes:season": _line_of("season"),
    "itunes:episode": _line_of("number"),
    "itunes:episodeType": _line_of("kind"),
    "podcast:season": _line_of("season"),
    "podcast:episode": _line_of("number"),
    "podcast:transcript": _transcript,
    "podcast:soundbite": _soundbite,
    "podcast:chapters": _chapters_link,
    "psc:chapters": _psc,
}
CHANNEL: Mapping[str, _Handler] = _COMMON | {
    "language": _line_of("language"),
    "podcast:guid": _line_of("guid"),
    "podcast:funding": _funding,
    "itunes:category": _category,
    "category": _category,
    "image": _channel_image,
    "atom:subtitle": _description,
    "atom:logo": _line_of("atom image"),
}
