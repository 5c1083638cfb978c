"""Feeds: what becomes a field, what is kept, and what is mended.

Nothing may be lost: the tests of that count with the standard library's parser what stands in a
feed, and look for each text and each value of an attribute in what was read.
"""

import re
import time
from xml.etree import ElementTree

import feedparser
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.library.intake import ChapterSource, Intake, NotReadable, TranscriptLink
from earwitness.library.reading import clock, feed

PODCAST = [
    "https://podcastindex.org/namespace/1.0",
    "https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md",
    "https://github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md",
]
SPACES = (
    ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    ' xmlns:atom="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/"'
    ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:psc="http://podlove.org/simple-chapters"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:odd="urn:odd"'
)


def rss(items: str, channel: str = "", podcast: str = PODCAST[0], head: str = "") -> bytes:
    return (
        f'{head}<rss version="2.0" xmlns:podcast="{podcast}"{SPACES}><channel>'
        f"<title>A show</title>{channel}{items}</channel></rss>"
    ).encode()


ITEM = """<item>
<title>One</title><itunes:title>One, for short</itunes:title><guid isPermaLink="false">g1</guid>
<link>https://a.example/1</link><pubDate>Tue, 05 Mar 2024 08:00:00 GMT</pubDate>
<description>Short text.</description>
<content:encoded><![CDATA[<p>Long <b>text</b>. <a href="https://b.example/">Post</a></p>]]></content:encoded>
<enclosure url="https://a.example/1.mp3" length="123" type="audio/mpeg"/>
<itunes:duration>1:02:03</itunes:duration><itunes:explicit>false</itunes:explicit>
<itunes:image href="https://a.example/1.jpg"/><itunes:season>2</itunes:season>
<itunes:episode>7</itunes:episode><itunes:episodeType>full</itunes:episodeType>
<podcast:season name="The second">2</podcast:season><podcast:episode display="Ch. 7">7</podcast:episode>
<podcast:transcript url="https://a.example/1.vtt" type="text/vtt" language="en" rel="captions"/>
<podcast:transcript url="https://a.example/1.srt" type="application/x-subrip"/>
<podcast:transcript url="https://a.example/1.json" type="application/json" odd:more="x"/>
<podcast:person href="https://who.example/a" img="https://who.example/a.jpg">Ann</podcast:person>
<podcast:person role="guest" group="writing">Bob</podcast:person>
<podcast:soundbite startTime="73.0" duration="60.0">Listen</podcast:soundbite>
<podcast:soundbite startTime="5:00" duration="15"/>
<podcast:chapters url="https://a.example/1.chapters" type="application/json+chapters"/>
<podcast:location geo="geo:1,2" osm="R1">Here</podcast:location>
<podcast:value type="lightning"><podcast:valueRecipient name="A" split="90"/>
<podcast:valueRecipient name="B" split="10"/></podcast:value>
<psc:chapters version="1.2"><psc:chapter start="00:00:00" title="Intro"/>
<psc:chapter start="00:05:00.500" title="Middle" href="https://a.example/m" image="https://a.example/m.jpg"/></psc:chapters>
<media:content url="https://a.example/hd.mp4" type="video/mp4" medium="video"><media:title>HD</media:title></media:content>
<odd:thing key="value">kept</odd:thing><odd:thing key="other">kept too</odd:thing>
</item>"""
CHANNEL = """<link>https://a.example/</link><atom:link rel="self" href="https://a.example/feed.xml"/>
<atom:link rel="hub" href="https://hub.example/"/><language>en</language>
<description>About things</description><itunes:author>Us</itunes:author>
<itunes:owner><itunes:name>Us</itunes:name><itunes:email>us@a.example</itunes:email></itunes:owner>
<image><url>https://a.example/rss.jpg</url><title>A show</title><link>https://a.example/</link></image>
<itunes:category text="Society"><itunes:category text="Documentary"/></itunes:category>
<itunes:category text="Technology"/><podcast:guid>917393e3-1b1e-5cef-ace4-edaa54e1f810</podcast:guid>
<podcast:funding url="https://give.example/1">Give</podcast:funding>
<podcast:funding url="https://give.example/2">Give more</podcast:funding>
<podcast:person role="host">Ann</podcast:person><podcast:person role="editor">Eve</podcast:person>
<podcast:locked owner="us@a.example">yes</podcast:locked>"""


