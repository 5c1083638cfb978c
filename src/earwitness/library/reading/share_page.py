"""A saved share page of a show: the page of a podcast application, as text or as HTML.

Each episode is a line with its day and length, before that perhaps the number of its snips, then its
title and its notes. What stands between has no meaning: a text save has the word ``undefined`` for
each picture. The page's own footer has no mark either, so the last episode gets no more paragraphs
than the longest of the others.
"""

import re
from dataclasses import dataclass

from lxml import html as lxml_html

from earwitness.library.intake import (
    ChapterSource,
    EpisodeFacts,
    Intake,
    NotReadable,
    Problem,
    ShowFacts,
    Source,
)
from earwitness.library.reading import clock, sanitise, show_notes, text_file

MOST_EPISODES = 10_000
"""On one page; those of applications have ten to some hundreds."""

_HEAD = re.compile(r"(?P<date>[A-Z][a-z]{2,8} \d{1,2}, \d{4}) ?[•·] ?(?P<length>[\d hourmins]+)")
_LINE = re.compile(r"^[^\n]{1,200}$", re.MULTILINE)
_SNIPS = re.compile(r"(\d{1,7}) snips?")
_COVER = re.compile(r"\s+cover image$")
_NO_PICTURE = {"undefined", "null"}
_BLOCKS = "address article aside div footer h1 h2 h3 h4 h5 h6 header li main nav ol p section ul"
_UNSEEN = ("script", "style", "noscript", "template", "head")


@dataclass(frozen=True)
class _Printed:
    """An episode as the page prints it; paragraphs are groups of lines."""

    date: str
    length: str
    snips: int
    paragraphs: tuple[str, ...]


def looks_like_one(text: str) -> bool:
    """Whether a line of the text is the head of an episode."""
    return any(_HEAD.fullmatch(line[0].strip()) for line in _LINE.finditer(text))


def read(data: bytes) -> Intake:
    """The show and its episodes. Raises NotReadable."""
    text = text_file.decoded(data, text_file.LARGEST_PROSE)
    return read_text(text_of_html(text) if text.lstrip().startswith("<") else text)


def read_text(text: str) -> Intake:
    """The same from its text."""
    lines = [line.strip() for line in text.splitlines()]
    heads = [at for at, line in enumerate(lines) if _HEAD.fullmatch(line)]
    if len(heads) > MOST_EPISODES:
        raise NotReadable(f"has more than {MOST_EPISODES} episodes")
    if not heads:
        raise NotReadable("no episode stands on this page: no line has a day and a length")
    ends = [_start(lines, at) for at in heads[1:]] + [len(lines)]
    printed = [_printed(lines, at, end) for at, end in zip(heads, ends, strict=True)]
    longest = max((len(one.paragraphs) for one in printed[:-1]), default=2)
    cut = _Printed(
        printed[-1].date, printed[-1].length, printed[-1].snips, printed[-1].paragraphs[:longest]
    )
    episodes, problems = _episodes([*printed[:-1], cut])
    return Intake(
        source=Source.SHARE_PAGE,
        show=ShowFacts(title=_show_title(lines[: _start(lines, heads[0])])),
        episodes=episodes,
        problems=problems,
    )


def text_of_html(text: str) -> str:
    """The text that a saved page shows, a line for each block with a blank one around it."""
    if len(text) > text_file.LARGEST_PROSE:
        raise NotReadable(f"has more than {text_file.LARGEST_PROSE} characters, and is a web page")
    try:
        page = lxml_html.document_fromstring(text_file.without_declaration(text))
    except (ValueError, lxml_html.etree.LxmlError) as error:
        raise NotReadable(f"not HTML that can be read: {error}") from error
    for element in list(page.iter(*_UNSEEN)):
        element.drop_tree()
    for element in page.iter(*_BLOCKS.split()):
        element.text = "\n\n" + (element.text or "")
        element.tail = "\n\n" + (element.tail or "")
    for element in page.iter("br"):
        element.tail = "\n" + (element.tail or "")
    return str(page.text_content())


def _start(lines: list[str], head: int) -> int:
    """The first line that belongs to the episode with that head: its snips and its picture."""
    at = head
    while at and (
        not lines[at - 1] or lines[at - 1] in _NO_PICTURE or _SNIPS.fullmatch(lines[at - 1])
    ):
        at -= 1
    return at


def _printed(lines: list[str], head: int, end: int) -> _Printed:
    match = _HEAD.fullmatch(lines[head])
    assert match is not None
    before = [_SNIPS.fullmatch(line) for line in lines[_start(lines, head) : head]]
    blocks = re.split(r"\n{2,}", "\n".join(lines[head + 1 : end]).strip("\n"))
    return _Printed(
        date=match["date"],
        length=match["length"],
        snips=next((int(snips[1]) for snips in before if snips), 0),
        paragraphs=tuple(block for block in blocks if block),
    )


def _show_title(lines: list[str]) -> str:
    said = [line for line in lines if line and line not in _NO_PICTURE]
    covers = [_COVER.sub("", line) for line in said if _COVER.search(line)]
    return (covers or said or ["Untitled show"])[0]


def _episodes(printed: list[_Printed]) -> tuple[tuple[EpisodeFacts, ...], tuple[Problem, ...]]:
    phrases = show_notes.Phrases(["\n".join(one.paragraphs[1:]) for one in printed])
    episodes, problems = [], []
    for number, one in enumerate(printed, 1):
        if one.paragraphs:
            episodes.append(_episode(one, phrases))
        else:
            problems.append(Problem(where=f"episode {number}", what="has no title and is left out"))
    return tuple(episodes), tuple(problems)


def _episode(printed: _Printed, phrases: show_notes.Phrases) -> EpisodeFacts:
    title, notes = printed.paragraphs[0], "\n".join(printed.paragraphs[1:])
    date, duration = clock.date(printed.date), clock.seconds(printed.length)
    # the page rounds lengths to minutes, so a chapter may start in what it rounded off
    chapters = show_notes.chapters(notes, duration and duration + 60, phrases)
    return EpisodeFacts(
        guid=f"share-page:{date}:{title}",
        title=title,
        date=date,
        duration_seconds=duration,
        description=sanitise.escaped(notes),
        links=sanitise.links(notes),
        snips=printed.snips,
        chapters={ChapterSource.SHOW_NOTES: chapters} if chapters else {},
    )
