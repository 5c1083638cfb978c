"""A show and its episodes out of their fields: what takes several elements, or several episodes.

Which text is the description, what stands for a guid or a title that is missing, and what is found in
descriptions: links, and chapters. HTML is sanitised here, so nothing of it is raw behind this module.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from earwitness.library.intake import (
    ChapterSource,
    Element,
    EpisodeFacts,
    ShowFacts,
    SourcedChapter,
)
from earwitness.library.reading import clock, html_cost, sanitise, show_notes
from earwitness.library.reading.feed_rules import Fields

_OF_SHOW = ("description", "atom:subtitle", "itunes:summary")
_OF_EPISODE = ("content:encoded", "atom:content", "xhtml:body", "description", "atom:summary")
"""Texts that may be the description, the best first."""
MOST_EFFORT = 500_000_000
"""Nanoseconds for all descriptions of a feed, about and rather too much; behind it they are words only."""
_AUTHORS = ("itunes:author", "managingEditor", "dc:creator", "googleplay:author", "atom:author")


@dataclass
class _Allowance:
    """What the descriptions of a feed may cost together."""

    left: int
    """Nanoseconds."""

    def grants(self, text: str) -> bool:
        """Take from it what this text costs; False where that is more than is left."""
        plain = sanitise.is_plain(text)
        effort = html_cost.effort_of_plain(text) if plain else html_cost.effort(text)
        effort += show_notes.effort(text)
        if effort > self.left or not (plain or html_cost.is_tame(text)):
            return False
        self.left -= effort
        return True


def show(fields: Fields, base: str | None) -> ShowFacts:
    """The show of a feed that was found at ``base``."""
    _settle_description(fields, _OF_SHOW, _Allowance(MOST_EFFORT))
    values = fields.values
    if author := fields.kept(*_AUTHORS) or _atom_author(fields):
        values["author"] = author
    pictures = [values.pop(key, None) for key in ("image", "rss image", "atom image")]
    values["image"] = next((url for url in pictures if url), None)
    values.setdefault("feed_url", base)
    values.setdefault("title", "Untitled show")
    return ShowFacts(elements=tuple(fields.elements), **_frozen(values))


def episodes(items: list[Fields]) -> tuple[EpisodeFacts, ...]:
    """The episodes, each with a mark that is its own."""
    seen: dict[str, int] = {}
    allowance = _Allowance(MOST_EFFORT)
    for item in items:
        _settle_episode(item, allowance)
        guid = item.values["guid"]
        seen[guid] = seen.get(guid, 0) + 1
        if seen[guid] > 1:
            item.wrong.append(f"has the guid of another one: {guid[:80]!r}")
            recordings = item.values.get("enclosures")
            item.values["guid"] = f"{guid}#{recordings[0].url if recordings else seen[guid]}"
    notes = [_notes(item) for item in items]
    phrases = show_notes.Phrases([text for text in notes if text])
    return tuple(_episode(item, text, phrases) for item, text in zip(items, notes, strict=True))


def _settle_episode(fields: Fields, allowance: _Allowance) -> None:
    _settle_description(fields, _OF_EPISODE, allowance)
    values = fields.values
    if "title" not in values:
        values["title"] = _title(fields)
    if "date" not in values and (date := fields.kept("atom:updated", "dc:date", "dcterms:issued")):
        values["date"] = clock.date(date)
    if values.pop("guid is link", True) and "link" not in values:
        values["link"] = sanitise.address(values.get("guid"))
    if "guid" not in values:
        values["guid"] = _guid(fields)


def _settle_description(fields: Fields, order: tuple[str, ...], allowance: _Allowance) -> None:
    """Make the first of these texts the description, and keep the others."""
    for wanted in order:
        element = fields.texts.pop(wanted, None)
        if element is None:
            continue
        described = "description" not in fields.values and _describe(fields, element, allowance)
        if not described or not element.attributes.keys() <= {"type"}:
            fields.elements.append(element)
    for name in () if "description" in fields.values else ("itunes:summary", "media:description"):
        element = next((one for one in fields.elements if one.name == name and one.text), None)
        if element is not None and _describe(fields, element, allowance):
            break


def _describe(fields: Fields, element: Element, allowance: _Allowance) -> bool:
    """Make an element the description, if there is anything in it; whether that holds all of it."""
    text = element.text
    if not text or text.isspace():
        return False
    if not allowance.grants(text):
        fields.wrong.append(f"has a <{element.name}> of which the words are shown: too much HTML")
        fields.words_only = fields.put("description", sanitise.words_of(text))
        return False
    if element.name.startswith("atom:") and element.attributes.get("type", "text") == "text":
        return fields.put("description", sanitise.escaped(text))
    return fields.put("description", sanitise.clean(text, fields.base))


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
    if recordings := values.get("enclosures"):
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


def _notes(item: Fields) -> str:
    """The description as plain text where it may have chapters."""
    description = item.values.get("description", "")
    if item.words_only or not show_notes.has_times(description):
        return ""
    return sanitise.plain(description)


def _episode(fields: Fields, notes: str, phrases: show_notes.Phrases) -> EpisodeFacts:
    values = fields.values
    chapters: dict[ChapterSource, tuple[SourcedChapter, ...]] = {}
    if psc := values.pop("psc", None):
        chapters[ChapterSource.PSC] = tuple(psc)
    if notes and (found := show_notes.chapters(notes, values.get("duration_seconds"), phrases)):
        chapters[ChapterSource.SHOW_NOTES] = found
    values.setdefault("enclosures", values.pop("media", ()))
    return EpisodeFacts(
        links=() if fields.words_only else sanitise.links(values.get("description", "")),
        elements=tuple(fields.elements),
        chapters=chapters,
        **_frozen(values),
    )


def _frozen(values: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in values.items()}