@pytest.mark.parametrize("podcast", PODCAST)
def test_every_field_of_an_episode(podcast: str) -> None:
    intake = feed.read(rss(ITEM, podcast=podcast))
    (one,) = intake.episodes
    assert (one.guid, one.title, one.link) == ("g1", "One", "https://a.example/1")
    assert (one.date, one.duration_seconds) == ("2024-03-05T08:00:00+00:00", 3723)
    assert (one.season, one.number, one.kind) == ("2", "7", "full")
    assert one.description == (
        '<p>Long <b>text</b>. <a href="https://b.example/" rel="noopener noreferrer nofollow">'
        "Post</a></p>"
    )
    assert [(recording.url, recording.bytes) for recording in one.enclosures] == [
        ("https://a.example/1.mp3", 123)
    ]
    assert one.image == "https://a.example/1.jpg"
    assert one.transcripts[0] == TranscriptLink(
        url="https://a.example/1.vtt", type="text/vtt", language="en", rel="captions"
    )
    assert [link.type for link in one.transcripts[1:]] == [
        "application/x-subrip",
        "application/json",
    ]
    assert [(who.name, who.role, who.group) for who in one.persons] == [
        ("Ann", "host", "cast"),
        ("Bob", "guest", "writing"),
    ]
    assert [(bite.start_seconds, bite.duration_seconds, bite.title) for bite in one.soundbites] == [
        (73, 60, "Listen"),
        (300, 15, ""),
    ]
    assert one.chapters_link == "https://a.example/1.chapters"
    assert [
        (chapter.start_seconds, chapter.title, chapter.url)
        for chapter in one.chapters[ChapterSource.PSC]
    ] == [(0, "Intro", None), (300.5, "Middle", "https://a.example/m")]
    assert [(link.url, link.label) for link in one.links] == [("https://b.example/", "Post")]
    kept = [element.name for element in one.elements]
    assert kept.count("{urn:odd}thing") == 2
    assert {"podcast:season", "podcast:value", "podcast:location", "itunes:title"} <= set(kept)
    assert intake.problems == ()


def test_every_field_of_a_show() -> None:
    show = feed.read(rss("", CHANNEL), "https://asked.example/feed").show
    assert (show.title, show.author, show.language) == ("A show", "Us", "en")
    assert (show.link, show.feed_url) == ("https://a.example/", "https://a.example/feed.xml")
    assert show.guid == "917393e3-1b1e-5cef-ace4-edaa54e1f810"
    assert show.categories == ("Society > Documentary", "Technology")
    assert [one.text for one in show.funding] == ["Give", "Give more"]
    assert [(who.name, who.role) for who in show.persons] == [("Ann", "host"), ("Eve", "editor")]
    assert show.image == "https://a.example/rss.jpg"
    assert show.description == "About things"


def test_the_address_that_was_asked_stands_where_a_feed_names_none() -> None:
    assert feed.read(rss(ITEM), "https://asked.example/feed").show.feed_url == (
        "https://asked.example/feed"
    )


def words_of(data: bytes) -> list[str]:
    """Each text and each value of an attribute of a feed, by the standard library."""
    found = []
    for element in ElementTree.fromstring(data).iter():
        found += [element.text or "", element.tail or "", *element.attrib.values()]
    return [" ".join(text.split()) for text in found if text.strip()]


