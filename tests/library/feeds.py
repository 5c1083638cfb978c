"""A show on a server of the test's own: a feed with transcripts, chapters and recordings."""

import json

from tests.library.strangers import Stranger, answer

SONG = b"ID3\x04\0\0\0\0\0\0" + (bytes.fromhex("fffb9000") + bytes(413)) * 60


def feed(url, episodes=3, title="Talk", offers=True):
    items = "".join(item(url, number, offers) for number in range(episodes))
    return (
        '<?xml version="1.0"?><rss version="2.0" '
        'xmlns:podcast="https://podcastindex.org/namespace/1.0" '
        'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd">'
        f"<channel><title>{title}</title><link>http://a.example/</link>{items}</channel></rss>"
    ).encode()


def item(url, number, offers):
    offered = (
        f'<podcast:transcript url="{url}/{number}.srt" type="application/x-subrip"/>'
        f'<podcast:transcript url="{url}/{number}.vtt" type="text/vtt"/>'
        f'<podcast:chapters url="{url}/{number}.json" type="application/json+chapters"/>'
    )
    return (
        f"<item><title>Episode {number}</title><guid>{number}</guid>"
        f"<pubDate>Mon, 0{number % 9 + 1} Jan 2024 10:00:00 GMT</pubDate>"
        f'<enclosure url="{url}/{number}.exe" type="audio/mpeg" length="{len(SONG)}"/>'
        f"<itunes:duration>600</itunes:duration>{offered if offers else ''}</item>"
    )


def vtt(number):
    return f"WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ada>Hello {number}\n".encode()


def chapters(number):
    listed = [{"startTime": 0, "title": "Intro"}, {"startTime": 60, "title": f"On {number}"}]
    return json.dumps({"version": "1.2.0", "chapters": listed}).encode()


def publish(stranger: Stranger, episodes: int = 3, etag: str = '"1"', **options: object) -> None:
    """Put a show with so many episodes on the server, and let it answer conditional requests."""
    url = stranger.url("")
    body = feed(url, episodes, **options)

    def page(request):
        if request.headers.get("If-None-Match") == etag:
            answer(request, status=304, ETag=etag)
        else:
            answer(request, body, ETag=etag)

    stranger.pages["/feed"] = page
    for number in range(episodes):
        stranger.pages[f"/{number}.vtt"] = vtt(number)
        stranger.pages[f"/{number}.json"] = chapters(number)
        stranger.pages[f"/{number}.exe"] = SONG
