"""What the elements of a feed mean: which become fields of a show or an episode, and which are kept.

An element becomes a field only when the field then holds all of it. Everything else (a second title,
a person with attributes of somebody's own, ``podcast:value``) is kept whole as ``Element``, raw and
in order. Handlers return whether the field has taken everything. Nothing here knows how the XML came.
"""

import hashlib
import urllib.parse
from collections.abc import Callable, Mapping
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
LONGEST_TEXT = 1_000_000
"""Characters of one element; a transcript of hours has a third of it."""

ITEMS = frozenset({"item", "entry", "atom:entry"})
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
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


_Handler = Callable[[Fields, etree._Element], bool]


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


def whole(element: etree._Element) -> Element:
    """An element with all that is in it. Raises NotReadable when it has too many attributes."""
    attributes = dict(element.attrib) if len(element.attrib) else {}
    if len(attributes) > MOST_ATTRIBUTES:
        raise NotReadable(
            f"line {element.sourceline}: an element has {len(attributes)} attributes,"
            f" more than {MOST_ATTRIBUTES}"
        )
    text = element.text or ""
    children: tuple[Element, ...] = ()
    if len(element):
        text = " ".join([text.strip(), *((child.tail or "").strip() for child in element)]).strip()
        children = tuple(whole(child) for child in element)
    return Element(
        name=name(element.tag),
        attributes={name(key): value for key, value in attributes.items()},
        text=text[:LONGEST_TEXT],
        children=children,
    )


def _gathered(
    parent: etree._Element,
    base: str | None,
    handlers: Mapping[str, _Handler],
    besides: frozenset[str] = frozenset(),
) -> Fields:
    own = parent.get(_BASE)
    fields = Fields(base=urllib.parse.urljoin(base or "", own) if own else base)
    if len(parent.attrib):
        attributes = {name(key): value for key, value in parent.attrib.items()}
        fields.elements.append(Element(name=name(parent.tag), attributes=attributes))
    for child in parent:
        known = name(child.tag)
        if known in besides:
            continue
        handler = handlers.get(known)
        if handler is None or len(child.attrib) > MOST_ATTRIBUTES or not handler(fields, child):
            fields.elements.append(whole(child))
    return fields


def _settle(fields: Fields, order: tuple[str, ...]) -> None:
    """Make the first of these texts the description, and keep the others."""
    for wanted in order:
        element = fields.texts.pop(wanted, None)
        if element is None:
            continue
        if element.text.strip() and fields.put("description", _described(fields, element)):
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


def _text(fields: Fields, element: etree._Element) -> str:
    """The text of an element, of all that is in it where it has children."""
    text = "".join(element.itertext()) if len(element) else element.text or ""
    if len(text) > LONGEST_TEXT:
        fields.wrong.append(f"<{name(element.tag)}> is cut after {LONGEST_TEXT} characters")
        return text[:LONGEST_TEXT]
    return text


def _is_bare(element: etree._Element) -> bool:
    return not len(element) and not len(element.attrib)


def _has_only(element: etree._Element, known: frozenset[str]) -> bool:
    return not len(element) and known.issuperset(element.attrib)


def _line_of(key: str) -> _Handler:
    """A field that is one line of text."""

    def handle(fields: Fields, element: etree._Element) -> bool:
        line = " ".join(_text(fields, element).split())
        return fields.put(key, line) and _is_bare(element)

    return handle


def _description(fields: Fields, element: etree._Element) -> bool:
    key = name(element.tag)
    if key in fields.texts:
        return False
    inner = _inner_html(element) if len(element) else _text(fields, element)
    attributes = {name(key): value for key, value in element.attrib.items()}
    fields.texts[key] = Element(name=key, attributes=attributes, text=inner)
    return set(attributes) <= {"type"}


def _inner_html(element: etree._Element) -> str:
    """The content of an element whose HTML was not escaped, without the names of XML's spaces."""
    for child in element.iter("{*}*"):
        child.tag = etree.QName(child).localname
    etree.cleanup_namespaces(element)
    inner = "".join(etree.tostring(child, encoding="unicode", method="html") for child in element)
    return (sanitise.escaped(element.text or "") + inner)[:LONGEST_TEXT]


def _date(fields: Fields, element: etree._Element) -> bool:
    text = _text(fields, element)
    date = clock.date(text)
    if date is None and text.strip():
        fields.wrong.append(f"has a date that cannot be read: {text.strip()[:60]!r}")
    return fields.put("date", date) and _is_bare(element)


def _duration(fields: Fields, element: etree._Element) -> bool:
    text = _text(fields, element)
    duration = clock.seconds(text)
    if duration is None and text.strip():
        fields.wrong.append(f"has a duration that cannot be read: {text.strip()[:60]!r}")
    return fields.put("duration_seconds", duration) and _is_bare(element)


def _link(fields: Fields, element: etree._Element) -> bool:
    text = _text(fields, element)
    return bool(text.strip()) and fields.put("link", fields.address(text)) and _is_bare(element)


def _item_guid(fields: Fields, element: etree._Element) -> bool:
    taken = fields.put("guid", _text(fields, element).strip()[:2000])
    if taken and element.get("isPermaLink", "true").lower() != "true":
        fields.values["guid is link"] = False
    return taken and _has_only(element, frozenset({"isPermaLink"}))