def said_by(intake: Intake) -> list[str]:
    """Each string in what was read."""
    found: list[str] = []

    def gather(value: object) -> None:
        if isinstance(value, str):
            found.append(" ".join(value.split()))
        elif isinstance(value, dict):
            for one in value.values():
                gather(one)
        elif isinstance(value, list | tuple):
            for one in value:
                gather(one)
        elif value is not None and not isinstance(value, bool):
            found.append(str(value))

    gather(msgspec.to_builtins(intake))
    return found


def lost(data: bytes) -> list[str]:
    """What stands in a feed and cannot be found again; places and days are compared as such."""
    said = said_by(feed.read(data))
    texts = set(said) | {re.sub(r"<[^>]*>", "", text) for text in said}
    return [
        text
        for text in words_of(data)
        if text not in texts
        and str(clock.seconds(text)) not in texts
        and str(clock.date(text)) not in texts
        and re.sub(r"<[^>]*>", "", text) not in texts
        and not any(f" {text} " in f" {one} " for one in texts)
    ]


# attributes that only say how to read their element
_OF_READING = {"false", "self", "application/json+chapters", "1.2"}


def test_nothing_of_a_rich_feed_is_lost() -> None:
    assert set(lost(rss(ITEM, CHANNEL))) <= _OF_READING


_NAMES = st.sampled_from(
    [
        "title",
        "link",
        "guid",
        "pubDate",
        "description",
        "enclosure",
        "author",
        "category",
        "comments",
        "source",
        "itunes:title",
        "itunes:duration",
        "itunes:image",
        "itunes:season",
        "itunes:episode",
        "itunes:keywords",
        "podcast:transcript",
        "podcast:person",
        "podcast:soundbite",
        "podcast:chapters",
        "podcast:season",
        "podcast:funding",
        "podcast:guid",
        "podcast:license",
        "podcast:trailer",
        "psc:chapters",
        "media:content",
        "media:thumbnail",
        "content:encoded",
        "dc:creator",
        "odd:one",
        "atom:link",
        "atom:title",
    ]
)
_ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        [
            "url",
            "type",
            "href",
            "rel",
            "text",
            "start",
            "title",
            "startTime",
            "duration",
            "name",
            "role",
            "odd",
        ]
    ),
    st.from_regex(r"(https://a\.example/)?[a-z0-9]{3,8}", fullmatch=True),
    max_size=3,
)


@st.composite
def _elements(draw: st.DrawFn, depth: int = 0) -> str:
    name, attributes = draw(_NAMES), draw(_ATTRIBUTES)
    text = draw(st.from_regex(r"([a-z]{3,9}( [a-z0-9]{2,5})?)?", fullmatch=True))
    # HTML is sanitised, so what is in it is no element of the feed
    leaf = depth == 2 or name in {"description", "content:encoded"}
    children = [] if leaf else draw(st.lists(_elements(depth + 1), max_size=2))
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{written}>{text}{''.join(children)}</{name}>"


@settings(max_examples=50)
@given(st.lists(st.lists(_elements(), max_size=6), min_size=1, max_size=4))
def test_no_element_of_any_feed_is_lost(items: list[list[str]]) -> None:
    written = "".join(f"<item>{''.join(elements)}</item>" for elements in items)
    data = rss(written, "".join(items[0]))
    assert set(lost(data)) <= _OF_READING
    assert len(feed.read(data).episodes) == len(items)


@settings(max_examples=20)
@given(st.lists(_elements(), max_size=8))
def test_a_feed_is_read_the_same_each_time(elements: list[str]) -> None:
    data = rss(f"<item>{''.join(elements)}</item>")
    assert feed.read(data) == feed.read(data)


