"""Lists of feeds as OPML, in and out. Outlines nest as deep as one likes; folders become paths."""

import datetime as dt
from collections.abc import Iterable, Iterator

import msgspec
from lxml import etree

from earwitness.library.intake import NotReadable, Problem
from earwitness.library.reading import feed_text, sanitise, text_file

MOST_FEEDS = 20_000
_ADDRESSES = ("xmlurl", "url")
"""Attributes that the address of a feed stands in, the usual one first; names in any case."""


class OpmlFeed(msgspec.Struct, frozen=True, kw_only=True):
    """A feed in a list."""

    url: str
    title: str = ""
    link: str | None = None
    """The show's own page."""
    folders: tuple[str, ...] = ()
    """Titles of the outlines around it, the outermost first."""


class Opml(msgspec.Struct, frozen=True, kw_only=True):
    """A list of feeds as it was read."""

    title: str = ""
    feeds: tuple[OpmlFeed, ...] = ()
    problems: tuple[Problem, ...] = ()


def read(data: bytes) -> Opml:
    """The feeds of a list, each address once. Raises NotReadable."""
    prepared = feed_text.prepared(data, text_file.LARGEST_DOCUMENT)
    root, problems = _parsed(prepared)
    if root.tag.lower() != "opml":
        raise NotReadable(f"not OPML: its first element is <{str(root.tag)[:60]}>")
    found: dict[str, OpmlFeed] = {}
    for line, feed in _outlines(root):
        if isinstance(feed, Problem):
            problems.append(feed)
        elif feed.url in found:
            problems.append(Problem(where=f"line {line}", what=f"again: {feed.url[:80]}"))
        else:
            found[feed.url] = feed
        if len(found) > MOST_FEEDS:
            raise NotReadable(f"has more than {MOST_FEEDS} feeds")
    title = root.findtext("head/title") or ""
    return Opml(
        title=title.strip(),
        feeds=tuple(found.values()),
        problems=(*prepared.problems, *problems),
    )


def write(feeds: Iterable[OpmlFeed], title: str, created: dt.datetime | None = None) -> bytes:
    """The feeds as OPML 2.0, with an outline for each folder."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = _valid(title)
    if created is not None:
        moment = created.astimezone(dt.UTC)
        etree.SubElement(head, "dateCreated").text = moment.strftime("%a, %d %b %Y %H:%M:%S GMT")
    folders: dict[tuple[str, ...], etree._Element] = {(): etree.SubElement(root, "body")}
    for feed in feeds:
        name = _valid(feed.title) or feed.url
        outline = etree.SubElement(
            _folder(folders, feed.folders), "outline", text=name, type="rss", xmlUrl=feed.url
        )
        if feed.link:
            outline.set("htmlUrl", feed.link)
    return bytes(etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True))


def _parsed(text: feed_text.FeedText) -> tuple[etree._Element, list[Problem]]:
    """The document's first element; a list that is not well-formed is mended."""
    try:
        return etree.parse(text.stream(), _parser(recover=False)).getroot(), []
    except etree.XMLSyntaxError as error:
        wrong = Problem(where=f"line {error.lineno}", what=f"{_said(error)}; mended")
    parser = _parser(recover=True)
    root = etree.parse(text.mended().stream(), parser).getroot()
    if any(entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log):
        raise NotReadable("nested too deep, or with texts too long")
    if root is None:
        raise NotReadable("not OPML: nothing of it can be read")
    return root, [wrong]


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(recover=recover, **feed_text.PARSING)


def _said(error: etree.XMLSyntaxError) -> str:
    return (error.msg or "not well-formed").partition(", line ")[0]


def _outlines(root: etree._Element) -> Iterator[tuple[int | None, OpmlFeed | Problem]]:
    """Each outline that names a feed, with its line."""
    for outline in root.iter("outline"):
        attributes = {str(key).lower(): value for key, value in outline.attrib.items()}
        said = next((attributes[key] for key in _ADDRESSES if attributes.get(key)), None)
        if said is None:
            continue
        url = sanitise.address(said)
        if url is None:
            what = f"the address of a feed is none of the web: {said[:80]!r}"
            yield outline.sourceline, Problem(where=f"line {outline.sourceline}", what=what)
            continue
        feed = OpmlFeed(
            url=url,
            title=_named(attributes),
            link=sanitise.address(attributes.get("htmlurl")),
            folders=_folders(outline),
        )
        yield outline.sourceline, feed


def _folders(outline: etree._Element) -> tuple[str, ...]:
    around = list(outline.iterancestors("outline"))
    named = [
        _named({str(key).lower(): value for key, value in one.attrib.items()}) for one in around
    ]
    return tuple(name for name in reversed(named) if name)


def _named(attributes: dict[str, str]) -> str:
    said = attributes.get("text") or attributes.get("title") or ""
    return " ".join(said.split())


def _folder(
    folders: dict[tuple[str, ...], etree._Element], path: tuple[str, ...]
) -> etree._Element:
    """The outline of a folder, made where it is not there."""
    if path not in folders:
        parent = _folder(folders, path[:-1])
        folders[path] = etree.SubElement(parent, "outline", text=_valid(path[-1]))
    return folders[path]


def _valid(text: str) -> str:
    """Text without the characters that XML cannot have."""
    return feed_text.without_invalid(text)
