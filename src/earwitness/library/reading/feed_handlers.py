"""What each element of a feed means: the handlers, and the tables that name them.

A handler puts what an element says into fields, and returns whether the fields now hold all of it; if
not, the element is kept whole as well. Values only; nothing here knows how the XML came.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Any

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


Handler = Callable[[Fields, Element], bool]


def _said(element: Element) -> str:
    """The text of an element, with that of all in it."""
    if not element.children:
        return element.text
    return " ".join([element.text, *(_said(child) for child in element.children)])


def _is_bare(element: Element) -> bool:
    return not element.attributes and not element.children


def _has_only(element: Element, known: Set[str]) -> bool:
    return element.attributes.keys() <= known and not element.children


def _line_of(key: str) -> Handler:
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


def _logo(fields: Fields, element: Element) -> bool:
    return fields.put("atom image", fields.address(_said(element))) and _is_bare(element)


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


_COMMON: dict[str, Handler] = {
    "title": _line_of("title"),
    "atom:title": _line_of("title"),
    "link": _link,
    "atom:link": _atom_link,
    "description": _description,
    "itunes:image": _image,
    "googleplay:image": _image,
    "podcast:person": _person,
}
ITEM: Mapping[str, Handler] = _COMMON | {
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
CHANNEL: Mapping[str, Handler] = _COMMON | {
    "language": _line_of("language"),
    "podcast:guid": _line_of("guid"),
    "podcast:funding": _funding,
    "itunes:category": _category,
    "category": _category,
    "image": _channel_image,
    "atom:subtitle": _description,
    "atom:logo": _logo,
}