def test_the_same_episodes_as_feedparser_has() -> None:
    items = "".join(
        f"<item><title>Episode {n} &amp; more</title><guid>g{n}</guid>"
        f"<pubDate>{n:02} Mar 2024 10:00:00 {zone}</pubDate>"
        f'<enclosure url="https://a.example/{n}.mp3" type="audio/mpeg" length="{n}"/></item>'
        for n, zone in enumerate(["GMT", "+0200", "EST", "PDT", "Z"], 1)
    )
    ours, theirs = feed.read(rss(items)), feedparser.parse(rss(items))
    for one, other in zip(ours.episodes, theirs.entries, strict=True):
        assert (one.guid, one.title) == (other.id, other.title)
        assert one.enclosures[0].url == other.enclosures[0].href
        assert (one.date or "")[:19] == time.strftime("%Y-%m-%dT%H:%M:%S", other.published_parsed)


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://a.example/blog/">
<title type="text">A &lt;show&gt;</title><subtitle>About things</subtitle><id>urn:feed</id>
<author><name>Us</name></author><link rel="self" href="feed.atom"/><link href="https://a.example/"/>
<logo>https://a.example/logo.png</logo><updated>2024-03-06T00:00:00Z</updated>
<entry><title>One</title><id>urn:1</id><published>2024-03-05T08:00:00+01:00</published>
<updated>2024-03-06T00:00:00Z</updated><link href="one.html"/>
<link rel="enclosure" href="one.mp3" type="audio/mpeg" length="12"/>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Long <em>text</em></p></div></content>
<summary>Short &lt;text&gt;</summary></entry>
<entry><title>Two</title><id>urn:2</id><updated>2024-03-04T00:00:00Z</updated>
<summary>1 &lt; 2</summary></entry></feed>"""


def test_atom() -> None:
    intake = feed.read(ATOM.encode())
    show, (one, two) = intake.show, intake.episodes
    assert (show.title, show.author) == ("A <show>", "Us")
    assert show.feed_url == "https://a.example/blog/feed.atom"
    assert show.image == "https://a.example/logo.png"
    assert (one.guid, one.date) == ("urn:1", "2024-03-05T07:00:00+00:00")
    assert one.link == "https://a.example/blog/one.html"
    assert one.enclosures[0].url == "https://a.example/blog/one.mp3"
    assert "<p>Long <em>text</em></p>" in one.description
    assert (two.date, two.description) == ("2024-03-04T00:00:00+00:00", "1 &lt; 2")


def test_a_logo_is_an_address_of_the_web() -> None:
    data = ATOM.replace("https://a.example/logo.png", "javascript:alert(1)").encode()
    assert feed.read(data).show.image is None


def test_rss_1_keeps_its_items_beside_the_channel() -> None:
    data = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
    <channel rdf:about="https://a.example/"><title>Old</title><link>https://a.example/</link></channel>
    <image><url>https://a.example/i.png</url></image>
    <item rdf:about="https://a.example/1"><title>One</title><link>https://a.example/1</link>
    <dc:date>2003-05-06T10:00+00:00</dc:date></item></rdf:RDF>"""
    intake = feed.read(data)
    assert intake.show.title == "Old"
    assert [(one.title, one.date) for one in intake.episodes] == [
        ("One", "2003-05-06T10:00:00+00:00")
    ]


def test_rss_091_with_its_document_type() -> None:
    head = (
        '<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"'
        ' "http://my.netscape.com/publish/formats/rss-0.91.dtd">'
    )
    intake = feed.read(rss("<item><title>One</title><guid>1</guid></item>", head=head))
    assert [one.title for one in intake.episodes] == ["One"]
    assert [problem.where for problem in intake.problems] == ["document type"]


