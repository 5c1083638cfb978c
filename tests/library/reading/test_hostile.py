"""Hostile documents: each ends within a second of CPU and 200 MB, read or refused with a word.

Each is as large as is looked at, or as many as are read, so that a reader whose time or memory grows
faster than its document shows it here.
"""

import re
from collections.abc import Callable

import pytest

from earwitness.library.intake import NotReadable
from earwitness.library.reading import chapters_json, feed_text, recognise, text_file
from tests.library.confined import confined, most_cpu_seconds

HEAD = (
    b"<rss xmlns:podcast='https://podcastindex.org/namespace/1.0'"
    b" xmlns:psc='http://podlove.org/simple-chapters'><channel><title>x</title>"
)
BEHIND = 100_000
"""Bytes that are left for what stands around."""


def much(piece: bytes, most: int = text_file.LARGEST_BYTES) -> bytes:
    return piece * ((most - BEHIND) // len(piece))


def feed(piece: bytes) -> bytes:
    """A feed as large as is read of one."""
    return HEAD + much(piece) + b"</channel></rss>"


def many(piece: bytes) -> bytes:
    """A feed with as many elements as are parsed."""
    return HEAD + piece * ((feed_text.MOST_ELEMENTS - 10) // piece.count(b"<"))


def described(html: bytes, length: int = 1_000_000) -> bytes:
    """A feed whose descriptions are of this, as long and as many as are read."""
    filled = html * max(1, length // len(html))
    item = b"<item><title>t</title><guid>1</guid><description><![CDATA[%s]]></description></item>"
    return feed(item % filled)


def document(piece: bytes, head: bytes = b"", tail: bytes = b"") -> bytes:
    return head + much(piece, text_file.LARGEST_DOCUMENT) + tail


def prose(piece: bytes, head: bytes = b"") -> bytes:
    return head + much(piece, text_file.LARGEST_PROSE)


def guests(piece: bytes) -> bytes:
    """An export whose episode has these guests."""
    return EXPORT + b"- Guests: " + piece * (900_000 // len(piece)) + b"\n\n### [1:00] a\n\n"


PERSON = b"<podcast:person href='x'>a</podcast:person>"
BITE = b"<podcast:soundbite startTime='1h 3min' duration='PT3M4S'>a</podcast:soundbite>"
CUE = b"WEBVTT\n\n00:01.000 --> 00:02.000\n"
NAMED = b"**A:** a\n\n**B:** b\n\n"
EXPORT = b"# T\n\n- Show: https://share.snipd.com/x\n"
SNIPD = EXPORT + b"\n### [1:00] a\n\n"
EPISODE = "<p>May 25, 2023 \u2022 30min</p><p>t</p>".encode()
LAUGHS = b"".join(b'<!ENTITY a%d "%s">' % (i + 1, b"&a%d;" % i * 10) for i in range(10))

FEEDS: dict[str, tuple[Callable[[], bytes], str]] = {
    "deep nesting": (lambda: feed(b"<a>"), "nested deeper than 256|more than 400000 elements"),
    "deep nesting, few": (lambda: HEAD + b"<a>" * 200_000, "nested deeper than 256 levels"),
    "deep in an item": (lambda: HEAD + b"<item>" + b"<a>" * 200_000, "nested deeper than 256"),
    "unclosed tags": (lambda: HEAD + b"<item><title>a" * 100_000, "nested deeper than 256"),
    "items without end": (lambda: feed(b"<item><title>a</title></item>"), "more than 400000"),
    "many items": (lambda: many(b"<item><title>a</title></item>"), "20000 episodes; .*only the"),
    "items in items": (lambda: HEAD + b"<item>" * 200, "read: "),
    "many persons": (lambda: many(b"<item>" + PERSON * 18 + b"</item>"), "only the first"),
    "many bites": (lambda: many(b"<item>" + BITE * 18 + b"</item>")[:9_000_000], "only the first"),
    "addresses that are relative": (
        lambda: HEAD + (b"<item xml:base='https://b.example/'>" + PERSON * 18 + b"</item>") * 4_100,
        "read: 4100",
    ),
    "many in one item": (
        lambda: HEAD + b"<item>" + (b"<a>" + b"<b/>" * 9_000 + b"</a>") * 40,
        "more than 80000 elements",
    ),
    "many beside the items": (lambda: many(b"<a/>"), "more than 80000 elements|mended"),
    "attributes of one element": (
        lambda: (
            HEAD + b"<item><a " + b" ".join(b'a%d="1"' % i for i in range(20_000)) + b"/></item>"
        ),
        "line 1: an element has 20000 attributes",
    ),
    "attributes without end": (
        lambda: feed(b"<item><a " + b" ".join(b"a%d='1'" % i for i in range(200)) + b"/></item>"),
        "more than 400000 attributes",
    ),
    "namespaces without end": (
        lambda: HEAD + b"".join(b"<item><a xmlns='u%d'/></item>" % i for i in range(190_000)),
        "read: 20000",
    ),
    "prefixes that are bound to nothing": (
        lambda: HEAD + b"".join(b"<item><u%d:a/></item>" % i for i in range(190_000)),
        "read: 20000",
    ),
    "a text of eleven million characters": (
        lambda: HEAD + b"<item><title>" + b"x" * 11_000_000 + b"</title></item></channel></rss>",
        "past a limit of the parser",
    ),
    "chapters without end": (
        lambda: (
            HEAD
            + b"<item><psc:chapters>"
            + b"<psc:chapter start='1:00' title='a'/>" * 60_000
            + b"</psc:chapters></item></channel></rss>"
        ),
        "line 1: an element has 60000 elements",
    ),
    "elements in descriptions": (
        lambda: many(b"<item><description>" + b"<b>x</b>" * 4_900 + b"</description></item>"),
        "only the first",
    ),
    "larger than is read": (lambda: b"<rss>" + b" " * 21_000_000, "larger than 20 MB"),
    "billion laughs": (lambda: b"<!DOCTYPE a [" + LAUGHS + b"]><rss>&a10;</rss>", "DTD"),
    "quadratic blow-up": (
        lambda: b'<!DOCTYPE a [<!ENTITY a "%s">]><rss>' % (b"x" * 100_000) + b"&a;" * 100_000,
        "DTD",
    ),
    "an external entity": (
        lambda: b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss>&a;</rss>',
        "DTD",
    ),
    "a parameter entity in UTF-16": (
        lambda: (
            '<?xml version="1.0" encoding="utf-16"?>'
            '<!DOCTYPE a [<!ENTITY % a SYSTEM "https://evil.example/">%a;]><rss/>'
        ).encode("utf-16"),
        "DTD",
    ),
    "stray ampersands": (lambda: feed(b"<item><title>& &x & &x</title></item>"), "refused: "),
    "fewer stray ampersands": (
        lambda: HEAD + (b"<item><title>" + b"& &x " * 1_000 + b"</title></item>") * 240,
        "read: 240",
    ),
    "characters that XML has not": (lambda: feed(b"\0"), "read: 0"),
    "instructions without end": (lambda: much(b"<?a?>"), "more than 1000 things"),
    "comments without end": (lambda: much(b"<!---->"), "more than 1000 things"),
    "a size of 5000 digits": (
        lambda: HEAD + b"<item><enclosure url='https://a.example/' length='%s'/>" % (b"1" * 5_000),
        "read: 1",
    ),
}
DESCRIPTIONS: dict[str, Callable[[], bytes]] = {
    "nested formats": lambda: described(b"<b>"),
    "nested blocks": lambda: described(b"<blockquote>"),
    "nested tables": lambda: described(b"<table>a"),
    "formats that end elsewhere": lambda: described(b"<a><div></a>"),
    "formats that never end": lambda: described(
        b"<p>" + b"".join(b"<b id=%d>" % i for i in range(200)) + b"</p>" + b"<p>x</p>" * 4_000
    ),
    "formats": lambda: described(b"<i>x</i>"),
    "ordinary blocks": lambda: described(b"<div>a b c</div>", 5_000),
    "a tag with attributes without end": lambda: described(
        b"<a " + b" ".join(b"a%d=1" % i for i in range(100_000)) + b">"
    ),
    "ampersands": lambda: described(b"&"),
    "brackets": lambda: described(b"<"),
    "relative links": lambda: described(b"<a href='x'>y</a>"),
    "links": lambda: described(b'<a href="https://a.example/"></a>'),
    "addresses": lambda: described(b"https://a.example/ "),
    "addresses of many hosts": lambda: described(
        b" ".join(b"https://a%d.example/" % i for i in range(40_000))
    ),
    "an address with brackets without end": lambda: described(
        b"https://a.example/" + b")" * 900_000
    ),
    "times": lambda: described(b"1:00 a "),
    "lines with times": lambda: described(b"1:00 a\n"),
    "times that rise": lambda: described(
        b" ".join(
            b"%d:%02d:%02d a title of nine words is long enough" % (s // 3600, s // 60 % 60, s % 60)
            for s in range(2_000)
        )
    ),
    "times behind blanks": lambda: described(b" " * 60_000 + b"1:00 2:00 3:00 " * 2_500),
    "times between words": lambda: described(
        b"0:10 one two three four five six seven 1:20 " + b"a b c d " * 12_000
    ),
}
OTHERS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "outlines in outlines": (
        "a.opml",
        lambda: document(b"<outline>", b"<opml>"),
        "nested too deep",
    ),
    "outlines": (
        "a.opml",
        lambda: document(b"<outline xmlUrl='https://a.example/'/>", b"<opml>"),
        "read",
    ),
    "a page of episodes": ("a.html", lambda: prose(EPISODE, b"<html>"), "more than 10000 episodes"),
    "a page of blocks": ("a.html", lambda: prose(b"<p>a</p>", b"<html>" + EPISODE), "read: 1"),
    "a page of nested blocks": ("a.html", lambda: prose(b"<div>", b"<html>" + EPISODE), "read: "),
    "a page of brackets": ("a.html", lambda: prose(b"<", b"<html>"), "refused: "),
    "a page of another kind": ("a.html", lambda: much(b"<p>a</p>", 19_000_000), "refused: "),
    "a text of episodes": (
        "a.txt",
        lambda: prose("May 25, 2023 \u2022 30min\n\nt\n\n1:00 a 2:00 b\n\n".encode()),
        "more than 10000 episodes",
    ),
    "deep JSON": ("a.json", lambda: document(b"["), "refused: "),
    "values without end": ("a.json", lambda: document(b"[],", b"["), "more than 1000000 values"),
    "segments without end": (
        "a.json",
        lambda: document(b'{"start":1,"body":"a"},', b'{"segments":[', b"{}]}"),
        "more than 100000 segments",
    ),
    "a number without end": (
        "a.json",
        lambda: document(b"0", b'{"segments": [{"text": "a", "start": 1', b"}]}"),
        "re",
    ),
    "cues without end": (
        "a.vtt",
        lambda: document(CUE[8:] + b"a\n\n", b"WEBVTT\n\n"),
        "100000 cues",
    ),
    "many cues": (
        "a.vtt",
        lambda: b"WEBVTT\n\n" + (CUE[8:] + b"<v A>a &amp; b\n\n") * 99_000,
        "read",
    ),
    "lines of a cue": ("a.vtt", lambda: document(b"a\n", CUE), "read"),
    "entities of a cue": ("a.vtt", lambda: document(b"&amp", CUE), "read"),
    "blank lines": ("a.vtt", lambda: document(b" \n \t", b"WEBVTT\n\n"), "no cue"),
    "arrows without end": ("a.vtt", lambda: document(b"-->", CUE), "100000 cues"),
    "voices without end": ("a.vtt", lambda: document(b"<v a", CUE), "read"),
    "numbers of cues": (
        "a.srt",
        lambda: document(b"1\n", b"1\n00:00:01,000 --> 00:00:02,000\na\n\n"),
        "read",
    ),
    "names in bold": ("a.md", lambda: prose(NAMED), "100000 segments"),
    "brackets without end": ("a.md", lambda: prose(b"[", NAMED), "read"),
    "links without end": ("a.md", lambda: prose(b"[](", NAMED), "read"),
    "one line of asterisks": ("a.md", lambda: prose(b"*", NAMED), "read"),
    "marks": ("a.md", lambda: prose(b"_a_ `b` <b> ", NAMED), "read"),
    "sentences": ("a.md", lambda: prose(b"a. B? ", NAMED), "read"),
    "times in brackets": ("a.md", lambda: prose(b"[00:10] ", NAMED), "100000 times"),
    "cells without end": ("a.csv", lambda: much(b",") + b"\n", "no export"),
    "a row of cells": (
        "a.csv",
        lambda: b"Highlight,Title\n" + much(b","),
        "more than 2000000 cells",
    ),
    "a cell without end": ("a.csv", lambda: b'Highlight,Title\n"' + b"a" * 1_000_000, "not CSV"),
    "many rows": (
        "a.csv",
        lambda: b"Highlight,Title,Location\n" + b'"a","b","1:00"\n' * 59_000,
        "read",
    ),
    "guests without end": ("a.md", lambda: guests(b"A, "), "read: 1"),
    "guests in brackets": ("a.md", lambda: guests(b"["), "read: 1"),
    "guests that are links": ("a.md", lambda: guests(b"[a](https://a.example/),"), "read: 1"),
    "snips without end": ("a.md", lambda: prose(b"### a\n\n", SNIPD), "more than 5000"),
    "many snips": ("a.md", lambda: SNIPD + b"### [1:00] a\n\nb\n\n" * 4_900, "read: 1"),
    "parts without end": ("a.md", lambda: prose(b"#### Quote\n\na\n\n", SNIPD), "read: 1"),
    "a snip of brackets": ("a.md", lambda: prose(b"[", SNIPD), "read: 1"),
    "a snip of half links": ("a.md", lambda: prose(b"[a](https://a ", SNIPD), "read: 1"),
    "a snip of no words": ("a.md", lambda: prose(b"(", SNIPD), "read: 1"),
    "a snip of times": ("a.md", lambda: prose(b"1:00-", SNIPD), "read: 1"),
    "a snip of blank lines": ("a.md", lambda: prose(b" \n\n", SNIPD), "read: 1"),
    "a snip of tags": ("a.md", lambda: prose(b"#a/", SNIPD), "read: 1"),
    "a snip of elements": ("a.md", lambda: prose(b"<a ", SNIPD), "read: 1"),
    "facts without end": ("a.md", lambda: prose(b"- **Show:** x\n", SNIPD), "read: 1"),
    "any text": ("a.txt", lambda: much(b"a b c\n"), "no kind"),
}


def ends(data: Callable[[], bytes], name: str, said: str) -> None:
    """Read in a process of its own; the document is made before its time begins."""
    made = data()

    def read() -> str:
        try:
            found = recognise.read(made, name)
        except NotReadable as refused:
            assert "\n" not in str(refused)
            return f"refused: {refused}"
        problems = "; ".join(problem.what for problem in getattr(found, "problems", ())[:3])
        return f"read: {len(getattr(found, 'episodes', ()))} episodes; {problems}"

    ended = confined(read)
    assert re.search(said, ended.said), ended.said
    assert ended.cpu_seconds <= most_cpu_seconds()


@pytest.mark.parametrize("name", FEEDS)
def test_a_feed(name: str) -> None:
    data, said = FEEDS[name]
    ends(data, "feed.xml", said)


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_descriptions(name: str) -> None:
    ends(DESCRIPTIONS[name], "feed.xml", "read: ")


@pytest.mark.parametrize("name", OTHERS)
def test_another_document(name: str) -> None:
    file, data, said = OTHERS[name]
    ends(data, file, said)


@pytest.mark.parametrize(
    "data",
    [
        document(b'{"startTime":1,"title":"a"},', b'{"chapters":[', b"{}]}"),
        document(b"{},", b'{"chapters":[', b"{}]}"),
        b'{"chapters":[' + b'{"startTime":1,"url":"x"},' * 4_999 + b"{}]}",
    ],
    ids=["long", "many", "allowed"],
)
def test_chapters(data: bytes) -> None:
    def read() -> str:
        try:
            return f"read: {len(chapters_json.read(data, 'https://a.example/b'))}"
        except NotReadable as refused:
            return f"refused: {refused}"

    ended = confined(read)
    assert re.search("read: 4999|refused: .*more than", ended.said), ended.said
    assert ended.cpu_seconds <= most_cpu_seconds()
