import listparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earwitness.library.intake import NotReadable
from earwitness.library.reading import opml
from earwitness.library.reading.opml import OpmlFeed

NESTED = b"""<?xml version="1.0"?><opml version="2.0"><head><title>Mine</title></head><body>
<outline text="Tech"><outline text="Data &amp; bases">
<outline type="rss" text="One" xmlUrl="https://a.example/1" htmlUrl="https://a.example/"/></outline>
<outline title="Two" xmlURL="https://a.example/2"/></outline>
<outline text="Bad" xmlUrl="javascript:alert(1)"/><outline text="Again" xmlUrl="https://a.example/1"/>
<outline text="No feed" url=""/></body></opml>"""


def test_nested_outlines() -> None:
    read = opml.read(NESTED)
    assert read.title == "Mine"
    assert read.feeds == (
        OpmlFeed(
            url="https://a.example/1",
            title="One",
            link="https://a.example/",
            folders=("Tech", "Data & bases"),
        ),
        OpmlFeed(url="https://a.example/2", title="Two", folders=("Tech",)),
    )
    assert [problem.what.split(":")[0] for problem in read.problems] == [
        "the address of a feed is none of the web",
        "again",
    ]


_WORDS = st.text(min_size=1, max_size=12).map(lambda text: " ".join(text.split())).filter(bool)
_FEEDS = st.lists(
    st.builds(
        OpmlFeed,
        url=st.integers(0, 10**6).map("https://a.example/?a=1&b={}".format),
        title=_WORDS,
        link=st.one_of(st.none(), st.just("https://a.example/<x>")),
        folders=st.lists(st.sampled_from(["A", "B & C", "<D>"]), max_size=3).map(tuple),
    ),
    unique_by=lambda feed: feed.url,
    max_size=8,
)


@given(_FEEDS, _WORDS)
def test_what_is_written_is_read_back(feeds: list[OpmlFeed], title: str) -> None:
    read = opml.read(opml.write(feeds, title))
    by_url = {feed.url: feed for feed in read.feeds}
    assert by_url.keys() == {feed.url for feed in feeds}
    for feed in feeds:
        back = by_url[feed.url]
        assert (back.folders, back.link) == (feed.folders, feed.link)
        if feed.title.isprintable():
            assert back.title == feed.title
    assert read.problems == ()


@settings(max_examples=30)
@given(_FEEDS)
def test_listparser_reads_what_is_written(feeds: list[OpmlFeed]) -> None:
    theirs = listparser.parse(opml.write(feeds, "Mine").decode())
    assert {feed.url for feed in theirs.feeds} == {feed.url for feed in feeds}


def test_a_list_that_is_not_well_formed_is_mended() -> None:
    read = opml.read(b"<opml><body><outline text='R&D' xmlUrl='https://a.example/?a=1&b=2'></body>")
    assert [feed.url for feed in read.feeds] == ["https://a.example/?a=1&b=2"]
    assert read.feeds[0].title == "R&D"
    assert read.problems


@pytest.mark.parametrize(
    "data", [b"<rss/>", b"", b"text", b"<!DOCTYPE a [<!ENTITY b 'c'>]><opml/>"]
)
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(NotReadable):
        opml.read(data)
