"""What each element of a feed means: the rules, and the tables that name them.

A rule takes what an element says into fields, and names the attributes that the fields then hold; an
element that it does not take, or that has more in it, is kept whole as well. Values only; nothing
here knows how the XML came, and HTML stays as raw as it came.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from earwitness.library.intake import (
    Element,
    Enclosure,
    Funding,
    Person,
    Soundbite,
    SourcedChapter,
    TranscriptLink,
)
from earwitness.library.reading import clock, sanitise

_MEDIA = ("audio/", "video/")
_BYTES = re.compile(r"\d{1,15}", re.ASCII)
_CHAPTERS_TYPE = "application/json+chapters"
_LONGEST_GUID = 2000
"""Characters; the longest are addresses."""


@dataclass(slots=True)
class Fields:
    """A show or an episode as its elements say it."""

    base: str | None = None
    values: dict[str, Any] = field(default_factory=dict)
    """Fields by their names; those that have many values as lists."""
    texts: dict[str, Element] = field(default_factory=dict)
    """Elements that may be the description, by name."""
    elements: list[Element] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    words_only: bool = False
    """Whether the description is but the words of one that would take too long to read."""

    def put(self, key: str, value: Any) -> bool:
        """Set a field that is not set; False when it is, or when there is nothing to set."""
        if key in self.values or value is None or value == "":
            return False
        self.values[key] = value
        return True

    def add(self, key: str, value: Any) -> bool:
        """One more of a field that has many."""
        if key in self.values:
            self.values[key].append(value)
        else:
            self.values[key] = [value]
        return True

    def address(self, text: str | None) -> str | None:
        """An address of the web, or None with a word about it."""
        if not text or sanitise.is_usual_address(text):
            return text or None
        found = sanitise.address(text, self.base)
        if found is None and (shown := text.strip()[:80]):
            self.wrong.append(f"has an address that is none of the web: {shown!r}")
        return found

    def kept(self, *names: str) -> str | None:
        """The text of the first element of these names that was kept."""
        for wanted in names:
            for element in self.elements:
                if element.name == wanted and element.text:
                    return element.text
        return None


Take = Callable[[Fields, Element], bool]
"""Takes what an element says into fields; False when it is to be kept whole besides."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What an element means, and what of it the fields hold."""

    take: Take
    attributes: frozenset[str] | None = frozenset()
    """Those that the fields hold; None: all of them."""
    deep: bool = False
    """Whether it looks after the elements inside itself."""

    def holds(self, fields: Fields, element: Element) -> bool:
        """Take an element into fields, and whether they hold all of it now."""
        if element.children and not self.deep:
            self.take(fields, msgspec.structs.replace(element, text=_said(element)))
            return False
        taken = self.take(fields, element)
        return taken and (self.attributes is None or self.attributes.issuperset(element.attributes))


def _said(element: Element) -> str:
    """The text of an element, with that of all in it."""
    return " ".join([element.text, *(_said(child) for child in element.children)])


def _line(text: str) -> str:
    return " ".join(text.split())


def _line_of(key: str) -> Rule:
    """A field that is one line of text."""

    def take(fields: Fields, element: Element) -> bool:
        return fields.put(key, _line(element.text))

    return Rule(take)


def _atom_title(fields: Fields, element: Element) -> bool:
    """A title that may be HTML (RFC 4287, 3.1.1); it is shown as its words."""
    if element.attributes.get("type") not in {"html", "xhtml"}:
        return fields.put("title", _line(element.text))
    words = _line(sanitise.plain(element.text))
    return fields.put("title", words) and words == element.text


def _description(fields: Fields, element: Element) -> bool:
    """One of the texts that may be the description; which of them, is settled at the end."""
    return fields.texts.setdefault(element.name, element) is element


def _date(fields: Fields, element: Element) -> bool:
    date = clock.date(element.text)
    if date is None and (shown := element.text.strip()[:60]):
        fields.wrong.append(f"has a date that cannot be read: {shown!r}")
    return fields.put("date", date)


