"""A snip as something to hand on: text with the place in it, and links that start there.

Pure. Which link leads to a place depends on what is known of the episode: a page of a video or music
service understands ``t``, a recording understands a media fragment (W3C Media Fragments, 4.2.1).
"""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from earwitness.library import moment
from earwitness.library.intake import EpisodeFacts
from earwitness.library.snip import Snip

_BY_QUERY = ("youtube.com", "youtu.be", "spotify.com", "overcast.fm", "snipd.com", "soundcloud.com")
"""Sites that take the second as ``t`` in the query."""


def link(one: Snip, facts: EpisodeFacts) -> str | None:
    """An address that opens the episode at the snip; None when nothing is known of one."""
    if facts.link:
        return at(facts.link, one.contents.start_seconds)
    return playback(one, facts) or one.contents.url


def playback(one: Snip, facts: EpisodeFacts) -> str | None:
    """An address that plays the snip: the recording from its start to its end."""
    if not facts.enclosures:
        return None
    start, end = one.contents.start_seconds, one.contents.end_seconds
    until = f",{end:g}" if end is not None else ""
    url = urlsplit(facts.enclosures[0].url)
    return (
        url.geturl() if start is None else urlunsplit(url._replace(fragment=f"t={start:g}{until}"))
    )


def at(address: str, seconds: float | None) -> str:
    """The address with ``t=`` as its site understands it; as it is when there is no place."""
    if seconds is None:
        return address
    url = urlsplit(address)
    host = (url.hostname or "").removeprefix("www.")
    if any(host == site or host.endswith(f".{site}") for site in _BY_QUERY):
        query = [(name, value) for name, value in parse_qsl(url.query, True) if name != "t"]
        return urlunsplit(url._replace(query=urlencode([*query, ("t", str(int(seconds)))])))
    return address if url.fragment else urlunsplit(url._replace(fragment=f"t={int(seconds)}"))


def text(one: Snip, facts: EpisodeFacts) -> str:
    """The snip in plain text: quote, where it was said, note, link."""
    contents = one.contents
    where = f"{one.show_title}: {one.episode_title}"
    if contents.start_seconds is not None:
        where += f", {moment.clock(contents.start_seconds)}"
    said = f"\N{LEFT DOUBLE QUOTATION MARK}{contents.quote}\N{RIGHT DOUBLE QUOTATION MARK}"
    parts = [
        contents.title,
        said if contents.quote else "",
        f"\N{EM DASH} {where}",
        contents.note,
        link(one, facts) or "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
