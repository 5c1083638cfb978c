"""What other applications export: Snipd's Markdown and Readwise's CSV; chapters as JSON; what it is."""

import msgspec
import pytest

from earwitness.library.intake import Intake, NotReadable, Source, Transcript
from earwitness.library.reading import chapters_json, readwise, recognise, snipd
from earwitness.library.reading.opml import Opml

SNIPD = """---
tags: podcast
---
# Queues at rest

![cover](https://img.example/1.jpg)

## Episode metadata
- Episode title: Queues at rest
- Show: A Show of Ours
- Owner / Host: Ann Lee
- Guests: [Bob Roe](https://who.example/bob), Eve
- Episode publish date: 2024-03-05
- Duration: 1:02:03
- Episode URL: [Open in Snipd](https://share.snipd.com/episode/e1)
- Show URL: [Open in Snipd](https://share.snipd.com/show/s1)

## Snips

### ⭐ [Why queues [always] grow](https://share.snipd.com/snip/1) #queues #slow/load

🎧 12:34 - 13:45 (01:11)

- They grow when nobody looks.
- Look at them.

#### 💬 Quote

> A queue is never half full.
> — Bob Roe

#### 📚 Transcript

**Bob Roe**: A queue is never half full. It is what it is.

---

### [02:10] Second

<details>
<summary>Click to expand</summary>
<blockquote><b>Ann</b><br/><br/>Words &amp; more</blockquote>
</details>

Created with [Snipd](https://www.snipd.com) | Highlight & Take Notes from Podcasts
"""


def test_snipd() -> None:
    intake = snipd.read(SNIPD.encode())
    assert (intake.source, intake.show.title, intake.show.author) == (
        Source.SNIPD,
        "A Show of Ours",
        "Ann Lee",
    )
    (episode,) = intake.episodes
    assert (episode.title, episode.date, episode.duration_seconds) == (
        "Queues at rest",
        "2024-03-05",
        3723,
    )
    assert episode.link == "https://share.snipd.com/episode/e1"
    assert [(who.name, who.url) for who in episode.persons] == [
        ("Bob Roe", "https://who.example/bob"),
        ("Eve", None),
    ]
    first, second = episode.saved
    assert (first.title, first.url) == (
        "Why queues [always] grow",
        "https://share.snipd.com/snip/1",
    )
    assert (first.start_seconds, first.end_seconds, first.favourite) == (754, 825, True)
    assert first.tags == ("queues", "slow/load")
    assert first.note == "- They grow when nobody looks.\n- Look at them."
    assert first.quote == "A queue is never half full.\n— Bob Roe"
    assert first.transcript == "**Bob Roe**: A queue is never half full. It is what it is."
    assert (second.title, second.start_seconds, second.end_seconds) == ("Second", 130, None)
    assert "Words & more" in second.note
    assert "Snipd" not in second.note
    assert first.guid != second.guid


def test_snipd_is_read_the_same_each_time() -> None:
    assert snipd.read(SNIPD.encode()) == snipd.read(SNIPD.replace("\n", "\r\n").encode())


READWISE = (
    "Highlight,Book Title,Book Author,Amazon Book ID,Note,Color,Tags,Location Type,Location,"
    "Highlighted at,Document tags\n"
    '"A queue, full. ([Time 0:11:42](https://share.snipd.com/snip/2))",Queues at rest,A Show of Ours,,'
    'look,,"a,b",order,0,2024-03-05 10:00:00+00:00,\n'
    "Second,Queues at rest,A Show of Ours,,,,,time_offset,90,,\n"
    "Third,Another,Other Show,,,,,page,90,,\n"
    ",,,,,,,,,,\n"
    ",No words,A Show of Ours,,,,,,,,\n"
)


def test_readwise() -> None:
    ours, other = readwise.read(READWISE.encode())
    assert (ours.show.title, other.show.title) == ("A Show of Ours", "Other Show")
    first, second = ours.episodes[0].saved
    assert (first.quote, first.note, first.tags) == ("A queue, full.", "look", ("a", "b"))
    assert (first.start_seconds, first.url) == (702, "https://share.snipd.com/snip/2")
    assert first.saved_at == "2024-03-05T10:00:00+00:00"
    assert second.start_seconds == 90
    assert other.episodes[0].saved[0].start_seconds is None
    assert [problem.where for problem in ours.problems] == ["row 5"]


def test_readwise_with_the_columns_of_its_template() -> None:
    (intake,) = readwise.read(
        b"Highlight,Title,Author,URL,Note,Location,Date\nA,B,C,https://a.example/,,12:34,\n"
    )
    assert intake.episodes[0].saved[0].start_seconds == 754
    assert intake.episodes[0].saved[0].url == "https://a.example/"


def test_chapters_as_json() -> None:
    document = {
        "version": "1.2.0",
        "chapters": [
            {
                "startTime": 60,
                "title": "Two",
                "img": "https://a.example/2.jpg",
                "url": "javascript:x",
            },
            {"startTime": 0, "title": " One\n", "endTime": 30.5, "toc": True},
            {"startTime": 10.5, "toc": False, "img": "2.jpg"},
            {"title": "no start"},
            7,
        ],
    }
    one, picture, two = chapters_json.read(
        msgspec.json.encode(document), "https://a.example/c.json"
    )
    assert (one.start_seconds, one.end_seconds, one.title, one.listed) == (0, 30.5, "One", True)
    assert (picture.listed, picture.image) == (False, "https://a.example/2.jpg")
    assert (two.title, two.url, two.image) == ("Two", None, "https://a.example/2.jpg")
    for data in (b"{}", b"[]", b"nothing", b'{"chapters": 1}'):
        with pytest.raises(NotReadable):
            chapters_json.read(data)


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (SNIPD, "note.md", Intake),
        (READWISE, "export.csv", tuple),
        ("WEBVTT\n\n00:01.000 --> 00:02.000\na", "a.txt", Transcript),
        ("1\n00:00:01,000 --> 00:00:02,000\na", "a.vtt", Transcript),
        ('{"segments": [{"start": 1, "end": 2, "text": "a b c d"}]}', "a.txt", Transcript),
        ("**A:** a\n\n**B:** b", "a.md", Transcript),
        ("<opml><body/></opml>", "a.xml", Opml),
        ("<!-- a comment --><rss><channel><title>x</title></channel></rss>", "a.html", Intake),
        ("A show\n\nMay 1, 2023 • 12min\n\nOne\n\nNotes", "page", Intake),
    ],
)
def test_content_tells_what_it_is(data: str, name: str, kind: type) -> None:
    assert isinstance(recognise.read(data.encode(), name), kind)


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"", "a.xml", "a.xml is empty"),
        (b"hello", "a.txt", "of no kind"),
        (b"hello", "a.vtt", "no cue"),
        (b"<!doctype html><html><body>hello</body></html>", "a.html", "a web page"),
        (b'{"chapters": []}', "c.json", "they belong to an episode"),
        (b'{"a": ', "a.json", "not JSON"),
        (b"ID3\x04\x00\x00\x00\x00\x00\x00", "a.mp3", "is a recording"),
    ],
)
def test_what_is_of_no_known_kind_is_refused_with_a_reason(
    data: bytes, name: str, said: str
) -> None:
    with pytest.raises(NotReadable, match=said) as refused:
        recognise.read(data, name)
    assert "\n" not in str(refused.value)