def _duration(fields: Fields, element: Element) -> bool:
    duration = clock.seconds(element.text)
    if duration is None and (shown := element.text.strip()[:60]):
        fields.wrong.append(f"has a duration that cannot be read: {shown!r}")
    return fields.put("duration_seconds", duration)


def _link(fields: Fields, element: Element) -> bool:
    return fields.put("link", fields.address(element.text))


def _item_guid(fields: Fields, element: Element) -> bool:
    taken = fields.put("guid", element.text.strip()[:_LONGEST_GUID])
    if taken and element.attributes.get("isPermaLink", "true").lower() != "true":
        fields.values["guid is link"] = False
    return taken


def _enclosure(fields: Fields, element: Element) -> bool:
    url = fields.address(element.attributes.get("url"))
    return url is not None and _recording(fields, element, url)


def _recording(fields: Fields, element: Element, url: str) -> bool:
    length = element.attributes.get("length", "")
    size = int(length) if _BYTES.fullmatch(length) else None
    fields.add("enclosures", Enclosure(url=url, type=element.attributes.get("type"), bytes=size))
    return size is not None or not length


def _media_content(fields: Fields, element: Element) -> bool:
    """A recording where the feed has no enclosure for it; always kept, as it says much more."""
    kind = element.attributes.get("type") or f"{element.attributes.get('medium')}/"
    url = sanitise.address(element.attributes.get("url"), fields.base)
    if url and kind.startswith(_MEDIA):
        fields.add("media", Enclosure(url=url, type=element.attributes.get("type")))
    return False


def _atom_link(fields: Fields, element: Element) -> bool:
    url = fields.address(element.attributes.get("href"))
    rel = element.attributes.get("rel", "alternate")
    if url is None:
        return False
    if rel == "enclosure":
        return _recording(fields, element, url)
    key = {"alternate": "link", "self": "feed_url"}.get(rel)
    described = "type" in element.attributes or "length" in element.attributes
    return key is not None and fields.put(key, url) and not described


def _image(fields: Fields, element: Element) -> bool:
    """A picture as an attribute (iTunes, Google, Media RSS)."""
    url = fields.address(element.attributes.get("href") or element.attributes.get("url"))
    return fields.put("image", url) and len(element.attributes) == 1 and not element.text.strip()


def _channel_image(fields: Fields, element: Element) -> bool:
    """The picture of RSS itself, which has a title and a link of its own."""
    for child in element.children:
        if child.name == "url":
            fields.put("rss image", fields.address(child.text))
    return False


def _logo(fields: Fields, element: Element) -> bool:
    return fields.put("atom image", fields.address(element.text))


def _transcript(fields: Fields, element: Element) -> bool:
    of = element.attributes.get
    if (url := fields.address(of("url"))) is None:
        return False
    link = TranscriptLink(url=url, type=of("type", ""), language=of("language"), rel=of("rel"))
    return fields.add("transcripts", link)


def _person(fields: Fields, element: Element) -> bool:
    who, of = _line(element.text), element.attributes.get
    if not who:
        return False
    href, img = of("href"), of("img")
    url, image = fields.address(href), fields.address(img)
    person = Person(
        name=who, role=of("role", "host"), group=of("group", "cast"), url=url, image=image
    )
    fields.add("persons", person)
    return bool((url or not href) and (image or not img))


def _soundbite(fields: Fields, element: Element) -> bool:
    start = clock.seconds(element.attributes.get("startTime", ""))
    duration = clock.seconds(element.attributes.get("duration", ""))
    if start is None or duration is None:
        fields.wrong.append("has a soundbite without a place")
        return False
    title = _line(element.text)
    bite = Soundbite(start_seconds=start, duration_seconds=duration, title=title)
    return fields.add("soundbites", bite)


def _chapters_link(fields: Fields, element: Element) -> bool:
    taken = fields.put("chapters_link", fields.address(element.attributes.get("url")))
    return taken and element.attributes.get("type", _CHAPTERS_TYPE) == _CHAPTERS_TYPE


