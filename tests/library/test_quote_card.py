import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.library import quote_card, sharing
from earwitness.library.intake import Enclosure, EpisodeFacts
from earwitness.library.snip import Contents, Snip

SVG = "{http://www.w3.org/2000/svg}"


def snip(**contents):
    return Snip(
        id="a",
        episode="talk/locks",
        episode_title=contents.pop("episode_title", "Locks & <queues>"),
        show="talk",
        show_title="Talk",
        made_at="2024-01-01T00:00:00+00:00",
        number=1,
        contents=Contents(**contents),
    )


def shown(svg, style):
    root = ET.fromstring(svg)
    text = next(t for t in root.iter(f"{SVG}text") if t.get("class") == style)
    return [span.text or "" for span in text]


@settings(max_examples=60)
@given(st.text(), st.text(), st.text(max_size=40), st.one_of(st.none(), st.floats(0, 1e6)))
def test_any_text_gives_a_well_formed_picture(quote, title, chapter, start):
    svg = quote_card.draw(
        snip(quote=quote, episode_title=title, chapter=chapter, start_seconds=start)
    )
    root = ET.fromstring(svg.encode())
    assert root.tag == f"{SVG}svg"
    assert {child.tag.removeprefix(SVG) for child in root} == {"style", "rect", "text"}


@given(st.text(alphabet=st.characters(categories=("L", "N", "P", "Zs"))), st.floats(3, 40))
def test_lines_are_no_longer_than_the_width_and_lose_no_letter(text, width):
    lines = quote_card.wrapped(text, width)
    assert all(quote_card.length(line) <= width or len(line) == 1 for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_words_stand_on_the_card_in_order():
    quote = "A lock has a fast path and a slow one. " * 5
    lines = shown(quote_card.draw(snip(quote=quote, start_seconds=754)), "said")
    assert " ".join(lines).split() == quote.split()
    assert len(lines) > 1
    assert shown(quote_card.draw(snip(quote=quote, start_seconds=754)), "where") == [
        "Talk · at 12:34"
    ]


def test_a_very_long_quote_is_cut_at_a_word():
    lines = shown(quote_card.draw(snip(quote="word " * 2000)), "said")
    assert " ".join(lines).endswith("word…")


def test_the_card_follows_the_theme_and_loads_nothing():
    svg = quote_card.draw(snip(quote="q"))
    assert "prefers-color-scheme:dark" in svg
    assert "href" not in svg and "url(" not in svg and "<script" not in svg


@pytest.mark.parametrize(
    ("address", "at"),
    [
        ("https://www.youtube.com/watch?v=x&t=3", "https://www.youtube.com/watch?v=x&t=754"),
        ("https://youtu.be/x", "https://youtu.be/x?t=754"),
        ("https://talk.example/e", "https://talk.example/e#t=754"),
        ("https://talk.example/e#notes", "https://talk.example/e#notes"),
        ("https://notyoutube.com/e", "https://notyoutube.com/e#t=754"),
    ],
)
def test_a_link_leads_to_the_place(address, at):
    assert sharing.at(address, 754.0) == at
    assert sharing.at(address, None) == address


def test_a_shared_text_says_what_was_said_and_where():
    facts = EpisodeFacts(
        guid="1", title="Locks", enclosures=(Enclosure(url="https://talk.example/a.mp3"),)
    )
    one = snip(quote="q", note="n", start_seconds=754.0, end_seconds=770.5)
    assert sharing.playback(one, facts) == "https://talk.example/a.mp3#t=754,770.5"
    assert sharing.text(one, facts).split("\n\n") == [
        "“q”",
        "— Talk: Locks & <queues>, 12:34",
        "n",
        "https://talk.example/a.mp3#t=754,770.5\n",
    ]
    assert sharing.link(one, EpisodeFacts(guid="1", title="Locks")) is None
