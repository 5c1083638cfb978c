"""What templates see of an episode and of a snip: plain words and numbers by name."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from earwitness.library import sharing
from earwitness.library.export import prose
from earwitness.library.export.gathering import EpisodeNote, KeptSnip

_DAY = 10
"""Characters of an ISO 8601 time that name the day."""


def blocks(note: EpisodeNote) -> list[tuple[str, str, dict[str, Any]]]:
    """The parts of a note in order: name, block of the template, and values that it sees."""
    episode = of_episode(note)
    snips = [of_snip(kept, note) for kept in note.snips]
    parts: list[tuple[str, str, dict[str, Any]]] = [
        ("head", "head", {"episode": episode, "snips": snips}),
        *((f"snip-{one['id']}", "snip", {"episode": episode, "snip": one}) for one in snips),
    ]
    if episode["notes"] or episode["links"] or episode["chapters"]:
        parts.append(("notes", "notes", {"episode": episode}))
    if episode["transcript"]:
        parts.append(("transcript", "transcript", {"episode": episode}))
    return parts


def of_episode(note: EpisodeNote) -> dict[str, Any]:
    """The value ``episode``."""
    facts, show = note.episode.facts, note.show.facts
    recording = facts.enclosures[0].url if facts.enclosures else None
    return {
        "id": note.episode.id,
        "title": facts.title,
        "line": facts.line,
        "date": (facts.date or "")[:_DAY] or None,
        "duration_seconds": facts.duration_seconds,
        "link": facts.link,
        "recording": recording,
        "image": facts.image,
        "notes": prose.from_html(facts.description),
        "links": [{"label": one.label, "url": one.url} for one in facts.links],
        "persons": [{"name": one.name, "role": one.role} for one in facts.persons],
        "claims": list(facts.claims),
        "show": {
            "id": note.show.id,
            "title": show.title,
            "author": show.author,
            "website": show.link,
            "feed": show.feed_url,
        },
        "chapters": [
            {
                "title": one.title,
                "start_seconds": one.start_seconds,
                "link": sharing.at(recording or facts.link or "", one.start_seconds) or None,
            }
            for one in note.chapters
        ],
        "transcript": [
            {"start_seconds": one.start_seconds, "speaker": one.speaker, "text": one.text}
            for one in note.transcript
        ],
    }


def of_snip(kept: KeptSnip, note: EpisodeNote) -> dict[str, Any]:
    """The value ``snip``."""
    what = kept.snip.contents
    return {
        "id": kept.snip.id,
        "title": what.title,
        "quote": what.quote,
        "transcript": what.transcript,
        "note": what.note,
        "tags": list(what.tags),
        "favourite": what.favourite,
        "chapter": what.chapter,
        "start_seconds": what.start_seconds,
        "end_seconds": what.end_seconds,
        "link": sharing.link(kept.snip, note.episode.facts),
        "playback": sharing.playback(kept.snip, note.episode.facts),
        "saved_at": _minute(dt.datetime.fromisoformat(kept.snip.made_at)),
        "changed_at": _minutes(one.at for one in kept.history[1:]),
        "returned_at": [_minute(at) for at in kept.returned],
    }


def _minutes(times: Iterable[str]) -> list[str]:
    """Each minute once."""
    return list(dict.fromkeys(_minute(dt.datetime.fromisoformat(at)) for at in times))


def _minute(at: dt.datetime) -> str:
    return f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
