"""The Markdown that Snipd exports: one file for each episode, with its saved moments.

Read as its plug-in for Obsidian writes it by default: facts as a list of ``name: value``, then a
heading of the third level for each moment with its title, address and tags, a line with its times,
the note, and the quote and the transcript under headings of the fourth. Templates can be changed, so
everything but the headings is optional, and older forms with the time in the heading are read too.
"""

import hashlib
import html
import re
from dataclasses import dataclass

from earwitness.library.intake import (
    EpisodeFacts,
    Intake,
    NotReadable,
    Person,
    SavedSnip,
    ShowFacts,
    Source,
)
from earwitness.library.reading import clock, sanitise, text_file

_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_TITLE = re.compile(r"^# +(.+)$", re.MULTILINE)
_FACT = re.compile(r"^[-*] +\**([A-Z][\w /]{2,40}?):\** +(.+)$", re.MULTILINE)
_SNIP = re.compile(r"^### +(.*)$", re.MULTILINE)
_PART = re.compile(r"^#### +(.*)$", re.MULTILINE)
_LINK = re.compile(r"\[((?:[^\[\]]|\[[^\[\]]*\]){0,500})\]\((https?://[^)\s]{1,4000})\)")
_STAMP = r"(?:\d{1,2}:)?\d{1,3}:\d\d"
_RANGE = re.compile(rf"({_STAMP})\s*[-–—]\s*({_STAMP})")
_AT = re.compile(rf"\[({_STAMP})\]")
_TIMES_LINE = re.compile(
    rf"^\W*(?:(?:Play snip|Audio link).*|{_STAMP}\s*[-–—]\s*{_STAMP}.*)$", re.IGNORECASE
)
_TAG = re.compile(r"(?:^|\s)#([\w/-]+)")
_GUEST = re.compile(r"(?:\[[^\[\]]{0,300}\]\([^()\s]{0,2000}\)|[^,])+")
"""A name between commas; a link may have some of its own."""
_HTML = re.compile(r"<[^<>]*>")
_MARKER = ("share.snipd.com", "www.snipd.com")
_STARS = "⭐★🌟"
_OWN_LINES = {"---", "***", "Click to expand"}
_MOST_SNIPS = 5_000
"""Of one episode; who listens for a whole day saves hundreds."""


@dataclass(frozen=True)
class _Section:
    """One moment in the file: its heading, the text below, and its parts by their headings."""

    heading: str
    body: str
    parts: dict[str, str]


def looks_like_one(text: str) -> bool:
    """Whether a text is such a file."""
    named = any(marker in text for marker in _MARKER)
    return named and _SNIP.search(text) is not None


def read(data: bytes) -> Intake:
    """The show, its one episode and the moments that were saved of it. Raises NotReadable."""
    text = _FRONT.sub("", text_file.decoded(data, text_file.LARGEST_PROSE).replace("\r\n", "\n"))
    head, snips = _under(_SNIP, text)
    facts = {match[1].strip().lower(): match[2].strip() for match in _FACT.finditer(head)}
    title = facts.get("episode title") or (match[1] if (match := _TITLE.search(head)) else "")
    if not title:
        raise NotReadable("no export of Snipd: no episode is named in it")
    if len(snips) > _MOST_SNIPS:
        raise NotReadable(f"has {len(snips)} snips, more than {_MOST_SNIPS}")
    url = _address(facts.get("episode url") or facts.get("episode link"))
    episode = EpisodeFacts(
        guid=url or f"snipd:{facts.get('show', '')}:{title}",
        title=_words(title),
        date=clock.date(facts.get("episode publish date", "")),
        duration_seconds=clock.seconds(facts.get("duration", "")),
        link=url,
        persons=_guests(facts.get("guests", "")),
        saved=tuple(_saved(_section(heading, body), title) for heading, body in snips),
    )
    show = ShowFacts(
        title=_words(facts.get("show", "")) or "Untitled show",
        author=_words(facts.get("owner / host", "")) or None,
        link=_address(facts.get("show url")),
    )
    return Intake(source=Source.SNIPD, show=show, episodes=(episode,))


def _under(heading: re.Pattern[str], text: str) -> tuple[str, list[tuple[str, str]]]:
    """What stands before the first heading, and each heading with what stands under it."""
    head, *rest = heading.split(text)
    return head, list(zip(rest[::2], rest[1::2], strict=True))


def _section(heading: str, text: str) -> _Section:
    body, parts = _under(_PART, text)
    by_name = {re.sub(r"\W+", " ", name).strip().lower(): part for name, part in parts}
    if "transcript" in heading.lower() and not parts:  # a moment that is nothing but its transcript
        by_name["transcript"] = body
    return _Section(heading, body, by_name)


def _saved(section: _Section, episode: str) -> SavedSnip:
    link = _LINK.search(section.heading) or _LINK.search(section.body)
    span = _RANGE.search(section.body)
    at = _AT.search(section.heading)
    start = span[1] if span else at[1] if at else None
    title = _heading_title(section.heading)
    quote, spoken = (_block(section.parts.get(name, "")) for name in ("quote", "transcript"))
    if not quote:
        quote, spoken = spoken, ""
    url = sanitise.address(link[2]) if link else None
    mark = f"{episode}\n{start}\n{title}\n{quote}"
    return SavedSnip(
        guid=url or "snipd:" + hashlib.sha256(mark.encode()).hexdigest()[:32],
        start_seconds=clock.seconds(start) if start else None,
        end_seconds=clock.seconds(span[2]) if span else None,
        title=title,
        quote=quote,
        transcript=spoken,
        note=_note(section),
        tags=tuple(_TAG.findall(_LINK.sub("", section.heading))),
        favourite=any(star in section.heading for star in _STARS),
        url=url,
    )


def _heading_title(heading: str) -> str:
    link = _LINK.search(heading)
    text = link[1] if link else _TAG.sub("", _AT.sub("", heading))
    return _words(text.strip(f" {_STARS}"))


def _note(section: _Section) -> str:
    """What stands under the heading and is neither times nor a player."""
    if section.parts.get("transcript") == section.body:
        return ""
    lines = [line.rstrip() for line in section.body.splitlines()]
    said = [line for line in lines if not _TIMES_LINE.match(line) and "<iframe" not in line]
    return _block("\n".join(said))


def _block(text: str) -> str:
    """Markdown or HTML as lines of text, without marks of quotation and what the file itself adds."""
    text = _HTML.sub("", re.sub(r"<br ?/?>|</p>|</blockquote>|</summary>", "\n", text))
    text = text.split("Created with [Snipd]")[0]
    lines = [
        html.unescape(re.sub(r"^(?:> ?)+", "", line.strip())).rstrip() for line in text.splitlines()
    ]
    kept = [line for line in lines if line.strip() not in _OWN_LINES]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


def _guests(text: str) -> tuple[Person, ...]:
    """Names between commas, each of which may be a link."""
    found = []
    for part in _GUEST.findall(text):
        link = _LINK.search(part)
        name = _words(part).strip("[] ")
        if name:
            url = sanitise.address(link[2]) if link else None
            found.append(Person(name=name, role="guest", url=url))
    return tuple(found)


def _words(text: str) -> str:
    """One line without links and marks."""
    return " ".join(_LINK.sub(r"\1", text).replace("**", "").split())


def _address(text: str | None) -> str | None:
    if not text:
        return None
    link = _LINK.search(text)
    return sanitise.address(link[2] if link else text)