_CHAPTER = frozenset({"start", "title", "href", "image"})


def _psc(fields: Fields, element: Element) -> bool:
    chapters = [
        _psc_chapter(fields, child) for child in element.children if child.name == "psc:chapter"
    ]
    good = [chapter for chapter in chapters if chapter is not None]
    exact = len(good) == len(element.children) and all(
        _CHAPTER.issuperset(child.attributes) and not child.children for child in element.children
    )
    in_order = sorted(good, key=lambda chapter: chapter.start_seconds)
    return bool(good) and fields.put("psc", in_order) and exact


def _psc_chapter(fields: Fields, element: Element) -> SourcedChapter | None:
    start = clock.seconds(element.attributes.get("start", ""))
    if start is None:
        fields.wrong.append("has a chapter without a start")
        return None
    return SourcedChapter(
        start_seconds=start,
        title=_line(element.attributes.get("title", "")),
        url=fields.address(element.attributes.get("href")),
        image=fields.address(element.attributes.get("image")),
    )


def _funding(fields: Fields, element: Element) -> bool:
    url = fields.address(element.attributes.get("url"))
    return url is not None and fields.add("funding", Funding(url=url, text=_line(element.text)))


def _category(fields: Fields, element: Element) -> bool:
    text = _line(element.attributes.get("text") or _said(element))
    if not text:
        return False
    inner = [child.attributes.get("text", "") for child in element.children]
    for one in [f"{text} > {child}" for child in inner if child] or [text]:
        fields.add("categories", one)
    return all(
        child.attributes.keys() <= {"text"} and not child.children for child in element.children
    )


def _naming(take: Take, *attributes: str, deep: bool = False) -> Rule:
    return Rule(take, frozenset(attributes), deep)


_DESCRIPTION = Rule(_description, attributes=None, deep=True)
_IMAGE = _naming(_image, "href", "url")
_COMMON: Mapping[str, Rule] = {
    "title": _line_of("title"),
    "atom:title": Rule(_atom_title),
    "link": _naming(_link),
    "atom:link": _naming(_atom_link, "rel", "href", "type", "length"),
    "description": _DESCRIPTION,
    "itunes:image": _IMAGE,
    "googleplay:image": _IMAGE,
    "podcast:person": _naming(_person, "role", "group", "href", "img"),
}
ITEM: Mapping[str, Rule] = {
    **_COMMON,
    "guid": _naming(_item_guid, "isPermaLink"),
    "atom:id": _naming(_item_guid, "isPermaLink"),
    "pubDate": _naming(_date),
    "atom:published": _naming(_date),
    "content:encoded": _DESCRIPTION,
    "atom:content": _DESCRIPTION,
    "atom:summary": _DESCRIPTION,
    "enclosure": _naming(_enclosure, "url", "type", "length"),
    "media:content": _naming(_media_content),
    "media:thumbnail": _IMAGE,
    "itunes:duration": _naming(_duration),
    "itunes:season": _line_of("season"),
    "itunes:episode": _line_of("number"),
    "itunes:episodeType": _line_of("kind"),
    "podcast:season": _line_of("season"),
    "podcast:episode": _line_of("number"),
    "podcast:transcript": _naming(_transcript, "url", "type", "language", "rel"),
    "podcast:soundbite": _naming(_soundbite, "startTime", "duration"),
    "podcast:chapters": _naming(_chapters_link, "url", "type"),
    "psc:chapters": _naming(_psc, "version", deep=True),
}
CHANNEL: Mapping[str, Rule] = {
    **_COMMON,
    "language": _line_of("language"),
    "podcast:guid": _line_of("guid"),
    "podcast:funding": _naming(_funding, "url"),
    "itunes:category": _naming(_category, "text", deep=True),
    "category": _naming(_category, "text", deep=True),
    "image": _naming(_channel_image, deep=True),
    "atom:subtitle": _DESCRIPTION,
    "atom:logo": _naming(_logo),
}
