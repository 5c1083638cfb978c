"""Generated feeds for the benchmark of feeds: one show, as three kinds of software write it.

``plain`` has what podcasts had before 2020: RSS, iTunes, a paragraph of notes. ``hosted`` is what a
host writes today: the notes as HTML, three times. ``namespaced`` adds Podcasting 2.0, Podlove
chapters and Media RSS, so that half of its elements are small ones with attributes.
"""

import random
from collections.abc import Callable, Iterator
from xml.sax.saxutils import escape

from samples.words import WORDS

SEED = 5
TRANSCRIPTS = (("vtt", "text/vtt"), ("srt", "application/x-subrip"))
PERSONS = 2
SOUNDBITES = 2
FOOTER = '<a href="https://show.example/give">the page of the show</a>, and write to the editors.'

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"
 xmlns:podcast="https://podcastindex.org/namespace/1.0" xmlns:atom="http://www.w3.org/2005/Atom"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"
 xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:psc="http://podlove.org/simple-chapters">
<channel><title>A generated show</title><link>https://show.example/</link><language>en</language>
<atom:link rel="self" href="https://show.example/feed.xml"/>
<description>Made by a benchmark.</description><itunes:author>Nobody</itunes:author>
<itunes:image href="https://show.example/cover.jpg"/>
<itunes:category text="Technology"/><podcast:guid>9b1f7e5c-0000-5000-8000-000000000001</podcast:guid>
<podcast:funding url="https://show.example/give">Give</podcast:funding>
<podcast:locked owner="a@show.example">yes</podcast:locked>
<podcast:value type="lightning" method="keysend"><podcast:valueRecipient name="A" type="node"
 address="02d5c1bf8b940dc9cadca86d1b0a3c37fbe39cee4c7e839e33bef9174531d27f52" split="100"/></podcast:value>
"""


def plain(rng: random.Random, number: int) -> Iterator[str]:
    yield from start(rng, number)
    text = sentence(rng, 100)
    yield f"<description>{escape(f'<p>{text}</p>')}</description>"
    yield f"<itunes:author>Nobody</itunes:author><itunes:subtitle>{sentence(rng, 20)}</itunes:subtitle>"
    yield f"<itunes:summary>{text}</itunes:summary><itunes:keywords>a,b,c</itunes:keywords>"


def hosted(rng: random.Random, number: int) -> Iterator[str]:
    html = notes(rng, number)
    yield from start(rng, number)
    for name in ("description", "content:encoded", "itunes:summary"):
        yield f"<{name}><![CDATA[{html}]]></{name}>"
    yield from numbered(number)


def namespaced(rng: random.Random, number: int) -> Iterator[str]:
    address = f"https://cdn.example/{number}"
    yield from start(rng, number)
    yield f"<description>{escape(notes(rng, number))}</description>"
    yield f"<itunes:summary>{sentence(rng, 20)}</itunes:summary>"
    yield from numbered(number)
    for kind, mime in TRANSCRIPTS:
        yield f'<podcast:transcript url="{address}.{kind}" type="{mime}" language="en"/>'
    for n in range(PERSONS):
        yield f'<podcast:person role="guest" href="https://who.example/{n}">Guest {n}</podcast:person>'
    if number % 5 == 0:
        yield f'<podcast:chapters url="{address}.json" type="application/json+chapters"/>'
        yield f'<media:content url="{address}.mp3" type="audio/mpeg" medium="audio"/>'
        for n in range(SOUNDBITES):
            yield f'<podcast:soundbite startTime="{60 * n}.0" duration="30.0">Bite {n}</podcast:soundbite>'
        yield '<psc:chapters version="1.2"><psc:chapter start="00:00:00" title="Start"/>'
        yield '<psc:chapter start="00:05:00" title="Middle"/></psc:chapters>'


KINDS: dict[str, Callable[[random.Random, int], Iterator[str]]] = {
    "plain": plain,
    "hosted": hosted,
    "namespaced": namespaced,
}


def generated(kind: str, episodes: int) -> bytes:
    """A feed of that kind with so many episodes; the same each time."""
    rng = random.Random(SEED)
    items = ["<item>" + "".join(KINDS[kind](rng, n)) + "</item>\n" for n in range(episodes)]
    return (HEAD + "".join(items) + "</channel></rss>").encode()


def start(rng: random.Random, number: int) -> Iterator[str]:
    """What every feed has of an episode."""
    yield f"<title>{sentence(rng, 6)}</title><link>https://show.example/{number}</link>"
    yield f'<guid isPermaLink="false">episode-{number}</guid><dc:creator>Nobody</dc:creator>'
    yield f"<pubDate>Tue, {rng.randint(1, 28):02} Mar 2023 08:00:00 +0000</pubDate>"
    yield f'<enclosure url="https://cdn.example/{number}.mp3" length="{rng.randint(10**6, 10**8)}"'
    yield f' type="audio/mpeg"/><itunes:duration>{rng.randint(20, 90)}:12</itunes:duration>'
    yield "<itunes:explicit>false</itunes:explicit>"


def numbered(number: int) -> Iterator[str]:
    yield f"<itunes:episodeType>full</itunes:episodeType><itunes:episode>{number}</itunes:episode>"
    yield f'<itunes:image href="https://cdn.example/{number}.jpg"/>'


def sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words)).capitalize() + "."


def notes(rng: random.Random, number: int) -> str:
    """Show notes as hosts write them: paragraphs, a list of links, and the same footer each time."""
    items = "".join(
        f'<li><a href="https://site.example/{number}/{n}">{sentence(rng, 4)}</a></li>'
        for n in range(3)
    )
    paragraphs = "".join(f"<p>{sentence(rng, 30)} &amp; {sentence(rng, 12)}</p>" for _ in range(2))
    return f"{paragraphs}<p><strong>Links</strong></p><ul>{items}</ul><p>Give at {FOOTER}</p>"
