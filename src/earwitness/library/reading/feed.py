"""Feeds: RSS 0.90 to 2.0 and Atom, with Podcasting 2.0, iTunes, Podlove chapters and Media RSS.

Bytes in, an ``Intake`` out. Nothing is lost: what has no field of its own, or is more than its field
holds, is kept whole among ``elements`` (``feed_fields`` decides). A feed that is not well-formed is
mended and read again by a parser that recovers, and each thing that was wrong is a ``Problem``.
The parser resolves no entity, asks no network and stops at the limits below.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from earwitness.library.intake import Intake, NotReadable, Problem, Source
from earwitness.library.reading import feed_fields, feed_settling, feed_text, namespaces
from earwitness.library.reading.feed_elements import Quota, TooMany
from earwitness.library.reading.feed_rules import Fields

MOST_ITEMS = 20_000
"""Episodes of one show; a show with one each day reaches it after 54 years."""
DEEPEST = 256
"""Levels of elements; libxml2 has the same limit, descriptions as XHTML have about ten."""
MOST_PROBLEMS = 50
"""Problems that are told one by one."""

_ITEMS = ("{*}item", "{*}entry")
_HOLDERS = {"channel", "rdf:RDF", "atom:feed", "feed", "rss"}
_UNBOUND = re.compile(r"Namespace prefix (\S+) .*is not defined")
_ROOTS = {"rss", "RSS", "rdf:RDF", "atom:feed", "feed", "channel"}


@dataclass
class Parsed:
    """A feed as its elements say it: nothing lost, and its HTML as raw as it came."""

    channel: Fields | None = None
    items: list[Fields] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    log: list[etree._LogEntry] = field(default_factory=list)
    """What the parser stumbled over."""


def looks_like_one(text: str) -> bool:
    """Whether text begins as a feed does."""
    head = text[:4096]
    return any(mark in head for mark in ("<rss", "<RSS", "<feed", "<rdf:RDF", ":feed", "<channel"))


def read(data: bytes, base: str | None = None) -> Intake:
    """A feed that was found at ``base``. Raises NotReadable."""
    return settled(parse(data, base), base)


def parse(data: bytes, base: str | None = None) -> Parsed:
    """The elements of a feed, and the fields that one of them alone gives. Raises NotReadable."""
    prepared = feed_text.prepared(data)
    prepared.refuse_too_much()
    found = Parsed(problems=list(prepared.problems))
    try:
        _pass(prepared, base, found, recover=False)
    except etree.XMLSyntaxError:
        wrong = found.log[:1]
        found = Parsed(problems=list(prepared.problems))
        _pass(prepared.mended(), base, found, recover=True)
        found.problems += _mended([*wrong, *found.log])
    return found


def settled(parsed: Parsed, base: str | None = None) -> Intake:
    """The show and its episodes, sanitised and with what is found in their texts; uses it up."""
    if parsed.channel is None:
        raise NotReadable("not a feed: nothing of it can be read")
    episodes = feed_settling.episodes(parsed.items)
    show = feed_settling.show(parsed.channel, base)
    problems = [*parsed.problems, *_wrong("show", parsed.channel)]
    for number, item in enumerate(parsed.items, 1):
        problems += _wrong(f"episode {number}", item)
    return Intake(source=Source.FEED, show=show, episodes=episodes, problems=_told(problems))


def _pass(text: feed_text.FeedText, base: str | None, found: Parsed, *, recover: bool) -> None:
    """Go through a feed once. Raises XMLSyntaxError when it is not well-formed and not to be mended."""
    events = etree.iterparse(
        text.stream(),
        events=("end",),
        tag=_ITEMS,
        recover=recover,
        **feed_text.PARSING,
    )
    root, quota = None, Quota()
    try:
        for item in _items(events):
            if root is None:  # the parser names it when it has finished only
                root = item.getroottree().getroot()
            found.items.append(feed_fields.of_item(item, base, quota))
            _forget(item)
    except TooMany as limit:
        found.problems.append(_too_many(limit, len(found.items)))
    finally:
        found.log = list(events.error_log)
        _refuse_limits(found.log)
    root = events.root if root is None else root
    if root is not None:
        found.channel = feed_fields.of_channel(_channel(root), base, Quota())


def _items(events: etree.iterparse) -> Iterator[etree._Element]:
    """The items of a feed, and not what bears their name deeper down. Raises TooMany."""
    came = 0
    for _, element in events:
        parent = element.getparent()
        if parent is not None and namespaces.name(parent.tag) in _HOLDERS:
            if came == MOST_ITEMS:
                raise TooMany(f"has more than {MOST_ITEMS} episodes")
            came += 1
            yield element


def _forget(item: etree._Element) -> None:
    """Give the memory of an item back; the tree of a large feed is many times its size."""
    parent = item.getparent()
    item.clear()
    if parent is not None:
        while (before := item.getprevious()) is not None and before.tag == item.tag:
            parent.remove(before)


def _channel(root: etree._Element) -> etree._Element:
    if namespaces.name(root.tag) not in _ROOTS:
        raise NotReadable(f"not a feed: its first element is <{_shown(root.tag)}>")
    for child in root:
        if namespaces.name(child.tag) == "channel":
            return child
    return root


def _wrong(where: str, fields: Fields) -> list[Problem]:
    return [Problem(where=where, what=what) for what in fields.wrong]


def _told(problems: list[Problem]) -> tuple[Problem, ...]:
    """The first of them, and how many more there are."""
    if len(problems) <= MOST_PROBLEMS:
        return tuple(problems)
    rest = len(problems) - MOST_PROBLEMS
    return (*problems[:MOST_PROBLEMS], Problem(where="feed", what=f"{rest} more of the kind"))


def _mended(log: list[etree._LogEntry]) -> list[Problem]:
    """What was not well-formed, each once; of prefixes that are bound to nothing one word each."""
    told: dict[str, Problem] = {}
    for entry in log:
        if prefix := _UNBOUND.match(entry.message):
            what = f"the prefix {prefix[1]} is bound to nothing; taken for what is usual"
            told.setdefault(what, Problem(where=f"line {entry.line}", what=what))
        else:
            problem = Problem(where=f"line {entry.line}", what=f"{entry.message.strip()}; mended")
            told.setdefault(f"{entry.line} {entry.message}", problem)
    return list(told.values())


def _too_many(limit: TooMany, read: int) -> Problem:
    """What is told when the older episodes are left out; raises it when that would be all."""
    if not read:
        raise limit
    return Problem(where="feed", what=f"{limit}; only the first {read} episodes are read")


def _refuse_limits(log: list[etree._LogEntry]) -> None:
    """Raises NotReadable when the parser has given up, with what it has read so far."""
    for entry in log:
        if entry.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
            if "depth" in entry.message:
                raise NotReadable(f"elements are nested deeper than {DEEPEST} levels")
            said = entry.message.partition(", ")[0].removeprefix("Resource limit exceeded: ")
            raise NotReadable(f"past a limit of the parser: {said}")


def _shown(tag: str) -> str:
    return namespaces.name(tag)[:60]