def _enclosure(fields: Fields, element: etree._Element) -> bool:
    url, length = fields.address(element.get("url")), element.get("length")
    if url is None:
        return False
    size = int(length) if length and length.isascii() and length.isdigit() else None
    fields.add("enclosures", Enclosure(url=url, type=element.get("type"), bytes=size))
    return _has_only(element, frozenset({"url", "type", "length"})) and (
        length is None or size is not None
    )


def _media_content(fields: Fields, element: etree._Element) -> bool:
    """A recording where the feed has no enclosure for it; always kept, as it says much more."""
    kind = element.get("type") or f"{element.get('medium')}/"
    url = sanitise.address(element.get("url"), fields.base)
    if url and kind.startswith(_MEDIA):
        fields.add("media", Enclosure(url=url, type=element.get("type")))
    return False


def _atom_link(fields: Fields, element: etree._Element) -> bool:
    rel, url = element.get("rel", "alternate"), fields.address(element.get("href"))
    if url is None:
        return False
    known = frozenset({"rel", "href"})
    if rel == "enclosure":
        length = element.get("length", "")
        size = int(length) if length.isascii() and length.isdigit() else None
        fields.add("enclosures", Enclosure(url=url, type=element.get("type"), bytes=size))
        return _has_only(element, known | {"type", "length"}) and (not length or size is not None)
    key = {"alternate": "link", "self": "feed_url"}.get(rel)
    return key is not None and fields.put(key, url) and _has_only(element, known)


def _image(fields: Fields, element: etree._Element) -> bool:
    """A picture as an attribute (iTunes, Google, Media RSS)."""
    url = fields.address(element.get("href") or element.get("url"))
    only = len(element.attrib) == 1 and not len(element) and not (element.text or "").strip()
    return fields.put("image", url) and only


def _channel_image(fields: Fields, element: etree._Element) -> bool:
    """The picture of RSS itself, which has a title and a link of its own."""
    for child in element:
        if name(child.tag) == "url":
            fields.put("rss image", fields.address(child.text))
    return False


def _transcript(fields: Fields, element: etree._Element) -> bool:
    url = fields.address(element.get("url"))
    if url is None:
        return False
    link = TranscriptLink(
        url=url,
        type=element.get("type", ""),
        language=element.get("language"),
        rel=element.get("rel"),
    )
    fields.add("transcripts", link)
    return _has_only(element, frozenset({"url", "type", "language", "rel"}))


def _person(fields: Fields, element: etree._Element) -> bool:
    who = " ".join(_text(fields, element).split())
    if not who:
        return False
    href, img = element.get("href"), element.get("img")
    url, image = fields.address(href), fields.address(img)
    person = Person(
        name=who,
        role=element.get("role", "host"),
        group=element.get("group", "cast"),
        url=url,
        image=image,
    )
    fields.add("persons", person)
    unread = (href and not url) or (img and not image)
    return not unread and _has_only(element, frozenset({"role", "group", "href", "img"}))


def _soundbite(fields: Fields, element: etree._Element) -> bool:
    start = clock.seconds(element.get("startTime", ""))
    duration = clock.seconds(element.get("duration", ""))
    if start is None or duration is None:
        fields.wrong.append("has a soundbite without a place")
        return False
    title = " ".join(_text(fields, element).split())
    fields.add("soundbites", Soundbite(start_seconds=start, duration_seconds=duration, title=title))
    return _has_only(element, frozenset({"startTime", "duration"}))


def _chapters_link(fields: Fields, element: etree._Element) -> bool:
    taken = fields.put("chapters_link", fields.address(element.get("url")))
    kind = element.get("type", "application/json+chapters")
    known = _has_only(element, frozenset({"url", "type"}))
    return taken and known and kind == "application/json+chapters"


def _psc(fields: Fields, element: etree._Element) -> bool:
    chapters = [
        _psc_chapter(fields, child) for child in element if name(child.tag) == "psc:chapter"
    ]
    good = [chapter for chapter in chapters if chapter is not None]
    known = frozenset({"start", "title", "href", "image"})
    exact = all(_has_only(child, known) for child in element) and len(good) == len(element)
    taken = bool(good) and fields.put(
        "psc", sorted(good, key=lambda chapter: chapter.start_seconds)
    )
    return taken and exact and frozenset({"version"}).issuperset(element.attrib)


def _psc_chapter(fields: Fields, element: etree._Element) -> SourcedChapter | None:
    start = clock.seconds(element.get("start", ""))
    if start is None:
        fields.wrong.append("has a chapter without a start")
        return None
    return SourcedChapter(
        start_seconds=start,
        title=" ".join(element.get("title", "").split()),
        url=fields.address(element.get("href")),
        image=fields.address(element.get("image")),
    )


def _funding(fields: Fields, element: etree._Element) -> bool:
    url = fields.address(element.get("url"))
    if url is None:
        return False
    fields.add("funding", Funding(url=url, text=" ".join(_text(fields, element).split())))
    return _has_only(element, frozenset({"url"}))


def _category(fields: Fields, element: etree._Element) -> bool:
    text = " ".join((element.get("text") or _text(fields, element)).split())
    if not text:
        return False
    inner = [child.get("text", "") for child in element]
    for one in [f"{text} > {child}" for child in inner if child] or [text]:
        fields.add("categories", one)
    bare = all(_has_only(child, frozenset({"text"})) for child in element)
    return bare and frozenset({"text"}).issuperset(element.attrib)


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