GOOD = "<item><title>One</title><guid>g1</guid></item>"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\n  " + rss(GOOD, head='<?xml version="1.0"?>'), "blank before"),
        (rss("<item><title>One &nbsp; &copy; x</title><guid>g1</guid></item>"), "nbsp"),
        (rss("<item><title>One & x</title><guid>g1</guid></item>"), "mended"),
        (rss("<item><title>One\x01</title><guid>g1</guid></item>"), "mended"),
        (rss("<item><title>One</title><guid>g1</guid><un:known>x</un:known></item>"), "prefix un"),
        (rss("<item><title>One</b></title><guid>g1</guid></item>"), "mismatch"),
        (rss(GOOD + "<item><title>Two</title><guid>g2</gu")[:-22], "mended"),
        (rss(GOOD) + b"<!-- late --> junk", "mended"),
        (
            b'<?xml version="1.0" encoding="utf-8"?>'
            + rss("<item><title>One \x93caf\xe9\x94</title><guid>g1</guid></item>")
            .decode()
            .encode("latin-1"),
            "Windows-1252",
        ),
        (
            b'<?xml version="1.0" encoding="us-ascii"?>'
            + rss("<item><title>One café</title><guid>g1</guid></item>"),
            "but is UTF-8",
        ),
        (rss("<item><title>One</title><guid>g1</guid><pubDate>soon</pubDate></item>"), "date"),
        (
            rss(
                "<item><title>One</title><guid>g1</guid><itunes:duration>long</itunes:duration></item>"
            ),
            "duration",
        ),
        (rss("<item><title>One</title></item>"), "no guid"),
        (
            rss(
                "<item><title>One</title><guid>g1</guid>"
                '<enclosure url="javascript:alert(1)" type="audio/mpeg"/></item>'
            ),
            "none of the web",
        ),
        (rss(GOOD + GOOD), "guid of another"),
        (rss("<item><guid>g1</guid><description>One line</description></item>"), "no title"),
    ],
)
def test_what_is_ill_formed_is_mended_and_told(data: bytes, said: str) -> None:
    intake = feed.read(data)
    assert intake.episodes[0].title.startswith("One")
    assert any(said in problem.what for problem in intake.problems), intake.problems
    assert len({one.guid for one in intake.episodes}) == len(intake.episodes)


@pytest.mark.parametrize(
    "items",
    [
        "<item><title>One</title><guid>1</guid><item><title>Two</title><guid>2</guid></item>",
        "<item><title>One</title><guid>1</guid><item a='>'><title>Two</title><guid>2</guid>",
        "<item><title>One</title><guid>1</guid><description><![CDATA[<item>]]></description>"
        "<item><title>Two</title><guid>2</guid></item>",
    ],
)
def test_an_episode_that_was_not_closed_does_not_swallow_the_next(items: str) -> None:
    intake = feed.read(rss(items))
    assert [one.title for one in intake.episodes] == ["One", "Two"]
    assert intake.problems
    assert len(feedparser.parse(rss(items)).entries) == 2


def test_an_item_has_as_few_attributes_as_any_element() -> None:
    many = " ".join(f'a{n}="{n}"' for n in range(201))
    with pytest.raises(NotReadable, match="201 attributes, more than 200"):
        feed.read(rss(f"<item {many}><title>One</title></item>"))
    with pytest.raises(NotReadable, match="201 attributes"):
        feed.read(rss("").replace(b"<channel>", f"<channel {many}>".encode()))


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ('type="html">&lt;b>Bold&lt;/b> &amp;ndash; title', "Bold – title"),
        ('type="html">AT&amp;amp;T', "AT&T"),
        ('type="html">Plain', "Plain"),
        ('type="text">1 &lt;b> 2 &amp;amp; 3', "1 <b> 2 &amp; 3"),
        (">1 &lt; 2", "1 < 2"),
        (
            'type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><b>Bold</b> too</div>',
            "Bold too",
        ),
    ],
)
def test_a_title_of_atom_is_shown_as_its_words(title: str, words: str) -> None:
    data = (
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title {title}</title>'
        f"<entry><title {title}</title><id>1</id></entry></feed>"
    )
    intake = feed.read(data.encode())
    assert [intake.show.title, *(one.title for one in intake.episodes)] == [words, words]


def test_mending_keeps_the_words() -> None:
    data = rss(
        "<item><title>Caf&eacute; &hellip; R&D</title><guid>g1</guid><description><![CDATA[<p>a&nbsp;b</p>]]></description></item>"
    )
    (one,) = feed.read(data).episodes
    assert one.title == "Café … R&D"
    assert one.description == "<p>a&nbsp;b</p>"


def test_html_that_was_not_escaped_is_a_description_all_the_same() -> None:
    data = rss(
        "<item><title>One</title><guid>1</guid><description>a <p>b <b>c</b></p> d</description></item>"
    )
    assert feed.read(data).episodes[0].description == "a <p>b <b>c</b></p> d"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-8859-1", "koi8-r", "shift_jis"])
def test_declared_encodings(encoding: str) -> None:
    title = {"koi8-r": "Эпизод", "shift_jis": "話"}.get(encoding, "Épisode")
    text = rss(f"<item><title>{title}</title><guid>1</guid></item>").decode()
    name = encoding.removesuffix("-sig")
    data = f'<?xml version="1.0" encoding="{name}"?>{text}'.encode(encoding)
    intake = feed.read(data)
    assert intake.episodes[0].title == title
    assert intake.problems == ()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no element"),
        (b"hello", "no element"),
        (b"hello <rss/>", "starts with text"),
        (b"<!DOCTYPE html><html><body>x</body></html>", "web page"),
        (b"<html><body>x</body></html>", "first element"),
        (b'<!DOCTYPE rss [<!ENTITY a "b">]><rss/>', "DTD"),
        (b"<!-- never ends", "does not end"),
        (b'<?xml version="1.0"?>', "no element"),
    ],
)
def test_what_is_no_feed_is_refused_in_one_line(data: bytes, said: str) -> None:
    with pytest.raises(NotReadable, match=said) as refused:
        feed.read(data)
    assert "\n" not in str(refused.value)


def test_an_empty_channel_is_a_show_without_episodes() -> None:
    assert feed.read(rss("")).episodes == ()


def test_hostile_html_of_a_feed_is_sanitised() -> None:
    data = rss(
        "<item><title>One</title><guid>1</guid><description>&lt;script&gt;x&lt;/script&gt;&lt;img src=y&gt;ok</description></item>"
    )
    assert feed.read(data).episodes[0].description == "ok"


@given(st.binary(max_size=300))
def test_bytes_are_read_or_refused(data: bytes) -> None:
    for given_data in (data, b"<rss><channel>" + data, b"<?xml version='1.0'?>" + data):
        try:
            feed.read(given_data)
        except NotReadable as refused:
            assert "\n" not in str(refused)


@pytest.mark.parametrize(
    "html",
    [
        "<p>one<p>two<ul><li>a<li>b</ul>" * 50,
        "<b><i>x</b></i> <div><p>y</div>" * 20,
        "<table><tr><td>a<td>b<tr><td>c</table>" * 50,
        '<img src="data:image/png;base64,' + "A" * 50_000 + '">text',
    ],
)
def test_html_that_is_written_carelessly_is_shown(html: str) -> None:
    data = rss(
        f"<item><title>One</title><guid>1</guid><description><![CDATA[{html}]]></description></item>"
    )
    intake = feed.read(data)
    assert intake.episodes[0].description
    assert intake.problems == ()


def test_html_that_a_parser_takes_long_for_is_kept_as_it_came() -> None:
    html = "<div>" * 1_000
    data = rss(
        f"<item><title>One</title><guid>1</guid><description><![CDATA[{html}]]></description>"
        "<itunes:summary>In short</itunes:summary></item>"
    )
    (one,) = (intake := feed.read(data)).episodes
    assert one.description == "In short"
    assert html in [element.text for element in one.elements]
    assert "too much HTML" in intake.problems[0].what


def test_of_a_feed_with_too_many_elements_the_newest_episodes_are_read() -> None:
    item = "<item><title>One</title><guid>{}</guid>" + "<odd:thing/>" * 998 + "</item>"
    intake = feed.read(rss("".join(item.format(number) for number in range(100))))
    assert [one.guid for one in intake.episodes] == [str(number) for number in range(80)]
    assert "only the first 80 episodes" in intake.problems[0].what
